package lower

import "github.com/gofilter/gofilter/ir"

// leafArms is how many arms are tried one after the other. A longer list is
// halved: a test more for each half, but a path that is shorter by as many as half
// of it.
const leafArms = 8

// search writes the arms of a treeSwitch at p, for the number v. The blocks that
// it makes take no parameters: what is known at p holds in them.
func (e *emitter) search(t *tree, arms []arm, v ir.ValueID, p, yes, no place) {
	if len(arms) > leafArms {
		mid := len(arms) / 2
		low, high := e.inner(p), e.inner(p)
		e.branch(t, p, ir.Ge, v, arms[mid].lo, high, low)
		e.search(t, arms[mid:], v, high, yes, no)
		e.search(t, arms[:mid], v, low, yes, no)
		return
	}
	for i, a := range arms {
		last := i == len(arms)-1
		next := no
		if !last {
			next = e.inner(p)
		}
		hit := yes
		if a.sub != always {
			hit = e.inner(p)
		}
		if a.lo == a.hi {
			e.branch(t, p, ir.Eq, v, a.lo, hit, next)
		} else {
			// Below this range there is no later one.
			above := e.inner(p)
			e.branch(t, p, ir.Ge, v, a.lo, above, no)
			e.branch(t, above, ir.Gt, v, a.hi, next, hit)
		}
		if a.sub != always {
			e.tree(a.sub, hit, yes, no)
		}
		p = next
	}
}

// inner makes a block that is reached from p only.
func (e *emitter) inner(p place) place { return place{e.fn.AddBlock(), p.env} }

// branch ends p with a test of v.
func (e *emitter) branch(t *tree, p place, cond ir.Cond, v ir.ValueID, k uint32, yes, no place) {
	ty, tn := e.edge(p, yes), e.edge(p, no)
	kv := e.fn.Const(k)
	blk := e.fn.Block(p.block)
	blk.Kind, blk.Cond, blk.X, blk.Y, blk.Span = ir.KindIf, cond, v, kv, t.span
	blk.Succ[ir.True], blk.Succ[ir.False] = ty, tn
}

// choose writes a treeSelect: each alternative's number goes to the parameter of
// one block, behind which x is written once.
func (e *emitter) choose(t *tree, p, yes, no place) {
	join := e.newBlock(true)
	param := e.fn.New(join.block, ir.Value{Op: ir.OpParam, Span: t.span})
	for i, a := range t.alts {
		load := e.newBlock(true)
		next := no
		if i < len(t.alts)-1 {
			next = e.newBlock(true)
		}
		e.tree(a.when, p, load, next)
		v := e.num(a.n, load, t.span)
		ed := ir.Edge{To: join.block}
		for _, s := range e.set {
			ed.Args = append(ed.Args, load.env[s])
		}
		ed.Args = append(ed.Args, v)
		blk := e.fn.Block(load.block)
		blk.Kind = ir.KindJump
		blk.Succ[ir.True] = ed
		p = next
	}
	outer := e.chosen
	e.chosen = param
	e.tree(t.x, join, yes, no)
	e.chosen = outer
}
