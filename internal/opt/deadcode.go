package opt

import "github.com/gofilter/gofilter/ir"

// deadcode takes away the values that nothing uses, even loads, and the jumps:
// an edge to a block that only jumps goes where that leads, and a block that one
// jump alone leads to is joined to the block before.
//
// One sweep from the end is enough: edges lead forward, so all uses of a value
// have been seen when its block is reached.
func deadcode(w *work) {
	f := w.f
	w.live = reset(w.live, len(f.Values))
	w.escapes = reset(w.escapes, len(f.Blocks))
	for b := len(f.Blocks) - 1; b >= 0; b-- {
		blk := &f.Blocks[b]
		for way := range blk.NumSucc() {
			w.skipJumps(&blk.Succ[way])
		}
		if blk.Kind == ir.KindIf && sameWays(blk) {
			setJump(blk, ir.True)
		}
		w.useWays(ir.BlockID(b), false)
		w.sweep(ir.BlockID(b))
	}
	for b := range f.Blocks {
		w.dropParams(ir.BlockID(b), func(p ir.ValueID) bool { return !w.live[p] })
	}
	w.prune()
	w.join()
	w.prune()
}

// skipJumps leads an edge past the blocks that do nothing but jump. Its target
// has been swept.
func (w *work) skipJumps(e *ir.Edge) {
	f := w.f
	for {
		next := &f.Blocks[e.To]
		if next.Kind != ir.KindJump || len(next.Values) > 0 || len(next.Params) > 0 && w.escapes[e.To] {
			return
		}
		out := &next.Succ[ir.True]
		var args []ir.ValueID
		if len(out.Args) > 0 {
			args = make([]ir.ValueID, len(out.Args))
		}
		for i, a := range out.Args {
			args[i] = a
			for j, p := range next.Params {
				if a == p {
					args[i] = e.Args[j]
				}
			}
		}
		*e = ir.Edge{To: out.To, Args: args}
	}
}

// use marks a value as used in block b.
func (w *work) use(id ir.ValueID, b ir.BlockID) {
	if id == ir.None {
		return
	}
	w.live[id] = true
	if def := w.f.Values[id].Block; def >= 0 && def != b {
		w.escapes[def] = true
	}
}

// useWays marks what the test and the edges of block b use. With all false, what
// an edge carries to a parameter that nothing uses does not count.
func (w *work) useWays(b ir.BlockID, all bool) {
	blk := &w.f.Blocks[b]
	w.use(blk.X, b)
	w.use(blk.Y, b)
	for way := range blk.NumSucc() {
		e := &blk.Succ[way]
		for i, p := range w.f.Blocks[e.To].Params {
			if all || w.live[p] {
				w.use(e.Args[i], b)
			}
		}
	}
}

// sweep drops the values of block b that nothing uses and marks what the others
// use.
func (w *work) sweep(b ir.BlockID) {
	f := w.f
	// Kept values gather at the end of the list.
	list := f.Blocks[b].Values
	at := len(list)
	for i := len(list) - 1; i >= 0; i-- {
		id := list[i]
		if !w.live[id] {
			f.Values[id] = ir.Value{}
			continue
		}
		v := &f.Values[id]
		w.use(v.Args[0], b)
		w.use(v.Args[1], b)
		at--
		list[at] = id
	}
	f.Blocks[b].Values = list[at:]
}

// join appends to each block that jumps the block that only it leads to.
func (w *work) join() {
	f := w.f
	w.preds.Fill(f)
	w.repl = reset(w.repl, len(f.Values))
	w.live = reset(w.live, len(f.Blocks)) // by block: joined to another
	joined, replaced := false, false
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for !w.live[b] && blk.Kind == ir.KindJump && len(w.preds.Of(blk.Succ[ir.True].To)) == 1 {
			e := blk.Succ[ir.True]
			next := &f.Blocks[e.To]
			for i, p := range next.Params {
				a := e.Args[i]
				if w.repl[a] != ir.None {
					a = w.repl[a]
				}
				w.repl[p] = a
				f.Values[p] = ir.Value{}
				replaced = true
			}
			for _, id := range next.Values {
				f.Values[id].Block = ir.BlockID(b)
			}
			blk.Values = append(blk.Values, next.Values...)
			blk.Kind, blk.Cond, blk.X, blk.Y, blk.Succ, blk.Span = next.Kind, next.Cond, next.X, next.Y, next.Succ, next.Span
			w.live[e.To] = true
			*next = ir.Block{Kind: ir.KindReject}
			joined = true
		}
	}
	if replaced {
		w.replace()
	}
	if joined {
		w.prune()
	}
}
