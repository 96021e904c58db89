// Package lower turns a resolved filter into blocks: it finds, from the tables of
// package proto, the bytes that a test is about, and the tests that must come
// before it.
//
// There are two steps. expand writes each predicate as a tree of comparisons;
// emit writes the tree as blocks. Nothing is shared or left out on the way, except
// what a constant decides: that is the passes' work.
package lower

import (
	"fmt"
	"sync"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// ByteOrder is the byte order of fields that a recording host writes in its own.
type ByteOrder uint8

// The byte orders.
const (
	// Live: the packets come from this machine. Address families are Linux's, in
	// little-endian order.
	Live ByteOrder = iota
	// Native: a savefile whose headers are little-endian. Address families are
	// those of any system, in either order.
	Native
	// Swapped: a savefile whose headers are big-endian.
	Swapped
)

// Options are what lowering depends on besides the filter.
type Options struct {
	View      ir.View
	Snaplen   uint32
	Source    string // the filter's text
	ByteOrder ByteOrder
	// Gather makes one test of those in a list that look at the same place. Without
	// it each test is there as it is written.
	Gather bool
}

// Filter lowers f into fn, whose memory it uses and of which nothing else is kept.
func Filter(fn *ir.Func, f *pred.Filter, o Options) {
	fn.Reset()
	fn.LinkType, fn.View, fn.Snaplen, fn.Source = f.Outer.LinkName(), o.View, o.Snaplen, o.Source
	l, ok := memory.Get().(*lowering)
	if !ok {
		l = new(lowering)
	}
	*l = lowering{nodes: l.nodes, lists: l.lists, spine: l.spine[:0], terms: l.terms[:0], filter: f, order: o.ByteOrder, gather: o.Gather, vars: f.Vars}
	t := always
	if f.Root != nil {
		t = l.pred(f.Root)
		if f.Last.Link.Type == linktype.PPI {
			// The header behind PPI's own is 802.11 only where PPI says so.
			l.span = ir.Span{}
			t = l.and(l.equal(pred.Offset{Const: 4}, ir.Word, 105<<24), l.withPrefix(t))
		} else {
			t = l.withPrefix(t)
		}
	}
	// A block for each test; a value for each number and for some of the constants.
	fn.Grow(l.values+l.tests/2+6, l.tests+4)
	emit(fn, t, l.vars, l.stepped)
	l.nodes.reset()
	l.lists.reset()
	clear(l.spine[:cap(l.spine)])
	clear(l.terms[:cap(l.terms)])
	memory.Put(l)
}

// memory keeps the nodes of one filter for the next.
var memory sync.Pool

type lowering struct {
	nodes
	filter *pred.Filter
	order  ByteOrder
	gather bool
	lists  gatherer
	// The chains that are being expanded, one inside the other: what joins the terms, and
	// the terms of the runs.
	spine, terms []pred.Pred
	vars         int     // one more than the highest variable in use
	span         ir.Span // of the predicate being expanded

	usesHdr, usesPayload bool // VarHdr, VarPayload are looked at

	chainNext pred.Var // see chainVars
}

// at notes the words that what follows is for.
func (l *lowering) at(s expr.Span) { l.span = irSpan(s) }

// pred expands a predicate.
func (l *lowering) pred(p pred.Pred) *tree {
	switch p := p.(type) {
	case pred.And:
		return l.chain(p)
	case pred.Or:
		return l.chain(p)
	case pred.Not:
		return l.not(l.pred(p.X))
	case pred.Bool:
		if p.Value {
			return always
		}
		return never
	case pred.Carries:
		l.at(p.Span)
		return l.carries(p.At, p.Num)
	case pred.IPProto:
		l.at(p.Span)
		return l.ipProto(p)
	case pred.Chain:
		l.at(p.Span)
		return l.headerChain(p)
	case pred.ISOProto:
		l.at(p.Span)
		return l.isoProto(p.At, p.Num)
	case pred.ISISType:
		l.at(p.Span)
		return l.isisType(p)
	case pred.HasLLC:
		l.at(p.Span)
		return l.hasLLC(p.At)
	case pred.Host4:
		l.at(p.Span)
		return l.host4(p)
	case pred.Host6:
		l.at(p.Span)
		return l.host6(p)
	case pred.Port:
		l.at(p.Span)
		return l.port(p)
	case pred.MAC48:
		l.at(p.Span)
		return l.station(p)
	case pred.MAC8:
		l.at(p.Span)
		return l.station8(p)
	case pred.Group:
		l.at(p.Span)
		return l.group(p.At)
	case pred.DECnet:
		l.at(p.Span)
		return l.decnet(p.At, p.Dir, uint32(p.Addr))
	case pred.Field:
		l.at(p.Span)
		return l.field(p)
	case pred.Metadata:
		l.at(p.Span)
		return l.testK(l.num(num{op: ir.OpMeta, meta: p.Meta}), p.Cond, p.Value)
	case pred.Length:
		l.at(p.Span)
		return l.testK(l.num(num{op: ir.OpLen}), p.Cond, p.Value)
	case pred.Relation:
		l.at(p.Span)
		return l.relation(p)
	case pred.VLAN:
		l.at(p.Span)
		return l.vlan(p)
	case pred.Tunnel:
		l.at(p.Span)
		return l.tunnel(p)
	}
	panic(fmt.Sprintf("lower: predicate %T", p))
}

// chain expands a list joined by and or by or. Lists are deep on the left side,
// which is walked and not recursed into.
func (l *lowering) chain(p pred.Pred) *tree {
	start := len(l.spine)
	first := p
walk:
	for {
		switch q := first.(type) {
		case pred.And:
			l.spine = append(l.spine, q)
			first = q.X
		case pred.Or:
			l.spine = append(l.spine, q)
			first = q.X
		default:
			break walk
		}
	}
	spine := l.spine[start:]
	var t *tree
	if l.gather {
		t = l.gathered(first, spine)
	} else {
		t = l.pred(first)
		for i := len(spine) - 1; i >= 0; i-- {
			switch q := spine[i].(type) {
			case pred.And:
				t = l.and(t, l.pred(q.Y))
			case pred.Or:
				t = l.or(t, l.pred(q.Y))
			}
		}
	}
	l.spine = l.spine[:start]
	return t
}

// gathered is chain with runs of one connective gathered. What is to the left of
// an and that follows an or is one alternative of nothing: such a run ends.
func (l *lowering) gathered(first pred.Pred, spine []pred.Pred) *tree {
	var t *tree
	start := len(l.terms)
	for i := len(spine) - 1; i >= 0; {
		_, isAnd := spine[i].(pred.And)
		if t == nil {
			l.terms = flatten(l.terms, first, isAnd)
		}
		for ; i >= 0; i-- {
			q, ok := spine[i].(pred.And)
			if ok != isAnd {
				break
			}
			if ok {
				l.terms = flatten(l.terms, q.Y, true)
			} else {
				l.terms = flatten(l.terms, spine[i].(pred.Or).Y, false)
			}
		}
		t = l.run(t, l.terms[start:], isAnd)
		l.terms = l.terms[:start]
	}
	if t == nil {
		return l.pred(first)
	}
	return t
}

// flatten appends the terms of p, which may be a chain of the same connective.
func flatten(terms []pred.Pred, p pred.Pred, isAnd bool) []pred.Pred {
	var last []pred.Pred
	for {
		switch q := p.(type) {
		case pred.And:
			if isAnd {
				last = append(last, q.Y)
				p = q.X
				continue
			}
		case pred.Or:
			if !isAnd {
				last = append(last, q.Y)
				p = q.X
				continue
			}
		}
		break
	}
	terms = append(terms, p)
	for i := len(last) - 1; i >= 0; i-- {
		terms = flatten(terms, last[i], isAnd)
	}
	return terms
}

// run expands terms joined by one connective behind t, which may be nil.
func (l *lowering) run(t *tree, terms []pred.Pred, isAnd bool) *tree {
	if isAnd {
		for _, p := range l.lists.gatherNots(terms) {
			if t == nil {
				t = l.pred(p)
			} else {
				t = l.and(t, l.pred(p))
			}
		}
		return t
	}
	terms = l.lists.gather(terms)
	for i := 0; i < len(terms); {
		u, n := l.family4(terms[i:])
		if n == 0 {
			u, n = l.ports(terms[i:])
		}
		if n == 0 {
			u, n = l.pred(terms[i]), 1
		}
		if t == nil {
			t = u
		} else {
			t = l.or(t, u)
		}
		i += n
	}
	return t
}

// field expands a comparison of a field.
func (l *lowering) field(p pred.Field) *tree {
	var o pred.Offset
	switch p.Base {
	case pred.BasePacket:
	case pred.BaseLink:
		o = p.At.Hdr
	case pred.BaseLLC:
		o = p.At.Payload
	case pred.BaseNet:
		o = p.At.Net()
	case pred.BaseLabel:
		o = p.At.Net().Plus(^uint32(proto.MPLSEntry - 1))
	default:
		panic(fmt.Sprintf("lower: base %d", p.Base))
	}
	o = o.Plus(p.Off)
	if p.Cond == ir.Eq {
		return l.masked(o, ir.Size(p.Size), p.Mask, p.Value)
	}
	n := l.load(o, ir.Size(p.Size))
	if p.Mask != ^uint32(0) {
		n = l.arithK(ir.OpAnd, n, p.Mask)
	}
	return l.testK(n, p.Cond, p.Value)
}
