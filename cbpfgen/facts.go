package cbpfgen

import "github.com/gofilter/gofilter/ir"

// msh is a value of the form 4*(byte&0xf), with the load of the byte.
type msh struct {
	ok   bool
	load ir.ValueID
}

// facts are what selection has to know of the values of a Func; all are by value.
type facts struct {
	f        *ir.Func
	uses     []int32      // operands that are the value
	outside  []bool       // used outside of the block that defines it
	asBase   []bool       // the first use is as base of a load
	last     []ir.BlockID // the last block that uses it
	lastEnd  []ir.BlockID // the last block whose test or edges use it
	users    userLists    // the values that use it
	lastBase []ir.BlockID // the last block that uses it as base
	header   []msh        // what ldxb computes
	anchor   []bool       // see anchored
	weight   []uint16     // operations in its tree in its block, at most maxWeight
	seen     []bool
}

// userLists has for each value the values that use it.
type userLists struct {
	start []int32 // of value v: list[start[v]:start[v+1]]
	list  []ir.ValueID
}

func (u *userLists) of(v ir.ValueID) []ir.ValueID { return u.list[u.start[v]:u.start[v+1]] }

// fill makes the lists of f.
func (u *userLists) fill(f *ir.Func) {
	u.start = cleared(u.start, len(f.Values)+2)
	n := int32(0)
	for id := range f.Blocks {
		for _, v := range f.Blocks[id].Values {
			for _, a := range f.Value(v).Args {
				u.start[a+2]++
				n++
			}
		}
	}
	for v := 2; v < len(u.start); v++ {
		u.start[v] += u.start[v-1]
	}
	u.list = cleared(u.list, int(n))
	for id := range f.Blocks {
		for _, v := range f.Blocks[id].Values {
			for _, a := range f.Value(v).Args {
				u.list[u.start[a+1]] = v
				u.start[a+1]++
			}
		}
	}
}

// fill finds the facts of f.
func (t *facts) fill(f *ir.Func) {
	n := len(f.Values)
	t.f = f
	t.outside = cleared(t.outside, n)
	t.asBase = cleared(t.asBase, n)
	t.last = cleared(t.last, n)
	t.lastEnd = cleared(t.lastEnd, n)
	t.lastBase = cleared(t.lastBase, n)
	t.header = cleared(t.header, n)
	t.weight = cleared(t.weight, n)
	t.uses, t.anchor = anchored(f, t.uses, t.anchor)
	for id := range n {
		t.last[id], t.lastBase[id], t.lastEnd[id] = ir.NoBlock, ir.NoBlock, ir.NoBlock
		t.header[id] = t.headerLength(ir.ValueID(id))
	}
	eachUse(f, func(b ir.BlockID, v ir.ValueID) {
		t.last[v] = b
		if f.Value(v).Block != b {
			t.outside[v] = true
		}
	})
	t.users.fill(f)
	for id := range f.Blocks {
		b, here := &f.Blocks[id], ir.BlockID(id)
		t.lastEnd[b.X], t.lastEnd[b.Y] = here, here
		for i := range b.NumSucc() {
			for _, a := range b.Succ[i].Args {
				t.lastEnd[a] = here
			}
		}
	}
	t.findBases()
	for id := range f.Blocks {
		for _, v := range f.Blocks[id].Values {
			t.weigh(v)
		}
	}
}

// findBases sets asBase and lastBase.
func (t *facts) findBases() {
	t.seen = cleared(t.seen, len(t.f.Values))
	first := func(v ir.ValueID, base bool) {
		if v != ir.None && !t.seen[v] {
			t.seen[v], t.asBase[v] = true, base
		}
	}
	for id := range t.f.Blocks {
		b := &t.f.Blocks[id]
		for _, id := range b.Values {
			v := t.f.Value(id)
			first(v.Args[0], v.Op == ir.OpLoad)
			if v.Op == ir.OpLoad {
				t.lastBase[v.Args[0]] = v.Block
			}
			first(v.Args[1], false)
		}
		if b.Kind == ir.KindIf {
			first(b.X, false)
			first(b.Y, false)
		}
	}
}

// maxWeight is the weight from which on trees count as equally large.
const maxWeight = 1 << 14

func (t *facts) weigh(id ir.ValueID) {
	v := t.f.Value(id)
	w := uint16(1)
	for _, a := range v.Args {
		if a != ir.None && t.f.Value(a).Block == v.Block {
			w += t.weight[a]
		}
	}
	t.weight[id] = min(w, maxWeight)
}

// headerLength recognizes 4*(byte&0xf) at a constant offset, in the ways to write it.
func (t *facts) headerLength(id ir.ValueID) msh {
	v := t.f.Value(id)
	k, ok := t.f.IsConst(v.Args[1])
	if !ok {
		return msh{}
	}
	inner := t.f.Value(v.Args[0])
	ki, ok := t.f.IsConst(inner.Args[1])
	if !ok {
		return msh{}
	}
	byFour := func(op ir.Op, k uint32) bool {
		return op == ir.OpLsh && k == 2 || op == ir.OpMul && k == 4
	}
	switch {
	case byFour(v.Op, k) && inner.Op == ir.OpAnd && ki == 0xf:
	case v.Op == ir.OpAnd && k == 0x3c && byFour(inner.Op, ki):
	default:
		return msh{}
	}
	load := t.f.Value(inner.Args[0])
	if load.Op != ir.OpLoad || load.Size != ir.Byte || load.Args[0] != ir.None {
		return msh{}
	}
	return msh{true, inner.Args[0]}
}
