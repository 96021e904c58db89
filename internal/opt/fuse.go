package opt

import (
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

// fuse makes one test of two that look at neighbouring bytes: of "type = 0x800"
// and "first byte of the header = 0x45" a test of four bytes under a mask, of the
// protocol's numbers and "no fragment" tests of one word that holds both.
//
// Where both tests, failing, lead to the same place, the one takes the place of
// the two. Where they do not, and the second is peel's question, the wider test
// goes in front of both: the common packet passes one test, and any other comes to
// the tests as they were.
//
// The wider load may read farther than the first test did, and bytes between and
// beside the two that neither looks at. It stands where the law of reach.go allows it
// and nowhere else.
func fuse(w *work) {
	u := &fuser{work: w, reach: w.extents()}
	w.preds.Fill(w.f)
	u.in = make([]int32, len(w.f.Blocks))
	u.from = make([]int64, len(w.f.Blocks))
	for b := range w.f.Blocks {
		u.leave(ir.BlockID(b), 1)
	}
	changed := false
	// From the end, so that what is fused is whole before what leads to it is.
	for b := len(w.f.Blocks) - 1; b >= 0; b-- {
		for u.fuseAt(ir.BlockID(b)) {
			changed = true
		}
	}
	if !changed {
		return
	}
	w.sortAll()
	w.preds.Fill(w.f)
	w.dom.Fill(w.f, &w.preds)
	w.repair()
	w.prune()
}

// A fuser is the state of fuse.
type fuser struct {
	*work
	reach *extents
	in    []int32 // by block: number of edges into it
	from  []int64 // by block: sum of the blocks that these come from
}

// edge notes that there is an edge more (n is 1) or less (-1).
func (u *fuser) edge(from, to ir.BlockID, n int) {
	u.in[to] += int32(n)
	u.from[to] += int64(n) * int64(from)
}

// leave is edge for all edges of a block.
func (u *fuser) leave(b ir.BlockID, n int) {
	blk := &u.f.Blocks[b]
	for way := range blk.NumSucc() {
		u.edge(b, blk.Succ[way].To, n)
	}
}

// A match is a test of whether bits of the packet are given ones: the word of
// size bytes at off, under mask, is bits. way is where it leads if so.
type match struct {
	off        uint32
	size       ir.Size
	mask, bits uint32
	way        int
}

// matchOf returns the test of b as a match.
func (w *work) matchOf(b ir.BlockID) (m match, ok bool) {
	f := w.f
	blk := &f.Blocks[b]
	if blk.Kind != ir.KindIf {
		return m, false
	}
	k, isConst := f.IsConst(blk.Y)
	v := &f.Values[blk.X]
	mask := ^uint32(0)
	if v.Op == ir.OpAnd {
		if c, ok := f.IsConst(v.Args[1]); ok {
			mask, v = c, &f.Values[v.Args[0]]
		}
	}
	if !isConst || v.Op != ir.OpLoad || v.Args[0] != ir.None {
		return m, false
	}
	m = match{off: v.K, size: v.Size, mask: mask & width(v.Size), bits: k, way: ir.True}
	switch blk.Cond {
	case ir.Eq:
	case ir.Set:
		m.mask &= k
		if m.bits = m.mask; bits.OnesCount32(m.mask) != 1 {
			m.bits, m.way = 0, ir.False
		}
	default:
		return m, false
	}
	return m, m.bits&^m.mask == 0
}

// joined returns the match of both m and n, with bytes to spare on the left where
// that keeps the load from reading farther. ok is false where they are too far
// apart or no load is allowed at b.
func (u *fuser) joined(m, n match, b ir.BlockID) (j match, ok bool) {
	lo := min(m.off, n.off)
	hi := max(uint64(m.off)+uint64(m.size), uint64(n.off)+uint64(n.size))
	if hi-uint64(lo) > uint64(ir.Word) {
		return j, false
	}
	size := ir.Word
	switch hi - uint64(lo) {
	case 1:
		size = ir.Byte
	case 2:
		size = ir.Half
	}
	for off := lo; ; off-- {
		if u.reach.allows(b, off, size) {
			j = match{off: off, size: size}
			break
		}
		if off == 0 || uint64(off)+uint64(size) <= hi {
			return j, false
		}
	}
	m.place(&j)
	mask, set := j.mask, j.bits
	j.mask, j.bits = 0, 0
	n.place(&j)
	if both := mask & j.mask; (set^j.bits)&both != 0 {
		return j, false
	}
	j.mask |= mask
	j.bits |= set
	return j, true
}

// place puts the mask and bits of m where they are in j, which covers m.
func (m *match) place(j *match) {
	shift := 8 * (uint32(j.off) + uint32(j.size) - m.off - uint32(m.size))
	j.mask, j.bits = m.mask<<shift, m.bits<<shift
}

// fuseAt fuses the test of b with the one that it leads to, if it can.
func (u *fuser) fuseAt(b ir.BlockID) bool {
	f := u.f
	m, ok := u.matchOf(b)
	if !ok || u.follows(b) {
		return false
	}
	group := u.group(b, m.way)
	last := &f.Blocks[group[len(group)-1]]
	next, other := f.Blocks[b].Succ[m.way].To, last.Succ[1-m.way]
	n, ok := u.matchOf(next)
	to := &f.Blocks[next]
	if !ok || next == b || len(f.Blocks[b].Succ[m.way].Args) > 0 || len(to.Params) > 0 ||
		len(to.Succ[n.way].Args) > 0 {
		return false
	}
	if !sameEdge(&other, &to.Succ[1-n.way]) {
		return len(group) == 1 && u.question(next) && u.fuseInFront(b, m, n)
	}
	var tests []match
	for _, g := range group {
		m, _ := u.matchOf(g)
		j, ok := u.joined(m, n, b)
		if !ok {
			return false
		}
		tests = append(tests, j)
	}
	onward := to.Succ[n.way].To
	x := u.masked(b, &tests[0])
	for i, g := range group {
		blk := &f.Blocks[g]
		failed := blk.Succ[1-m.way]
		blk.Cond, blk.X, blk.Y = ir.Eq, x, f.Const(tests[i].bits)
		blk.Succ[ir.True], blk.Succ[ir.False] = ir.Edge{To: onward}, failed
		u.edge(g, next, -1)
		u.edge(g, onward, 1)
	}
	return true
}

// group returns b and the tests behind it, where it fails, of the same value that
// lead to the same place.
func (u *fuser) group(b ir.BlockID, way int) []ir.BlockID {
	f := u.f
	list := []ir.BlockID{b}
	first := &f.Blocks[b]
	if first.Cond != ir.Eq || way != ir.True {
		return list
	}
	for at := first.Succ[ir.False]; ; {
		blk := &f.Blocks[at.To]
		if blk.Kind != ir.KindIf || blk.Cond != ir.Eq || blk.X != first.X || u.in[at.To] != 1 || len(blk.Params) > 0 ||
			!sameEdge(&blk.Succ[ir.True], &first.Succ[ir.True]) {
			return list
		}
		if _, ok := u.matchOf(at.To); !ok {
			return list
		}
		list = append(list, at.To)
		at = blk.Succ[ir.False]
	}
}

// follows reports whether b belongs to the group of a test before it.
func (u *fuser) follows(b ir.BlockID) bool {
	if u.in[b] != 1 {
		return false
	}
	f := u.f
	p, way := u.only(b)
	if way != ir.False {
		return false
	}
	blk, before := &f.Blocks[b], &f.Blocks[p]
	return blk.Cond == ir.Eq && before.Cond == ir.Eq && blk.X == before.X && len(blk.Params) == 0 &&
		sameEdge(&blk.Succ[ir.True], &before.Succ[ir.True])
}

// masked appends to b the value that j tests.
func (u *fuser) masked(b ir.BlockID, j *match) ir.ValueID {
	f := u.f
	span := f.Blocks[b].Span
	x := f.New(b, ir.Value{Op: ir.OpLoad, Size: j.size, K: j.off, Span: span})
	if j.mask != width(j.size) {
		x = f.New(b, ir.Value{Op: ir.OpAnd, Args: [2]ir.ValueID{x, f.Const(j.mask)}, Span: span})
	}
	return x
}

// question reports whether the test of b is peel's.
func (u *fuser) question(b ir.BlockID) bool {
	f := u.f
	blk := &f.Blocks[b]
	x := &f.Values[blk.X]
	k, ok := f.IsConst(blk.Y)
	return blk.Cond == ir.Eq && ok && k == plainIPv4 && x.Op == ir.OpLoad && x.Size == ir.Byte
}

// fuseInFront puts the test of both m, of b, and n, of the block that b then
// leads to, in front of b, or in front of the tests before b whose answers are known
// where m holds. A packet that comes to b all the same and passes it does not pass
// the second.
func (u *fuser) fuseInFront(b ir.BlockID, m, n match) bool {
	f := u.f
	if costArith > costAbsolute+costTest || len(f.Blocks[b].Params) > 0 {
		return false
	}
	next := f.Blocks[b].Succ[m.way].To
	at := b
	x := f.Blocks[b].X
	for u.in[at] == 1 && f.Blocks[b].Cond == ir.Eq {
		p, way := u.only(at)
		blk := &f.Blocks[p]
		k, ok := f.IsConst(blk.Y)
		kb, _ := f.IsConst(f.Blocks[b].Y)
		if blk.Kind != ir.KindIf || blk.X != x || !ok || len(blk.Params) > 0 || wayOf(blk.Cond.Holds(kb, k)) != way {
			break
		}
		at = p
	}
	j, ok := u.joined(m, n, at)
	if !ok {
		return false
	}
	fast, slow := f.Blocks[next].Succ[n.way].To, f.Blocks[next].Succ[1-n.way]
	f.Blocks[b].Succ[m.way] = ir.Edge{To: slow.To, Args: slow.Args}
	u.edge(b, next, -1)
	u.edge(b, slow.To, 1)
	u.leave(at, -1)
	to := u.moveOut(at)
	u.reach.moved(at)
	u.in, u.from = append(u.in, 0), append(u.from, 0)
	u.leave(to, 1)
	v := u.masked(at, &j)
	f.If(at, ir.Eq, v, f.Const(j.bits), fast, to)
	u.leave(at, 1)
	// What the first test looks at has been loaded. At the left end of the word a
	// shift is enough to get at it.
	if l := &f.Values[x]; l.Op == ir.OpLoad && l.Block == to && m.off == j.off && m.size < j.size {
		shift := 8 * uint32(j.size-m.size)
		if j.mask>>shift == width(m.size) {
			span := l.Span
			c := f.Const(shift)
			f.Values[x] = ir.Value{Op: ir.OpRsh, Args: [2]ir.ValueID{v, c}, Block: to, Span: span}
		}
	}
	return true
}

// only returns the one edge into b, which has one.
func (u *fuser) only(b ir.BlockID) (from ir.BlockID, way int) {
	from = ir.BlockID(u.from[b])
	blk := &u.f.Blocks[from]
	for way := range blk.NumSucc() {
		if blk.Succ[way].To == b {
			return from, way
		}
	}
	panic("opt: fuse has lost an edge")
}
