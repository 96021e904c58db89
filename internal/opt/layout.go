package opt

import "github.com/gofilter/gofilter/ir"

// layout orders the blocks: each as early as its edges allow, a test's true way
// directly behind it where nothing else must come between, and the verdicts at
// the end, accept before reject. Then it numbers the values in that order.
func layout(w *work) {
	// The false way first: what is left last comes first in the end.
	w.arrange(func(b ir.BlockID, list []ir.BlockID) []ir.BlockID {
		blk := &w.f.Blocks[b]
		for way := blk.NumSucc() - 1; way >= 0; way-- {
			list = append(list, blk.Succ[way].To)
		}
		return list
	})
}

// arrange is layout with the blocks that are to come behind a block, the last one
// first, by leave, which appends them to an empty list; all successors must be
// among them, or among those of a block in the list.
func (w *work) arrange(leave func(b ir.BlockID, list []ir.BlockID) []ir.BlockID) {
	f := w.f
	n := len(f.Blocks)
	w.live = reset(w.live, n)
	w.order = w.order[:0] // in postorder
	w.mark = w.mark[:0]   // stack: a block, and how many of those behind it are done
	enter := func(b ir.BlockID) {
		w.live[b] = true
		w.mark = append(w.mark, int32(b), 0)
	}
	enter(0)
	for len(w.mark) > 0 {
		top := w.mark[len(w.mark)-2:]
		b := ir.BlockID(top[0])
		w.blocks = leave(b, w.blocks[:0])
		if int(top[1]) == len(w.blocks) {
			w.order = append(w.order, b)
			w.mark = w.mark[:len(w.mark)-2]
			continue
		}
		top[1]++
		if to := w.blocks[top[1]-1]; !w.live[to] {
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
