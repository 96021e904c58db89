package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/count"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/cooked"
	"github.com/gofilter/gofilter/ir"
)

// A statFilter is a filter that packets are counted by.
type statFilter struct {
	name, source string
	warned       bool // its warnings were printed
}

// nameForm is how a named filter begins.
var nameForm = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_.-]*)=`)

// named takes a word of the command line apart into a name and a filter. A word that is an
// expression as it stands, such as len=60, has no name.
func named(word string) (name, source string, ok bool) {
	m := nameForm.FindStringSubmatch(word)
	if m == nil {
		return "", "", false
	}
	if _, err := expr.Parse(word); err == nil {
		return "", "", false
	}
	return m[1], word[len(m[0]):], true
}

// statFilters returns what to count by: the named filters of the command line, or its one
// expression, which has its text as its name.
func (s *session) statFilters() ([]*statFilter, error) {
	words := s.opt.words
	if s.opt.exprFile == "" && len(words) > 0 {
		if _, _, ok := named(words[0]); ok {
			return namedFilters(words)
		}
	}
	source, err := s.expression()
	if err != nil {
		return nil, err
	}
	name := strings.Join(strings.Fields(source), " ")
	if name == "" {
		name = "all"
	}
	return []*statFilter{{name: name, source: source}}, nil
}

// namedFilters returns the filters of words that all have names.
func namedFilters(words []string) ([]*statFilter, error) {
	var all []*statFilter
	taken := make(map[string]bool)
	for _, word := range words {
		name, source, ok := named(word)
		if !ok {
			return nil, fmt.Errorf("%q has no name, which %s has: want NAME='EXPRESSION' for each filter", word, all[0].name)
		}
		if taken[name] {
			return nil, fmt.Errorf("two filters are called %s", name)
		}
		taken[name] = true
		all = append(all, &statFilter{name: name, source: source})
	}
	return all, nil
}

// program compiles a filter for a place on an interface.
func (s *session) statProgram(f *statFilter, iface string, p count.Place) (asm.Instructions, error) {
	target := ebpfgen.SchedCLS
	if p.Type == ebpf.SocketFilter {
		target = ebpfgen.SocketFilter
	}
	cfg := s.liveConfig(iface, p.LinkType)
	cfg.View = target.View()
	compiled, err := gofilter.Compile(f.source, cfg)
	if err != nil {
		return nil, &expressionError{f.source, err}
	}
	if compiled.RejectsAll() && !s.opt.noOptimize {
		return nil, fmt.Errorf("%s: %w", f.name, errRejectsAll)
	}
	s.source, s.warned = f.source, f.warned
	s.warn(compiled)
	f.warned = s.warned
	fn := compiled.IR()
	if p.Cooked {
		if fn, err = cooked.Kernel(fn, p.LinkType); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if p.Outgoing {
		fn = fn.Assume(ir.MetaPacketType, packetOutgoing)
	}
	o := statAccess(target, p.Type)
	insns, err := ebpfgen.Generate(fn, target, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return insns, nil
}

// packetOutgoing is the type of a packet that this machine sends (PACKET_OUTGOING of
// linux/if_packet.h).
const packetOutgoing = 4

// statAccess chooses the quickest way to read packets that the kernel takes from this process.
func statAccess(target ebpfgen.Target, typ ebpf.ProgramType) ebpfgen.Options {
	o := ebpfgen.Options{Kernel: (*ebpfgen.Kernel)(attach.KernelFor(typ))}
	for _, a := range target.AccessOn(o.Kernel) {
		// LD_ABS would end the program for all filters.
		if a != ebpfgen.AccessLdAbs && attach.Access(typ, a.String()) == nil {
			o.Access = a
			return o
		}
	}
	o.Access = ebpfgen.AccessLoadBytes // the kernel says what it has against it
	return o
}
