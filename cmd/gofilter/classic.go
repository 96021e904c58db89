package main

import (
	"sync"
	"syscall"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ir"
)

// forSpeed returns what compiles the filter once more, to be quick. Programs of it are longer, so the
// kernel may not take them where it takes the short one.
func forSpeed(source string, cfg gofilter.Config) func() (*ir.Func, error) {
	return sync.OnceValues(func() (*ir.Func, error) {
		cfg.Objective, cfg.Uncut = gofilter.Speed, true
		f, err := gofilter.Compile(source, cfg)
		if err != nil {
			return nil, err
		}
		return f.IR(), nil
	})
}

// quickClassic returns a classic program that is to be quick.
func (k *kernelFilter) quickClassic() ([]bpf.RawInstruction, error) {
	f, err := k.quick()
	if err != nil {
		return nil, err
	}
	return cbpfgen.Generate(f, cbpfgen.Options{Kernel: true, Speed: true, MaxInsns: cbpfgen.MaxSocketInsns})
}

// attachClassic attaches the filter as classic BPF: the quick program, or, where it
// is too long for the kernel, the short one.
func (k *kernelFilter) attachClassic(conn syscall.Conn) error {
	if k.quick != nil {
		if prog, err := k.quickClassic(); err == nil && attach.Socket(conn, prog) == nil {
			k.length, k.objective = len(prog), gofilter.Speed
			return nil
		}
	}
	k.length, k.objective = len(k.classic), gofilter.Size
	return attach.Socket(conn, k.classic)
}
