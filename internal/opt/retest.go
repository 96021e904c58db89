package opt

import "github.com/gofilter/gofilter/ir"

// maxRetests bounds how many tests stand between a test and its true way.
const maxRetests = 4

// speedLayout is layout, but where a packet that does not pass a test is rejected after
// tests of what has been loaded already, these stand together, behind what the test leads to,
// and what they lead to behind them. Such are the tests of the type that fuse leaves behind
// the one of type and first byte: most packets of other protocols end there, so their way
// is one jump and no more, and the common packet's is none.
func speedLayout(w *work) {
	f := w.f
	w.preds.Fill(f)
	w.arrange(func(b ir.BlockID, list []ir.BlockID) []ir.BlockID {
		blk := &f.Blocks[b]
		n := w.retests(b)
		if n == 0 {
			for way := blk.NumSucc() - 1; way >= 0; way-- {
				list = append(list, blk.Succ[way].To)
			}
			return list
		}
		// What the tests lead to comes last, so it is left first.
		first := blk.Succ[ir.False].To
		for at := first; n > 0; n-- {
			t := &f.Blocks[at]
			list = append(list, t.Succ[ir.True].To)
			if at = t.Succ[ir.False].To; n == 1 {
				list = append(list, at)
			}
		}
		return append(list, first, blk.Succ[ir.True].To)
	})
}

// retests returns how many tests of what has been loaded already stand between the false
// way of b and reject; 0 where there is anything else.
func (w *work) retests(b ir.BlockID) int {
	f := w.f
	if f.Blocks[b].Kind != ir.KindIf {
		return 0
	}
	at := f.Blocks[b].Succ[ir.False].To
	for n := 1; n <= maxRetests; n++ {
		blk := &f.Blocks[at]
		if blk.Kind != ir.KindIf || len(blk.Params) > 0 || len(w.preds.Of(at)) != 1 || w.loads(at) {
			return 0
		}
		if at = blk.Succ[ir.False].To; f.Blocks[at].Kind == ir.KindReject && len(f.Blocks[at].Values) == 0 {
			return n
		}
	}
	return 0
}

// loads reports whether b has a load.
func (w *work) loads(b ir.BlockID) bool {
	for _, id := range w.f.Blocks[b].Values {
		if w.f.Values[id].Op == ir.OpLoad {
			return true
		}
	}
	return false
}
