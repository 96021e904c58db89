package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// farOffset is a packet offset that no packet in the kernel reaches. A load whose
// base is beyond it faults, whatever its displacement.
const farOffset = 1<<30 - 1

// legal returns a Func with the verdicts of f that select can translate value by
// value:
//
//   - no operation has constant operands only, no constant is the first operand of
//     a commutative one, no shift has a constant count of 32 or more;
//   - no load has a constant base or a displacement of maxOffset or more;
//   - a block that surely rejects is the one reject block, which is last, after
//     the one empty accept block;
//   - only jumps lead to blocks with parameters; not all pass the same value for one,
//     nor the same for two;
//   - a search for a value among not too many is one test after the other (see flatten),
//     if the program is not for speed;
//   - with kernel, base plus displacement of a load is less than maxOffset, and
//     the count of a shift less than 32.
//
// The result has no unreachable blocks. Values that nobody needs and that do not
// fault may remain.
func legal(f *ir.Func, kernel bool) *ir.Func { return new(legalizer).run(f, Options{Kernel: kernel}) }

// run is legal in the legalizer's memory: the result is good until the next run.
func (l *legalizer) run(f *ir.Func, o Options) *ir.Func {
	l.src, l.kernel = f, o.Kernel
	if l.dst == nil {
		l.dst = new(ir.Func)
	}
	l.dst.Reset()
	l.dst.LinkType, l.dst.View, l.dst.Snaplen, l.dst.Source = f.LinkType, f.View, f.Snaplen, f.Source
	l.dst.Grow(len(f.Values)+1, len(f.Blocks)+2)
	l.dst.Values = append(l.dst.Values, ir.Value{})
	l.expand()
	l.settle()
	if !o.Speed {
		l.flatten()
	}
	l.arrange()
	l.useJset()
	l.sink()
	l.src = nil
	return l.dst
}

type legalizer struct {
	src, dst *ir.Func
	kernel   bool

	vals   []ir.ValueID // by value of src: the value of dst
	first  []ir.BlockID // by block of src: the block of dst that it begins with
	passed [][]passed   // by block of src and parameter
	bounds []uint64     // by value of dst

	at             ir.BlockID // the block of src that is being read
	cur            ir.BlockID // the block of dst that is being written
	accept, reject ir.BlockID

	preds ir.Preds
	dom   ir.DomTree                  // of src; filled with kernel only
	near  map[ir.ValueID][]ir.BlockID // by value of dst: blocks of src after whose guard it is at most farOffset

	// Memory of single steps.
	passOn, renumbered, uses []ir.BlockID
	reached, held            []bool
	counts                   []int32
	series                   []series
	moved                    []ir.ValueID
}

// passed is what the edges into a block pass for a parameter.
type passed struct {
	bound   uint64       // the largest number
	values  []ir.ValueID // of dst, one for each edge
	dropped bool         // the parameter is not in dst
}

// expand copies the blocks of src, cutting them where a guard goes in. An edge
// that stands for one of src leads to ^id of src's block until settle.
func (l *legalizer) expand() {
	l.vals = cleared(l.vals, len(l.src.Values))
	l.first = cleared(l.first, len(l.src.Blocks))
	l.passed = cleared(l.passed, len(l.src.Blocks))
	l.bounds = append(l.bounds[:0], 0)
	l.near = nil
	if l.kernel {
		l.preds.Fill(l.src)
		l.dom.Fill(l.src, &l.preds)
		l.near = make(map[ir.ValueID][]ir.BlockID)
	}
	for id := range l.src.Blocks {
		l.block(ir.BlockID(id))
	}
	l.accept = l.open(ir.Block{Kind: ir.KindAccept})
	l.reject = l.open(ir.Block{Kind: ir.KindReject})
}

// rejectEdge marks an edge to the reject block while that has no number.
const rejectEdge ir.BlockID = -1 << 31

func (l *legalizer) open(b ir.Block) ir.BlockID {
	l.dst.Blocks = append(l.dst.Blocks, b)
	return ir.BlockID(len(l.dst.Blocks) - 1)
}

func (l *legalizer) block(id ir.BlockID) {
	b := l.src.Block(id)
	l.cur = l.open(ir.Block{Span: b.Span})
	l.first[id] = l.cur
	l.at = id
	for i, p := range b.Params {
		l.vals[p] = l.param(id, i)
	}
	for _, v := range b.Values {
		if !l.value(v) {
			l.dst.Block(l.cur).Kind = ir.KindReject
			return
		}
	}
	l.wayOut(b)
}

// param returns what stands for the i-th parameter of block id: the one value that all
// edges pass, an earlier parameter for which they pass the same, or a parameter.
func (l *legalizer) param(id ir.BlockID, i int) ir.ValueID {
	params, all := l.src.Block(id).Params, l.passed[id]
	if all == nil {
		return l.number(0) // the block is unreachable
	}
	p := &all[i]
	p.dropped = true
	one := p.values[0]
	if !slices.ContainsFunc(p.values, func(v ir.ValueID) bool { return v != one }) {
		return one
	}
	for j := range i {
		if slices.Equal(all[j].values, p.values) {
			return l.vals[params[j]]
		}
	}
	p.dropped = false
	return l.add(*l.src.Value(params[i]), p.bound)
}

// wayOut ends the present block as b ends.
func (l *legalizer) wayOut(b *ir.Block) {
	l.dst.Block(l.cur).Kind = b.Kind
	switch b.Kind {
	case ir.KindIf:
		x, y := l.val(b.X), l.val(b.Y)
		kx, cx := l.dst.IsConst(x)
		ky, cy := l.dst.IsConst(y)
		if cx && cy {
			way := ir.False
			if b.Cond.Holds(kx, ky) {
				way = ir.True
			}
			e := l.edge(b.Succ[way])
			d := l.dst.Block(l.cur)
			d.Kind, d.Succ[ir.True] = ir.KindJump, e
			return
		}
		t, f := l.edge(b.Succ[ir.True]), l.edge(b.Succ[ir.False])
		cond := b.Cond
		if cx {
			var exchanged bool
			x, y = y, x
			if cond, exchanged = turned(cond); exchanged {
				t, f = f, t
			}
		}
		d := l.dst.Block(l.cur)
		d.Cond, d.X, d.Y, d.Succ = cond, x, y, [2]ir.Edge{t, f}
	case ir.KindJump:
		e := l.edge(b.Succ[ir.True])
		l.dst.Block(l.cur).Succ[ir.True] = e
	case ir.KindAccept, ir.KindReject:
	default:
		panic("cbpfgen: block of kind " + b.Kind.String())
	}
}

// turned returns the condition d for which "y d x" says the same as "x c y", or
// with exchanged its opposite.
func turned(c ir.Cond) (d ir.Cond, exchanged bool) {
	switch c {
	case ir.Eq, ir.Set:
		return c, false
	case ir.Gt: // x > y: not y >= x
		return ir.Ge, true
	case ir.Ge: // x >= y: not y > x
		return ir.Gt, true
	}
	panic("cbpfgen: condition " + c.String())
}

func (l *legalizer) edge(e ir.Edge) ir.Edge {
	r := ir.Edge{To: ^e.To}
	in := l.passed[e.To]
	if in == nil {
		in = make([]passed, len(e.Args))
		l.passed[e.To] = in
	}
	for i, a := range e.Args {
		v := l.val(a)
		r.Args = append(r.Args, v)
		in[i].bound = max(in[i].bound, l.boundOf(v))
		in[i].values = append(in[i].values, v)
	}
	return r
}

// val returns the value of dst for one of src.
func (l *legalizer) val(id ir.ValueID) ir.ValueID {
	if k, ok := l.src.IsConst(id); ok {
		return l.number(k)
	}
	return l.vals[id]
}

func (l *legalizer) number(k uint32) ir.ValueID {
	id := l.dst.Const(k)
	l.know(id, uint64(k))
	return id
}

func (l *legalizer) know(id ir.ValueID, bound uint64) {
	for int(id) >= len(l.bounds) {
		l.bounds = append(l.bounds, maxWord)
	}
	l.bounds[id] = bound
}

func (l *legalizer) add(v ir.Value, bound uint64) ir.ValueID {
	id := l.dst.New(l.cur, v)
	l.know(id, bound)
	return id
}

// boundOf returns the largest number that a value of dst can be at the present place.
func (l *legalizer) boundOf(id ir.ValueID) uint64 { return l.boundWithin(id, 4) }

// boundWithin is boundOf that looks at operands at most depth levels down. Guards
// that are passed by now may say more of them than was known when id was computed.
func (l *legalizer) boundWithin(id ir.ValueID, depth int) uint64 {
	most := l.bounds[id]
	if most <= farOffset || len(l.near) == 0 {
		return most
	}
	for _, b := range l.near[id] {
		if l.dom.Dominates(b, l.at) {
			return farOffset
		}
	}
	if v := l.dst.Value(id); depth > 0 && v.Op != ir.OpParam {
		most = min(most, bound(l.dst, v, func(a ir.ValueID) uint64 { return l.boundWithin(a, depth-1) }))
	}
	return most
}

// value copies one value. It returns false where computing it always faults.
func (l *legalizer) value(id ir.ValueID) bool {
	v := *l.src.Value(id)
	for i, a := range v.Args {
		if a != ir.None {
			v.Args[i] = l.val(a)
		}
	}
	switch v.Op {
	case ir.OpLoad:
		return l.load(id, v)
	case ir.OpLen, ir.OpMeta:
		l.vals[id] = l.add(v, bound(l.dst, &v, l.boundOf))
		return true
	case ir.OpNeg:
		if k, ok := l.dst.IsConst(v.Args[0]); ok {
			l.vals[id] = l.number(-k)
			return true
		}
		l.vals[id] = l.add(v, bound(l.dst, &v, l.boundOf))
		return true
	}
	x, cx := l.dst.IsConst(v.Args[0])
	y, cy := l.dst.IsConst(v.Args[1])
	division := v.Op == ir.OpDiv || v.Op == ir.OpMod
	shift := v.Op == ir.OpLsh || v.Op == ir.OpRsh
	switch {
	case division && cy && y == 0:
		return false
	case cx && cy:
		k, _ := v.Op.Arith(x, y)
		l.vals[id] = l.number(k)
		return true
	case shift && cy && y >= 32:
		l.vals[id] = l.number(0)
		return true
	case cx && v.Op.Commutative():
		v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
	case shift && l.kernel && l.boundOf(v.Args[1]) >= 32:
		l.vals[id] = l.guardedShift(v)
		return true
	}
	l.vals[id] = l.add(v, bound(l.dst, &v, l.boundOf))
	return true
}

// load copies a load. It returns false where the load always faults: a packet has
// fewer than maxOffset bytes.
func (l *legalizer) load(id ir.ValueID, v ir.Value) bool {
	if k, ok := l.dst.IsConst(v.Args[0]); ok {
		if uint64(k)+uint64(v.K) >= maxOffset {
			return false
		}
		v.Args[0] = ir.None
		v.K += k
	}
	if v.K >= maxOffset {
		return false
	}
	if base := v.Args[0]; base != ir.None && l.kernel {
		if l.boundOf(base)+uint64(v.K) >= maxOffset {
			l.guard(base, uint32(min(farOffset, maxOffset-1-int64(v.K))), v.Span)
		}
	}
	l.vals[id] = l.add(v, bound(l.dst, &v, l.boundOf))
	return true
}
