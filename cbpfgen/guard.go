package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// guard ends the present block with a test that rejects where v > limit, which is at
// most farOffset.
func (l *legalizer) guard(v ir.ValueID, limit uint32, span ir.Span) {
	l.near[v] = append(l.near[v], l.at)
	k := l.number(limit)
	test := l.cur
	l.cur = l.open(ir.Block{})
	b, next := l.dst.Block(test), l.dst.Block(l.cur)
	next.Span = b.Span
	// What the test does not need is computed behind it.
	cut := slices.Index(b.Values, v) + 1
	next.Values = slices.Clone(b.Values[cut:])
	b.Values = b.Values[:cut]
	for _, id := range next.Values {
		l.dst.Value(id).Block = l.cur
	}
	b.Span = span
	b.Kind, b.Cond, b.X, b.Y = ir.KindIf, ir.Gt, v, k
	b.Succ = [2]ir.Edge{{To: rejectEdge}, {To: l.cur}}
}

// guardedShift computes the shift v, or 0 where its count is too large.
func (l *legalizer) guardedShift(v ir.Value) ir.ValueID {
	limit, zero := l.number(31), l.number(0)
	test := l.cur
	shift, join := l.open(ir.Block{Span: v.Span}), l.open(ir.Block{})
	b := l.dst.Block(test)
	l.dst.Block(join).Span = b.Span
	b.Span = v.Span
	b.Kind, b.Cond, b.X, b.Y = ir.KindIf, ir.Gt, v.Args[1], limit
	b.Succ = [2]ir.Edge{{To: join, Args: []ir.ValueID{zero}}, {To: shift}}

	l.cur = shift
	r := l.add(v, maxWord)
	s := l.dst.Block(shift)
	s.Kind, s.Succ[ir.True] = ir.KindJump, ir.Edge{To: join, Args: []ir.ValueID{r}}

	l.cur = join
	most := uint64(maxWord)
	if v.Op == ir.OpRsh {
		most = l.boundOf(v.Args[0])
	}
	return l.add(ir.Value{Op: ir.OpParam, Span: v.Span}, most)
}
