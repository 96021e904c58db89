package cbpfgen

import (
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

const maxWord = 1<<32 - 1

// bound returns the largest number that v can be, given those of its operands.
// The result never exceeds 1<<32-1, and is that where nothing is known. It is
// not for parameters.
func bound(f *ir.Func, v *ir.Value, of func(ir.ValueID) uint64) uint64 {
	switch v.Op {
	case ir.OpConst:
		return uint64(v.K)
	case ir.OpLoad:
		return 1<<(8*uint(v.Size)) - 1
	case ir.OpLen, ir.OpNeg, ir.OpSub:
		return maxWord
	case ir.OpMeta:
		return metaBound(v.Meta)
	}
	x, y := of(v.Args[0]), of(v.Args[1])
	k, isConst := f.IsConst(v.Args[1])
	switch v.Op {
	case ir.OpAdd:
		return capped(x + y)
	case ir.OpMul:
		hi, lo := bits.Mul64(x, y)
		if hi != 0 {
			return maxWord
		}
		return capped(lo)
	case ir.OpDiv:
		if isConst && k != 0 {
			return x / uint64(k)
		}
		return x
	case ir.OpMod:
		if y == 0 {
			return 0
		}
		return min(x, y-1)
	case ir.OpAnd:
		return min(x, y)
	case ir.OpOr, ir.OpXor:
		return 1<<bits.Len64(x|y) - 1
	case ir.OpLsh:
		if y >= 32 {
			return maxWord
		}
		return capped(x << y)
	case ir.OpRsh:
		if isConst {
			return x >> k
		}
		return x
	}
	panic("cbpfgen: bound of " + v.Op.String())
}

// metaBound is the largest number that a metadatum can be.
func metaBound(m ir.Meta) uint64 {
	switch m {
	case ir.MetaVLANPresent:
		return 1
	case ir.MetaPacketType:
		return 1<<8 - 1
	case ir.MetaProtocol, ir.MetaVLANTag, ir.MetaVLANProto:
		return 1<<16 - 1
	case ir.MetaIfIndex:
		return maxWord
	}
	panic("cbpfgen: bound of " + m.String())
}

// capped returns x where it is a word, else the largest word, since a sum
// that wraps may be anything.
func capped(x uint64) uint64 {
	return min(x, maxWord)
}
