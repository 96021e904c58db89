package opt

import "github.com/gofilter/gofilter/ir"

// layout orders the blocks: each as early as its edges allow, a test's true way
// directly behind it where nothing else must come between, and the verdicts at
// the end, accept before reject. Then it numbers the values in that order.
func layout(w *work) {
	f := w.f
	n := len(f.Blocks)
	w.live = reset(w.live, n)
	w.order = w.order[:0] // in postorder
	w.mark = w.mark[:0]   // stack: 4*block + edges left to follow
	enter := func(b ir.BlockID) {
		w.live[b] = true
		w.mark = append(w.mark, int32(b)*4+int32(f.Blocks[b].NumSucc()))
	}
	enter(0)
	for len(w.mark) > 0 {
		top := &w.mark[len(w.mark)-1]
		b := ir.BlockID(*top / 4)
		left := *top % 4
		if left == 0 {
			w.order = append(w.order, b)
			w.mark = w.mark[:len(w.mark)-1]
			continue
		}
		*top--
		// The false way first: what is left last comes first in the end.
		if to := f.Blocks[b].Succ[left-1].To; !w.live[to] {
			enter(to)
		}
	}
	w.blocks = w.blocks[:0]
	for _, kind := range [...]ir.Kind{ir.KindInvalid, ir.KindAccept, ir.KindReject} {
		for i := len(w.order) - 1; i >= 0; i-- {
			b := w.order[i]
			is := f.Blocks[b].Kind
			if is == kind || kind == ir.KindInvalid && is != ir.KindAccept && is != ir.KindReject {
				w.blocks = append(w.blocks, b)
			}
		}
	}
	// The entry is first: where it is a verdict there is nothing else.
	f.Reorder(w.blocks)
	f.Compact()
}
