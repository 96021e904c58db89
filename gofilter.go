// Package gofilter compiles tcpdump-style packet filters, written in the language
// of pcap-filter(7), and matches packets with them on any system.
//
// The text goes through four stages, each a package: expr parses it,
// internal/resolve settles what it means, internal/lower writes it as the blocks of
// package ir, and internal/opt makes those fewer. A [Filter] holds the result. It
// matches packets by itself; packages cbpfgen and ebpfgen make programs of its
// [Filter.IR] for the kernel, and attach and capture put those to work.
package gofilter

import (
	"fmt"
	"net/netip"
	"sync"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/lower"
	"github.com/gofilter/gofilter/internal/match"
	"github.com/gofilter/gofilter/internal/opt"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/internal/resolve"
	"github.com/gofilter/gofilter/internal/warn"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// DefaultSnaplen is the snapshot length of a Config that names none: tcpdump's.
const DefaultSnaplen = 262144

// ByteOrder is the byte order of header fields that a recording host writes in
// its own order: the address family of NULL and ENC, for instance.
type ByteOrder = lower.ByteOrder

// The byte orders.
const (
	// LiveOrder: the packets are captured on this machine.
	LiveOrder = lower.Live
	// NativeOrder: a savefile with little-endian headers.
	NativeOrder = lower.Native
	// SwappedOrder: a savefile with big-endian headers.
	SwappedOrder = lower.Swapped
)

// An Objective is what the passes work towards.
type Objective = opt.Objective

// The objectives. Both give the same verdicts.
const (
	// Size: a program as short as can be; the canonical one, which -d prints.
	Size = opt.Size
	// Speed: a classic program that takes as little time as can be in the Linux
	// kernel, where a packet socket is to get one. It is longer. Config.Uncut belongs
	// to it.
	Speed = opt.Speed
)

// A Config is what a filter depends on besides its text. LinkType has no default:
// its zero value is linktype.Null.
type Config struct {
	LinkType  linktype.Type
	Snaplen   uint32     // what the filter returns for an accepted packet, in bytes; 0: DefaultSnaplen
	Netmask   netip.Addr // IPv4 netmask of the interface; the zero Addr where unknown
	View      ir.View    // where the filter will run
	ByteOrder ByteOrder
	Resolver  Resolver // nil: numbers and the names that the language has built in
	Objective Objective
	// Uncut says that the filter sees whole packets, so that a packet's length is the
	// number of bytes that can be read: so it is in the kernel. Speed makes use of it. Such
	// a filter must not be run on packets that have been cut.
	Uncut bool
	Plain bool // leave out the passes that are not required
	// After is called with the name of each pass and what it left, nil for none.
	// Before the first there are "lower", the filter as it is written, and, without
	// Plain, "lists", where each list is one test.
	After func(pass string, f *ir.Func) error
}

// A Warning is a place of a filter's text that may not mean what its writer
// thinks. The filter is right all the same.
type Warning = warn.Warning

// A Filter is a compiled filter. It is safe for use by several goroutines.
type Filter struct {
	tree  expr.Expr
	pred  *pred.Filter
	lower lower.Options
	fn    *ir.Func

	// Made when they are asked for.
	plainOnce sync.Once
	plain     *ir.Func
	progOnce  sync.Once
	prog      *match.Program
}

// An InternalError is a bug of this package that compiling a filter came upon.
type InternalError struct {
	Stage  string // the stage that failed
	Source string // the filter's text
	Cause  any    // what the stage panicked with
}

// Error says what failed, where, and on which filter.
func (e *InternalError) Error() string {
	return fmt.Sprintf("internal error in %s of filter %q: %v", e.Stage, e.Source, e.Cause)
}

// An UnsupportedError says that a link type is none that filters can be compiled
// for.
type UnsupportedError struct {
	What string
}

// Error says what is not supported.
func (e *UnsupportedError) Error() string { return e.What }

// Compile compiles a filter. An empty src accepts every packet. Faults of the text
// are an expr.ErrorList with a place for each; [expr.PrintError] prints them under
// the text.
func Compile(src string, cfg Config) (f *Filter, err error) {
	stage := "parse"
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, &InternalError{stage, src, p}
		}
	}()
	link, ok := proto.LinkOf(cfg.LinkType)
	if !ok {
		return nil, &UnsupportedError{fmt.Sprintf("link type %s is not known", cfg.LinkType)}
	}
	if cfg.Snaplen == 0 {
		cfg.Snaplen = DefaultSnaplen
	}
	tree, err := expr.Parse(src)
	if err != nil {
		return nil, err
	}
	stage = "resolve"
	p, err := resolve.Filter(tree, resolve.Config{Link: link, Netmask: cfg.Netmask, View: cfg.View, Names: cfg.Resolver})
	if err != nil {
		return nil, locate(err, src)
	}
	stage = "lower"
	f = &Filter{tree: tree, pred: p, lower: lower.Options{View: cfg.View, Snaplen: cfg.Snaplen, Source: src, ByteOrder: cfg.ByteOrder}}
	if cfg.After != nil {
		if err := cfg.After("lower", f.Plain()); err != nil {
			return nil, err
		}
	}
	o := f.lower
	o.Gather = !cfg.Plain
	fn := new(ir.Func)
	if cfg.After == nil {
		// Nobody sees the function while it is made, so the next one may have its memory.
		if m, ok := memory.Get().(*ir.Func); ok {
			fn = m
		}
		defer memory.Put(fn)
	}
	lower.Filter(fn, p, o)
	if cfg.After != nil && o.Gather {
		if err := cfg.After("lists", fn); err != nil {
			return nil, err
		}
	}
	stage = "passes"
	if err := opt.Run(fn, opt.Options{Plain: cfg.Plain, Objective: cfg.Objective, Uncut: cfg.Uncut, After: cfg.After}); err != nil {
		return nil, err
	}
	f.fn = fn.Clone()
	return f, nil
}

// memory keeps functions in which filters have been made for the next.
var memory sync.Pool

// locate gives errors their line and column.
func locate(err error, src string) error {
	if list, ok := err.(expr.ErrorList); ok {
		for _, e := range list {
			e.Locate(src)
		}
	}
	return err
}

// MustCompile is Compile for a filter that is known to be right; it panics
// otherwise.
func MustCompile(src string, cfg Config) *Filter {
	f, err := Compile(src, cfg)
	if err != nil {
		panic("gofilter: " + err.Error())
	}
	return f
}

// Run returns the verdict on a packet: 0 to reject it, else how many bytes of it to
// keep. data are its captured bytes. md may be nil, which means that they are all
// of it and that there are no metadata.
func (f *Filter) Run(data []byte, md *ir.Metadata) uint32 { return f.program().Run(data, md) }

// Match reports whether the filter accepts a packet. See Run.
func (f *Filter) Match(data []byte, md *ir.Metadata) bool { return f.program().Run(data, md) != 0 }

// program returns what matches packets. A filter that only the generators see
// needs none.
func (f *Filter) program() *match.Program {
	f.progOnce.Do(func() { f.prog = match.Compile(f.fn) })
	return f.prog
}

// RejectsAll reports whether the passes found that no packet is accepted.
func (f *Filter) RejectsAll() bool { return opt.RejectsAll(f.fn) }

// IR returns the filter after the passes, for the generators. It must not be
// changed.
func (f *Filter) IR() *ir.Func { return f.fn }

// Plain returns the filter as it is written, with no test gathered and before the
// passes. It must not be changed.
func (f *Filter) Plain() *ir.Func {
	f.plainOnce.Do(func() {
		f.plain = new(ir.Func)
		lower.Filter(f.plain, f.pred, f.lower)
	})
	return f.plain
}

// Warnings returns what people often misread about a filter like this one, in the
// order of its text.
func (f *Filter) Warnings() []Warning { return warn.Check(f.tree) }
