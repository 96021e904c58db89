package opt

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// promote puts tests that must all hold in the order in which a packet that is
// rejected costs least: by what a test costs for each packet that it rejects. The
// order is free in a chain of tests each of which rejects where it fails, and to
// each of which but the first only the one before it leads. A packet that is
// accepted passes all of them, and makes all their loads, whatever the order. A test
// that loads nothing is of what is at hand and stays where it is.
func promote(w *work) {
	f := w.f
	w.preds.Fill(f)
	seen := make([]bool, len(f.Blocks))
	changed := false
	for b := range f.Blocks {
		if seen[b] || f.Blocks[b].Kind != ir.KindIf {
			continue
		}
		chain := w.conjunction(ir.BlockID(b))
		for _, c := range chain {
			seen[c.at] = true
		}
		changed = w.promoteChain(chain) || changed
	}
	if !changed {
		return
	}
	w.preds.Fill(f)
	w.dom.Fill(f, &w.preds)
	w.repair()
}

// A link is a test of a conjunction.
type link struct {
	at   ir.BlockID
	pass int     // the way on
	rank float64 // ns for each packet that it rejects
	blk  ir.Block
}

// conjunction returns the chain of tests that starts at b.
func (w *work) conjunction(b ir.BlockID) []link {
	f := w.f
	var chain []link
	for {
		blk := &f.Blocks[b]
		if blk.Kind != ir.KindIf || len(chain) > 0 && (len(w.preds.Of(b)) != 1 || len(blk.Params) > 0) {
			return chain
		}
		pass := -1
		for way := range 2 {
			e := &blk.Succ[1-way]
			if f.Blocks[e.To].Kind == ir.KindReject && len(e.Args) == 0 && f.Blocks[blk.Succ[way].To].Kind != ir.KindReject {
				pass = way
			}
		}
		if pass < 0 || !w.loads(b) || !w.absoluteOnly(b) || len(chain) > 0 && w.usesPacketOf(b, chain) {
			return chain
		}
		chain = append(chain, link{at: b, pass: pass, rank: w.rank(b, pass)})
		if len(blk.Succ[pass].Args) > 0 {
			return chain // what it carries may be what it computes
		}
		b = blk.Succ[pass].To
	}
}

// absoluteOnly reports whether the only loads of b are absolute.
func (w *work) absoluteOnly(b ir.BlockID) bool {
	f := w.f
	for _, id := range f.Blocks[b].Values {
		v := &f.Values[id]
		if v.Op == ir.OpLoad && v.Args[0] != ir.None || v.Op != ir.OpLoad && f.CanFault(id) {
			return false
		}
	}
	return true
}

// usesPacketOf reports whether what b tests has been computed in the chain: it
// would have to be computed again.
func (w *work) usesPacketOf(b ir.BlockID, chain []link) bool {
	f := w.f
	inChain := func(id ir.ValueID) bool {
		return id != ir.None && slices.ContainsFunc(chain, func(l link) bool { return f.Values[id].Block == l.at })
	}
	blk := &f.Blocks[b]
	if inChain(blk.X) || inChain(blk.Y) {
		return true
	}
	return slices.ContainsFunc(blk.Values, func(id ir.ValueID) bool {
		return inChain(f.Values[id].Args[0]) || inChain(f.Values[id].Args[1])
	})
}

// rank returns what the test of b costs for each packet that it rejects.
func (w *work) rank(b ir.BlockID, pass int) float64 {
	f := w.f
	cost := costTest
	for _, id := range f.Blocks[b].Values {
		if f.Values[id].Op == ir.OpLoad {
			cost += costAbsolute
		} else {
			cost += costArith
		}
	}
	rate := 0.8
	if m, ok := w.matchOf(b); ok && m.way == pass {
		n := 0
		for byteOf := uint32(0xff); byteOf != 0; byteOf <<= 8 {
			if m.bits&byteOf != 0 {
				n += bits.OnesCount32(m.mask & byteOf)
			}
		}
		rate = passRate(n)
	}
	return cost / (1 - rate)
}

// promoteChain orders a chain. The blocks stay; their contents change places.
func (w *work) promoteChain(chain []link) bool {
	f := w.f
	if len(chain) < 2 {
		return false
	}
	sorted := slices.Clone(chain)
	for i := range sorted {
		sorted[i].blk = f.Blocks[sorted[i].at]
	}
	end := sorted[len(sorted)-1].blk.Succ[sorted[len(sorted)-1].pass]
	if len(end.Args) > 0 {
		return false
	}
	slices.SortStableFunc(sorted, func(x, y link) int { return cmp.Compare(x.rank, y.rank) })
	moved := false
	for i, l := range sorted {
		moved = moved || l.at != chain[i].at
	}
	if !moved {
		return false
	}
	for i, l := range sorted {
		b := chain[i].at
		w.fill(b, &l.blk)
		on := end
		if i+1 < len(chain) {
			on = ir.Edge{To: chain[i+1].at}
		}
		f.Blocks[b].Succ[l.pass] = on
	}
	return true
}
