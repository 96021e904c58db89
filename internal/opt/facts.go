package opt

import "github.com/gofilter/gofilter/ir"

// A fact says what a class may be in a block and in those that it dominates.
// The answer of a test is a class too: 1 or 0.
//
// Facts hold on every packet that reaches the block without a fault, in the
// function as it was when the pass began; they stay true when edges are moved,
// for moving an edge past a test whose answer is known changes no packet's
// way otherwise.
type fact struct {
	domain
	class int32
	at    ir.BlockID
	prev  int32 // the fact on the same class before this one
}

type factTable struct {
	list  []fact
	last  []int32 // by class: the newest fact on it that holds somewhere; 0 none
	args  []carriedArg
	along []edgeFacts // by edge, see inEdges
	met   domain      // what several facts say together
}

// edgeFacts are what is known along an edge alone: a part of factTable.list, which
// nothing finds until it is linked, and the block that the edge came through, see
// learnVia. The zero edgeFacts are not known yet.
type edgeFacts struct {
	first, end int32
	via        ir.BlockID
}

// link makes facts found in block at, as the newest ones.
func (t *factTable) link(s *edgeFacts, at ir.BlockID) {
	for i := s.first; i < s.end; i++ {
		x := &t.list[i]
		x.at, x.prev = at, t.last[x.class]
		t.last[x.class] = i
	}
}

// unlink takes facts back that are the newest ones.
func (t *factTable) unlink(s *edgeFacts) {
	for i := s.end - 1; i >= s.first; i-- {
		x := &t.list[i]
		t.last[x.class] = x.prev
	}
}

// carriedArg is a parameter of a block that an edge goes past, and what the edge
// would have carried to it.
type carriedArg struct{ param, arg ir.ValueID }

// maxFacts bounds how many facts on one class are looked at to find one that
// holds.
const maxFacts = 16

func (t *factTable) reset(edges int) {
	t.list = append(t.list[:0], fact{})
	t.last = t.last[:0]
	t.args = t.args[:0]
	t.along = reset(t.along, edges)
}

func (t *factTable) carried(param ir.ValueID) ir.ValueID {
	for i := len(t.args) - 1; i >= 0; i-- {
		if t.args[i].param == param {
			return t.args[i].arg
		}
	}
	return ir.None
}

// add adds a fact on a class in block at. What it says is for the caller to fill in.
func (t *factTable) add(class int32, at ir.BlockID) *domain {
	for int(class) >= len(t.last) {
		t.last = append(t.last, 0)
	}
	n := len(t.list)
	t.list = append(t.list, fact{})
	x := &t.list[n]
	x.class, x.at, x.prev = class, at, t.last[class]
	t.last[class] = int32(n)
	return &x.domain
}

// since returns the facts that have been added since there were n.
func (t *factTable) since(n int) edgeFacts {
	return edgeFacts{first: int32(n), end: int32(len(t.list))}
}

// cut takes back the facts after the first n and forgets them.
func (t *factTable) cut(n int) {
	s := t.since(n)
	t.unlink(&s)
	t.list = t.list[:n]
}

// fact returns what is known of a class in block at, or nil. The domain is good until
// the next call.
func (w *work) fact(class int32, at ir.BlockID) *domain {
	t := &w.facts
	if int(class) >= len(t.last) {
		return nil
	}
	var d *domain
	for i, n := t.last[class], 0; i != 0 && n < maxFacts; i, n = t.list[i].prev, n+1 {
		x := &t.list[i]
		if !w.holds(x.at, at) {
			continue
		}
		if w.via[at] == ir.NoBlock {
			// Facts of a block are added when all that dominates it has its
			// own, so the newest one includes the older ones.
			return &x.domain
		}
		if d == nil {
			t.met = x.domain
			d = &t.met
		} else if m, some := meet(d, &x.domain); some {
			*d = m
		}
	}
	return d
}

// maxWay bounds how many blocks are looked at that lie on the way to a block
// without dominating it.
const maxWay = 4

// holds reports whether every packet that reaches block at without a fault came
// through block from.
func (w *work) holds(from, at ir.BlockID) bool {
	for range maxWay {
		if w.dom.Dominates(from, at) {
			return true
		}
		if at = w.via[at]; at == ir.NoBlock {
			return false
		}
	}
	return false
}

// assume adds to block at the facts that follow from the test of block from being
// holds.
func (w *work) assume(from ir.BlockID, holds bool, at ir.BlockID) {
	answer := w.facts.add(w.test(from), at)
	if holds {
		*answer = single(1)
	} else {
		*answer = single(0)
	}
	b := &w.f.Blocks[from]
	x, y := w.domain(b.X, at, maxDepth), w.domain(b.Y, at, maxDepth)
	oldX, oldY := x, y
	confine(b.Cond, holds, &x, &y)
	w.refine(b.X, &oldX, &x, at, maxDepth)
	w.refine(b.Y, &oldY, &y, at, maxDepth)
}

// refine adds the fact that id, of which old is known, is in in, and what follows
// for its operand.
func (w *work) refine(id ir.ValueID, old, in *domain, at ir.BlockID, depth int) {
	v := &w.f.Values[id]
	if v.Op == ir.OpConst || depth == 0 {
		return
	}
	d, ok := meet(old, in)
	if !ok || d.same(old) {
		return
	}
	*w.facts.add(w.classes.value(w.f, id), at) = d
	if v.Op.Arity() != 2 {
		return
	}
	k, ok := w.f.IsConst(v.Args[1])
	if !ok {
		return
	}
	x := anything
	switch v.Op {
	case ir.OpAnd:
		x.mask, x.bits = d.mask&k, d.bits&k
	case ir.OpOr:
		x.mask, x.bits = d.mask&^k, d.bits&^k
	case ir.OpXor:
		x.mask, x.bits = d.mask, (d.bits^k)&d.mask
	case ir.OpLsh:
		if k < 32 {
			x.mask, x.bits = d.mask>>k, d.bits>>k
		}
	case ir.OpRsh:
		if k < 32 {
			x.mask, x.bits = d.mask<<k, d.bits<<k
			x.lo, x.hi = d.lo<<k, d.hi<<k|(1<<k-1)
		}
	case ir.OpAdd:
		if d.isSingle() {
			x = single(d.lo - k)
		}
	case ir.OpSub:
		if d.isSingle() {
			x = single(d.lo + k)
		}
	}
	oldX := w.domain(v.Args[0], at, depth-1)
	w.refine(v.Args[0], &oldX, &x, at, depth-1)
}

// answer says how block b's test ends in block at, where that is known.
func (w *work) answer(b, at ir.BlockID) (way int, known bool) {
	if d := w.fact(w.test(b), at); d != nil && d.isSingle() {
		return wayOf(d.lo == 1), true
	}
	blk := &w.f.Blocks[b]
	if w.classes.value(w.f, blk.X) == w.classes.value(w.f, blk.Y) && blk.Cond != ir.Set {
		return wayOf(blk.Cond != ir.Gt), true
	}
	x, y := w.domain(blk.X, at, maxDepth), w.domain(blk.Y, at, maxDepth)
	holds, known := decide(blk.Cond, &x, &y)
	return wayOf(holds), known
}

// test returns the class of b's test, which does not change while facts are known.
func (w *work) test(b ir.BlockID) int32 {
	t := &w.tests[b]
	if *t == 0 {
		blk := &w.f.Blocks[b]
		*t = w.classes.test(w.f, blk.Cond, blk.X, blk.Y)
	}
	return *t
}

func wayOf(holds bool) int {
	if holds {
		return ir.True
	}
	return ir.False
}
