package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every option that there is stands in each script, and none that is refused.
func TestCompletionNames(t *testing.T) {
	for _, shell := range shells {
		text := completion(shell.name)
		for _, f := range flagInfos() {
			name := "--" + f.long
			if shell.name == "fish" {
				name = "-l " + f.long
			}
			if !strings.Contains(text, name) {
				t.Errorf("%s: no %s", shell.name, name)
			}
		}
		for _, r := range refusals {
			for _, name := range []string{"--" + r.long + " ", "--" + r.long + "=", "-l " + r.long + " "} {
				if strings.Contains(text, name) {
					t.Errorf("%s: %s", shell.name, name)
				}
			}
		}
		if path, err := exec.LookPath(shell.name); err == nil {
			cmd := exec.Command(path, "-n", "/dev/stdin")
			cmd.Stdin = strings.NewReader(text)
			if msg, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", shell.name, err, msg)
			}
		}
	}
	if r := runCommand(t, "", "--completion", "tcsh"); r.status != 1 || r.stderr != "gofilter: unknown shell \"tcsh\": want bash, zsh, fish\n" {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
}

// A kind of value that no row of lists knows completes nothing, and is no file by
// chance.
func TestCompletionKinds(t *testing.T) {
	known := 0
	for _, f := range flagInfos() {
		if _, ok := lists[f.value]; ok || f.words() != nil {
			known++
		} else if f.value != "" && !slices.Contains([]string{"COUNT", "BYTES", "KIB", "SIZE", "SECONDS", "NAME", "MASK", "VERSION"}, f.value) {
			t.Errorf("--%s takes a %s, which is not known", f.long, f.value)
		}
	}
	if known < 15 {
		t.Errorf("only %d options have values that are completed", known)
	}
}

func TestCompletionBash(t *testing.T) {
	bash := peer(t, "bash")
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(exe, filepath.Join(dir, program)); err != nil {
		t.Fatal(err)
	}
	complete := func(words ...string) string {
		t.Helper()
		text := completion("bash") + "COMP_WORDS=(" + program
		for _, w := range words {
			text += " " + quoted(w)
		}
		text += ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_" + program + "\necho \"${COMPREPLY[*]}\"\n"
		cmd := exec.Command(bash, "-c", text)
		cmd.Env = append(os.Environ(), asCommand+"=1", "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", words, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for _, test := range []struct {
		words []string
		want  string
	}{
		{[]string{"--dump-"}, "--dump-pass"},
		{[]string{"-n", "-Q", ""}, "in out inout"},
		{[]string{"--attach", "=", "c"}, "classic"},
		{[]string{"--attach", "="}, "auto ebpf classic"},
		{[]string{"-c", "1"}, ""},
		{[]string{"tcp", ""}, ""},
		{[]string{"-y", "EN1"}, "EN10MB"},
		{[]string{"-nnei", "an"}, "any"},
		{[]string{"-r", "main_t"}, "main_test.go"},
	} {
		if got := complete(test.words...); got != test.want {
			t.Errorf("%q: %q, want %q", test.words, got, test.want)
		}
	}
	if got := complete("-"); len(strings.Fields(got)) < 50 || !strings.Contains(got, "--completion") {
		t.Errorf("-: %q", got)
	}
}
