package opt

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// learn adds to block b the facts that follow from the edges into it: from a
// single one what is known along it, from several what all of them say of a value.
func (w *work) learn(b ir.BlockID) {
	in := &w.inEdges[b]
	if w.f.Blocks[b].NumSucc() == 0 {
		return
	}
	if in.n == 1 {
		s := w.along(in.last)
		w.facts.link(s, b)
		w.via[b] = s.via
		return
	}
	// What is tested here, where the ways parted, and where the edges start.
	w.joined = w.joined[:0]
	w.look(b)
	w.look(in.dom)
	for e, i := in.last, in.n; i > 0 && len(w.joined) < maxJoined; e, i = w.nextIn[e], i-1 {
		w.look(ir.BlockID(e / 2))
	}
	if len(w.joined) > 0 {
		w.learnJoined(b)
	}
}

// maxJoined bounds how many values are looked at where edges meet.
const maxJoined = 4

// joined is a value that is looked at where edges meet.
type joined struct {
	x       ir.ValueID
	before  domain // what is known of it by the dominators
	first   domain // along the first edge
	all     domain // along those that have been looked at
	differ  bool   // not all of these say the same
	settled bool   // the other edges change nothing
}

// look adds to w.joined what block b tests.
func (w *work) look(b ir.BlockID) {
	x := w.f.Blocks[b].X
	if len(w.joined) == maxJoined || x == ir.None || w.lone[b] || w.f.Values[x].Op == ir.OpConst {
		return
	}
	for i := range w.joined {
		if w.joined[i].x == x {
			return
		}
	}
	w.joined = append(w.joined, joined{x: x})
}

// learnJoined adds to block b what all edges into it say of the values in w.joined.
func (w *work) learnJoined(b ir.BlockID) {
	in := &w.inEdges[b]
	for i := range w.joined {
		j := &w.joined[i]
		j.before = w.domain(j.x, b, maxDepth)
	}
	left := len(w.joined)
	for e, n := in.last, in.n; n > 0 && left > 0; e, n = w.nextIn[e], n-1 {
		mark := w.enter(e)
		for i := range w.joined {
			j := &w.joined[i]
			if j.settled {
				continue
			}
			d := w.domain(j.x, mark.at, maxDepth)
			if n == in.n {
				j.first, j.all = d, d
				continue
			}
			j.differ = j.differ || !j.first.same(&d)
			j.all = w.union(&j.all, &d)
			if j.differ && j.all.covers(&j.before) {
				j.settled = true
				left--
			}
		}
		w.leave(mark)
	}
	in.firstParted = int32(len(w.parted))
	for i := range w.joined {
		j := &w.joined[i]
		if j.differ {
			w.parted = append(w.parted, parted(w.classes.value(w.f, j.x)))
		}
		if !j.settled {
			before := w.domain(j.x, b, maxDepth) // with what is known of those before
			w.refine(j.x, &before, &j.all, b, maxDepth)
		}
	}
	in.lastParted = int32(len(w.parted))
}

// along returns what is known along an edge alone.
func (w *work) along(e int32) *edgeFacts {
	s := &w.facts.along[e]
	if s.end > 0 {
		return s
	}
	from := ir.BlockID(e / 2)
	n, via := len(w.facts.list), w.via[from]
	if blk := &w.f.Blocks[from]; blk.Kind == ir.KindIf && !w.lone[from] {
		w.assume(from, e%2 == ir.True, from)
		w.learnVia(from, blk.X)
	}
	*s = w.facts.since(n)
	s.via = w.via[from]
	w.facts.unlink(s)
	w.via[from] = via
	return s
}

// entered is what leave puts back.
type entered struct {
	at    ir.BlockID
	via   ir.BlockID
	facts *edgeFacts
}

// enter adds to the block from which an edge comes what holds along that edge
// alone; leave takes it back.
func (w *work) enter(e int32) entered {
	s := w.along(e)
	at := ir.BlockID(e / 2)
	mark := entered{at, w.via[at], s}
	w.facts.link(s, at)
	w.via[at] = s.via
	return mark
}

func (w *work) leave(mark entered) {
	w.facts.unlink(mark.facts)
	w.via[mark.at] = mark.via
}

// parted is a class of which the edges into a block say different things.
type parted int32

// maxJoins and maxVia bound how many blocks, and how many edges into one,
// learnVia looks at.
const (
	maxJoins = 4
	maxVia   = 8
)

// learnVia looks back to where edges met that say different things of x. If what block b knows of x leaves
// only one of these edges, every packet in b came along that, and all that is
// known there is known in b: where both IPv4 and IPv6 lead to one test of a
// port, and the EtherType is tested again behind it, the protocol is that of
// before.
func (w *work) learnVia(b ir.BlockID, x ir.ValueID) {
	if w.f.Values[x].Op == ir.OpConst {
		return
	}
	class := parted(w.classes.value(w.f, x))
	join := w.joins[b]
	for range maxJoins {
		if join == ir.NoBlock {
			return
		}
		if in := &w.inEdges[join]; slices.Contains(w.parted[in.firstParted:in.lastParted], class) {
			break
		}
		if join = w.dom.Parent(join); join != ir.NoBlock {
			join = w.joins[join]
		}
	}
	if join == ir.NoBlock || w.inEdges[join].n > maxVia {
		return
	}
	in := &w.inEdges[join]
	d := w.domain(x, b, maxDepth)
	one := int32(-1)
	for e, i := in.last, in.n; i > 0; e, i = w.nextIn[e], i-1 {
		if !w.possible(e, x, &d) {
			continue
		}
		if one >= 0 {
			return
		}
		one = e
	}
	if one < 0 {
		return
	}
	from := ir.BlockID(one / 2)
	w.via[b] = from
	if w.f.Blocks[from].Kind == ir.KindIf {
		w.assume(from, one%2 == ir.True, b)
	}
}

// possible reports whether x may be in d along an edge, by what the edge says itself.
func (w *work) possible(e int32, x ir.ValueID, d *domain) bool {
	from := ir.BlockID(e / 2)
	n := len(w.facts.list)
	if w.f.Blocks[from].Kind == ir.KindIf {
		w.assume(from, e%2 == ir.True, from)
	}
	along := w.domain(x, from, maxDepth)
	w.facts.cut(n)
	_, ok := meet(d, &along)
	return ok
}
