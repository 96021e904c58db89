package opt

import "github.com/gofilter/gofilter/ir"

// plainIPv4 is the first byte of an IPv4 header without options: version 4, five
// words (RFC 791 section 3.1). More than 99 of 100 headers begin so.
const plainIPv4 = 0x45

// headerMax is the length in bytes of the longest IPv4 header.
const headerMax = 60

// peel looks for loads that are counted from the length of an IPv4 header, asks in
// front of what leads to them whether the header is plainIPv4, and writes all
// that follows once more for that case. There the length is a number and the
// loads are absolute. The case of other headers stays as it is.
//
// The question is a load. It stands where the law of reach.go allows it; without
// such a place the header is left alone. The copies make no load that the
// original does not make.
func peel(w *work) {
	most := w.mostBlocks()
	done := make(map[uint32]bool)
	for {
		off, ok := w.headerLength(done)
		if !ok {
			return
		}
		done[off] = true
		if w.peelHeader(off, most) {
			fold(w)
		}
	}
}

// headerLength returns the offset of an IPv4 header whose length loads are
// counted from, one that is not done.
func (w *work) headerLength(done map[uint32]bool) (off uint32, ok bool) {
	f := w.f
	w.bases()
	for b := range f.Blocks {
		for _, id := range f.Blocks[b].Values {
			if l, ok := w.lengthOf(id); ok && w.live[id] && !done[f.Values[l].K] {
				return f.Values[l].K, true
			}
		}
	}
	return 0, false
}

// lengthOf returns the absolute load of a header's first byte where id is the
// length that it says, in words or in bytes.
func (w *work) lengthOf(id ir.ValueID) (load ir.ValueID, ok bool) {
	f := w.f
	v := &f.Values[id]
	if v.Op != ir.OpAnd {
		return 0, false
	}
	if m, ok := f.IsConst(v.Args[1]); !ok || m != 0xf {
		return 0, false
	}
	l := &f.Values[v.Args[0]]
	return v.Args[0], l.Op == ir.OpLoad && l.Size == ir.Byte && l.Args[0] == ir.None
}

// peelHeader copies what leads to loads behind the header at off.
func (w *work) peelHeader(off uint32, most int) bool {
	f := w.f
	loads := w.firstBytes(off)
	users := w.indexedBlocks(loads)
	if len(users) == 0 || costIndexed-costAbsolute <= costAbsolute+costTest {
		return false
	}
	w.preds.Fill(f)
	w.dom.Fill(f, &w.preds)
	reach := w.extents()
	var places []ir.BlockID
	one := ir.NoBlock
	for _, b := range users {
		one = w.dom.Common(one, b)
	}
	if p, ok := w.inFront(one, off, reach); ok {
		places = append(places, p)
	} else {
		for _, b := range users {
			if p, ok := w.inFront(b, off, reach); ok {
				places = append(places, p)
			}
		}
	}
	places = w.outermost(places)
	size := len(f.Blocks)
	for _, p := range places {
		size += len(w.region(p)) + 1
	}
	if len(places) == 0 || size > most {
		return false
	}
	plain := f.Const(plainIPv4)
	subst := make(map[ir.ValueID]ir.ValueID)
	for id, is := range loads {
		if is {
			subst[ir.ValueID(id)] = plain
		}
	}
	for _, p := range places {
		fast := w.copyRegion(p, subst)
		slow := w.moveOut(p)
		first := f.New(p, ir.Value{Op: ir.OpLoad, Size: ir.Byte, K: off, Span: f.Blocks[p].Span})
		f.If(p, ir.Eq, first, plain, fast, slow)
	}
	w.sort()
	return true
}

// firstBytes marks the loads of the byte at off.
func (w *work) firstBytes(off uint32) []bool {
	f := w.f
	is := make([]bool, len(f.Values))
	for id := range f.Values {
		v := &f.Values[id]
		is[id] = v.Op == ir.OpLoad && v.Size == ir.Byte && v.Args[0] == ir.None && v.K == off
	}
	return is
}

// indexedBlocks returns the blocks that load, or carry to others that load, from
// what is computed from one of the given values.
func (w *work) indexedBlocks(from []bool) []ir.BlockID {
	f := w.f
	w.bases()
	from = append([]bool(nil), from...)
	var list []ir.BlockID
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		uses := false
		for _, id := range blk.Values {
			v := &f.Values[id]
			if v.Op == ir.OpLoad {
				uses = uses || v.Args[0] != ir.None && from[v.Args[0]]
				continue // a loaded byte is not the length
			}
			from[id] = from[id] || from[v.Args[0]] || from[v.Args[1]]
		}
		for way := range blk.NumSucc() {
			e := &blk.Succ[way]
			for i, p := range f.Blocks[e.To].Params {
				uses = uses || w.live[p] && from[e.Args[i]]
			}
		}
		if uses {
			list = append(list, ir.BlockID(b))
		}
	}
	return list
}

// inFront returns the first block, on the way to b, of those that look at the
// header at off and at nothing in front of it: where it has just been found out
// that there is such a header.
func (w *work) inFront(b ir.BlockID, off uint32, reach *extents) (ir.BlockID, bool) {
	f := w.f
	at, found := ir.NoBlock, false
	for {
		if len(f.Blocks[b].Params) == 0 && reach.allows(b, off, ir.Byte) {
			at, found = b, true
		}
		p := w.dom.Parent(b)
		if p == ir.NoBlock || f.Blocks[p].Kind != ir.KindIf || !w.inHeader(f.Blocks[p].X, off) {
			return at, found
		}
		b = p
	}
}

// inHeader reports whether x is computed from bytes of the header at off, and
// what follows it, alone.
func (w *work) inHeader(x ir.ValueID, off uint32) bool {
	v := &w.f.Values[x]
	switch v.Op {
	case ir.OpConst:
		return true
	case ir.OpLoad:
		if v.Args[0] != ir.None {
			return v.K >= off
		}
		return v.K >= off && v.K < off+headerMax
	case ir.OpParam, ir.OpLen, ir.OpMeta:
		return false
	}
	for _, a := range v.Args[:v.Op.Arity()] {
		if !w.inHeader(a, off) {
			return false
		}
	}
	return true
}

// outermost returns those blocks that no other one dominates, once each.
func (w *work) outermost(list []ir.BlockID) []ir.BlockID {
	var out []ir.BlockID
next:
	for i, b := range list {
		for j, c := range list {
			if c != b && w.dom.Dominates(c, b) || c == b && j < i {
				continue next
			}
		}
		out = append(out, b)
	}
	return out
}
