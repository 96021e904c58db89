package opt

import (
	"math"
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

// narrow replaces the load of more bytes than count by a load of those that
// do, where that saves the mask or the shift. The smaller load lies within the
// larger, so it faults on no packet on which that did not.
func narrow(w *work) {
	f := w.f
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for _, id := range blk.Values {
			w.narrowValue(id)
		}
		if blk.Kind == ir.KindIf && blk.Cond == ir.Eq {
			w.narrowTest(ir.BlockID(b))
		}
	}
}

// narrowValue makes a load of id where id is one or two bytes of a load,
// shifted to the right end: "x >> n", "x & m" or "(x >> n) & m".
func (w *work) narrowValue(id ir.ValueID) {
	f := w.f
	v := &f.Values[id]
	keep, shift := ^uint32(0), uint32(0)
	x := id
	if k, ok := f.IsConst(v.Args[1]); ok && v.Op == ir.OpAnd {
		keep, x = k, v.Args[0]
	}
	if s := &f.Values[x]; s.Op == ir.OpRsh {
		if k, ok := f.IsConst(s.Args[1]); ok && k < 32 {
			shift, x = k, s.Args[0]
		}
	}
	if x == id || f.Values[x].Op != ir.OpLoad {
		return
	}
	l := f.Values[x]
	// The bits of the load that count.
	if part, ok := bytesOf(&l, keep<<shift&width(l.Size), shift); ok {
		part.Block, part.Span = v.Block, v.Span
		*v = part
		w.classified = false
	}
}

// narrowTest makes of "x & m == k", where m is one or two whole bytes of the load
// x, a load of those.
func (w *work) narrowTest(b ir.BlockID) {
	f := w.f
	blk := &f.Blocks[b]
	k, ok := f.IsConst(blk.Y)
	v := f.Values[blk.X]
	if !ok || v.Op != ir.OpAnd {
		return
	}
	m, ok := f.IsConst(v.Args[1])
	l := f.Values[v.Args[0]]
	if !ok || l.Op != ir.OpLoad || m == 0 || k&^m != 0 {
		return
	}
	shift := uint32(bits.TrailingZeros32(m))
	if part, ok := bytesOf(&l, m&width(l.Size), shift); ok {
		part.Span = v.Span
		x, y := f.New(b, part), f.Const(k>>shift)
		blk.X, blk.Y = x, y
	}
}

// width returns the bits that a load of size bytes may set.
func width(size ir.Size) uint32 { return ^uint32(0) >> (32 - 8*size) }

// bytesOf returns a load that is the bits m of the load l, shifted right by
// shift. ok is false where m is not one or two whole bytes, fewer than l
// reads, with nothing below them but what is shifted away.
func bytesOf(l *ir.Value, m, shift uint32) (_ ir.Value, ok bool) {
	var size ir.Size
	switch m >> shift {
	case 0xff:
		size = ir.Byte
	case 0xffff:
		size = ir.Half
	default:
		return ir.Value{}, false
	}
	behind := shift / 8 // bytes of l behind those that count
	if shift%8 != 0 || size >= l.Size || m>>shift<<shift != m {
		return ir.Value{}, false
	}
	disp := uint64(l.K) + uint64(l.Size) - uint64(size) - uint64(behind)
	if disp > math.MaxUint32 {
		return ir.Value{}, false
	}
	return ir.Value{Op: ir.OpLoad, Size: size, Args: [2]ir.ValueID{l.Args[0]}, K: uint32(disp)}, true
}
