// Package opt makes a filter smaller without changing what it decides.
//
// A pass rewrites an [ir.Func] in place and leaves one that passes Check. What
// it must keep is the verdict of every packet on which the function as it was
// does not fault. On a packet on which it faulted, and so rejected, the verdict
// may be either: a pass may drop a load whose value is not needed, and with it
// the fault. A pass never brings a fault to a packet that had none; the passes for
// speed bring none to a packet that is accepted (see reach.go).
//
// All passes together take time in proportion to the size of the function,
// apart from logarithms; what would take more is cut off at a constant.
package opt

import (
	"fmt"
	"sync"

	"github.com/gofilter/gofilter/ir"
)

// Options says how Run works. The zero value runs everything.
type Options struct {
	// Plain runs the required passes only.
	Plain bool
	// Objective is what the passes work towards; the zero value is Size.
	Objective Objective
	// Uncut says that no packet is cut before the filter sees it, as none is in the
	// kernel: its length is the number of bytes that can be read. The passes for speed
	// use it.
	Uncut bool
	// Check tests the laws of the ir package before the first pass and after
	// each one; Run fails where one is broken.
	Check bool
	// After is called after each pass with its name and what it left, to print
	// or to test; it must not change f. An error ends Run.
	After func(pass string, f *ir.Func) error
}

// A Pass is a row of the table of passes, for the reader.
type Pass struct {
	Name     string
	Required bool   // runs with Options.Plain too
	Reason   string // what it does, and why it stands where it does
}

type pass struct {
	Pass
	run   func(*work)
	after []string // passes that must come before, wherever they are in the table
}

// passes in the order in which they run. There is no loop to a fixed point: a
// pass that pays twice stands here twice.
var passes = []pass{
	{Pass{"fold", false, "numbers known at compile time, algebra, tests in one form; first, since lowering emits constants freely"},
		fold, nil},
	{Pass{"param", false, "parameters that carry one value vanish; before thread, which cannot pass a block whose parameters are used below"},
		param, []string{"fold"}},
	{Pass{"thread", false, "an edge into a test whose answer is known along that edge goes past it"},
		thread, []string{"fold", "param"}},
	{Pass{"merge", false, "equal tails become one, tests with equal ways vanish; after thread, which makes tails equal"},
		merge, []string{"thread"}},
	{Pass{"rethread", false, "thread again, where merge took a test away: what stood before it now leads elsewhere"},
		rethread, []string{"merge"}},
	{Pass{"reparam", false, "param again: after thread fewer edges carry fewer values"},
		param, []string{"rethread"}},
	{Pass{"narrow", false, "a masked load becomes a smaller load; after thread, which knows nothing of overlapping loads"},
		narrow, []string{"rethread"}},
	{Pass{"number", false, "equal values are computed once, where that dominates; after all that moves edges or makes values"},
		number, []string{"narrow", "reparam"}},
	{Pass{"deadcode", false, "unused values go, even loads; jumps vanish; after all that leaves some behind"},
		deadcode, []string{"number"}},
	{Pass{"gather", false, "tests of one value stand together where their order is free; after deadcode, which leaves in a block what it needs"},
		gather, []string{"number", "deadcode"}},
	{Pass{"layout", true, "order of the source, the true way next, accept and reject at the end; last, since generators rely on it"},
		layout, []string{"deadcode", "gather"}},
}

// Passes returns the table of passes in the order in which they run.
func Passes() []Pass {
	list := make([]Pass, len(passes))
	for i := range passes {
		list[i] = passes[i].Pass
	}
	return list
}

// memory keeps the slices of a work from one Run to the next. Passes clear what
// they use, so it is never read.
var memory sync.Pool

// Run applies the passes to f, which must pass Check. It fails only where
// o.Check or o.After finds something; f is then as the pass left it.
func Run(f *ir.Func, o Options) error {
	if o.Check {
		if err := f.Check(); err != nil {
			return fmt.Errorf("opt: before the first pass: %w", err)
		}
	}
	w, ok := memory.Get().(*work)
	if !ok {
		w = new(work)
	}
	defer memory.Put(w)
	w.f, w.uncut, w.testDropped, w.classified = f, o.Uncut, false, false
	defer func() { w.f, w.short = nil, nil }()
	all := table(o.Objective)
	for i := range all {
		p := &all[i]
		if o.Plain && !p.Required {
			continue
		}
		p.run(w)
		if o.Check {
			if err := f.Check(); err != nil {
				return fmt.Errorf("opt: after %s: %w", p.Name, err)
			}
		}
		if o.After != nil {
			if err := o.After(p.Name, f); err != nil {
				return fmt.Errorf("opt: after %s: %w", p.Name, err)
			}
		}
	}
	return nil
}

// RejectsAll reports whether f is seen to reject every packet, which after the
// passes is a function of one block.
func RejectsAll(f *ir.Func) bool { return f.Blocks[0].Kind == ir.KindReject }
