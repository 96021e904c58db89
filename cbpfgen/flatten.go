package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// maxFlat is how many tests of one value stand one after the other. A longer list
// stays a search tree, which is longer by a test for each half but shorter on every way
// through it.
const maxFlat = 200

// A series is a chain of tests that a value equals a constant, each on the false way of the
// one before and reached from nowhere else.
type series struct {
	tests       int
	x           ir.ValueID
	least, most uint32 // of the constants
	last        ir.BlockID
}

// flatten makes one series of two that a test of the order chooses between: of
//
//	x >= 50: x = 50 or x = 70 or else: x = 10 or x = 30
//
// the four tests without the first. Where the value is on one side, no test of the other
// side holds, and both sides leave to the same place in the end.
//
// It goes from the end to the front, so that the halves of a tree are series when their
// root is reached. Edges lead forward, but for those to the blocks of verdicts.
func (l *legalizer) flatten() {
	f := l.dst
	forks := false
	for id := range f.Blocks {
		c := f.Blocks[id].Cond
		forks = forks || c == ir.Gt || c == ir.Ge
	}
	if !forks {
		return
	}
	l.counts = cleared(l.counts, len(f.Blocks))
	ways := l.counts // into each block
	for id := range f.Blocks {
		b := &f.Blocks[id]
		for i := range b.NumSucc() {
			ways[b.Succ[i].To]++
		}
	}
	l.series = cleared(l.series, len(f.Blocks))
	lists := l.series // by first block
	for id := len(f.Blocks) - 1; id >= 0; id-- {
		b := &f.Blocks[id]
		k, ok := f.IsConst(b.Y)
		if b.Kind != ir.KindIf || !ok {
			continue
		}
		switch b.Cond {
		case ir.Eq:
			r := series{1, b.X, k, k, ir.BlockID(id)}
			next := b.Succ[ir.False].To
			if n := &lists[next]; n.tests > 0 && n.x == b.X && inSeries(f, next, ways) {
				r = series{1 + n.tests, b.X, min(k, n.least), max(k, n.most), n.last}
			}
			lists[id] = r
		case ir.Gt, ir.Ge:
			lists[id] = joinSeries(f, b, k, lists, ways)
		}
	}
}

// inSeries reports whether a block can be reached as part of a series only, and does nothing
// but its test.
func inSeries(f *ir.Func, id ir.BlockID, ways []int32) bool {
	b := f.Block(id)
	return ways[id] == 1 && len(b.Values) == 0 && len(b.Params) == 0
}

// joinSeries makes b, a test whether a value is greater than k, the first test of the two
// series that it leads to, where they can be one. It returns that one.
func joinSeries(f *ir.Func, b *ir.Block, k uint32, lists []series, ways []int32) series {
	high, low := b.Succ[ir.True].To, b.Succ[ir.False].To
	h, l := &lists[high], &lists[low]
	if h.tests == 0 || l.tests == 0 || h.tests+l.tests > maxFlat || h.x != b.X || l.x != b.X ||
		!b.Cond.Holds(h.least, k) || b.Cond.Holds(l.most, k) || !inSeries(f, high, ways) || !inSeries(f, low, ways) {
		return series{}
	}
	exit, other := &f.Block(h.last).Succ[ir.False], &f.Block(l.last).Succ[ir.False]
	if exit.To != other.To || !slices.Equal(exit.Args, other.Args) {
		return series{}
	}
	first, second, end, last := high, low, h.last, l.last
	if high > low {
		first, second, end, last = low, high, l.last, h.last
	}
	if end > second {
		return series{}
	}
	f.Block(end).Succ[ir.False] = ir.Edge{To: second}
	ways[exit.To]--
	head := f.Block(first)
	b.Cond, b.Y, b.Succ, b.Span = head.Cond, head.Y, head.Succ, head.Span
	return series{h.tests + l.tests, b.X, l.least, h.most, last}
}
