package opt

import (
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

// arith returns a domain that holds "x op y" for all of x and y on which it
// does not fault.
func arith(op ir.Op, x, y *domain) domain {
	if x.isSingle() && y.isSingle() {
		if z, ok := op.Arith(x.lo, y.lo); ok {
			return single(z)
		}
		return anything
	}
	d := anything
	switch op {
	case ir.OpAdd:
		if hi := x.hi + y.hi; hi >= x.hi {
			d.lo, d.hi = x.lo+y.lo, hi
		}
	case ir.OpSub:
		if x.lo >= y.hi {
			d.lo, d.hi = x.lo-y.hi, x.hi-y.lo
		}
	case ir.OpMul:
		if over, hi := bits.Mul32(x.hi, y.hi); over == 0 {
			d.lo, d.hi = x.lo*y.lo, hi
		}
	case ir.OpDiv, ir.OpMod:
		if y.lo == 0 {
			break // what a test of it says must not make a division by zero vanish
		}
		if op == ir.OpDiv {
			d.lo, d.hi = x.lo/y.hi, x.hi/y.lo
		} else {
			d.hi = min(x.hi, y.hi-1)
		}
	case ir.OpAnd:
		d.mask = x.mask&y.mask | x.mask&^x.bits | y.mask&^y.bits
		d.bits = x.bits & y.bits
		d.hi = min(x.hi, y.hi)
	case ir.OpOr:
		d.mask = x.mask&y.mask | x.bits | y.bits
		d.bits = x.bits | y.bits
		d.lo = max(x.lo, y.lo)
	case ir.OpXor:
		d.mask = x.mask & y.mask
		d.bits = (x.bits ^ y.bits) & d.mask
	case ir.OpLsh:
		if n := y.lo; y.isSingle() && n < 32 {
			d.mask = x.mask<<n | 1<<n - 1
			d.bits = x.bits << n
			if x.hi<<n>>n == x.hi {
				d.lo, d.hi = x.lo<<n, x.hi<<n
			}
		}
	case ir.OpRsh:
		d.hi = x.hi
		if n := y.lo; y.isSingle() && n < 32 {
			d.mask = x.mask>>n | ^(^uint32(0) >> n)
			d.bits = x.bits >> n
			d.lo, d.hi = x.lo>>n, x.hi>>n
		}
	}
	if d.tighten() {
		return d
	}
	return anything
}

// metaMax is the largest number that a metadatum may be: some bits, all set.
func metaMax(m ir.Meta) uint32 {
	switch m {
	case ir.MetaProtocol, ir.MetaVLANTag, ir.MetaVLANProto:
		return 0xffff
	case ir.MetaPacketType:
		return 0xff
	case ir.MetaVLANPresent:
		return 1
	}
	return ^uint32(0)
}

// leaf returns what a value that has no operands may be.
func leaf(v *ir.Value) domain {
	switch v.Op {
	case ir.OpLoad:
		return upTo(^uint32(0) >> (32 - 8*v.Size))
	case ir.OpMeta:
		return upTo(metaMax(v.Meta))
	}
	return anything
}

// maxDepth bounds how deep into the operands of a value the passes look.
const maxDepth = 6

// domain returns what id may be in block at, by its operation and by the facts
// that hold there. Where at is NoBlock no facts are known.
func (w *work) domain(id ir.ValueID, at ir.BlockID, depth int) domain {
	v := &w.f.Values[id]
	d := anything
	switch v.Op {
	case ir.OpConst:
		return single(v.K)
	case ir.OpLoad, ir.OpMeta, ir.OpLen:
		if known := w.factOn(id, at); known != nil {
			return *known // includes the rest
		}
		return leaf(v)
	case ir.OpParam:
		if a := w.facts.carried(id); a != ir.None {
			return w.domain(a, at, depth)
		}
	case ir.OpNeg:
		if depth > 0 {
			if x := w.domain(v.Args[0], at, depth-1); x.isSingle() {
				d = single(-x.lo)
			}
		}
	default:
		if depth > 0 {
			x, y := w.domain(v.Args[0], at, depth-1), w.domain(v.Args[1], at, depth-1)
			d = arith(v.Op, &x, &y)
		}
	}
	if known := w.factOn(id, at); known != nil {
		if m, ok := meet(&d, known); ok {
			return m
		}
	}
	return d
}

// factOn is fact for a value.
func (w *work) factOn(id ir.ValueID, at ir.BlockID) *domain {
	if at == ir.NoBlock {
		return nil
	}
	return w.fact(w.classes.value(w.f, id), at)
}
