package main

import (
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/cbpfgen"
)

// forSpeed returns what compiles the filter once more, as a classic program that is to
// be quick. It is longer, so the kernel may not take it where it takes the short one.
func forSpeed(source string, cfg gofilter.Config) func() ([]bpf.RawInstruction, error) {
	return sync.OnceValues(func() ([]bpf.RawInstruction, error) {
		cfg.Objective = gofilter.Speed
		f, err := gofilter.Compile(source, cfg)
		if err != nil {
			return nil, err
		}
		return cbpfgen.Generate(f.IR(), cbpfgen.Options{Kernel: true, Speed: true, MaxInsns: cbpfgen.MaxSocketInsns})
	})
}

// attachClassic attaches the filter as classic BPF: the quick program, or, where it
// is too long for the kernel, the short one.
func (k *kernelFilter) attachClassic(conn syscall.Conn) error {
	k.attached, k.objective = k.classic, gofilter.Size
	if k.quick != nil {
		if prog, err := k.quick(); err == nil && attach.Socket(conn, prog) == nil {
			k.attached, k.objective = prog, gofilter.Speed
			return nil
		}
	}
	return attach.Socket(conn, k.classic)
}

// classicWords says how long the classic program is and what it was made for.
func (k *kernelFilter) classicWords() string {
	return fmt.Sprintf("%d instructions for %v", len(k.attached), k.objective)
}
