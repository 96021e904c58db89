package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReport feeds what guests print, in pieces as a serial line gives them.
func TestReport(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"well", "Linux 5.10\r\nPASS a: 3 tests\r\nPASS b\r\nEND 2 programs, 0 fail\r\n", ""},
		{"a failure", "PASS a\nFAIL b: verdicts\nEND 2 programs, 1 fail\n", "1 programs fail"},
		{"a panic", "PASS a\nKernel panic - not syncing\n", "it did not come to its end"},
		{"nothing", "END 0 programs, 0 fail\n", "nothing ran"},
		{"words", "no PASS at the beginning\nEND\n", "it did not come to its end"},
	}
	for _, test := range tests {
		for _, piece := range []int{1, 7, len(test.text)} {
			var out bytes.Buffer
			r := &report{out: &out}
			for rest := test.text; rest != ""; {
				n := min(piece, len(rest))
				if _, err := io.WriteString(r, rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			got := ""
			if err := r.verdict(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%s, by %d: got %q, want %q", test.name, piece, got, test.want)
			}
			if want := strings.ReplaceAll(test.text, "\r", ""); out.String() != want {
				t.Errorf("%s: printed %q", test.name, out.String())
			}
		}
	}
}

// TestArchive reads an archive as the kernel does.
func TestArchive(t *testing.T) {
	tree := t.TempDir()
	files := map[string]string{"a/empty": "", "a/one": "1", "b": "four", "c": strings.Repeat("long", 1000)}
	for name, content := range files {
		if err := os.MkdirAll(filepath.Join(tree, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	a := newArchive(&packed)
	a.dir("dev")
	a.entry("dev/console", modeDevice, 5, 1, nil)
	if err := a.tree(tree, "stage"); err != nil {
		t.Fatal(err)
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	got := unpack(t, packed.Bytes())
	for name, content := range files {
		if entry := got["stage/"+name]; entry != fmt.Sprintf("%o %s", modeFile, content) {
			t.Errorf("%s: %.40q", name, entry)
		}
	}
	for name, want := range map[string]string{"dev": "40755 ", "dev/console": "20600 ", "stage/a": "40755 "} {
		if got[name] != want {
			t.Errorf("%s: %q", name, got[name])
		}
	}
	if len(got) != len(files)+4 {
		t.Errorf("entries %d", len(got))
	}
}

// unpack reads an archive as the kernel does (init/initramfs.c): mode and content of each name.
func unpack(t *testing.T, b []byte) map[string]string {
	t.Helper()
	entries := make(map[string]string)
	for at := 0; ; {
		var f [13]int
		header := string(b[at : at+110])
		for i := range f {
			if _, err := fmt.Sscanf(header[6+8*i:14+8*i], "%x", &f[i]); err != nil {
				t.Fatalf("at %d: %v", at, err)
			}
		}
		if magic := header[:6]; magic != "070701" || at%4 != 0 {
			t.Fatalf("at %d: %q", at, magic)
		}
		const mode, size, nameSize = 1, 6, 11
		start := (at + 110 + f[nameSize] + 3) &^ 3
		name := string(b[at+110 : at+110+f[nameSize]-1])
		if name == "TRAILER!!!" {
			return entries
		}
		entries[name] = fmt.Sprintf("%o %s", f[mode], b[start:start+f[size]])
		at = (start + f[size] + 3) &^ 3
	}
}

// TestKernels looks at the table, and at the suite.
func TestKernels(t *testing.T) {
	for _, k := range kernels {
		if k.version == "" || !strings.HasSuffix(k.suite, "-security") {
			t.Errorf("row %+v", k)
		}
	}
	for _, p := range suite {
		if _, err := os.Stat(filepath.Join("..", "..", p.pkg)); err != nil {
			t.Error(err)
		}
	}
	for _, o := range objects {
		if _, err := os.Stat(filepath.Join("..", "..", o.source)); err != nil {
			t.Error(err)
		}
	}
	if _, err := depends([]byte("no module")); err == nil {
		t.Error("depends of what is no module")
	}
}
