package opt

import "github.com/gofilter/gofilter/ir"

// param takes away the parameters to which every edge carries the same value.
func param(w *work) {
	f := w.f
	if !w.hasParams() {
		return
	}
	w.classify(true)
	w.repl = reset(w.repl, len(f.Values))
	gone := false
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for i, p := range blk.Params {
			if v := w.single(ir.BlockID(b), i); v != ir.None {
				w.repl[p] = v
				gone = true
			}
		}
	}
	if !gone {
		return
	}
	for b := range f.Blocks {
		w.dropParams(ir.BlockID(b), func(p ir.ValueID) bool { return w.repl[p] != ir.None })
	}
	w.replace()
	w.preds.Fill(f)
	w.dom.Fill(f, &w.preds)
	w.repair()
}

// single returns the value that every edge carries to parameter i of b, or one
// that is equal to all of them; None where they differ.
func (w *work) single(b ir.BlockID, i int) ir.ValueID {
	f := w.f
	one := ir.None
	for _, e := range w.preds.Of(b) {
		a := f.Blocks[e.From].Succ[e.Way].Args[i]
		if w.repl[a] != ir.None {
			a = w.repl[a]
		}
		if one == ir.None {
			one = a
		} else if w.classes.value(f, a) != w.classes.value(f, one) {
			return ir.None
		}
	}
	return one
}

// dropParams takes away the parameters of b for which gone holds, and what the
// edges into other blocks carry to parameters for which it holds there. It must
// be called for every block.
func (w *work) dropParams(b ir.BlockID, gone func(ir.ValueID) bool) {
	f := w.f
	blk := &f.Blocks[b]
	for way := range blk.NumSucc() {
		e := &blk.Succ[way]
		if len(e.Args) == 0 {
			continue
		}
		// The targets come later, so they still have all their parameters. Two
		// edges may share the memory of what they carry.
		params := f.Blocks[e.To].Params
		var keep []ir.ValueID
		for i, a := range e.Args {
			if !gone(params[i]) {
				keep = append(keep, a)
			}
		}
		e.Args = keep
	}
	keep := blk.Params[:0]
	for _, p := range blk.Params {
		if gone(p) {
			f.Values[p] = ir.Value{}
		} else {
			keep = append(keep, p)
		}
	}
	blk.Params = keep
}
