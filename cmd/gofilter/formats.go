package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A format is a form that a classic program is printed in.
type format struct {
	name    string
	letters int                               // how often -d asks for it; 0 where only the name does
	text    func([]bpf.RawInstruction) string // nil: a savefile, which says more than the program
	client  *client                           // nil: anybody
}

var formats = []format{
	{name: "asm", letters: 1, text: cbpfgen.Format},
	{name: "c", letters: 2, text: cbpfgen.FormatC},
	{name: "decimal", letters: 3, text: cbpfgen.FormatDecimal},
	{name: "bytecode", text: bytecode},
	{name: "xt_bpf", text: bytecode, client: &xtBPF},
	{name: "tc", text: bytecode, client: &clsBPF},
	{name: "go", text: cbpfgen.FormatGo},
	{name: "hex", text: cbpfgen.FormatHex},
	{name: "savefile"},
}

func bytecode(p []bpf.RawInstruction) string { return cbpfgen.FormatBytecode(p) + "\n" }

// formatNames are those of classic and of eBPF programs.
func formatNames() []string {
	var names []string
	for _, row := range formats {
		names = append(names, row.name)
	}
	return append(names, formatELF)
}

// classicFormat returns the row that the options ask for.
func (o *options) classicFormat() *format {
	for i := range formats {
		if row := &formats[i]; row.name == o.format || o.format == "" && row.letters == min(max(o.dump, 1), 3) {
			return row
		}
	}
	panic(fmt.Sprintf("%s: format %q, -d %d times", program, o.format, o.dump))
}

// A client is a part of the kernel that runs classic programs in its own way.
type client struct {
	view   ir.View
	links  []linktype.Type // what packets can begin with, the usual one first; nil: anything, usually Ethernet
	accept uint32          // what to return for a packet that is accepted; 0: the snapshot length
	max    int             // instructions
	hint   string          // what to do about a program that is longer
	denied ir.Meta         // a metadatum that means something else there; 0: none
	reason string          // what that is
}

var (
	// linux/netfilter/xt_bpf.h XT_BPF_MAX_NUM_INSTR. Where a rule is looked at, a packet begins at the
	// network layer, and some metadata have no value yet.
	xtBPF = client{
		view: ir.ViewFile, links: []linktype.Type{linktype.Raw, linktype.IPv4, linktype.IPv6}, max: 64,
		hint: "share the filter out among rules, or use eBPF: --target socket --format elf, then bpftool prog load and --object-pinned",
	}
	// net/sched/cls_bpf.c: all bits set leaves the class to tc, another number is a class.
	clsBPF = client{
		view: ir.ViewTC, accept: math.MaxUint32, max: cbpfgen.MaxSocketInsns,
		hint:   "use eBPF: --target tc",
		denied: ir.MetaPacketType, reason: "inbound and outbound mean nothing to a classic program at tc: use the hook for that direction",
	}
)

// configure makes cfg what a filter for the client is compiled for. given says that the
// user has chosen the link type.
func (c *client) configure(cfg *gofilter.Config, given bool) error {
	cfg.View = c.view
	if c.accept != 0 && cfg.Snaplen == 0 {
		cfg.Snaplen = c.accept
	}
	if c.links == nil {
		return nil
	}
	if !given {
		cfg.LinkType = c.links[0]
	}
	return c.sees(cfg.LinkType)
}

// sees reports a link type that no packet there has.
func (c *client) sees(link linktype.Type) error {
	if c == nil || c.links == nil {
		return nil
	}
	var names []string
	for _, t := range c.links {
		if t == link {
			return nil
		}
		names = append(names, t.String())
	}
	return fmt.Errorf("a packet does not begin as %v there: choose -y %s", link, strings.Join(names, ", "))
}

// check refuses a filter that would mean something else there.
func (c *client) check(f *ir.Func) error {
	if c == nil || c.denied == 0 {
		return nil
	}
	for i := range f.Values {
		if v := &f.Values[i]; v.Op == ir.OpMeta && v.Meta == c.denied {
			return errors.New(c.reason)
		}
	}
	return nil
}

// fits refuses a program that is too long.
func (c *client) fits(prog []bpf.RawInstruction) error {
	if c == nil || len(prog) <= c.max {
		return nil
	}
	return &cbpfgen.LimitError{What: "instructions", Have: len(prog), Max: c.max, Hint: c.hint}
}

// deliverClassic prints a classic program in the form that was asked for. saved returns what
// there is to say of it in a savefile.
func (s *session) deliverClassic(prog []bpf.RawInstruction, saved func() *cbpfgen.Savefile) error {
	row := s.opt.classicFormat()
	if err := row.client.fits(prog); err != nil {
		return fmt.Errorf("%s: %w", row.name, err)
	}
	if row.text != nil {
		return s.deliver(row.text(prog))
	}
	if s.opt.output == "" && isTerminal(s.stdout) {
		return fmt.Errorf("a %s is nothing for a terminal: -o FILE", row.name)
	}
	sf := saved()
	data, err := cbpfgen.FormatSavefile(sf)
	if err != nil && sf.Filter != "" {
		// The text may be longer than the format has room for, or not in ASCII.
		first := err
		sf.Filter = ""
		if data, err = cbpfgen.FormatSavefile(sf); err == nil {
			s.notice("%s: the expression is not in the file: %v", program, first)
		}
	}
	if err != nil {
		return err
	}
	return s.deliver(string(data))
}

// savefile returns a program with what it was compiled for.
func (s *session) savefile(cfg gofilter.Config, prog []bpf.RawInstruction) *cbpfgen.Savefile {
	sf := &cbpfgen.Savefile{
		Program:      prog,
		LinkType:     uint16(cfg.LinkType.DLT()),
		Snaplen:      cfg.Snaplen,
		Dialect:      cbpfgen.LinuxDialect,
		LinkTypeName: cfg.LinkType.String(),
		Filter:       s.source,
		Optimization: cbpfgen.Optimized,
		Netmask:      cfg.Netmask,
		Comment:      program + " " + version(),
	}
	if sf.Snaplen == 0 {
		sf.Snaplen = gofilter.DefaultSnaplen
	}
	if cfg.Plain {
		sf.Optimization = cbpfgen.Plain
	}
	return sf
}
