package cbpfgen

import (
	"encoding/binary"
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// settle resolves edges and lets those that lead to a verdict lead to the one
// block of that verdict. A block that surely rejects need compute nothing: it
// makes no difference whether it faults.
func (l *legalizer) settle() {
	l.passOn = cleared(l.passOn, len(l.dst.Blocks))
	passOn := l.passOn // where an edge to the block may lead at once
	for id := len(l.dst.Blocks) - 1; id >= 0; id-- {
		b := &l.dst.Blocks[id]
		passOn[id] = ir.BlockID(id)
		for i := range b.NumSucc() {
			l.resolve(&b.Succ[i], passOn)
		}
		if b.Kind == ir.KindIf && b.Succ[ir.True].To == b.Succ[ir.False].To &&
			slices.Equal(b.Succ[ir.True].Args, b.Succ[ir.False].Args) {
			b.Kind, b.Cond, b.X, b.Y = ir.KindJump, ir.CondInvalid, ir.None, ir.None
			b.Succ[ir.False] = ir.Edge{}
		}
		switch {
		case b.Kind == ir.KindReject, b.Kind == ir.KindJump && b.Succ[ir.True].To == l.reject:
			*b = ir.Block{Params: b.Params, Kind: ir.KindReject, Span: b.Span}
			passOn[id] = l.reject
		case len(b.Values) > 0:
		case b.Kind == ir.KindAccept:
			passOn[id] = l.accept
		case b.Kind == ir.KindJump && len(b.Params) == 0 && len(b.Succ[ir.True].Args) == 0:
			passOn[id] = b.Succ[ir.True].To
		}
	}
}

func (l *legalizer) resolve(e *ir.Edge, passOn []ir.BlockID) {
	switch {
	case e.To == rejectEdge:
		e.To = l.reject
	case e.To < 0:
		from := e.Args
		e.Args = nil
		for i, a := range from {
			if !l.passed[^e.To][i].dropped {
				e.Args = append(e.Args, a)
			}
		}
		e.To = l.first[^e.To]
	}
	e.To = passOn[e.To]
	if e.To == l.accept || e.To == l.reject {
		e.Args = nil
	}
}

// arrange drops unreachable blocks, cuts edges from two-way tests to blocks with
// parameters, and renumbers. The blocks that it adds stand in front of the block
// that they lead to, so that the last of them falls through; equal edges share one.
func (l *legalizer) arrange() {
	f := l.dst
	l.reached = cleared(l.reached, len(f.Blocks))
	reached := l.reached
	reached[0] = true
	all := true
	var cuts [][]ir.Block // blocks to add in front of each
	type cut struct {
		to ir.BlockID
		i  int // index into cuts[to]
	}
	var made []cut
	var known map[string]ir.BlockID // edge to ^index into made
	for id := range f.Blocks {
		b := &f.Blocks[id]
		if !reached[id] {
			all = false
			continue
		}
		for i := range b.NumSucc() {
			e := &b.Succ[i]
			reached[e.To] = true
			if b.Kind != ir.KindIf || len(e.Args) == 0 {
				continue
			}
			if cuts == nil {
				cuts = make([][]ir.Block, len(f.Blocks))
				known = make(map[string]ir.BlockID)
			}
			key := edgeKey(*e)
			c, ok := known[key]
			if !ok {
				made = append(made, cut{e.To, len(cuts[e.To])})
				c = ^ir.BlockID(len(made) - 1)
				known[key] = c
				cuts[e.To] = append(cuts[e.To], ir.Block{
					Kind: ir.KindJump, Succ: [2]ir.Edge{*e}, Span: b.Span,
				})
			}
			*e = ir.Edge{To: c}
		}
	}
	if all && cuts == nil {
		return
	}
	// What is reached moves up in place, or down by copying where blocks are added.
	old := f.Blocks
	if cuts != nil {
		f.Blocks = make([]ir.Block, 0, len(old)+len(made))
	} else {
		f.Blocks = f.Blocks[:0]
	}
	l.renumbered = cleared(l.renumbered, len(old))
	renumbered := l.renumbered
	var cutAt []ir.BlockID // number of the first block of cuts[id]
	if cuts != nil {
		cutAt = make([]ir.BlockID, len(old))
	}
	for id := range old {
		if !reached[id] {
			continue
		}
		if cuts != nil {
			cutAt[id] = ir.BlockID(len(f.Blocks))
			f.Blocks = append(f.Blocks, cuts[id]...)
		}
		renumbered[id] = ir.BlockID(len(f.Blocks))
		f.Blocks = append(f.Blocks, old[id])
	}
	for id := range f.Blocks {
		b := &f.Blocks[id]
		for i := range b.NumSucc() {
			e := &b.Succ[i]
			if e.To < 0 {
				c := made[^e.To]
				e.To = cutAt[c.to] + ir.BlockID(c.i)
			} else {
				e.To = renumbered[e.To]
			}
		}
		for _, v := range b.Params {
			f.Value(v).Block = ir.BlockID(id)
		}
		for _, v := range b.Values {
			f.Value(v).Block = ir.BlockID(id)
		}
	}
}

func edgeKey(e ir.Edge) string {
	k := binary.LittleEndian.AppendUint32(nil, uint32(e.To))
	for _, a := range e.Args {
		k = binary.LittleEndian.AppendUint32(k, uint32(a))
	}
	return string(k)
}

// useJset turns a test of "x & k == 0" into one of bits, if the masked value is
// needed for nothing else.
func (l *legalizer) useJset() {
	f := l.dst
	masked := false
	for id := range f.Blocks {
		b := &f.Blocks[id]
		masked = masked || b.Kind == ir.KindIf && b.Cond == ir.Eq && f.Value(b.X).Op == ir.OpAnd
	}
	if !masked {
		return
	}
	l.counts = cleared(l.counts, len(f.Values))
	uses := l.counts
	eachUse(f, func(_ ir.BlockID, v ir.ValueID) { uses[v]++ })
	for id := range f.Blocks {
		b := &f.Blocks[id]
		if b.Kind != ir.KindIf || b.Cond != ir.Eq {
			continue
		}
		x := f.Value(b.X)
		if k, ok := f.IsConst(b.Y); !ok || k != 0 || x.Op != ir.OpAnd || uses[b.X] != 1 {
			continue
		}
		home := f.Block(x.Block)
		home.Values = slices.DeleteFunc(home.Values, func(v ir.ValueID) bool { return v == b.X })
		b.Cond, b.X, b.Y = ir.Set, x.Args[0], x.Args[1]
		b.Succ[ir.True], b.Succ[ir.False] = b.Succ[ir.False], b.Succ[ir.True]
	}
}

// eachUse calls use for every operand of every value, test and edge.
func eachUse(f *ir.Func, use func(ir.BlockID, ir.ValueID)) {
	for id := range f.Blocks {
		b, at := &f.Blocks[id], ir.BlockID(id)
		for _, v := range b.Values {
			for _, a := range f.Value(v).Args {
				use(at, a)
			}
		}
		if b.Kind == ir.KindIf {
			use(at, b.X)
			use(at, b.Y)
		}
		for i := range b.NumSucc() {
			for _, a := range b.Succ[i].Args {
				use(at, a)
			}
		}
	}
}
