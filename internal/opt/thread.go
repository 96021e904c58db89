package opt

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// inEdges sums up the edges into a block that are settled. An edge has the
// number 2*block + way; w.nextIn links those into one block.
type inEdges struct {
	n    int32
	last int32      // number of the last of them
	dom  ir.BlockID // what dominates all of them

	firstParted, lastParted int32 // in w.parted: what they say different things of
}

// parted is a class of which the edges into a block say different things.
type parted int32

// maxSteps bounds how many blocks an edge is led past.
const maxSteps = 64

// thread leads every edge past the tests whose answers are known along it.
//
// Known is what follows from the edges that dominate the edge and from the edge
// itself. Blocks are visited in order; when one is reached, all edges into it
// have got their targets, so that its dominators, and from them the facts in it,
// are those of the function as it will be. What nothing leads to any more is
// never visited.
//
// A test may be passed though it loads: that only drops a fault. A value that it
// computes and that is used below is copied to the use (see repair); where that
// cannot be, since it is a parameter, the edge stays.
func thread(w *work) {
	f := w.f
	w.classify(true)
	w.markEscapes()
	w.facts.reset()
	w.dom.Reset(len(f.Blocks))
	w.mark = reset(w.mark, len(f.Blocks))
	w.inEdges = reset(w.inEdges, len(f.Blocks))
	w.nextIn = reset(w.nextIn, 2*len(f.Blocks))
	w.joins = reset(w.joins, len(f.Blocks))
	w.via = reset(w.via, len(f.Blocks))
	w.parted = w.parted[:0]
	w.joins[0], w.via[0] = ir.NoBlock, ir.NoBlock
	w.facts.saved = reset(w.facts.saved, 2*len(f.Blocks))
	passed := false
	for b := range f.Blocks {
		in := &w.inEdges[b]
		if b > 0 {
			if in.n == 0 {
				continue
			}
			w.dom.Add(ir.BlockID(b), in.dom)
			w.joins[b], w.via[b] = w.joins[in.dom], w.via[in.dom]
			if in.n > 1 {
				w.joins[b] = ir.BlockID(b)
			}
			w.learn(ir.BlockID(b))
		}
		blk := &f.Blocks[b]
		if blk.Kind == ir.KindIf {
			if way, known := w.answer(blk, ir.BlockID(b)); known {
				setJump(blk, way)
			}
		}
		for way := range blk.NumSucc() {
			if w.follow(ir.BlockID(b), way) {
				passed = true
			}
		}
		if blk.Kind == ir.KindIf && sameWays(blk) {
			setJump(blk, ir.True)
		}
		for way := range blk.NumSucc() {
			to := &w.inEdges[blk.Succ[way].To]
			if to.n++; to.n == 1 {
				to.dom = ir.NoBlock
			}
			w.nextIn[2*b+way] = to.last
			to.last = int32(2*b + way)
			to.dom = w.dom.Common(to.dom, ir.BlockID(b))
		}
	}
	w.testDropped = false
	if passed {
		w.repair()
	}
	w.prune()
}

// rethread is thread for a function in which merge dropped a test.
func rethread(w *work) {
	if w.testDropped {
		thread(w)
	}
}

// learn adds to block b the facts that follow from the edges into it: from a
// single one what its test says, from several what all of them say of a value.
func (w *work) learn(b ir.BlockID) {
	in := &w.inEdges[b]
	if w.f.Blocks[b].NumSucc() == 0 {
		return
	}
	if in.n == 1 {
		from := ir.BlockID(in.last / 2)
		if blk := &w.f.Blocks[from]; blk.Kind == ir.KindIf && !w.recall(in.last, b) {
			w.assume(blk.Cond, blk.X, blk.Y, in.last%2 == ir.True, b)
			w.learnVia(b, blk.X)
		}
		return
	}
	// What is tested here, where the ways parted, and where the edges start.
	var seen [maxJoined]ir.ValueID
	n := 0
	look := func(at ir.BlockID) {
		x := w.f.Blocks[at].X
		if n == maxJoined || x == ir.None || w.f.Values[x].Op == ir.OpConst || slices.Contains(seen[:n], x) {
			return
		}
		seen[n] = x
		n++
		w.learnJoined(b, x)
	}
	in.firstParted = int32(len(w.parted))
	look(b)
	look(in.dom)
	for e, i := in.last, in.n; i > 0 && n < maxJoined; e, i = w.nextIn[e], i-1 {
		look(ir.BlockID(e / 2))
	}
	in.lastParted = int32(len(w.parted))
}

// recall adds to block b what was known of the only edge into it when that was followed,
// and reports whether it was.
func (w *work) recall(e int32, b ir.BlockID) bool {
	s := &w.facts.saved[e]
	if s.first == s.end {
		return false
	}
	for i := s.first; i < s.end; i++ {
		x := &w.facts.kept[i]
		w.facts.add(x.class, x.domain, b)
	}
	w.via[b] = s.via
	return true
}

// maxJoined bounds how many values are looked at where edges meet.
const maxJoined = 4

// learnJoined adds to block b what all edges into it say of x.
func (w *work) learnJoined(b ir.BlockID, x ir.ValueID) {
	in := &w.inEdges[b]
	var first, all domain
	differ := false
	for e, i := in.last, in.n; i > 0; e, i = w.nextIn[e], i-1 {
		mark := w.enter(e, true)
		d := w.domain(x, ir.BlockID(e/2), maxDepth)
		w.leave(mark)
		if i == in.n {
			first, all = d, d
			continue
		}
		differ = differ || !first.same(&d)
		all = union(all, d)
		if all.isAnything() && differ && i < in.n-1 {
			break
		}
	}
	if differ {
		w.parted = append(w.parted, parted(w.classes.value(w.f, x)))
	}
	w.refine(x, w.domain(x, b, maxDepth), all, b, maxDepth)
}

// entered is what leave puts back.
type entered struct {
	at    ir.BlockID
	facts int
	via   ir.BlockID
}

// enter adds to the block from which an edge comes what holds along that edge
// alone; leave takes it back. With via, that includes what learnVia finds.
func (w *work) enter(e int32, via bool) entered {
	at := ir.BlockID(e / 2)
	mark := entered{at, len(w.facts.list), w.via[at]}
	if blk := &w.f.Blocks[at]; blk.Kind == ir.KindIf {
		w.assume(blk.Cond, blk.X, blk.Y, e%2 == ir.True, at)
		if via {
			w.learnVia(at, blk.X)
		}
	}
	return mark
}

func (w *work) leave(mark entered) {
	w.facts.cut(mark.facts)
	w.via[mark.at] = mark.via
}

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
		mark := w.enter(e, false)
		_, possible := meet(d, w.domain(x, mark.at, maxDepth))
		w.leave(mark)
		if !possible {
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
	if blk := &w.f.Blocks[from]; blk.Kind == ir.KindIf {
		w.assume(blk.Cond, blk.X, blk.Y, one%2 == ir.True, b)
	}
}

// follow leads an edge of block b as far as the answers are known. It reports
// whether it went past a block whose values are used below.
func (w *work) follow(b ir.BlockID, way int) (passed bool) {
	f := w.f
	blk := &f.Blocks[b]
	e := blk.Succ[way]
	if f.Blocks[e.To].NumSucc() == 0 {
		return false
	}
	if w.amidList(b, way) {
		return false
	}
	mark := w.enter(2*int32(b)+int32(way), true)
	w.facts.save(2*int32(b)+int32(way), mark.facts, w.via[b])
	for range maxSteps {
		next := &f.Blocks[e.To]
		if len(next.Params) > 0 && w.escapes[e.To] {
			break
		}
		for i, p := range next.Params {
			w.facts.args = append(w.facts.args, carriedArg{p, e.Args[i]})
		}
		out := ir.True
		if next.Kind == ir.KindIf {
			var known bool
			if out, known = w.answer(next, b); !known && !sameWays(next) {
				break
			}
		} else if next.Kind != ir.KindJump || w.escapes[e.To] {
			break
		}
		stamp := 2*int32(b) + int32(way) + 1
		w.mark[e.To] = stamp
		args, ok := w.carry(next.Succ[out].Args, stamp)
		if !ok {
			break
		}
		passed = passed || w.escapes[e.To]
		e = ir.Edge{To: next.Succ[out].To, Args: args}
	}
	w.leave(mark)
	w.facts.args = w.facts.args[:0]
	blk.Succ[way] = e
	return passed
}

// amidList reports whether an edge is one between two tests in the middle of a list of
// numbers: that a value is not the one number does not tell whether it is the next one.
func (w *work) amidList(b ir.BlockID, way int) bool {
	f := w.f
	blk := &f.Blocks[b]
	next := &f.Blocks[blk.Succ[way].To]
	if way != ir.False || !listTest(blk) || !listTest(next) || next.X != blk.X {
		return false
	}
	if after := &f.Blocks[next.Succ[ir.False].To]; !listTest(after) || after.X != blk.X {
		return false
	}
	switch f.Values[blk.X].Op {
	case ir.OpLoad, ir.OpMeta, ir.OpLen, ir.OpParam:
	default:
		return false // what is known of it says something of its operands
	}
	k, ok := f.IsConst(blk.Y)
	k2, ok2 := f.IsConst(next.Y)
	if !ok || !ok2 || k == k2 {
		return false
	}
	d := w.domain(blk.X, b, maxDepth)
	if d.list != nil || d.hi-d.lo < 2 || !d.has(k2) {
		return false
	}
	_, known := w.fact(w.classes.test(f, ir.Eq, next.X, next.Y), b)
	return !known
}

// listTest reports whether a block only asks whether a value is a number.
func listTest(b *ir.Block) bool {
	return b.Kind == ir.KindIf && b.Cond == ir.Eq && len(b.Params) == 0
}

// carry returns what an edge carries in the place of args, which an edge of a
// block that it goes past carried. ok is false where one of them is computed in
// such a block; those have the mark stamp.
func (w *work) carry(args []ir.ValueID, stamp int32) (_ []ir.ValueID, ok bool) {
	if len(args) == 0 {
		return nil, true
	}
	out := make([]ir.ValueID, len(args))
	for i, a := range args {
		if c := w.facts.carried(a); c != ir.None {
			out[i] = c
			continue
		}
		if def := w.f.Values[a].Block; def >= 0 && w.mark[def] == stamp {
			return nil, false
		}
		out[i] = a
	}
	return out, true
}
