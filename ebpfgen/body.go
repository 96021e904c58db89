package ebpfgen

import (
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
	prefix string // of the body's labels
	fail   string // label for a guard that fails
	slack  uint64 // see guardsOf

	fl        *flow
	bounds    []bound
	order     []ir.Size // network order: the field's size; nil: none
	clusters  []cluster
	clusterOf []int
	areas     int // stack bytes that areas take
	steps     []step
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

// newBody analyses f for a strategy. A load that the strategy cannot express
// goes to far: toReject or toFail.
func newBody(f *ir.Func, t Target, acc strategy, far ir.BlockID) *body {
	b := &body{f: f, target: t, acc: acc, traits: acc.traits()}
	b.m = b.traits.machine
	b.fl = newFlow(f, b.traits, far)
	return b
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
	b.select_()
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
