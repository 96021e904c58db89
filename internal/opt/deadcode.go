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
	if w.hasParams() {
		for b := range f.Blocks {
			w.dropParams(ir.BlockID(b), func(p ir.ValueID) bool { return !w.live[p] })
		}
	}
	w.prune()
	w.join()
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

// join appends to each block that jumps the block that only it leads to. A
// parameter of a block that one edge leads to is what that edge carries.
func (w *work) join() {
	f := w.f
	w.mark = reset(w.mark, len(f.Blocks)) // edges into a block
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for way := range blk.NumSucc() {
			w.mark[blk.Succ[way].To]++
		}
	}
	w.repl = reset(w.repl, len(f.Values))
	joined, replaced := false, false
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for again := true; again; {
			again = false
			for way := range blk.NumSucc() {
				e := &blk.Succ[way]
				if w.mark[e.To] != 1 {
					continue
				}
				replaced = w.bind(e) || replaced
				if blk.Kind == ir.KindJump {
					w.absorb(ir.BlockID(b), e.To)
					joined, again = true, true
					break
				}
			}
		}
	}
	if replaced {
		w.replace()
	}
	if joined {
		w.prune()
	}
}

// bind puts what e, the only edge to its target, carries in the place of the
// parameters there.
func (w *work) bind(e *ir.Edge) bool {
	f := w.f
	next := &f.Blocks[e.To]
	for i, p := range next.Params {
		a := e.Args[i]
		if w.repl[a] != ir.None {
			a = w.repl[a]
		}
		w.repl[p] = a
		f.Values[p] = ir.Value{}
	}
	bound := len(next.Params) > 0
	next.Params, e.Args = nil, nil
	return bound
}

// absorb puts block next, to which only b leads, by a jump, at the end of b.
func (w *work) absorb(b, next ir.BlockID) {
	f := w.f
	blk, n := &f.Blocks[b], &f.Blocks[next]
	for _, id := range n.Values {
		f.Values[id].Block = b
	}
	blk.Values = append(blk.Values, n.Values...)
	blk.Kind, blk.Cond, blk.X, blk.Y, blk.Succ, blk.Span = n.Kind, n.Cond, n.X, n.Y, n.Succ, n.Span
	*n = ir.Block{Kind: ir.KindReject} // nothing leads here any more
}
