package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// Where a value is used, as far as sink needs to know.
const (
	usedNowhere ir.BlockID = -1
	usedWidely  ir.BlockID = -2 // in more than one block
)

// sink moves values that cannot fault, and that only one other block uses, to that
// block, so that they need not be kept on the way. A value stays if it is the only
// user of a load of its own block, since the load must stay and is best consumed
// where it is.
func (l *legalizer) sink() {
	f := l.dst
	l.counts, l.held = anchored(f, l.counts, l.held)
	l.uses = cleared(l.uses, len(f.Values))
	at := l.uses // where each value is used
	for i := range at {
		at[i] = usedNowhere
	}
	use := func(b ir.BlockID, v ir.ValueID) {
		switch at[v] {
		case usedNowhere, b:
			at[v] = b
		default:
			at[v] = usedWidely
		}
	}
	moved := l.moved[:0] // last first
	for id := len(f.Blocks) - 1; id >= 0; id-- {
		b, here := &f.Blocks[id], ir.BlockID(id)
		if b.Kind == ir.KindIf {
			use(here, b.X)
			use(here, b.Y)
		}
		for i := range b.NumSucc() {
			for _, a := range b.Succ[i].Args {
				use(here, a)
			}
		}
		kept := len(b.Values)
		for i := len(b.Values) - 1; i >= 0; i-- {
			id := b.Values[i]
			v := f.Value(id)
			if to := at[id]; to > here && !l.held[id] {
				v.Block = to
				moved = append(moved, id)
			} else {
				kept--
				b.Values[kept] = id
			}
			for _, a := range v.Args {
				use(v.Block, a)
			}
		}
		b.Values = b.Values[kept:]
	}
	l.moved = moved
	// In front of each block those go that come first.
	for _, id := range moved {
		b := f.Block(f.Value(id).Block)
		b.Values = slices.Insert(b.Values, 0, id)
	}
}

// anchored reports for each value whether it must be computed in its block: it can
// fault, or it alone consumes such a value of its block.
//
// counts and held are memory for it, which it returns as well.
func anchored(f *ir.Func, counts []int32, held []bool) ([]int32, []bool) {
	uses := cleared(counts, len(f.Values))
	eachUse(f, func(_ ir.BlockID, v ir.ValueID) { uses[v]++ })
	held = cleared(held, len(f.Values))
	for id := range f.Blocks {
		for _, v := range f.Blocks[id].Values {
			held[v] = f.CanFault(v)
			for _, a := range f.Value(v).Args {
				if a != ir.None && f.Value(a).Block == ir.BlockID(id) && held[a] && uses[a] == 1 {
					held[v] = true
				}
			}
		}
	}
	return uses, held
}
