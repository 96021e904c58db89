package ebpfgen

import (
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// A body is a whole filter in one strategy, while it is generated.
type body struct {
	f      *ir.Func
	target Target
	acc    strategy
	traits traits
	m      *machine
	little bool
	prefix string       // of the body's labels
	enter  asm.Register // where the context is when the body begins
	fail   string       // label for a guard that fails
	// again is the label for a wide guard that fails, where widens is set.
	again  string
	widens func(c *cluster, need, widest uint64) bool // see guardsOf

	fl        *flow
	bounds    []bound
	order     []ir.Size // network order: the field's size; nil: none
	clusters  []cluster
	clusterOf []int
	areas     int // stack bytes that areas take
	steps     []step
	busy      []bool  // blocks with steps between their start and end
	level     []bool  // blocks whose tests have been looked at for a ladder
	places    []place // by name

	out   *assembler
	stubs []stub
}

// A stub is the out-of-line part of a taken jump that sets parameters.
type stub struct {
	label string
	way   ir.Edge
	words Words
}

// newBody analyses f for a strategy. Labels of the body begin with prefix. A
// load that the strategy cannot express goes to far, toReject or toFail; guards that fail reject.
func newBody(f *ir.Func, t Target, acc strategy, prefix string, far ir.BlockID) *body {
	b := &body{f: f, target: t, acc: acc, traits: acc.traits(), prefix: prefix}
	b.m = b.traits.machine
	b.fl = newFlow(f, b.traits, far)
	b.fail = b.label(toReject)
	b.enter = asm.R1
	return b
}

// after makes b the body that starts over when one before it gives up.
func (b *body) after(before *body) *body {
	b.enter = before.m.ctx
	return b
}

// context emits what brings the context to where the body keeps it.
func (b *body) context() {
	if b.enter != b.m.ctx && b.usesContext() {
		b.out.emit(asm.Mov.Reg(b.m.ctx, b.enter))
	}
}

// emit writes the body's instructions to out.
func (b *body) emit(out *assembler, little bool) error {
	b.out, b.little = out, little
	b.bounds = bounds(b.fl)
	if b.traits.network && little {
		b.order = orders(b.fl)
	}
	b.plan()
	if err := b.allocate(); err != nil {
		return err
	}
	b.instructions()
	return nil
}

// raw reports whether value id is kept in network byte order, and the size of
// the field.
func (b *body) raw(id ir.ValueID) (ir.Size, bool) {
	if b.order == nil {
		return 0, false
	}
	return b.order[id], b.order[id] != 0
}

// words returns the filter's words for a span.
func (b *body) words(s ir.Span) Words {
	if s.Pos < 0 || s.End > int32(len(b.f.Source)) || s.Pos >= s.End {
		return Words{}
	}
	return Words{Text: b.f.Source[s.Pos:s.End], Span: s}
}

// usesContext reports whether the body's steps read the context.
func (b *body) usesContext() bool {
	for i := range b.steps {
		s := &b.steps[i]
		if b.calls(s) {
			return true
		}
		if s.kind == stepValue {
			switch b.f.Value(s.value).Op {
			case ir.OpLen, ir.OpMeta:
				return true
			}
		}
	}
	return false
}

// failing returns the label to which guard g leaves.
func (b *body) failing(g *guard) string {
	if g.wide {
		return b.again
	}
	return b.fail
}

// label returns the name of where a way leads.
func (b *body) label(to ir.BlockID) string {
	switch to {
	case toAccept:
		return b.prefix + "accept"
	case toReject:
		return b.prefix + "reject"
	case toFail:
		return b.fail
	}
	return b.prefix + blockName(to)
}
