package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Program is one that runs on each kernel. The guest reads a list of them, so the fields are exported.
type Program struct {
	Name string
	Args []string
	Dir  string   // where it runs, relative to the root of the module
	Must []string // tests that have to pass; on the running kernel they may be left out
}

// A Suite is what the guest is told.
type Suite struct {
	Programs []Program
	Verbose  bool // print all that the programs print
}

// A part is a program with what it is built from.
type part struct {
	Program
	pkg  string // relative to the root of the module
	test bool   // the package's test binary
}

// suite is what runs, in this order: of a package's tests those that ask the kernel.
var suite = []part{
	{pkg: "internal/kernelrun", test: true, Program: Program{Name: "kernelrun"}},
	{pkg: ".", test: true, Program: Program{Name: "agreement", Args: []string{"-test.run=^TestKernelAgreement$", "-kernel-every=20"}}},
	{pkg: "ebpfgen", test: true, Program: Program{Name: "ebpfgen", Args: []string{"-test.short", "-test.run=Inject|Inline|Agreement|Example|Edges|Fragments|Words|Ladder$|Pending|Nonlinear|Metadata"},
		Must: []string{"TestInjectTracing/tracepoint", "TestInjectTracing/kprobe", "TestInjectTracing/fentry"}}},
	{pkg: "cbpfgen", test: true, Program: Program{Name: "cbpfgen", Args: []string{"-test.run=^TestKernel"}}},
	{pkg: "attach", test: true, Program: Program{Name: "attach", Args: []string{"-test.short"}}},
	{pkg: "capture", test: true, Program: Program{Name: "capture", Args: []string{"-test.short", "-test.run=Filter|Cooked|VLAN|Loopback|Direction|EveryPacket"}}},
	{pkg: "capture/hook", test: true, Program: Program{Name: "hook", Args: []string{"-test.short"}}},
	{pkg: "count", test: true, Program: Program{Name: "count", Args: []string{"-test.short"}}},
	{pkg: "internal/conformance/ebpfcmd", Program: Program{Name: "conformance",
		Args: []string{"-data=conformance", "-access=all", "-every=17", "-inputs=6"}}},
	{pkg: "internal/conformance/fuzzcmd", Program: Program{Name: "random",
		Args: []string{"-access=all", "-seed=1", "-n=100", "-inputs=4"}}},
}

// data are directories of the module that programs read.
var data = []string{"testdata", "ebpfgen/testdata"}

// objects are programs in C, for guests, which have no compiler: tests look for the object of
// F.c compiled with FLAGS as FFLAGS.o beside it.
var objects = []struct {
	source string
	flags  []string
}{
	{"ebpfgen/testdata/stub.c", []string{"-g"}},
	{"ebpfgen/testdata/stub.c", nil},
	{"ebpfgen/testdata/trace.c", []string{"-g"}},
}

// Files of the stage.
const (
	guestProgram = "guest"
	suiteFile    = "suite.json"
)

// build builds the suite and what it needs in the directory stage, which has the shape of the module.
func build(stage string, o *options) error {
	if o.data == "" {
		return fmt.Errorf("no recorded conformance cases: set GOFILTER_CONFORMANCE to their directory")
	}
	if _, err := goTool("build", "-o", filepath.Join(stage, guestProgram), "./internal/kernelmatrix/guest"); err != nil {
		return err
	}
	only := strings.Split(o.only, ",")
	var programs []Program
	for _, p := range suite {
		if o.only != "" && !slices.Contains(only, p.Name) {
			continue
		}
		to := filepath.Join(stage, p.Name)
		args := []string{"build", "-ldflags=-s -w", "-o", to, "./" + p.pkg}
		if p.test {
			args = []string{"test", "-c", "-ldflags=-s -w", "-o", to, "./" + p.pkg}
			p.Dir = p.pkg
			p.Args = append([]string{"-test.v"}, p.Args...)
		}
		if _, err := goTool(args...); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(stage, "src", p.Dir), 0o755); err != nil {
			return err
		}
		programs = append(programs, p.Program)
	}
	if len(programs) == 0 {
		return fmt.Errorf("no program of the suite is called %s", o.only)
	}
	for _, dir := range data {
		if err := os.CopyFS(filepath.Join(stage, "src", dir), os.DirFS(dir)); err != nil {
			return err
		}
	}
	if err := os.CopyFS(filepath.Join(stage, "src", "conformance"), os.DirFS(o.data)); err != nil {
		return err
	}
	for _, obj := range objects {
		to := strings.TrimSuffix(obj.source, ".c") + strings.Join(obj.flags, "") + ".o"
		args := append([]string{"-O2", "-target", "bpf", "-Wall", "-Werror", "-c", obj.source, "-o", filepath.Join(stage, "src", to)}, obj.flags...)
		if _, err := output("", "clang", args...); err != nil {
			return err
		}
	}
	list, err := json.Marshal(Suite{programs, o.verbose})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(stage, suiteFile), list, 0o644)
}

// goTool runs the go command, for the machine that the kernels run on.
func goTool(args ...string) (string, error) {
	for name, value := range map[string]string{"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": "amd64"} {
		if err := os.Setenv(name, value); err != nil {
			return "", err
		}
	}
	return output("", "go", args...)
}
