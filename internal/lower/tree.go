package lower

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/ir"
)

// A tree is a filter as comparisons of numbers, joined by and, or and not. It is
// the form between predicates, which know protocols, and blocks, which know jumps.
type tree struct {
	kind  treeKind
	x, y  *tree    // treeAnd, treeOr; treeNot and treeStep have x only
	cond  ir.Cond  // treeTest: a cond b
	a, b  *num     //
	steps []assign // treeStep: made before x
	arms  []arm    // treeSwitch: what a is, in ascending order
	alts  []alternative
	span  ir.Span
}

type treeKind uint8

const (
	treeFalse treeKind = iota
	treeTrue
	treeTest
	treeAnd
	treeOr
	treeNot
	treeStep
	treeSwitch // sub of the arm that a is in; no where there is none
	treeSelect // x, where chosen is the number of the first alternative that holds
)

// An arm is a range of numbers, both ends included, and what is tested for them.
type arm struct {
	lo, hi uint32
	sub    *tree
}

// An alternative is a number, and what must hold of a packet that has it.
type alternative struct {
	when *tree
	n    *num
}

// An assign sets a variable to a number.
type assign struct {
	v pred.Var
	n *num
}

var (
	always = &tree{kind: treeTrue}
	never  = &tree{kind: treeFalse}
)

// nodes is the memory of the trees and numbers of one filter, and what makes them.
type nodes struct {
	trees   slab[tree]
	nums    slab[num]
	stepped bool // a treeStep was made
	values  int  // numbers that are no constants
	tests   int  // comparisons
}

// reset takes back all nodes.
func (n *nodes) reset() {
	n.trees.reset()
	n.nums.reset()
	n.stepped, n.values, n.tests = false, 0, 0
}

// A slab is memory for many things of one type, got in chunks.
type slab[T any] struct {
	chunks [][]T
	used   int
}

// slabChunk is how many things are in a chunk.
const slabChunk = 64

// get returns a thing that is not in use.
func (s *slab[T]) get() *T {
	c := s.used / slabChunk
	if c == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, slabChunk))
	}
	p := &s.chunks[c][s.used%slabChunk]
	s.used++
	return p
}

// maxChunks is how many chunks are kept from one filter to the next.
const maxChunks = 64

// reset takes back all things, with what they hold.
func (s *slab[T]) reset() {
	if len(s.chunks) > maxChunks {
		*s = slab[T]{}
		return
	}
	for c := 0; c*slabChunk < s.used; c++ {
		clear(s.chunks[c][:min(slabChunk, s.used-c*slabChunk)])
	}
	s.used = 0
}

func (n *nodes) tree(t tree) *tree {
	switch t.kind {
	case treeTest:
		n.tests++
	case treeSwitch:
		n.tests += len(t.arms) + len(t.arms)/leafArms
	case treeSelect:
		n.tests += 2 * len(t.alts)
	}
	p := n.trees.get()
	*p = t
	return p
}

func (n *nodes) num(v num) *num {
	if v.op != ir.OpConst {
		n.values++
	}
	p := n.nums.get()
	*p = v
	return p
}

// and holds where both do. Where one is known, the other is all that is left: a
// part that cannot matter is not looked at, and so cannot fault.
func (n *nodes) and(x, y *tree) *tree {
	switch {
	case x.kind == treeFalse || y.kind == treeFalse:
		return never
	case x.kind == treeTrue:
		return y
	case y.kind == treeTrue:
		return x
	}
	return n.tree(tree{kind: treeAnd, x: x, y: y})
}

// or holds where either does; the same is left out as in and.
func (n *nodes) or(x, y *tree) *tree {
	switch {
	case x.kind == treeTrue || y.kind == treeTrue:
		return always
	case x.kind == treeFalse:
		return y
	case y.kind == treeFalse:
		return x
	}
	return n.tree(tree{kind: treeOr, x: x, y: y})
}

func (n *nodes) not(x *tree) *tree {
	switch x.kind {
	case treeTrue:
		return never
	case treeFalse:
		return always
	case treeNot:
		return x.x
	}
	return n.tree(tree{kind: treeNot, x: x})
}

func (n *nodes) anyOf(ts ...*tree) *tree {
	t := never
	for _, u := range ts {
		t = n.or(t, u)
	}
	return t
}

// step makes the assignments and then is x.
func (n *nodes) step(x *tree, steps ...assign) *tree {
	n.stepped = true
	return n.tree(tree{kind: treeStep, x: x, steps: steps})
}

// A num is a number that a packet has.
type num struct {
	op   ir.Op // OpConst, OpLoad, OpLen, OpMeta or arithmetic; opVar
	k    uint32
	size ir.Size
	meta ir.Meta
	v    pred.Var
	x, y *num
}

// opVar is the operation of a num that stands for a variable. The IR has none:
// there the variable is the value that it was set to last.
const opVar = ir.OpInvalid

// chosen is the number of the treeSelect around it.
var chosen = &num{op: ir.OpParam}

func (n *nodes) constant(k uint32) *num         { return n.num(num{op: ir.OpConst, k: k}) }
func (n *nodes) variable(v pred.Var) *num       { return n.num(num{op: opVar, v: v}) }
func (n *nodes) arith(op ir.Op, x, y *num) *num { return n.num(num{op: op, x: x, y: y}) }
func (n *nodes) arithK(op ir.Op, x *num, k uint32) *num {
	return n.arith(op, x, n.constant(k))
}

// plus adds a constant, unless it is 0.
func (n *nodes) plus(x *num, k uint32) *num {
	if k == 0 {
		return x
	}
	return n.arithK(ir.OpAdd, x, k)
}

// loadAt reads size bytes k bytes behind base, or at k where base is nil.
func (n *nodes) loadAt(base *num, k uint32, size ir.Size) *num {
	return n.num(num{op: ir.OpLoad, size: size, k: k, x: base})
}

// load reads size bytes at o.
func (l *lowering) load(o pred.Offset, size ir.Size) *num {
	return l.loadAt(l.varPart(o), o.Const, size)
}

// varPart is the variable part of an offset, nil where there is none.
func (l *lowering) varPart(o pred.Offset) *num {
	switch o.Var {
	case pred.NoVar:
		return nil
	case pred.VarHdr:
		l.usesHdr = true
	case pred.VarPayload:
		l.usesPayload = true
	}
	return l.variable(o.Var)
}

func (l *lowering) test(a *num, cond ir.Cond, b *num) *tree {
	return l.tree(tree{kind: treeTest, a: a, cond: cond, b: b, span: l.span})
}

func (l *lowering) testK(a *num, cond ir.Cond, k uint32) *tree { return l.test(a, cond, l.constant(k)) }

// equal tests size bytes at o.
func (l *lowering) equal(o pred.Offset, size ir.Size, k uint32) *tree {
	return l.testK(l.load(o, size), ir.Eq, k)
}

// masked tests bits of size bytes at o; no bits are equal to 0 only.
func (l *lowering) masked(o pred.Offset, size ir.Size, mask, k uint32) *tree {
	switch mask {
	case 0:
		if k == 0 {
			return always
		}
		return never
	case ^uint32(0):
		return l.equal(o, size, k)
	}
	return l.testK(l.arithK(ir.OpAnd, l.load(o, size), mask), ir.Eq, k)
}

// set tests whether one of the bits is set in a byte at o.
func (l *lowering) set(o pred.Offset, bits uint32) *tree {
	return l.testK(l.load(o, ir.Byte), ir.Set, bits)
}

// bytes tests a run of bytes, last ones first.
func (l *lowering) bytes(o pred.Offset, b []byte) *tree {
	t := always
	for n := len(b); n > 0; {
		size := 1
		if n >= 4 {
			size = 4
		} else if n >= 2 {
			size = 2
		}
		n -= size
		var k uint32
		for _, c := range b[n : n+size] {
			k = k<<8 | uint32(c)
		}
		t = l.and(t, l.equal(o.Plus(uint32(n)), ir.Size(size), k))
	}
	return t
}

func irSpan(s expr.Span) ir.Span { return ir.Span{Pos: int32(s.Pos), End: int32(s.End)} }
