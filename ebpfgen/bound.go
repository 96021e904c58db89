package ebpfgen

import (
	"math"
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

// bound is what is known of a value's size.
type bound struct {
	max uint32 // the value is not larger
	// seen: the verifier finds the same or a smaller bound by itself, in every
	// kernel since 5.10. It does not follow byte swaps, divisions, subtractions.
	seen bool
}

var unbounded = bound{max: math.MaxUint32}

// bounds finds a bound for each value of the live blocks.
func bounds(fl *flow) []bound {
	bs := make([]bound, len(fl.f.Values))
	for id := range fl.f.Values {
		bs[id] = unbounded
		if k, ok := fl.f.IsConst(ir.ValueID(id)); ok && id != int(ir.None) {
			bs[id] = bound{max: k, seen: true}
		}
	}
	set := make([]bool, len(fl.f.Values)) // parameters that an edge has reached
	for id := range fl.live {
		if !fl.live[id] {
			continue
		}
		for _, v := range fl.f.Block(ir.BlockID(id)).Values {
			bs[v] = boundOf(fl.f, fl.f.Value(v), bs)
		}
		for _, way := range fl.ways[id][:fl.numWays(ir.BlockID(id))] {
			for _, m := range fl.moves(way) {
				arg := bs[m.arg]
				if set[m.param] {
					arg.max = max(arg.max, bs[m.param].max)
					arg.seen = arg.seen && bs[m.param].seen
				}
				bs[m.param], set[m.param] = arg, true
			}
		}
	}
	return bs
}

// boundOf returns the bound of one operation, its operands' being known.
func boundOf(f *ir.Func, v *ir.Value, bs []bound) bound {
	x, y := bs[v.Args[0]], bs[v.Args[1]]
	k, isConst := f.IsConst(v.Args[1])
	switch v.Op {
	case ir.OpLoad:
		return bound{max: uint32(uint64(1)<<(8*v.Size) - 1), seen: v.Size == ir.Byte}
	case ir.OpMeta:
		if v.Meta == ir.MetaIfIndex {
			return unbounded
		}
		return bound{max: math.MaxUint16}
	case ir.OpAnd:
		return bound{max: min(x.max, y.max), seen: x.seen && x.max <= y.max || y.seen && y.max <= x.max}
	case ir.OpOr, ir.OpXor:
		return bound{max: uint32(uint64(1)<<bits.Len32(x.max|y.max) - 1)}
	case ir.OpAdd:
		if sum := uint64(x.max) + uint64(y.max); sum <= math.MaxUint32 {
			return bound{max: uint32(sum), seen: x.seen && y.seen}
		}
	case ir.OpMul:
		if hi, lo := bits.Mul32(x.max, y.max); hi == 0 {
			return bound{max: lo, seen: x.seen && y.seen}
		}
	case ir.OpLsh:
		if isConst && k < 32 && uint64(x.max)<<k <= math.MaxUint32 {
			return bound{max: x.max << k, seen: x.seen}
		}
	case ir.OpRsh:
		if isConst && k < 32 {
			return bound{max: x.max >> k, seen: x.seen}
		}
		return bound{max: x.max}
	case ir.OpDiv:
		return bound{max: x.max}
	case ir.OpMod:
		if y.max > 0 {
			return bound{max: min(x.max, y.max-1)}
		}
	}
	return unbounded
}
