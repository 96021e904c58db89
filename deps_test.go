package gofilter_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/gofilter/gofilter"

// lattice says for each package what it may import besides the standard library; "./" stands for
// the module. It is the policy and not a record: do not widen a row to mend a build. What a
// compiler package imports, everybody who imports it gets.
var lattice = map[string][]string{
	// The language, the link types and the form between it and the machines.
	"linktype": {},
	"expr":     {},
	"ir":       {},

	// The compiler: text to ir.Func. It imports no generator, so that who only matches gets no
	// BPF library.
	"internal/proto":   {"./linktype"},
	"internal/pred":    {"./expr", "./ir", "./linktype", "./internal/proto"},
	"internal/resolve": {"./expr", "./ir", "./linktype", "./internal/proto", "./internal/pred"},
	"internal/lower":   {"./expr", "./ir", "./linktype", "./internal/proto", "./internal/pred"},
	"internal/opt":     {"./ir"},
	"internal/match":   {"./ir"},
	"internal/warn":    {"./expr"},
	".": {"./expr", "./ir", "./linktype", "./internal/proto", "./internal/pred", "./internal/resolve",
		"./internal/lower", "./internal/opt", "./internal/match", "./internal/warn"},

	// The two generators.
	"cbpfgen": {"./ir", "golang.org/x/net/bpf"},
	"ebpfgen": {"./ir", "github.com/cilium/ebpf/asm"},
	// Filters as text for other people's programs, and objects for their loaders.
	"inject":  {".", "./ir", "./linktype", "./ebpfgen", "github.com/cilium/ebpf/asm"},
	"ebpfelf": {"./ir", "./ebpfgen", "github.com/cilium/ebpf/asm", "github.com/cilium/ebpf/btf"},

	// The kernel's side: these know no filters.
	"attach":                 {"github.com/cilium/ebpf", "golang.org/x/net/bpf", "golang.org/x/sys"},
	"capture":                {"./attach", "./linktype", "github.com/cilium/ebpf", "golang.org/x/net/bpf", "golang.org/x/sys"},
	"capture/hook":           {"./attach", "./capture", "./linktype", "github.com/cilium/ebpf", "golang.org/x/sys"},
	"count":                  {"./attach", "./capture", "./linktype", "github.com/cilium/ebpf", "golang.org/x/sys"},
	"capture/gopacketsource": {"./capture", "github.com/google/gopacket"},

	// What the command adds: finished programs, cooked captures, files, packet lines.
	"internal/cbpfvm":   {"./ir", "golang.org/x/net/bpf"},
	"internal/cooked":   {"./ir", "./linktype"},
	"internal/untag":    {"./ir"},
	"internal/savefile": {"./linktype"},
	"internal/decode":   {"./linktype", "github.com/google/gopacket"},

	// What only tests use.
	"ir/irtest":            {"./ir"},
	"internal/kernelrun":   {"./ir", "./ebpfgen", "./attach", "github.com/cilium/ebpf"},
	"internal/netlab":      {"golang.org/x/sys"},
	"internal/source":      {"./internal/netlab", "github.com/cilium/ebpf", "golang.org/x/sys"},
	"internal/packets":     {"./linktype"},
	"internal/gen":         {"./linktype", "./internal/packets"},
	"internal/corpus":      {"./linktype", "./internal/savefile"},
	"internal/conformance": {".", "./ir", "./linktype", "./cbpfgen", "./internal/savefile"},
}

// commands may import anything of the module; nobody may import them.
func command(dir string) bool {
	switch {
	case strings.HasPrefix(dir, "cmd/"), strings.HasPrefix(dir, "internal/conformance/"),
		strings.HasPrefix(dir, "internal/corpus/"), strings.HasPrefix(dir, "internal/packets/"),
		dir == "internal/demo", strings.HasPrefix(dir, "internal/kernelmatrix"), dir == "internal/soak", dir == "internal/bench", dir == "internal/mutants", strings.HasPrefix(dir, "internal/bench"), strings.HasPrefix(dir, "internal/oracle"):
		return true
	}
	return false
}

// TestImports holds the import lattice, for all systems at once.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		file = filepath.ToSlash(file)
		dir := path.Dir(file)
		seen[dir] = true
		checkImports(t, dir, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range lattice {
		if !seen[dir] {
			t.Errorf("the lattice has a row for %s, which is no package", dir)
		}
	}
}

// checkImports checks one file of the package in dir.
func checkImports(t *testing.T, dir, file string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file), nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	allowed, known := lattice[dir]
	if !known && !command(dir) {
		t.Errorf("package %s has no row in the lattice", dir)
		return
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		if imported == "C" {
			t.Errorf("%s uses cgo", file)
		}
		if local, ok := localPath(imported); ok {
			if command(strings.TrimPrefix(local, "./")) && !command(dir) {
				t.Errorf("%s imports the command %s", file, local)
			}
			imported = local
		}
		if !known || standard(imported) {
			continue
		}
		if !slices.ContainsFunc(allowed, func(a string) bool {
			return imported == a || !strings.HasPrefix(a, ".") && strings.HasPrefix(imported, a+"/")
		}) {
			t.Errorf("%s imports %s, which the lattice does not allow to %s", file, imported, dir)
		}
	}
}

// localPath returns the path within the module as the lattice writes it.
func localPath(imported string) (string, bool) {
	if imported == modulePath {
		return ".", true
	}
	rest, ok := strings.CutPrefix(imported, modulePath+"/")
	return "./" + rest, ok
}

// standard reports whether a package is of the standard library: the first element of
// its path has no dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
