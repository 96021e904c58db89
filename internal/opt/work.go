package opt

import "github.com/gofilter/gofilter/ir"

// work is what the passes of one Run share: the function, and memory that each
// pass clears before it uses it.
type work struct {
	f       *ir.Func
	preds   ir.Preds
	dom     ir.DomTree
	classes classTable
	facts   factTable
	lists   []numbers // of domains

	repl    []ir.ValueID // by value: what takes its place, or None
	escapes []bool       // by block: a value of it is used in another block
	live    []bool       // by block or by value, as the pass says
	clones  []clone      // by value
	blocks  []ir.BlockID // by block
	order   []ir.BlockID
	inEdges []inEdges    // by block
	nextIn  []int32      // by edge, see inEdges
	joins   []ir.BlockID // by block: the nearest with several edges that dominates it, or NoBlock
	parted  []parted     // for learnVia
	joined  []joined
	via     []ir.BlockID // by block: see learnVia, or NoBlock
	mark    []int32      // by block
	tests   []int32      // by block: the class of its test, or 0
	lone    []bool       // by block: its test is lone, see findLone
	leaders []int32      // by class
	leading []leader     // see number
	front   []int32      // places in a chain, see gather

	uncut bool     // Options.Uncut
	short *ir.Func // what keep has kept

	// testDropped: merge turned a test into a jump since thread ran.
	testDropped bool
	// classified: the classes are those of the function as it is, see classify.
	classified bool
}

// reset returns a slice of n zeros in the memory of s where that is enough.
func reset[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	s = s[:n]
	clear(s)
	return s
}

// setJump makes b, a test, jump to where its given way leads.
func setJump(b *ir.Block, way int) {
	b.Succ[ir.True] = b.Succ[way]
	b.Succ[ir.False] = ir.Edge{}
	b.Kind, b.Cond, b.X, b.Y = ir.KindJump, ir.CondInvalid, ir.None, ir.None
}

// setReject makes b reject.
func setReject(b *ir.Block) {
	b.Succ = [2]ir.Edge{}
	b.Kind, b.Cond, b.X, b.Y = ir.KindReject, ir.CondInvalid, ir.None, ir.None
}

// sameWays reports whether both ways of the test b lead to the same place with
// the same values.
func sameWays(b *ir.Block) bool {
	t, f := &b.Succ[ir.True], &b.Succ[ir.False]
	if t.To != f.To {
		return false
	}
	for i := range t.Args {
		if t.Args[i] != f.Args[i] {
			return false
		}
	}
	return true
}

// eachUse calls use with every operand of block b, those of its values, of its
// test and of its edges, and puts the result in its place. use may add values.
func (w *work) eachUse(b ir.BlockID, use func(ir.ValueID) ir.ValueID) {
	f := w.f
	blk := &f.Blocks[b]
	for _, id := range blk.Values {
		for i, a := range f.Values[id].Args {
			if a != ir.None {
				r := use(a)
				f.Values[id].Args[i] = r
			}
		}
	}
	if blk.Kind == ir.KindIf {
		blk.X = use(blk.X)
		blk.Y = use(blk.Y)
	}
	for way := range blk.NumSucc() {
		args := blk.Succ[way].Args
		for i, a := range args {
			args[i] = use(a)
		}
	}
}

// hasParams reports whether a block has parameters.
func (w *work) hasParams() bool {
	for b := range w.f.Blocks {
		if len(w.f.Blocks[b].Params) > 0 {
			return true
		}
	}
	return false
}

// markEscapes fills w.escapes.
func (w *work) markEscapes() {
	f := w.f
	w.escapes = reset(w.escapes, len(f.Blocks))
	for b := range f.Blocks {
		at := ir.BlockID(b)
		blk := &f.Blocks[b]
		for _, id := range blk.Values {
			v := &f.Values[id]
			w.escape(v.Args[0], at)
			w.escape(v.Args[1], at)
		}
		w.escape(blk.X, at)
		w.escape(blk.Y, at)
		for way := range blk.NumSucc() {
			for _, a := range blk.Succ[way].Args {
				w.escape(a, at)
			}
		}
	}
}

// escape marks the block that a value used in block b is defined in, if that is
// another one.
func (w *work) escape(id ir.ValueID, b ir.BlockID) {
	if id == ir.None {
		return
	}
	if def := w.f.Values[id].Block; def >= 0 && def != b {
		w.escapes[def] = true
	}
}

// replace puts w.repl[id] in the place of every used id that has one. No
// replacement may itself be replaced.
func (w *work) replace() {
	for b := range w.f.Blocks {
		w.eachUse(ir.BlockID(b), w.replacement)
	}
}

func (w *work) replacement(id ir.ValueID) ir.ValueID {
	if r := w.repl[id]; r != ir.None {
		return r
	}
	return id
}

// prune drops the blocks that cannot be reached, in place.
func (w *work) prune() {
	f := w.f
	w.live = reset(w.live, len(f.Blocks))
	w.live[0] = true
	n := 0
	for b := range f.Blocks {
		if !w.live[b] {
			continue
		}
		n++
		blk := &f.Blocks[b]
		for way := range blk.NumSucc() {
			w.live[blk.Succ[way].To] = true
		}
	}
	if n == len(f.Blocks) {
		return
	}
	w.blocks = reset(w.blocks, len(f.Blocks)) // new numbers
	n = 0
	for b := range f.Blocks {
		if !w.live[b] {
			w.blocks[b] = ir.NoBlock
			continue
		}
		w.blocks[b] = ir.BlockID(n)
		n++
	}
	for b := range f.Blocks {
		to := w.blocks[b]
		blk := &f.Blocks[b]
		if to == ir.NoBlock {
			for _, id := range blk.Params {
				f.Values[id] = ir.Value{}
			}
			for _, id := range blk.Values {
				f.Values[id] = ir.Value{}
			}
			continue
		}
		for way := range blk.NumSucc() {
			blk.Succ[way].To = w.blocks[blk.Succ[way].To]
		}
		if int(to) == b {
			continue
		}
		for _, id := range blk.Params {
			f.Values[id].Block = to
		}
		for _, id := range blk.Values {
			f.Values[id].Block = to
		}
		f.Blocks[to] = *blk
	}
	clear(f.Blocks[n:])
	f.Blocks = f.Blocks[:n]
}
