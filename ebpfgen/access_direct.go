package ebpfgen

import (
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

const (
	// maxPacketOffset is MAX_PACKET_OFF of linux/bpf_verifier.h: the verifier
	// follows packet pointers no further.
	maxPacketOffset = 0xffff
	// maxDisplacement is the largest displacement of a load instruction.
	maxDisplacement = 1<<15 - 1
)

// direct reads through the context's data pointer. It reaches the linear part
// of a packet only.
type direct struct {
	m *machine
}

func (d direct) traits() traits {
	return traits{
		machine: d.m, reach: maxPacketOffset,
		guards: true, span: 0x7000, pointers: true, network: true,
	}
}

func (direct) prologue(b *body) {
	if b.target.inline != nil {
		return // the pointers are there
	}
	guards, length := false, false
	for i := range b.steps {
		s := &b.steps[i]
		guards = guards || s.kind == stepGuard
		length = length || s.kind == stepValue && b.f.Value(s.value).Op == ir.OpLen
	}
	if length && b.target.lengthAside() {
		// A call would lose the pointers to the packet: it comes before them.
		aside := b.m.saved[len(b.m.saved)-1]
		b.out.emit(asm.Mov.Reg(aside, b.m.ctx))
		b.out.emit(b.target.bufLen.Call())
		b.out.emit(asm.StoreMem(asm.RFP, -loneArea, asm.R0, asm.DWord))
		b.out.emit(asm.Mov.Reg(b.m.ctx, aside))
		length = false
	}
	if guards || length && b.target.ctx.length < 0 {
		b.out.emit(asm.LoadMem(b.m.data, b.m.ctx, b.target.ctx.data, asm.Word))
		b.out.emit(asm.LoadMem(b.m.end, b.m.ctx, b.target.ctx.end, asm.Word))
	}
}

func (direct) guard(b *body, g *guard) {
	c := &b.clusters[g.cluster]
	n := b.pointerName(g.cluster)
	limit, p := b.m.scratch[0], b.m.data
	if b.pointer(c) {
		if g.fresh || !b.bounded(c) {
			p = b.result(n, b.m.scratch[1])
			b.point(c, p, g)
		} else {
			p = b.fetch(n, b.m.scratch[1])
		}
	}
	b.out.emit(asm.Mov.Reg(limit, p))
	b.out.emit(asm.Add.Imm(limit, int32(g.to-c.anchor)))
	b.out.jumpIf(asm.JGT.Reg(limit, b.m.end, b.failing(g)))
	if b.pointer(c) {
		b.keep(n, p)
	}
}

// point emits p = data + base + anchor, in a form that lets the verifier see
// that the bytes of g are in the range of packet pointers.
func (b *body) point(c *cluster, p asm.Register, g *guard) {
	switch {
	case c.base == ir.None:
		b.out.emit(asm.Mov.Reg(p, b.m.data))
	case b.traits.anywhere:
		b.pointAnywhere(c, p)
	case b.bounded(c):
		b.pointBounded(c, p, g)
	default:
		b.pointLimited(c, p, g)
	}
	if c.anchor != 0 {
		b.out.emit(asm.Add.Imm(p, int32(c.anchor)))
	}
}

// pointBounded emits p = data + base for a base whose bound the verifier knows.
func (b *body) pointBounded(c *cluster, p asm.Register, g *guard) {
	base := b.operand(c.base, b.m.scratch[0])
	if b.places[c.base].kind == inSlot {
		// Before Linux 5.14 the verifier forgets a bound in the stack. The jump
		// is never taken.
		b.out.jumpIf(asm.JGT.Imm(base, int32(maxPacketOffset-c.hi), b.failing(g)))
	}
	if p == base {
		b.out.emit(asm.Add.Reg(p, b.m.data))
		return
	}
	b.out.emit(asm.Mov.Reg(p, b.m.data))
	b.out.emit(asm.Add.Reg(p, base))
}

// pointLimited emits p = data + base for any base, which it limits.
func (b *body) pointLimited(c *cluster, p asm.Register, g *guard) {
	base := b.operand(c.base, b.m.scratch[0])
	b.out.jumpIf(asm.JGT.Imm(base, int32(maxPacketOffset-g.to), b.failing(g)))
	if p != base {
		b.out.emit(asm.Mov.Reg32(p, base))
	}
	// The mask changes nothing. It makes the verifier forget that the base may
	// be the sum of another value and a constant: newer ones remember this (seen in
	// 6.18), and refuse a pointer made from it where the constant is large.
	b.out.emit(asm.And.Imm32(p, maxPacketOffset))
	b.out.emit(asm.Add.Reg(p, b.m.data))
}

// bounded reports whether the verifier knows by itself that all of c is in the
// range of packet pointers. If not, each guard has to limit the base, which
// limits the pointer made from it to what that guard asks for: a guard that asks for more
// makes a new one.
func (b *body) bounded(c *cluster) bool {
	if c.base == ir.None || b.traits.anywhere {
		return true
	}
	known := b.bounds[c.base]
	return known.seen && uint64(known.max)+c.hi <= maxPacketOffset
}

func (direct) load(b *body, id ir.ValueID, dst asm.Register) {
	n := b.clusterOf[id]
	c := &b.clusters[n]
	p := b.m.data
	if b.pointer(c) {
		p = b.fetch(b.pointerName(n), b.m.scratch[1])
	}
	size := b.f.Value(id).Size
	b.out.emit(asm.LoadMem(dst, p, int16(b.fl.start(id)-c.anchor), sizeOf(size)))
	if _, ok := b.raw(id); !ok {
		b.toHost(dst, size)
	}
}

// lengthAside reports whether the length of the whole packet takes a call.
func (t *target) lengthAside() bool { return t.fragments && t.bufLen != 0 }

func (direct) length(b *body, dst asm.Register) {
	switch {
	case b.target.lengthAside():
		b.out.emit(asm.LoadMem(dst, asm.RFP, -loneArea, asm.DWord))
	case b.target.ctx.length >= 0:
		b.out.emit(asm.LoadMem(dst, b.m.ctx, b.target.ctx.length, asm.Word))
	default:
		b.out.emit(asm.Mov.Reg(dst, b.m.end))
		b.out.emit(asm.Sub.Reg(dst, b.m.data))
	}
}
