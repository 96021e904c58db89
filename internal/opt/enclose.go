package opt

import "github.com/gofilter/gofilter/ir"

// Bounds of what enclose looks at: searches of at least so many tests, for numbers of
// which the least and the greatest are no farther apart.
const (
	minSearch = 8
	maxHull   = 1 << 24
)

// enclose puts two tests in front of a search: a number less than the least that is
// looked for, or greater than the greatest, is not among them. The addresses of a
// list are often of one network, and one of a packet's two addresses often is not.
//
// It looks at the blocks that test one value against numbers, and the places where
// they lead in the end: one of those must be where all numbers go that lie outside.
// What leads to the other places is found out of the tests, and rather too much of
// it. No load is added.
func enclose(w *work) {
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
		if s.n >= minSearch && w.bound(ir.BlockID(b), &s) {
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

// An exit is where a search leads, and the least and greatest number of x that
// may lead there.
type exit struct {
	ir.Edge
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
	s.seen[b] = true
	s.n++
	blk := &s.f.Blocks[b]
	k, _ := s.f.IsConst(blk.Y)
	in := domain{lo: lo, hi: hi}
	for way := range 2 {
		d, _ := narrowed(blk.Cond, way == ir.True, in, single(k))
		if d.lo > d.hi {
			continue
		}
		e := blk.Succ[way]
		next := &s.f.Blocks[e.To]
		if len(e.Args) == 0 && s.tests(e.To) && len(next.Values) == 0 && len(next.Params) == 0 && len(s.preds.Of(e.To)) == 1 {
			s.walk(e.To, d.lo, d.hi)
			continue
		}
		s.leave(e, d)
	}
}

func (s *search) leave(e ir.Edge, d domain) {
	for i := range s.exits {
		if x := &s.exits[i]; sameEdge(&x.Edge, &e) {
			x.lo, x.hi = min(x.lo, d.lo), max(x.hi, d.hi)
			return
		}
	}
	s.exits = append(s.exits, exit{e, d.lo, d.hi})
}

// bound puts the tests in front of the search that begins in b.
func (w *work) bound(b ir.BlockID, s *search) bool {
	f := w.f
	for i := range s.exits {
		out := s.exits[i]
		lo, hi := ^uint32(0), uint32(0)
		for j := range s.exits {
			if j != i {
				lo, hi = min(lo, s.exits[j].lo), max(hi, s.exits[j].hi)
			}
		}
		if lo > hi || hi-lo > maxHull || lo == 0 || hi == ^uint32(0) {
			continue
		}
		// The values of b are computed in front of it, as before.
		values := f.Blocks[b].Values
		f.Blocks[b].Values = nil
		inner := w.moveOut(b)
		f.Blocks[b].Values = values
		above := f.AddBlock()
		f.Blocks[above].Span = f.Blocks[b].Span
		f.If(b, ir.Ge, s.x, f.Const(lo), above, out.To)
		f.Blocks[b].Succ[ir.False].Args = out.Args
		f.If(above, ir.Gt, s.x, f.Const(hi), out.To, inner)
		f.Blocks[above].Succ[ir.True].Args = out.Args
		return true
	}
	return false
}
