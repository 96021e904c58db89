package gofilter_test

import (
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/linktype"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMistakes compiles each filter of testdata/errors/mistakes.txt, which people
// got wrong in a way that is described by the words printed under it. A line that
// begins with "> " is a link type, a colon and a filter; "\n" and "\t" in it stand
// for these characters.
func TestMistakes(t *testing.T) {
	const path = "testdata/errors/mistakes.txt"
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	n := 0
	for _, line := range strings.Split(string(golden), "\n") {
		if strings.HasPrefix(line, "#") {
			got.WriteString(line + "\n\n")
			continue
		}
		if !strings.HasPrefix(line, "> ") {
			continue
		}
		n++
		got.WriteString(line + "\n" + mistake(t, line[2:]) + "\n")
	}
	if n < 80 {
		t.Errorf("%d mistakes, want at least 80", n)
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got.String() != string(golden) {
		want := strings.Split(string(golden), "\n")
		for i, line := range strings.Split(got.String(), "\n") {
			if i >= len(want) || line != want[i] {
				t.Fatalf("%s:%d: got %q; with -update the file is rewritten", path, i+1, line)
			}
		}
		t.Fatalf("%s is longer than what was printed", path)
	}
}

// mistake returns what is printed for a line.
func mistake(t *testing.T, line string) string {
	t.Helper()
	link, src, ok := strings.Cut(line, ": ")
	if !ok {
		t.Fatalf("no link type in %q", line)
	}
	lt, err := linktype.Lookup(link)
	if err != nil {
		t.Fatal(err)
	}
	src = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(src)
	_, err = gofilter.Compile(src, gofilter.Config{LinkType: lt, Resolver: fewNames{}})
	if err == nil {
		t.Errorf("%q compiles", line)
		return ""
	}
	if _, bug := err.(*gofilter.InternalError); bug {
		t.Errorf("%q: %v", line, err)
	}
	var b strings.Builder
	expr.PrintError(&b, src, err)
	return b.String()
}

// fewNames knows one name of each kind.
type fewNames struct{}

func find[V any](name, known string, v V) (V, error) {
	if name == known {
		return v, nil
	}
	var zero V
	return zero, gofilter.ErrUnknownName
}

func (fewNames) Host(name string) ([]netip.Addr, error) {
	return find(name, "gate", []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")})
}
func (fewNames) Network(name string) (uint32, error) { return find(name, "office", uint32(10)) }
func (fewNames) Port(name, transport string) (uint16, error) {
	if transport == "udp" {
		return find(name, "ntp", uint16(123))
	}
	return find(name, "ssh", uint16(22))
}
func (fewNames) Protocol(name string) (uint8, error) { return find(name, "tcp", uint8(6)) }
func (fewNames) Ether(name string) ([6]byte, error) {
	return find(name, "gate", [6]byte{2, 0, 0, 0, 0, 1})
}
