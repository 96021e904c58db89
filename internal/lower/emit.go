package lower

import (
	"fmt"

	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/ir"
)

// emitter writes a tree as blocks.
type emitter struct {
	fn   *ir.Func
	set  []pred.Var // the variables that some step sets: each block's parameters
	vars int

	chosen ir.ValueID // of the treeSelect being written
}

// A place is a block that is being filled, and what the variables are there.
type place struct {
	block ir.BlockID
	env   []ir.ValueID // by pred.Var; None where the filter does not use it
}

// emit fills fn with the blocks of t. steps says whether there may be a treeStep in it.
func emit(fn *ir.Func, t *tree, vars int, steps bool) {
	e := &emitter{fn: fn, vars: vars}
	if steps {
		e.set = stepped(t, vars)
	}
	entry := e.newBlock(false)
	for _, v := range e.set {
		entry.env[v] = fn.Const(0)
	}
	accept, reject := e.newBlock(false), e.newBlock(false)
	fn.Block(accept.block).Kind = ir.KindAccept
	fn.Block(reject.block).Kind = ir.KindReject
	e.tree(t, entry, accept, reject)
	fn.Sort()
}

// stepped lists the variables, of n, that t sets.
func stepped(t *tree, n int) []pred.Var {
	seen := make([]bool, n)
	var vars []pred.Var
	work := []*tree{t}
	for len(work) > 0 {
		t := work[len(work)-1]
		work = work[:len(work)-1]
		if t == nil {
			continue
		}
		for _, s := range t.steps {
			if !seen[s.v] {
				seen[s.v] = true
				vars = append(vars, s.v)
			}
		}
		work = append(work, t.x, t.y)
		for _, a := range t.arms {
			work = append(work, a.sub)
		}
		for _, a := range t.alts {
			work = append(work, a.when)
		}
	}
	return vars
}

// newBlock makes a block. With params it takes the variables as parameters.
func (e *emitter) newBlock(params bool) place {
	p := place{block: e.fn.AddBlock()}
	if len(e.set) == 0 {
		return p
	}
	p.env = make([]ir.ValueID, e.vars)
	if params {
		for _, v := range e.set {
			p.env[v] = e.fn.New(p.block, ir.Value{Op: ir.OpParam})
		}
	}
	return p
}

// edge leads from a place to a block, with the variables where it takes them.
func (e *emitter) edge(from, to place) ir.Edge {
	ed := ir.Edge{To: to.block}
	if len(e.fn.Block(to.block).Params) > 0 {
		for _, v := range e.set {
			ed.Args = append(ed.Args, from.env[v])
		}
	}
	return ed
}

// tree writes t at p, with ways out to yes and no.
func (e *emitter) tree(t *tree, p, yes, no place) {
	switch t.kind {
	case treeTrue:
		e.jump(p, yes)
	case treeFalse:
		e.jump(p, no)
	case treeNot:
		e.tree(t.x, p, no, yes)
	case treeAnd, treeOr:
		e.list(t, p, yes, no)
	case treeStep:
		q := place{p.block, append([]ir.ValueID(nil), p.env...)}
		for _, s := range t.steps {
			q.env[s.v] = e.num(s.n, q, t.span)
		}
		e.tree(t.x, q, yes, no)
	case treeTest:
		a, b := e.num(t.a, p, t.span), e.num(t.b, p, t.span)
		ty, tn := e.edge(p, yes), e.edge(p, no)
		blk := e.fn.Block(p.block)
		blk.Kind, blk.Cond, blk.X, blk.Y, blk.Span = ir.KindIf, t.cond, a, b, t.span
		blk.Succ[ir.True], blk.Succ[ir.False] = ty, tn
	case treeSwitch:
		e.search(t, t.arms, e.num(t.a, p, t.span), p, yes, no)
	case treeSelect:
		e.choose(t, p, yes, no)
	default:
		panic(fmt.Sprintf("lower: tree %d", t.kind))
	}
}

// list writes a chain of one connective, which may be long and is deep on its
// left side.
func (e *emitter) list(t *tree, p, yes, no place) {
	var few [8]*tree
	terms := few[:0]
	kind := t.kind
	for t.kind == kind {
		terms = append(terms, t.y)
		t = t.x
	}
	terms = append(terms, t)
	for i := len(terms) - 1; i > 0; i-- {
		next := e.newBlock(true)
		if kind == treeAnd {
			e.tree(terms[i], p, next, no)
		} else {
			e.tree(terms[i], p, yes, next)
		}
		p = next
	}
	e.tree(terms[0], p, yes, no)
}

func (e *emitter) jump(from, to place) {
	ed := e.edge(from, to)
	blk := e.fn.Block(from.block)
	blk.Kind = ir.KindJump
	blk.Succ[ir.True] = ed
}

// num writes n at p.
func (e *emitter) num(n *num, p place, span ir.Span) ir.ValueID {
	switch n.op {
	case ir.OpConst:
		return e.fn.Const(n.k)
	case ir.OpParam:
		return e.chosen
	case opVar:
		if int(n.v) >= len(p.env) || p.env[n.v] == ir.None {
			return e.fn.Const(0) // no step that sets it is left
		}
		return p.env[n.v]
	}
	v := ir.Value{Op: n.op, Size: n.size, Meta: n.meta, Span: span}
	if n.op == ir.OpLoad {
		v.K = n.k
	}
	if n.x != nil {
		v.Args[0] = e.num(n.x, p, span)
	}
	if n.y != nil {
		v.Args[1] = e.num(n.y, p, span)
	}
	return e.fn.New(p.block, v)
}
