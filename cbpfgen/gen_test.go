package cbpfgen

import (
	"math/rand/v2"

	"github.com/gofilter/gofilter/ir"
)

// randomFunc returns a well-formed Func with about n blocks. Every kind of value and
// edge turns up, and offsets are small enough that many loads do not fault.
func randomFunc(r *rand.Rand, n int) *ir.Func {
	g := &generator{r: r, f: &ir.Func{LinkType: "EN10MB", View: ir.ViewSocket, Snaplen: 65535}}
	n = 1 + r.IntN(n)
	for range n + 2 {
		g.f.AddBlock()
	}
	accept, reject := ir.BlockID(n), ir.BlockID(n+1)
	g.avail = make([][]ir.ValueID, n+2)
	g.seen = make([]bool, n+2)
	g.params = make([]int, n+2)
	g.seen[0] = true
	for id := 1; id < n; id++ {
		if r.IntN(4) == 0 {
			g.params[id] = 1 + r.IntN(3)
		}
	}
	for id := range n {
		g.block(ir.BlockID(id), n)
	}
	g.f.Accept(accept)
	g.f.Reject(reject)
	f := g.f
	if err := f.Sort(); err != nil {
		panic(err)
	}
	f.Compact()
	return f
}

type generator struct {
	r      *rand.Rand
	f      *ir.Func
	avail  [][]ir.ValueID // values that dominate each block's start, parameters not included
	seen   []bool
	params []int
}

func (g *generator) block(id ir.BlockID, n int) {
	f, r := g.f, g.r
	vals := append([]ir.ValueID(nil), g.avail[id]...)
	for range g.params[id] {
		vals = append(vals, f.Param(id))
	}
	pick := func() ir.ValueID {
		if len(vals) == 0 || r.IntN(4) == 0 {
			return f.Const(g.number())
		}
		// The newer, the more likely.
		i := len(vals) - 1 - int(float64(len(vals))*r.Float64()*r.Float64())
		return vals[i]
	}
	for range r.IntN(5) {
		vals = append(vals, g.value(id, pick))
	}
	if r.IntN(40) == 0 {
		f.Accept(id)
		return
	}
	edge := func() ir.Edge {
		to := int(id) + 1 + r.IntN(min(n+1-int(id), 4))
		if r.IntN(6) == 0 {
			to = n + r.IntN(2)
		}
		e := ir.Edge{To: ir.BlockID(to)}
		for range g.params[to] {
			e.Args = append(e.Args, pick())
		}
		if to < n {
			g.reach(e.To, vals)
		}
		return e
	}
	if r.IntN(4) == 0 {
		e := edge()
		f.Jump(id, e.To, e.Args...)
		return
	}
	x, y := pick(), pick()
	if r.IntN(3) > 0 {
		y = f.Const(g.number())
	}
	t, e := edge(), edge()
	f.If(id, []ir.Cond{ir.Eq, ir.Gt, ir.Ge, ir.Set}[r.IntN(4)], x, y, t.To, e.To)
	f.Block(id).Succ = [2]ir.Edge{t, e}
}

// reach notes that an edge carries vals to a block: what all edges have is available.
func (g *generator) reach(to ir.BlockID, vals []ir.ValueID) {
	if !g.seen[to] {
		g.seen[to] = true
		g.avail[to] = append([]ir.ValueID(nil), vals...)
		return
	}
	has := make(map[ir.ValueID]bool)
	for _, v := range vals {
		has[v] = true
	}
	var both []ir.ValueID
	for _, v := range g.avail[to] {
		if has[v] {
			both = append(both, v)
		}
	}
	g.avail[to] = both
}

func (g *generator) number() uint32 {
	r := g.r
	switch r.IntN(12) {
	case 0:
		return r.Uint32()
	case 1:
		return -r.Uint32N(8)
	case 2:
		return 1 << r.IntN(32)
	case 3:
		return 0xf
	case 4:
		return 2
	}
	return r.Uint32N(20)
}

func (g *generator) value(id ir.BlockID, pick func() ir.ValueID) ir.ValueID {
	f, r := g.f, g.r
	sizes := []ir.Size{ir.Byte, ir.Half, ir.Word}
	switch r.IntN(10) {
	case 0, 1:
		return f.Load(id, sizes[r.IntN(3)], ir.None, g.offset())
	case 2, 3:
		base := pick()
		if r.IntN(2) == 0 {
			base = f.Binary(id, ir.OpAnd, base, f.Const(0x1f))
		}
		return f.Load(id, sizes[r.IntN(3)], base, g.offset())
	case 4:
		b := f.Load(id, ir.Byte, ir.None, r.Uint32N(30))
		if r.IntN(2) == 0 {
			return f.Binary(id, ir.OpLsh, f.Binary(id, ir.OpAnd, b, f.Const(0xf)), f.Const(2))
		}
		return f.Binary(id, ir.OpAnd, f.Binary(id, ir.OpMul, b, f.Const(4)), f.Const(0x3c))
	case 5:
		metas := []ir.Meta{ir.MetaProtocol, ir.MetaPacketType, ir.MetaIfIndex, ir.MetaVLANTag, ir.MetaVLANPresent, ir.MetaVLANProto}
		switch r.IntN(3) {
		case 0:
			return f.New(id, ir.Value{Op: ir.OpLen})
		case 1:
			return f.New(id, ir.Value{Op: ir.OpMeta, Meta: metas[r.IntN(len(metas))]})
		}
		return f.New(id, ir.Value{Op: ir.OpNeg, Args: [2]ir.ValueID{pick()}})
	}
	ops := []ir.Op{ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpDiv, ir.OpMod, ir.OpAnd, ir.OpOr, ir.OpXor, ir.OpLsh, ir.OpRsh,
		ir.OpAdd, ir.OpSub, ir.OpAnd, ir.OpAdd}
	return f.Binary(id, ops[r.IntN(len(ops))], pick(), pick())
}

func (g *generator) offset() uint32 {
	switch g.r.IntN(60) {
	case 0:
		return g.r.Uint32()
	case 1:
		return adOffset + g.r.Uint32N(64)
	}
	return g.r.Uint32N(24)
}

// randomPacket returns the bytes of a packet, small numbers more often than not.
func randomPacket(r *rand.Rand) []byte {
	p := make([]byte, r.IntN(64))
	for i := range p {
		switch r.IntN(3) {
		case 0:
			p[i] = byte(r.Uint32())
		case 1:
			p[i] = byte(r.Uint32N(24))
		}
	}
	return p
}

func randomMeta(r *rand.Rand, n int) *ir.Metadata {
	if r.IntN(3) == 0 {
		return nil
	}
	return &ir.Metadata{
		Len: uint32(n + r.IntN(3)), Protocol: uint16(r.Uint32()), PacketType: uint8(r.IntN(5)),
		IfIndex: r.Uint32N(20), VLANPresent: r.IntN(2) == 0, VLANTCI: uint16(r.Uint32N(5000)), VLANTPID: 0x8100,
	}
}
