package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/ebpfelf"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
)

// The forms of an eBPF program.
const (
	formatAsm = "asm" // also without --format
	formatC   = "c"
	formatELF = "elf" // of eBPF programs only
)

// checkFormat refuses forms that the program does not have, and a file for what is not one.
func (o *options) checkFormat() error {
	switch {
	case o.format == formatELF && !o.ebpf:
		return errors.New("--format elf is for eBPF programs: --target socket|tc|xdp|cgroup")
	case o.ebpf && o.format != "" && o.format != formatAsm && o.format != formatC && o.format != formatELF:
		return fmt.Errorf("--format %s is for classic programs; eBPF programs have asm, c and elf", o.format)
	case o.kernel != ebpfgen.Version{} && (!o.ebpf || o.format == formatC):
		return errors.New("--kernel is for an eBPF program: --ebpf, not as C")
	case o.output != "" && (o.dumpPass != "" || o.dump == 0 && o.format == "" && !o.ebpf):
		return errors.New("-o is for a program that is printed: -d, --format or --ebpf; -w writes packets")
	}
	return nil
}

// dumpEBPF prints the eBPF program of f.
func (s *session) dumpEBPF(f *ir.Func) error {
	if s.opt.format == formatC {
		text, err := ebpfgen.FormatC(f, s.opt.target, ebpfelf.DefaultName)
		if err != nil {
			return err
		}
		return s.deliver(text)
	}
	k, err := kernelOf(s.opt.access)
	if err != nil {
		return err
	}
	insns, err := ebpfgen.Generate(f, s.opt.target, ebpfgen.Options{Access: s.opt.access, Version: s.opt.kernel, Kernel: k})
	if err != nil {
		return err
	}
	if s.opt.format != formatELF {
		return s.deliver(assembly(insns))
	}
	if s.opt.output == "" && isTerminal(s.stdout) {
		return errors.New("an object is nothing for a terminal: -o FILE")
	}
	var object bytes.Buffer
	if err := ebpfelf.Write(&object, insns, ebpfelf.Object{Target: s.opt.target, Source: f.Source}); err != nil {
		return err
	}
	return s.deliver(object.String())
}

// kernelOf returns what a program has to know of the kernel to read packets by a. That is the
// running one: a program that is asked for by name for it is for no other.
func kernelOf(a ebpfgen.Access) (*ebpfgen.Kernel, error) {
	if a != ebpfgen.AccessRdonlyCast {
		return nil, nil
	}
	k, err := attach.RunningKernel()
	if err != nil {
		return nil, fmt.Errorf("access %s is for the running kernel: %w", a, err)
	}
	return (*ebpfgen.Kernel)(k), nil
}

// deliver writes a program to the file that -o names, or prints it.
func (s *session) deliver(program string) error {
	if s.opt.output == "" {
		return s.print(program)
	}
	return os.WriteFile(s.opt.output, []byte(program), 0o666)
}
