package opt

import "github.com/gofilter/gofilter/ir"

// clone is the copy of a value that repair made last.
type clone struct {
	in ir.ValueID // the copy
	at ir.BlockID // the block it is in, plus 1
}

// repair gives each block its own copy of the values that it uses and that
// another edge now leads around. w.dom must be the tree of the function as it
// is; blocks that are not in it are left alone.
//
// That adds no fault: before the edge was moved, every path to the use went
// through the definition, so where a copy faults the function rejected before.
// A parameter cannot be copied; whoever moves edges leaves those alone.
func (w *work) repair() {
	f := w.f
	w.clones = reset(w.clones, len(f.Values))
	for b := range f.Blocks {
		if !w.dom.Has(ir.BlockID(b)) {
			continue
		}
		var front []ir.ValueID
		w.eachUse(ir.BlockID(b), func(id ir.ValueID) ir.ValueID {
			return w.reach(id, ir.BlockID(b), &front)
		})
		if len(front) > 0 {
			blk := &f.Blocks[b]
			blk.Values = append(front, blk.Values...)
		}
	}
}

// reach returns id or, where its definition does not dominate b, a copy in b.
// Copies are added to front.
func (w *work) reach(id ir.ValueID, b ir.BlockID, front *[]ir.ValueID) ir.ValueID {
	f := w.f
	v := f.Values[id]
	if id == ir.None || v.Op == ir.OpConst || v.Block == b || w.dom.Has(v.Block) && w.dom.Dominates(v.Block, b) {
		return id
	}
	if c := w.clones[id]; c.at == b+1 {
		return c.in
	}
	if v.Op == ir.OpParam {
		panic("opt: " + f.FormatOperand(id) + " is a parameter and does not reach its use")
	}
	for i, a := range v.Args {
		v.Args[i] = w.reach(a, b, front)
	}
	v.Block = b
	f.Values = append(f.Values, v)
	w.clones = append(w.clones, clone{}) // copies may be copied
	c := ir.ValueID(len(f.Values) - 1)
	w.clones[id] = clone{c, b + 1}
	*front = append(*front, c)
	return c
}
