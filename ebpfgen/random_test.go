package ebpfgen_test

import (
	"math/rand"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
)

// gen makes random Funcs that keep the laws of package ir.
type gen struct {
	r    *rand.Rand
	f    *ir.Func
	meta []ir.Meta
	pool [][]ir.ValueID // by block: the values that can be used there
}

// metas are the metadata of each target.
var metas = map[string][]ir.Meta{
	"socket": {ir.MetaProtocol, ir.MetaPacketType, ir.MetaIfIndex, ir.MetaVLANTag, ir.MetaVLANPresent, ir.MetaVLANProto},
	"tc":     {ir.MetaProtocol, ir.MetaPacketType, ir.MetaIfIndex, ir.MetaVLANTag, ir.MetaVLANPresent, ir.MetaVLANProto},
	"cgroup": {ir.MetaProtocol, ir.MetaIfIndex, ir.MetaVLANPresent},
	"xdp":    {ir.MetaIfIndex},

	"xdp.frags": {ir.MetaIfIndex},
}

// randomFunc returns a Func of up to n blocks for a target. pkt is a packet
// from which constants are taken, so that tests hold now and then.
func randomFunc(r *rand.Rand, t ebpfgen.Target, n int, pkt []byte) *ir.Func {
	g := &gen{r: r, f: &ir.Func{LinkType: "EN10MB", View: t.View(), Snaplen: 262144, Source: "random"}, meta: metas[t.String()]}
	// The blocks form a tree whose leaves join: a block uses the values of its
	// ancestors, and a join gets parameters.
	g.f.AddBlock()
	g.pool = append(g.pool, nil)
	g.fill(0, pkt)
	open := []ir.BlockID{0}
	for len(open) > 0 && len(g.f.Blocks) < n {
		i := r.Intn(len(open))
		b := open[i]
		open = append(open[:i], open[i+1:]...)
		open = append(open, g.grow(b, pkt)...)
	}
	for _, b := range open {
		if r.Intn(2) == 0 {
			g.f.Accept(b)
		} else {
			g.f.Reject(b)
		}
	}
	if err := g.f.Sort(); err != nil {
		panic(err)
	}
	g.f.Compact()
	return g.f
}

// block adds a block that may use what pool holds.
func (g *gen) block(pool []ir.ValueID) ir.BlockID {
	b := g.f.AddBlock()
	g.pool = append(g.pool, append([]ir.ValueID(nil), pool...))
	return b
}

// grow ends block b in a test and returns the blocks that are open then.
func (g *gen) grow(b ir.BlockID, pkt []byte) []ir.BlockID {
	yes, no := g.block(g.pool[b]), g.block(g.pool[b])
	x, y := g.value(b), g.value(b)
	cond := []ir.Cond{ir.Eq, ir.Gt, ir.Ge, ir.Set}[g.r.Intn(4)]
	if g.r.Intn(2) == 0 {
		y = g.f.Const(g.number(pkt))
	}
	if g.r.Intn(8) == 0 {
		x, y = y, x
	}
	g.f.If(b, cond, x, y, yes, no)
	g.fill(yes, pkt)
	g.fill(no, pkt)
	switch g.r.Intn(4) {
	case 0:
		return g.join(b, yes, no, pkt)
	case 1:
		g.f.Reject(no)
		return []ir.BlockID{yes}
	}
	return []ir.BlockID{yes, no}
}

// join lets two blocks lead to one that both set parameters of.
func (g *gen) join(above, x, y ir.BlockID, pkt []byte) []ir.BlockID {
	j := g.block(g.pool[above])
	var ax, ay []ir.ValueID
	for range g.r.Intn(4) {
		g.pool[j] = append(g.pool[j], g.f.Param(j))
		ax, ay = append(ax, g.value(x)), append(ay, g.value(y))
	}
	g.f.Jump(x, j, ax...)
	if g.r.Intn(2) == 0 {
		g.f.Jump(y, j, ay...)
	} else {
		other := g.block(g.pool[y])
		g.f.If(y, ir.Gt, g.value(y), g.value(y), j, other)
		g.f.Blocks[y].Succ[ir.True].Args = ay
		g.f.Accept(other)
	}
	g.fill(j, pkt)
	return []ir.BlockID{j}
}

// fill adds values to block b.
func (g *gen) fill(b ir.BlockID, pkt []byte) {
	for range g.r.Intn(5) {
		g.pool[b] = append(g.pool[b], g.operation(b, pkt))
	}
}

// value returns a value that block b can use.
func (g *gen) value(b ir.BlockID) ir.ValueID {
	if n := len(g.pool[b]); n > 0 && g.r.Intn(5) > 0 {
		return g.pool[b][g.r.Intn(n)]
	}
	return g.f.Const(g.r.Uint32() >> g.r.Intn(32))
}

// number returns a constant: one that the packet holds, a small, or any one.
func (g *gen) number(pkt []byte) uint32 {
	switch i := g.r.Intn(max(len(pkt)-4, 1)); g.r.Intn(4) {
	case 0:
		return uint32(pkt[i])
	case 1:
		return uint32(pkt[i])<<8 | uint32(pkt[i+1])
	case 2:
		return uint32(pkt[i])<<24 | uint32(pkt[i+1])<<16 | uint32(pkt[i+2])<<8 | uint32(pkt[i+3])
	}
	return g.r.Uint32() >> g.r.Intn(32)
}

func (g *gen) operation(b ir.BlockID, pkt []byte) ir.ValueID {
	size := []ir.Size{ir.Byte, ir.Half, ir.Word}[g.r.Intn(3)]
	switch g.r.Intn(10) {
	case 0, 1, 2:
		return g.f.Load(b, size, ir.None, g.displacement(pkt))
	case 3:
		// As a header length: a field of few bits times four.
		x := g.f.Binary(b, ir.OpAnd, g.f.Load(b, ir.Byte, ir.None, uint32(g.r.Intn(24))), g.f.Const(15))
		x = g.f.Binary(b, ir.OpLsh, x, g.f.Const(2))
		g.pool[b] = append(g.pool[b], x)
		return g.f.Load(b, size, x, uint32(g.r.Intn(20)))
	case 4:
		return g.f.Load(b, size, g.value(b), g.displacement(pkt))
	case 5:
		if g.r.Intn(2) == 0 {
			return g.f.New(b, ir.Value{Op: ir.OpLen})
		}
		return g.f.New(b, ir.Value{Op: ir.OpMeta, Meta: g.meta[g.r.Intn(len(g.meta))]})
	case 6:
		return g.f.New(b, ir.Value{Op: ir.OpNeg, Args: [2]ir.ValueID{g.value(b)}})
	}
	ops := []ir.Op{ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpDiv, ir.OpMod, ir.OpAnd, ir.OpAnd, ir.OpOr, ir.OpXor, ir.OpLsh, ir.OpRsh}
	x, y := g.value(b), g.value(b)
	op := ops[g.r.Intn(len(ops))]
	if g.r.Intn(3) == 0 || op == ir.OpLsh || op == ir.OpRsh {
		y = g.f.Const(uint32(g.r.Intn(40)))
		if g.r.Intn(2) == 0 {
			y = g.value(b)
		}
	}
	return g.f.Binary(b, op, x, y)
}

// displacement returns an offset: mostly within the packet.
func (g *gen) displacement(pkt []byte) uint32 {
	switch g.r.Intn(40) {
	case 0:
		return g.r.Uint32()
	case 1:
		return 0xffff - uint32(g.r.Intn(5))
	case 2:
		return 0x7fff - uint32(g.r.Intn(5))
	case 3:
		return ^uint32(g.r.Intn(5))
	case 4:
		return uint32(g.r.Intn(2 * len(pkt)))
	}
	return uint32(g.r.Intn(len(pkt)))
}
