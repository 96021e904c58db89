package main

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/asm"
	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/cooked"
	"github.com/gofilter/gofilter/internal/opt"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// dump prints the compiled filter.
func (s *session) dump() error {
	if s.opt.dumpPass == "list" {
		return s.print(passList(s.opt.objective))
	}
	if s.finished != nil {
		return s.dumpFinished()
	}
	cfg, err := s.dumpConfig()
	if err != nil {
		return err
	}
	if s.opt.dumpPass != "" {
		return s.dumpPasses(cfg)
	}
	f, err := s.compile(cfg)
	if err != nil {
		return err
	}
	fn := f.IR()
	if len(s.opt.ifaces) > 0 && cooked.Is(cfg.LinkType) {
		// What runs in the kernel for such an interface is this.
		if fn, err = cooked.Kernel(fn, cfg.LinkType); err != nil {
			return err
		}
	}
	if s.opt.ebpf {
		return s.dumpEBPF(fn)
	}
	client := s.opt.classicFormat().client
	if err := client.check(fn); err != nil {
		return fmt.Errorf("%s: %w", s.opt.format, err)
	}
	prog, err := cbpfgen.Generate(fn, cbpfgen.Options{
		Kernel: client != nil || cfg.View == ir.ViewSocket,
		Speed:  cfg.Objective == gofilter.Speed,
	})
	if err != nil {
		return err
	}
	return s.deliverClassic(prog, func() *cbpfgen.Savefile { return s.savefile(cfg, prog) })
}

// dumpConfig returns what the filter to be printed is compiled for: the file or
// the interface if one is named, else what the options say.
func (s *session) dumpConfig() (gofilter.Config, error) {
	o := s.opt
	view := ir.ViewFile
	if o.linuxExt {
		view = ir.ViewSocket
	}
	cfg := s.config(linktype.Ethernet, view)
	switch {
	case o.read != "":
		in, err := s.openFile()
		if err != nil {
			return cfg, err
		}
		defer in.close()
		cfg = s.fileConfig(in.Interface())
	case len(o.ifaces) > 0:
		name, err := interfaceName(o.ifaces[0])
		if err != nil {
			return cfg, err
		}
		types, err := capture.LinkTypes(name)
		if err != nil {
			return cfg, err
		}
		cfg = s.liveConfig(name, types[0])
	case !o.linkGiven && (o.ebpf || o.classicFormat().client == nil || o.classicFormat().client.links == nil):
		s.notice("Warning: assuming Ethernet")
	}
	if o.linkGiven {
		cfg.LinkType = o.linkType
	}
	if !o.ebpf {
		if row := o.classicFormat(); row.client != nil {
			if err := row.client.configure(&cfg, o.linkGiven || o.read != "" || len(o.ifaces) > 0); err != nil {
				return cfg, fmt.Errorf("%s: %w", row.name, err)
			}
		}
	} else {
		cfg.View = o.target.View()
		cfg.ByteOrder = gofilter.LiveOrder
	}
	if o.savefileOrder != "" {
		cfg.ByteOrder = fileOrder(o.savefileOrder == "swapped")
	}
	cfg.Objective, cfg.Uncut = o.objective, cfg.View == ir.ViewSocket
	return cfg, nil
}

// fileOrder returns the byte order of a savefile.
func fileOrder(bigEndian bool) gofilter.ByteOrder {
	if bigEndian {
		return gofilter.SwappedOrder
	}
	return gofilter.NativeOrder
}

// fileConfig returns what to compile for to filter the packets of a file's
// interface.
func (s *session) fileConfig(i *savefile.Interface) gofilter.Config {
	cfg := s.config(i.LinkType, ir.ViewFile)
	if cfg.Snaplen == 0 {
		cfg.Snaplen = i.Snaplen
	}
	cfg.ByteOrder = fileOrder(i.BigEndian)
	return cfg
}

// dumpPasses prints the intermediate form after one pass, or after each.
func (s *session) dumpPasses(cfg gofilter.Config) error {
	wanted := s.opt.dumpPass
	var out strings.Builder
	found := false
	cfg.After = func(pass string, f *ir.Func) error {
		if wanted == "all" || wanted == pass {
			found = true
			fmt.Fprintf(&out, "; after %s\n%s\n", pass, f)
		}
		return nil
	}
	if _, err := gofilter.Compile(s.source, cfg); err != nil {
		return &expressionError{s.source, err}
	}
	if !found {
		return fmt.Errorf("no pass %q was run; --dump-pass list prints their names", wanted)
	}
	return s.print(out.String())
}

// passList returns the names of the passes for an objective with what each does.
func passList(o gofilter.Objective) string {
	var b strings.Builder
	b.WriteString("lower: what there is before the first pass\n")
	for _, p := range opt.PassesFor(o) {
		fmt.Fprintf(&b, "%s: %s\n", p.Name, p.Reason)
	}
	return b.String()
}

// assembly returns an eBPF program as text: where the words of the filter that
// caused an instruction change, they stand beside it.
func assembly(insns asm.Instructions) string {
	var b strings.Builder
	var last ir.Span
	at := 0
	for i := range insns {
		ins := &insns[i]
		if label := ins.Symbol(); label != "" {
			fmt.Fprintf(&b, "%s:\n", label)
			last = ir.Span{}
		}
		line := fmt.Sprintf("%6d: %v", at, ins)
		if words, ok := ins.Source().(ebpfgen.Words); ok && words.Span != last {
			last = words.Span
			line = fmt.Sprintf("%-60s ; %s", line, shorten(words.String()))
		}
		b.WriteString(line)
		b.WriteByte('\n')
		at += int(ins.Size() / asm.InstructionSize)
	}
	return b.String()
}

// shorten returns s on one line with its middle left out where it is long.
func shorten(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most/2], "") + " ... " + strings.ToValidUTF8(s[len(s)-most/2:], "")
	}
	return strings.Join(strings.Fields(s), " ")
}
