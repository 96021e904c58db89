package opt

import (
	"math"

	"github.com/gofilter/gofilter/ir"
)

// The law of a load that was not there before, or reads more than the one that
// it replaces: it may stand where a block begins if it ends, counted from the
// first byte of the packet, no farther than every packet that comes by there and
// is accepted has been read. Such a packet is that long, so it does not meet a
// new fault; a packet that does meet one was rejected, and still is. So the
// verdict stays, on a packet cut anywhere.
//
// How far accepted packets are read is known from what has been loaded on every
// way to the block, and from what is going to be loaded on every way from it to
// accept. An indexed load reads at least as far as its displacement says.

// extents holds both figures, in bytes, by block.
type extents struct {
	behind []uint64 // what has been loaded where the block begins, on every way to it
	ahead  []uint64 // what is loaded from there on, on every way to accept
}

// unbounded is how far a packet that is rejected anyhow may be read.
const unbounded = math.MaxUint64

// extents computes them for the function as it is.
func (w *work) extents() *extents {
	f := w.f
	n := len(f.Blocks)
	x := &extents{make([]uint64, n), make([]uint64, n)}
	own := make([]uint64, n)
	for b := range f.Blocks {
		for _, id := range f.Blocks[b].Values {
			if v := &f.Values[id]; v.Op == ir.OpLoad {
				own[b] = max(own[b], uint64(v.K)+uint64(v.Size))
			}
		}
	}
	for b := 1; b < n; b++ {
		x.behind[b] = unbounded
	}
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for way := range blk.NumSucc() {
			to := blk.Succ[way].To
			x.behind[to] = min(x.behind[to], max(x.behind[b], own[b]))
		}
	}
	for b := n - 1; b >= 0; b-- {
		blk := &f.Blocks[b]
		least := uint64(unbounded)
		switch blk.Kind {
		case ir.KindAccept:
			least = 0
		case ir.KindJump, ir.KindIf:
			for way := range blk.NumSucc() {
				least = min(least, x.ahead[blk.Succ[way].To])
			}
		}
		x.ahead[b] = max(least, own[b])
	}
	return x
}

// allows reports whether a load of the size bytes from off on may stand at the
// beginning of b.
func (x *extents) allows(b ir.BlockID, off uint32, size ir.Size) bool {
	return uint64(off)+uint64(size) <= max(x.behind[b], x.ahead[b])
}

// moved says that a block has been added that begins where b did.
func (x *extents) moved(b ir.BlockID) {
	x.behind = append(x.behind, x.behind[b])
	x.ahead = append(x.ahead, x.ahead[b])
}
