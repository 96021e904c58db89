package lower

import (
	"fmt"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// relation compares two numbers. The checks that their accessors imply come
// first, the right side's before the left's. Of an operation only the left
// operand's are made: "tcp[0] + ip6[0]" is looked at in TCP packets whatever the
// network layer, as in libpcap.
func (l *lowering) relation(p pred.Relation) *tree {
	x, checkX := l.number(p.X)
	y, checkY := l.number(p.Y)
	test := l.test(x, p.Cond, y)
	if p.Negate {
		test = l.not(test)
	}
	return l.and(checkY, l.and(checkX, test))
}

// number expands a number; check is what must hold of the packet for it to have
// a meaning.
func (l *lowering) number(n pred.Num) (v *num, check *tree) {
	switch n := n.(type) {
	case pred.Const:
		return l.constant(n.Value), always
	case pred.Len:
		return l.num(num{op: ir.OpLen}), always
	case pred.Neg:
		v, check = l.number(n.X)
		return l.num(num{op: ir.OpNeg, x: v}), check
	case pred.Arith:
		x, check := l.number(n.X)
		y, _ := l.number(n.Y)
		return l.arith(n.Op, x, y), check
	case pred.Access:
		return l.access(n)
	}
	panic(fmt.Sprintf("lower: number %T", n))
}

// access reads from the header of a protocol.
func (l *lowering) access(n pred.Access) (v *num, check *tree) {
	y := n.At
	index, check := l.number(n.Index)
	var base *num
	start := y.Net().Const
	switch {
	case n.Proto == expr.ProtoRadio:
		start = 0
	case n.Proto == expr.ProtoLink:
		base, start = l.varPart(y.Hdr), y.Hdr.Const
	case n.IP == 0:
		base = l.varPart(y.Payload)
		check = l.and(check, l.carries(y, n.Ether))
	case n.Version == 6:
		base, start = l.varPart(y.Payload), start+proto.IPv6HdrLen
		behind := l.equal(y.Net().Plus(proto.IPv6Next), ir.Byte, uint32(n.IP))
		check = l.and(check, l.and(l.carries(y, n.Ether), behind))
	default:
		base = l.ipv4HdrLen(y)
		behind := l.and(l.carries(y, n.Ether), l.equal(y.Net().Plus(proto.IPv4Proto), ir.Byte, uint32(n.IP)))
		check = l.and(check, l.and(behind, l.firstFragment(y)))
	}
	return l.indexed(base, start, index, n.Size), check
}

// indexed reads size bytes at base+start+index. A constant index is part of the
// displacement; the sum wraps, as a negative index must.
func (l *lowering) indexed(base *num, start uint32, index *num, size ir.Size) *num {
	switch {
	case index.op == ir.OpConst && base == nil:
		return l.loadAt(nil, start+index.k, size)
	case base == nil:
		return l.loadAt(index, start, size)
	}
	return l.loadAt(l.arith(ir.OpAdd, base, index), start, size)
}
