package opt

import "github.com/gofilter/gofilter/ir"

// gather brings tests of the same value together where the order of tests is
// free: in a chain of tests each of which leads, on one way, to the same place
// with the same values, and on the other to the next test, to which nothing else
// leads. "a = 1 or b = 1 or a = 2 or b = 2" becomes "a = 1 or a = 2 or b = 1 or
// b = 2", and a machine with one accumulator loads a once.
//
// Where the chain is reached from tests of one value only, tests of that come
// first.
//
// Only a test whose value is there already moves, and only to the front, so it
// loads nothing earlier than before, and the loads that it passes happen on
// fewer packets.
func gather(w *work) {
	f := w.f
	if !w.anyMovable() {
		return
	}
	w.preds.Fill(f)
	w.leaders = reset(w.leaders, len(f.Values)) // place in the chain of the first test of a value, plus 1
	w.live = reset(w.live, len(f.Blocks))       // in a chain that has been seen
	for b := range f.Blocks {
		if w.live[b] || f.Blocks[b].Kind != ir.KindIf {
			continue
		}
		if w.chain(ir.BlockID(b)); len(w.order) > 1 {
			w.gatherChain()
		}
	}
}

// anyMovable reports whether there is a test that could move.
func (w *work) anyMovable() bool {
	for b := range w.f.Blocks {
		if w.movable(&w.f.Blocks[b]) {
			return true
		}
	}
	return false
}

// movable reports whether b tests a value of another block for a number, and does
// no more.
func (w *work) movable(b *ir.Block) bool {
	_, isConst := w.f.IsConst(b.Y)
	return isConst && len(b.Values) == 0
}

// chain puts in w.order the chain of tests that starts at b.
func (w *work) chain(b ir.BlockID) {
	f := w.f
	w.order = append(w.order[:0], b)
	// The way on decides the other one, the exit; at most one of the two works.
	for on := range 2 {
		exit := &f.Blocks[b].Succ[1-on]
		for at := &f.Blocks[b].Succ[on]; at != nil; {
			next := at.To
			blk := &f.Blocks[next]
			if blk.Kind != ir.KindIf || len(blk.Params) > 0 || len(w.preds.Of(next)) != 1 {
				break
			}
			at = nil
			for way := range 2 {
				if sameEdge(&blk.Succ[way], exit) {
					at = &blk.Succ[1-way]
					w.order = append(w.order, next)
					w.live[next] = true
					break
				}
			}
		}
		if len(w.order) > 1 {
			return
		}
	}
}

// sameEdge reports whether two edges lead to the same place with the same
// values.
func sameEdge(x, y *ir.Edge) bool {
	if x.To != y.To {
		return false
	}
	for i := range x.Args {
		if x.Args[i] != y.Args[i] {
			return false
		}
	}
	return true
}

// gatherChain orders the tests of the chain in w.order. The blocks stay; their
// contents change places.
func (w *work) gatherChain() {
	f := w.f
	n := len(w.order)
	// next links the tests of one value behind the first of them, last is the
	// end of that list, by place; places are counted from 1, 0 is none.
	w.mark = reset(w.mark, 2*(n+1))
	next, last := w.mark[:n+1], w.mark[n+1:]
	front := w.front[:0] // places of tests of the value that was tested before
	before := w.testedBefore()
	moved := false
	for i, b := range w.order {
		blk := &f.Blocks[b]
		place := int32(i + 1)
		last[place] = place
		movable := w.movable(blk)
		switch first := w.leaders[blk.X]; {
		case blk.X == before && movable:
			moved = moved || len(front) < i
			front = append(front, place)
			last[place] = 0
		case first == 0:
			w.leaders[blk.X] = place
		case movable:
			moved = moved || last[first] != place-1
			next[last[first]] = place
			last[first] = place
			last[place] = 0 // follows another
		}
	}
	w.front = front
	for _, b := range w.order {
		w.leaders[f.Blocks[b].X] = 0
	}
	if !moved {
		return
	}
	exit := w.exit()
	end := *w.onward(w.order[n-1], &exit)
	contents := make([]ir.Block, n)
	for i, b := range w.order {
		contents[i] = f.Blocks[b]
	}
	to := 0
	for _, place := range front {
		w.fill(w.order[to], &contents[place-1])
		to++
	}
	for first := 1; first <= n; first++ {
		if last[first] == 0 {
			continue
		}
		for place := int32(first); place != 0; place = next[place] {
			w.fill(w.order[to], &contents[place-1])
			to++
		}
	}
	for i, b := range w.order {
		on := end
		if i+1 < n {
			on = ir.Edge{To: w.order[i+1]}
		}
		*w.onward(b, &exit) = on
	}
}

// testedBefore returns the value that every edge into the chain comes from a
// test of, None where there is none, or where what the first block of the chain
// computes may be used where the exit leads.
func (w *work) testedBefore() ir.ValueID {
	f := w.f
	head := w.order[0]
	exit := w.exit()
	if to := &f.Blocks[exit.To]; to.NumSucc() > 0 || len(to.Values) > 0 || len(exit.Args) > 0 {
		return ir.None
	}
	x := ir.None
	for _, e := range w.preds.Of(head) {
		p := f.Blocks[e.From].X
		if p == ir.None || x != ir.None && x != p {
			return ir.None
		}
		x = p
	}
	if x == f.Blocks[head].X {
		return ir.None // stands first anyhow
	}
	return x
}

// exit returns the edge that all tests of the chain have.
func (w *work) exit() ir.Edge {
	first := &w.f.Blocks[w.order[0]]
	if first.Succ[ir.True].To == w.order[1] {
		return first.Succ[ir.False]
	}
	return first.Succ[ir.True]
}

// onward returns the way of b that is not the exit.
func (w *work) onward(b ir.BlockID, exit *ir.Edge) *ir.Edge {
	blk := &w.f.Blocks[b]
	if sameEdge(&blk.Succ[ir.True], exit) {
		return &blk.Succ[ir.False]
	}
	return &blk.Succ[ir.True]
}

// fill gives block b the given contents.
func (w *work) fill(b ir.BlockID, c *ir.Block) {
	f := w.f
	params := f.Blocks[b].Params
	f.Blocks[b] = *c
	f.Blocks[b].Params = params
	for _, id := range c.Values {
		f.Values[id].Block = b
	}
}
