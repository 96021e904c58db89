package opt

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// Bounds of what halve looks at: searches of at least so many tests; of numbers of
// which the least and the greatest are no farther apart it asks whether the number
// lies between; so many are compared one after the other.
const (
	minSearch = 8
	maxHull   = 1 << 24
	maxRow    = 8
)

// halve makes searches quick. Comparing one number after the other is shortest, and
// a test that is not passed costs little, but not nothing.
//
// Where the numbers of a list are many they are halved until few are left. And a
// number less than the least that is looked for, or greater than the greatest, is not
// among them: the addresses of a list are often of one network, and one of a
// packet's two addresses often is not.
//
// It looks at the blocks that test one value against numbers, and the places where
// they lead in the end: one of those must be where all numbers go that lie outside.
// No load is added.
func halve(w *work) {
	f := w.f
	w.preds.Fill(f)
	seen := make([]bool, len(f.Blocks))
	n := len(f.Blocks)
	changed := false
	for b := range n {
		if seen[b] || len(f.Blocks[b].Params) > 0 {
			continue
		}
		s := search{work: w, x: f.Blocks[b].X, seen: seen}
		if s.x == ir.None || f.Values[s.x].Op == ir.OpConst || !s.tests(ir.BlockID(b)) {
			continue
		}
		s.walk(ir.BlockID(b), 0, ^uint32(0))
		if s.n >= minSearch && s.rewrite(ir.BlockID(b)) {
			changed = true
		}
	}
	if changed {
		w.sort()
	}
}

// A search is a tree of tests of the value x.
type search struct {
	*work
	x     ir.ValueID
	seen  []bool
	n     int // tests
	exits []exit
}

// An exit is where a search leads: the numbers that an equality leads there, and
// the least and the greatest that may come there, which are rather too far apart
// than too near.
type exit struct {
	ir.Edge
	equal  []uint32
	ranges bool // other numbers come there, too
	lo, hi uint32
}

// tests reports whether block b tests x against a number.
func (s *search) tests(b ir.BlockID) bool {
	blk := &s.f.Blocks[b]
	_, ok := s.f.IsConst(blk.Y)
	return blk.Kind == ir.KindIf && blk.X == s.x && ok && blk.Cond != ir.Set
}

// walk finds the exits of the tests from b on, where x lies from lo to hi.
func (s *search) walk(b ir.BlockID, lo, hi uint32) {
	for {
		s.seen[b] = true
		s.n++
		blk := &s.f.Blocks[b]
		k, _ := s.f.IsConst(blk.Y)
		var next ir.BlockID = ir.NoBlock
		var rest domain
		for way := range 2 {
			equal := blk.Cond == ir.Eq && way == ir.True
			d, y := domain{lo: lo, hi: hi}, single(k)
			confine(blk.Cond, way == ir.True, &d, &y)
			if equal {
				d.lo, d.hi = max(lo, k), min(hi, k)
			}
			if d.lo > d.hi {
				continue
			}
			e := blk.Succ[way]
			to := &s.f.Blocks[e.To]
			switch {
			case len(e.Args) > 0 || !s.tests(e.To) || len(to.Values) > 0 || len(to.Params) > 0 || len(s.preds.Of(e.To)) != 1:
				s.leave(e, d, equal)
			case next == ir.NoBlock:
				next, rest = e.To, d
			default:
				s.walk(e.To, d.lo, d.hi)
			}
		}
		if next == ir.NoBlock {
			return
		}
		b, lo, hi = next, rest.lo, rest.hi
	}
}

// leave notes that the numbers of d leave by e.
func (s *search) leave(e ir.Edge, d domain, equal bool) {
	at := slices.IndexFunc(s.exits, func(x exit) bool { return sameEdge(&x.Edge, &e) })
	if at < 0 {
		at = len(s.exits)
		s.exits = append(s.exits, exit{Edge: e, lo: d.lo, hi: d.hi})
	}
	x := &s.exits[at]
	x.lo, x.hi = min(x.lo, d.lo), max(x.hi, d.hi)
	if equal {
		x.equal = append(x.equal, d.lo)
	} else {
		x.ranges = true
	}
}

// rewrite puts a quicker search in the place of the one that begins in b.
func (s *search) rewrite(b ir.BlockID) bool {
	f := s.f
	for i := range s.exits {
		out := s.exits[i].Edge
		lo, hi := ^uint32(0), uint32(0)
		for j := range s.exits {
			if j != i {
				lo, hi = min(lo, s.exits[j].lo), max(hi, s.exits[j].hi)
			}
		}
		close := lo <= hi && hi-lo <= maxHull && lo > 0 && hi < ^uint32(0)
		list := len(s.exits) == 2 && !s.exits[1-i].ranges && len(s.exits[i].equal) == 0
		if !close && !list || list && !close && len(s.exits[1-i].equal) <= maxRow {
			continue
		}
		// The values of b are computed in front of the search, as before.
		values, span := f.Blocks[b].Values, f.Blocks[b].Span
		f.Blocks[b].Values = nil
		inner := ir.Edge{To: s.moveOut(b)}
		if list {
			slices.Sort(s.exits[1-i].equal)
			inner = s.row(slices.Compact(s.exits[1-i].equal), s.exits[1-i].Edge, out, span)
		}
		f.Blocks[b].Values = values
		if !close {
			f.Jump(b, inner.To)
			return true
		}
		above := s.test(span, ir.Gt, hi, out, inner)
		f.If(b, ir.Ge, s.x, f.Const(lo), above.To, out.To)
		f.Blocks[b].Succ[ir.False].Args = out.Args
		return true
	}
	return false
}

// row returns the way into a search for numbers in ascending order.
func (s *search) row(list []uint32, found, out ir.Edge, span ir.Span) ir.Edge {
	if len(list) > maxRow {
		half := len(list) / 2
		return s.test(span, ir.Ge, list[half], s.row(list[half:], found, out, span), s.row(list[:half], found, out, span))
	}
	e := out
	for _, k := range slices.Backward(list) {
		e = s.test(span, ir.Eq, k, found, e)
	}
	return e
}

// test adds a block that tests x and returns the way into it.
func (s *search) test(span ir.Span, cond ir.Cond, k uint32, yes, no ir.Edge) ir.Edge {
	f := s.f
	b := f.AddBlock()
	f.Blocks[b].Span = span
	f.If(b, cond, s.x, f.Const(k), yes.To, no.To)
	f.Blocks[b].Succ[ir.True].Args, f.Blocks[b].Succ[ir.False].Args = yes.Args, no.Args
	return ir.Edge{To: b}
}
