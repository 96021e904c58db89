package opt

import "github.com/gofilter/gofilter/ir"

// inEdges sums up the edges into a block that are settled. An edge has the
// number 2*block + way; w.nextIn links those into one block.
type inEdges struct {
	n    int32
	last int32      // number of the last of them
	dom  ir.BlockID // what dominates all of them
	open bool       // along some of them the answer of the block's test may be known

	firstParted, lastParted int32 // in w.parted: what they say different things of
}

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
	w.facts.reset(2 * len(f.Blocks))
	w.lists = w.lists[:0]
	w.dom.Reset(len(f.Blocks))
	w.mark = reset(w.mark, len(f.Blocks))
	w.tests = reset(w.tests, len(f.Blocks))
	w.findLone()
	w.inEdges = reset(w.inEdges, len(f.Blocks))
	w.nextIn = reset(w.nextIn, 2*len(f.Blocks))
	w.joins = reset(w.joins, len(f.Blocks))
	w.via = reset(w.via, len(f.Blocks))
	w.parted = w.parted[:0]
	w.joins[0], w.via[0] = ir.NoBlock, ir.NoBlock
	w.inEdges[0].open = true
	passed, unreached := false, false
	for b := range f.Blocks {
		in := &w.inEdges[b]
		if b > 0 {
			if in.n == 0 {
				unreached = true
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
		if blk.Kind == ir.KindIf && in.open && !w.lone[b] {
			if way, known := w.answer(ir.BlockID(b), ir.BlockID(b)); known {
				setJump(blk, way)
			}
		}
		var open [2]bool
		for way := range blk.NumSucc() {
			var past bool
			past, open[way] = w.follow(ir.BlockID(b), way)
			passed = passed || past
		}
		if blk.Kind == ir.KindIf && sameWays(blk) {
			setJump(blk, ir.True)
			w.facts.along[2*b+ir.True] = edgeFacts{}
		}
		for way := range blk.NumSucc() {
			to := &w.inEdges[blk.Succ[way].To]
			if to.n++; to.n == 1 {
				to.dom = ir.NoBlock
			}
			w.nextIn[2*b+way] = to.last
			to.last = int32(2*b + way)
			to.dom = w.dom.Common(to.dom, ir.BlockID(b))
			to.open = to.open || open[way]
		}
	}
	w.testDropped = false
	if passed {
		w.repair()
	}
	if unreached {
		w.prune()
	}
}

// rethread is thread for a function in which merge dropped a test.
func rethread(w *work) {
	if w.testDropped {
		thread(w)
	}
}

// follow leads an edge of block b as far as the answers are known. It reports
// whether it went past a block whose values are used below, and whether the answer
// of the block that it leads to then may be known all the same.
func (w *work) follow(b ir.BlockID, way int) (passed, open bool) {
	f := w.f
	blk := &f.Blocks[b]
	e := blk.Succ[way]
	next := &f.Blocks[e.To]
	if next.NumSucc() == 0 || w.lone[e.To] && !sameWays(next) {
		return false, false
	}
	if w.amidList(b, way) {
		return false, true
	}
	mark := w.enter(2*int32(b) + int32(way))
	open = true
	for range maxSteps {
		next = &f.Blocks[e.To]
		if len(next.Params) > 0 && w.escapes[e.To] {
			break
		}
		for i, p := range next.Params {
			w.facts.args = append(w.facts.args, carriedArg{p, e.Args[i]})
		}
		out := ir.True
		if next.Kind == ir.KindIf {
			var known bool
			if !w.lone[e.To] {
				out, known = w.answer(e.To, b)
			}
			if !known && !sameWays(next) {
				open = false
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
	if e.To != blk.Succ[way].To {
		blk.Succ[way] = e
	}
	return passed, open
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
	return w.fact(w.test(blk.Succ[way].To), b) == nil
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
