package ebpfgen

import (
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

// orders finds the values that can stay in network byte order, so that a
// constant is swapped at generation and not the field at run time: loads of more than one byte,
// and their masks, that are used for nothing but equality and bit tests with
// constants. The result is the size of the field, 0 for values in host order.
func orders(fl *flow) []ir.Size {
	size := make([]ir.Size, len(fl.f.Values))
	forEachValue(fl, func(id ir.ValueID, v *ir.Value) {
		if v.Op == ir.OpLoad && v.Size > ir.Byte {
			size[id] = v.Size
		} else if arg, _, ok := masked(fl.f, v); ok {
			size[id] = size[arg]
		}
	})
	for id := len(fl.live) - 1; id >= 0; id-- {
		if fl.live[id] {
			fl.hostOrder(ir.BlockID(id), size)
		}
	}
	// A mask whose operand turned out to be in host order is so too.
	forEachValue(fl, func(id ir.ValueID, v *ir.Value) {
		if arg, _, ok := masked(fl.f, v); ok && size[arg] == 0 {
			size[id] = 0
		}
	})
	return size
}

// forEachValue calls f for the values listed in live blocks, in order.
func forEachValue(fl *flow, f func(id ir.ValueID, v *ir.Value)) {
	for id := range fl.live {
		if !fl.live[id] {
			continue
		}
		for _, v := range fl.f.Block(ir.BlockID(id)).Values {
			f(v, fl.f.Value(v))
		}
	}
}

// masked takes apart a value that is another one and a constant mask.
func masked(f *ir.Func, v *ir.Value) (arg ir.ValueID, mask uint32, ok bool) {
	if v.Op != ir.OpAnd {
		return ir.None, 0, false
	}
	if k, ok := f.IsConst(v.Args[1]); ok {
		return v.Args[0], k, true
	}
	if k, ok := f.IsConst(v.Args[0]); ok {
		return v.Args[1], k, true
	}
	return ir.None, 0, false
}

// hostOrder clears the size of all values that block id uses as numbers. The
// blocks after it are done.
func (fl *flow) hostOrder(id ir.BlockID, size []ir.Size) {
	b := fl.f.Block(id)
	if fl.kind[id] == ir.KindIf {
		fl.hostTest(b.Cond, b.X, b.Y, size)
		fl.hostTest(b.Cond, b.Y, b.X, size)
	}
	for _, way := range fl.ways[id][:fl.numWays(id)] {
		for _, m := range fl.moves(way) {
			size[m.arg] = 0
		}
	}
	for i := len(b.Values) - 1; i >= 0; i-- {
		v := fl.f.Value(b.Values[i])
		if arg, _, ok := masked(fl.f, v); ok && size[b.Values[i]] != 0 {
			if _, isConst := fl.f.IsConst(arg); !isConst {
				continue
			}
		}
		size[v.Args[0]], size[v.Args[1]] = 0, 0
	}
}

// hostTest clears the size of x unless "x c y" can be tested in network order.
func (fl *flow) hostTest(c ir.Cond, x, y ir.ValueID, size []ir.Size) {
	k, ok := fl.f.IsConst(y)
	switch {
	case ok && c == ir.Set:
	case ok && c == ir.Eq && size[x] != 0 && uint64(k) < 1<<(8*size[x]):
	default:
		size[x] = 0
	}
}

// swapped returns the bytes of k, as a field of that size, in reverse.
func swapped(k uint32, size ir.Size) uint32 {
	switch size {
	case ir.Half:
		return uint32(bits.ReverseBytes16(uint16(k)))
	case ir.Word:
		return bits.ReverseBytes32(k)
	}
	panic("ebpfgen: no byte order in a field of one byte")
}
