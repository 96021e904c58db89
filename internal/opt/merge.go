package opt

import "github.com/gofilter/gofilter/ir"

// merge makes one block of those that make the same test and go the same ways,
// from the end of the function forward, so that equal tails become one. A test
// whose ways are the same becomes a jump, and an edge to a jump goes past it.
//
// Equal means: of the same class. What a block computes besides does not count;
// a value of a block that goes is copied to where it is used (see repair). Two
// things make that possible: no parameter is in a class with another value, and
// values that nothing uses are dropped on the way, since they could use what
// does not come before the one block that is left.
func merge(w *work) {
	f := w.f
	w.classify(false)
	w.live = reset(w.live, len(f.Values))
	w.escapes = reset(w.escapes, len(f.Blocks))
	w.blocks = reset(w.blocks, len(f.Blocks))
	w.leaders = reset(w.leaders, len(w.classes.keys))
	merged, moved := false, false
	for i := len(f.Blocks) - 1; i >= 0; i-- {
		b := ir.BlockID(i)
		blk := &f.Blocks[b]
		w.blocks[b] = b
		for way := range blk.NumSucc() {
			blk.Succ[way].To = w.blocks[blk.Succ[way].To]
		}
		if blk.Kind == ir.KindIf && sameWays(blk) {
			setJump(blk, ir.True)
			w.testDropped = true
		}
		if b > 0 && len(blk.Params) == 0 {
			if to := w.sameAs(b); to != b {
				w.blocks[b] = to
				moved = true
				merged = merged || blk.Kind == ir.KindIf || len(blk.Succ[ir.True].Args) > 0
				// Its values may be used below; its test is that of another.
				w.sweep(b)
				continue
			}
		}
		w.useWays(b, true)
		w.sweep(b)
	}
	if merged {
		w.preds.Fill(f)
		w.dom.Fill(f, &w.preds)
		w.repair()
	}
	if moved || w.testDropped {
		w.prune()
	}
}

// sameAs returns the block that can take the place of b: one behind it that is
// equal, or the one that b only jumps to; b where there is none.
func (w *work) sameAs(b ir.BlockID) ir.BlockID {
	blk := &w.f.Blocks[b]
	if e := &blk.Succ[ir.True]; blk.Kind == ir.KindJump && len(e.Args) == 0 && !w.escapes[b] {
		return e.To
	}
	class := w.blockClass(blk)
	for int(class) >= len(w.leaders) {
		w.leaders = append(w.leaders, 0)
	}
	if l := w.leaders[class]; l != 0 {
		return ir.BlockID(l - 1)
	}
	w.leaders[class] = int32(b) + 1
	return b
}

// blockClass returns the class of what a block decides.
func (w *work) blockClass(b *ir.Block) int32 {
	t := &w.classes
	k := classKey{op: markBlock + uint16(b.Kind)}
	if b.Kind == ir.KindIf {
		k.a = t.test(w.f, b.Cond, b.X, b.Y)
	}
	if b.NumSucc() > 0 {
		k.b = w.edgeClass(&b.Succ[ir.True])
	}
	if b.NumSucc() > 1 {
		k.k = uint32(w.edgeClass(&b.Succ[ir.False]))
	}
	return t.find(k)
}

// edgeClass returns the class of an edge; where it carries nothing, a number less than 0
// for its target, which needs no class.
func (w *work) edgeClass(e *ir.Edge) int32 {
	if len(e.Args) == 0 {
		return -1 - int32(e.To)
	}
	args := int32(0)
	for _, a := range e.Args {
		args = w.classes.find(classKey{op: markArgs, a: args, b: w.classes.value(w.f, a)})
	}
	return w.classes.find(classKey{op: markEdge, a: int32(e.To), b: args})
}
