package opt

import (
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

// A domain is a set of numbers that a value may be: those from lo to hi whose
// bits under mask are bits and, where there is a list, which are listed. It may be
// larger than what is really possible.
//
// Operations take domains by reference, since they are large for the few
// instructions that most of them need; unless they say so they change none.
type domain struct {
	lo, hi     uint32
	mask, bits uint32   // bits &^ mask is 0
	list       *numbers // nil: no list
	in         uint16   // which of list, one bit for each; not 0 where there is one
}

// numbers are those of a list, in ascending order. They do not change: domains
// share them.
type numbers [maxList]uint32

// maxList bounds the lists. Those that matter are of protocols and of ports.
const maxList = 16

var anything = domain{hi: ^uint32(0)}

func single(k uint32) domain { return domain{lo: k, hi: k, mask: ^uint32(0), bits: k} }

// upTo returns the numbers of as many bits as hi has, all of which are set.
func upTo(hi uint32) domain { return domain{hi: hi, mask: ^hi} }

// isSingle reports whether d holds one number only: d.lo.
func (d *domain) isSingle() bool { return d.lo == d.hi }

// has reports whether k is in d.
func (d *domain) has(k uint32) bool {
	return d.lo <= k && k <= d.hi && k&d.mask == d.bits && (d.list == nil || d.lists(k))
}

func (d *domain) lists(k uint32) bool {
	for in := d.in; in != 0; in &= in - 1 {
		if d.list[bits.TrailingZeros16(in)] == k {
			return true
		}
	}
	return false
}

// same reports whether d and x are written in the same way.
func (d *domain) same(x *domain) bool {
	return d.lo == x.lo && d.hi == x.hi && d.mask == x.mask && d.bits == x.bits &&
		bits.OnesCount16(d.in) == bits.OnesCount16(x.in)
}

// isAnything reports whether d says nothing.
func (d *domain) isAnything() bool {
	return d.list == nil && d.lo == 0 && d.hi == ^uint32(0) && d.mask == 0
}

// covers reports whether d says nothing that x does not.
func (d *domain) covers(x *domain) bool {
	return d.list == nil && d.lo <= x.lo && d.hi >= x.hi && d.mask&^x.mask == 0
}

// ones returns the bits that may be set.
func (d domain) ones() uint32 { return d.bits | ^d.mask }

// tighten puts into d what the range says of the bits and the reverse. It reports
// false where d is empty.
func (d *domain) tighten() bool {
	if d.mask == ^uint32(0) && d.list == nil {
		ok := d.lo <= d.bits && d.bits <= d.hi
		d.lo, d.hi = d.bits, d.bits
		return ok
	}
	d.lo = max(d.lo, d.bits)
	d.hi = min(d.hi, d.ones())
	if d.lo > d.hi {
		return false
	}
	common := ^(^uint32(0) >> bits.LeadingZeros32(d.lo^d.hi))
	if (d.bits^d.lo)&d.mask&common != 0 {
		return false
	}
	d.bits |= d.lo & common
	d.mask |= common
	return d.list == nil || d.keep(func(uint32) bool { return true })
}

// keep leaves in d those that it lists, has, and for which ok holds. Where there are
// none it reports false and leaves d as it is.
func (d *domain) keep(ok func(uint32) bool) bool {
	var u domain
	for in := d.in; in != 0; in &= in - 1 {
		i := bits.TrailingZeros16(in)
		k := d.list[i]
		if !d.has(k) || !ok(k) {
			continue
		}
		if one := single(k); u.in == 0 {
			u = one
		} else {
			in := u.in
			u = hull(&u, &one)
			u.in = in
		}
		u.in |= 1 << i
	}
	if u.in == 0 {
		return false
	}
	u.list = d.list
	*d = u
	return true
}

// hull returns a domain without a list that holds x and y.
func hull(x, y *domain) domain {
	d := domain{lo: min(x.lo, y.lo), hi: max(x.hi, y.hi), mask: x.mask & y.mask &^ (x.bits ^ y.bits)}
	d.bits = x.bits & d.mask
	return d
}

// union returns a domain that holds x and y.
func (w *work) union(x, y *domain) domain {
	d := hull(x, y)
	var a, b, both numbers
	m, n := x.numbers(&a), y.numbers(&b)
	if m == 0 || n == 0 {
		return d
	}
	i, j, size := 0, 0, 0
	for ; i < m || j < n; size++ {
		if size == maxList {
			return d
		}
		switch {
		case j == n || i < m && a[i] < b[j]:
			both[size] = a[i]
			i++
		case i == m || b[j] < a[i]:
			both[size] = b[j]
			j++
		default:
			both[size] = a[i]
			i, j = i+1, j+1
		}
	}
	w.lists = append(w.lists, both)
	d.list, d.in = &w.lists[len(w.lists)-1], uint16(1<<size-1)
	return d
}

// numbers puts the numbers of d in to, where they are listed or there is only one,
// and returns how many they are, else 0.
func (d *domain) numbers(to *numbers) (n int) {
	if d.list == nil && d.isSingle() {
		to[0] = d.lo
		return 1
	}
	for in := d.in; in != 0; in &= in - 1 {
		to[n] = d.list[bits.TrailingZeros16(in)]
		n++
	}
	return n
}

// meet returns what is in both. ok is false where that is nothing.
func meet(a, b *domain) (d domain, ok bool) {
	if a.list == nil && b.list == nil {
		switch {
		case a.isAnything():
			d = *b
			return d, d.tighten()
		case b.isAnything():
			d = *a
			return d, d.tighten()
		case b.isSingle():
			return single(b.lo), a.has(b.lo) && b.has(b.lo)
		}
	}
	if (a.bits^b.bits)&a.mask&b.mask != 0 {
		return *a, false
	}
	d = domain{max(a.lo, b.lo), min(a.hi, b.hi), a.mask | b.mask, a.bits | b.bits, a.list, a.in}
	if b.list != nil {
		d.list, d.in = b.list, b.in
		if a.list != nil {
			return d, d.keep(a.has)
		}
	}
	return d, d.tighten()
}

// decide answers "x cond y" where the answer is the same for all of x and y.
func decide(cond ir.Cond, x, y *domain) (holds, known bool) {
	if x.list != nil && y.isSingle() {
		return decideListed(cond, x, y.lo)
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

// decideListed is decide for listed numbers and a single one.
func decideListed(cond ir.Cond, x *domain, y uint32) (holds, known bool) {
	var list numbers
	n := x.numbers(&list)
	holds = cond.Holds(list[0], y)
	for _, k := range list[1:n] {
		if cond.Holds(k, y) != holds {
			return false, false
		}
	}
	return holds, true
}

// confine leaves in x and y what is left of them where "x cond y" is holds.
func confine(cond ir.Cond, holds bool, x, y *domain) {
	if x.list != nil && y.isSingle() {
		x.keep(func(k uint32) bool { return cond.Holds(k, y.lo) == holds })
		return
	}
	switch {
	case cond == ir.Eq && holds:
		if d, ok := meet(x, y); ok {
			*x, *y = d, d
		}
	case cond == ir.Eq:
		without(x, y)
		without(y, x)
	case cond == ir.Gt && holds:
		x.above(y.lo, 1)
		y.below(x.hi, 1)
	case cond == ir.Gt:
		x.below(y.hi, 0)
		y.above(x.lo, 0)
	case cond == ir.Ge && holds:
		x.above(y.lo, 0)
		y.below(x.hi, 0)
	case cond == ir.Ge:
		x.below(y.hi, 1)
		y.above(x.lo, 1)
	case cond == ir.Set && !holds:
		m := x.bits
		x.unset(y.bits)
		y.unset(m)
	case cond == ir.Set:
		m := x.ones()
		x.someSet(y.ones())
		y.someSet(m)
	}
}

// without takes the number of y, if it is one, from the ends of x.
func without(x, y *domain) {
	switch {
	case !y.isSingle() || x.isSingle():
	case x.lo == y.lo:
		x.above(y.lo, 1)
	case x.hi == y.lo:
		x.below(y.lo, 1)
	}
}

// above takes from x what is less than lo+plus, below what is greater than hi-minus.
func (x *domain) above(lo, plus uint32) {
	if s := lo + plus; s >= lo && s > x.lo {
		x.lo = s
	}
}

func (x *domain) below(hi, minus uint32) {
	if s := hi - minus; s <= hi && s < x.hi {
		x.hi = s
	}
}

// unset takes from x what has a bit of m, someSet what has none.
func (x *domain) unset(m uint32) {
	x.mask |= m
	x.bits &^= m
}

func (x *domain) someSet(m uint32) {
	if m&(m-1) == 0 {
		x.mask |= m
		x.bits |= m
	}
	x.lo = max(x.lo, m&-m)
}
