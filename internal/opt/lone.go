package opt

import "github.com/gofilter/gofilter/ir"

// A test is lone if no other one looks at any value that it looks at. Of most tests in
// a filter that is so: nothing that is known answers it, and its answer is of no use
// to others. So thread need not think of it.
//
// What a test looks at is what domain and refine look at: its operands and, through
// arithmetic, theirs. The base of a load is not: nothing follows for the one from the
// other.

// several stands for the owner of a class that more than one test looks at.
const several = -1

// findLone fills w.lone. A test whose answer is always the same is none.
func (w *work) findLone() {
	f := w.f
	w.lone = reset(w.lone, len(f.Blocks))
	w.leaders = reset(w.leaders, len(w.classes.keys)) // the block that looks at it, plus 1
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		if blk.Kind == ir.KindIf {
			w.claim(blk.X, int32(b)+1, maxDepth)
			w.claim(blk.Y, int32(b)+1, maxDepth)
		}
		for way := range blk.NumSucc() {
			for _, a := range blk.Succ[way].Args {
				w.claim(a, several, maxDepth) // looked at where the parameter is
			}
		}
	}
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		if blk.Kind != ir.KindIf || !w.alone(blk.X, maxDepth) || !w.alone(blk.Y, maxDepth) {
			continue
		}
		w.lone[b] = !w.decided(blk)
	}
}

// decided reports whether b's test has the same answer on every packet.
func (w *work) decided(b *ir.Block) bool {
	if w.classes.value(w.f, b.X) == w.classes.value(w.f, b.Y) {
		return true
	}
	x, y := w.domain(b.X, ir.NoBlock, maxDepth), w.domain(b.Y, ir.NoBlock, maxDepth)
	_, known := decide(b.Cond, &x, &y)
	return known
}

// claim notes that owner looks at id.
func (w *work) claim(id ir.ValueID, owner int32, depth int) {
	v := &w.f.Values[id]
	if v.Op == ir.OpConst {
		return
	}
	is := &w.leaders[w.classes.value(w.f, id)]
	switch {
	case *is == 0 && v.Op != ir.OpParam:
		*is = owner
	case *is != owner:
		*is = several
	}
	if v.Op.Arity() > 0 && depth > 0 {
		for _, a := range v.Args[:v.Op.Arity()] {
			w.claim(a, owner, depth-1)
		}
	}
}

// alone reports whether only one test looks at id.
func (w *work) alone(id ir.ValueID, depth int) bool {
	v := &w.f.Values[id]
	if v.Op == ir.OpConst {
		return true
	}
	if w.leaders[w.classes.value(w.f, id)] == several {
		return false
	}
	if v.Op.Arity() > 0 && depth > 0 {
		for _, a := range v.Args[:v.Op.Arity()] {
			if !w.alone(a, depth-1) {
				return false
			}
		}
	}
	return true
}
