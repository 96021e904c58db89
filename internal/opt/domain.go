package opt

import (
	"math/bits"
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// A domain is a set of numbers that a value may be: those from lo to hi whose
// bits under mask are bits and, where there is a list, which are in the list. It
// may be larger than what is really possible.
type domain struct {
	lo, hi     uint32
	mask, bits uint32   // bits &^ mask is 0
	list       []uint32 // in ascending order, at most maxList; nil: no list
}

// maxList bounds the lists. Those that matter are of protocols and of ports.
const maxList = 16

var anything = domain{hi: ^uint32(0)}

func single(k uint32) domain { return domain{k, k, ^uint32(0), k, nil} }

// upTo returns the numbers of as many bits as hi has, all of which are set.
func upTo(hi uint32) domain { return domain{hi: hi, mask: ^hi} }

// isSingle reports whether d holds one number only: d.lo.
func (d domain) isSingle() bool { return d.lo == d.hi }

// has reports whether k is in d.
func (d *domain) has(k uint32) bool {
	return d.lo <= k && k <= d.hi && k&d.mask == d.bits && (d.list == nil || slices.Contains(d.list, k))
}

// same reports whether d and x are written in the same way.
func (d *domain) same(x *domain) bool {
	return d.lo == x.lo && d.hi == x.hi && d.mask == x.mask && d.bits == x.bits && len(d.list) == len(x.list)
}

// isAnything reports whether d says nothing.
func (d *domain) isAnything() bool {
	return d.list == nil && d.lo == 0 && d.hi == ^uint32(0) && d.mask == 0
}

// ones returns the bits that may be set.
func (d domain) ones() uint32 { return d.bits | ^d.mask }

// tight returns d with what the range says of the bits and the reverse. ok is
// false where d is empty.
func (d domain) tight() (_ domain, ok bool) {
	if d.mask == ^uint32(0) && d.list == nil {
		return single(d.bits), d.lo <= d.bits && d.bits <= d.hi
	}
	d.lo = max(d.lo, d.bits)
	d.hi = min(d.hi, d.ones())
	if d.lo > d.hi {
		return d, false
	}
	common := ^(^uint32(0) >> bits.LeadingZeros32(d.lo^d.hi))
	if (d.bits^d.lo)&d.mask&common != 0 {
		return d, false
	}
	d.bits |= d.lo & common
	d.mask |= common
	if d.list != nil {
		return d.only(func(uint32) bool { return true })
	}
	return d, true
}

// only returns those of d's list for which keep holds. ok is false where there
// are none.
func (d domain) only(keep func(uint32) bool) (_ domain, ok bool) {
	var list []uint32
	for _, k := range d.list {
		if d.has(k) && keep(k) {
			list = append(list, k)
		}
	}
	if len(list) == 0 {
		return d, false
	}
	u := single(list[0])
	for _, k := range list[1:] {
		u = hull(u, single(k))
	}
	u.list = list
	return u, true
}

// hull returns a domain without a list that holds x and y.
func hull(x, y domain) domain {
	d := domain{lo: min(x.lo, y.lo), hi: max(x.hi, y.hi), mask: x.mask & y.mask &^ (x.bits ^ y.bits)}
	d.bits = x.bits & d.mask
	return d
}

// union returns a domain that holds x and y.
func union(x, y domain) domain {
	d := hull(x, y)
	a, b := x.numbers(), y.numbers()
	if a == nil || b == nil {
		return d
	}
	list := append(append(make([]uint32, 0, len(a)+len(b)), a...), b...)
	slices.Sort(list)
	if list = slices.Compact(list); len(list) <= maxList {
		d.list = list
	}
	return d
}

// numbers returns the numbers of d where they are listed.
func (d *domain) numbers() []uint32 {
	if d.list == nil && d.isSingle() {
		return []uint32{d.lo}
	}
	return d.list
}

// meet returns what is in both. ok is false where that is nothing.
func meet(a, b domain) (_ domain, ok bool) {
	if a.list == nil && b.list == nil {
		switch {
		case a.isAnything():
			return b.tight()
		case b.isAnything():
			return a.tight()
		case b.isSingle():
			return single(b.lo), a.has(b.lo) && b.has(b.lo)
		}
	}
	if (a.bits^b.bits)&a.mask&b.mask != 0 {
		return a, false
	}
	d := domain{max(a.lo, b.lo), min(a.hi, b.hi), a.mask | b.mask, a.bits | b.bits, a.list}
	if b.list != nil {
		d.list = b.list
		if a.list != nil {
			return d.only(a.has)
		}
	}
	return d.tight()
}

// decide answers "x cond y" where the answer is the same for all of x and y.
func decide(cond ir.Cond, x, y domain) (holds, known bool) {
	if x.list != nil && y.isSingle() {
		holds = cond.Holds(x.list[0], y.lo)
		for _, k := range x.list[1:] {
			if cond.Holds(k, y.lo) != holds {
				return false, false
			}
		}
		return holds, true
	}
	switch cond {
	case ir.Eq:
		if x.isSingle() && y.isSingle() {
			return x.lo == y.lo, true
		}
		_, ok := meet(x, y)
		return false, !ok
	case ir.Gt:
		return x.lo > y.hi, x.lo > y.hi || x.hi <= y.lo
	case ir.Ge:
		return x.lo >= y.hi, x.lo >= y.hi || x.hi < y.lo
	case ir.Set:
		if x.bits&y.bits != 0 {
			return true, true
		}
		return false, x.ones()&y.ones() == 0
	}
	panic("opt: condition " + cond.String())
}

// narrowed returns what is left of x and y where "x cond y" is holds.
func narrowed(cond ir.Cond, holds bool, x, y domain) (domain, domain) {
	if x.list != nil && y.isSingle() {
		x, _ = x.only(func(k uint32) bool { return cond.Holds(k, y.lo) == holds })
		return x, y
	}
	switch {
	case cond == ir.Eq && holds:
		if d, ok := meet(x, y); ok {
			return d, d
		}
	case cond == ir.Eq:
		return without(x, y), without(y, x)
	case cond == ir.Gt && holds:
		return above(x, y.lo, 1), below(y, x.hi, 1)
	case cond == ir.Gt:
		return below(x, y.hi, 0), above(y, x.lo, 0)
	case cond == ir.Ge && holds:
		return above(x, y.lo, 0), below(y, x.hi, 0)
	case cond == ir.Ge:
		return below(x, y.hi, 1), above(y, x.lo, 1)
	case cond == ir.Set && !holds:
		return unset(x, y.bits), unset(y, x.bits)
	case cond == ir.Set:
		return someSet(x, y.ones()), someSet(y, x.ones())
	}
	return x, y
}

// without takes the number of y, if it is one, from the ends of x.
func without(x, y domain) domain {
	if !y.isSingle() || x.isSingle() {
		return x
	}
	if x.lo == y.lo {
		return above(x, y.lo, 1)
	}
	if x.hi == y.lo {
		return below(x, y.lo, 1)
	}
	return x
}

func above(x domain, lo, plus uint32) domain {
	if s := lo + plus; s >= lo && s > x.lo {
		x.lo = s
	}
	return x
}

func below(x domain, hi, minus uint32) domain {
	if s := hi - minus; s <= hi && s < x.hi {
		x.hi = s
	}
	return x
}

func unset(x domain, m uint32) domain {
	x.mask |= m
	x.bits &^= m
	return x
}

func someSet(x domain, m uint32) domain {
	if m&(m-1) == 0 {
		x.mask |= m
		x.bits |= m
	}
	x.lo = max(x.lo, m&-m)
	return x
}

// arith returns a domain that holds "x op y" for all of x and y on which it
// does not fault.
func arith(op ir.Op, x, y domain) domain {
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
	if t, ok := d.tight(); ok {
		return t
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

// maxDepth bounds how deep into the operands of a value the passes look.
const maxDepth = 6

// domain returns what id may be in block at, by its operation and by the facts
// that hold there. Where at is NoBlock no facts are known.
func (w *work) domain(id ir.ValueID, at ir.BlockID, depth int) domain {
	v := &w.f.Values[id]
	var d domain
	switch v.Op {
	case ir.OpConst:
		return single(v.K)
	case ir.OpLoad:
		d = upTo(^uint32(0) >> (32 - 8*v.Size))
	case ir.OpMeta:
		d = upTo(metaMax(v.Meta))
	case ir.OpLen:
		d = anything
	case ir.OpParam:
		if a := w.facts.carried(id); a != ir.None {
			return w.domain(a, at, depth)
		}
		d = anything
	case ir.OpNeg:
		d = anything
		if depth > 0 {
			if x := w.domain(v.Args[0], at, depth-1); x.isSingle() {
				d = single(-x.lo)
			}
		}
	default:
		d = anything
		if depth > 0 {
			d = arith(v.Op, w.domain(v.Args[0], at, depth-1), w.domain(v.Args[1], at, depth-1))
		}
	}
	if at != ir.NoBlock {
		if known, ok := w.fact(w.classes.value(w.f, id), at); ok {
			if m, ok := meet(d, known); ok {
				return m
			}
		}
	}
	return d
}
