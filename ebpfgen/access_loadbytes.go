package ebpfgen

import (
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// loadBytes copies bytes to the stack with a BPF helper that reaches the whole packet.
type loadBytes struct {
	// test: the body begins with a comparison of the packet's length with what
	// its first guard needs.
	test bool
}

func (loadBytes) traits() traits {
	return traits{
		machine: &calling, reach: maxPacket,
		guards: true, span: 64, calls: true, network: true,
	}
}

func (l loadBytes) prologue(b *body) {
	b.context()
	if !l.test {
		return
	}
	for i := range b.steps {
		s := &b.steps[i]
		if s.kind == stepStart && i == 0 {
			continue
		}
		if s.kind == stepGuard && b.clusters[s.guard.cluster].base == ir.None {
			l.length(b, b.m.scratch[0])
			b.out.jumpIf(asm.JLT.Imm32(b.m.scratch[0], int32(s.guard.to), b.fail))
		}
		return
	}
}

func (l loadBytes) guard(b *body, g *guard) {
	c := &b.clusters[g.cluster]
	l.call(b, c.base, g.from, g.to, c.area+int(g.from-c.lo), b.failing(g))
}

// call emits the copy of the bytes from up to to, relative to base, to the
// stack at offset area; without them the program goes on at fail.
func (l loadBytes) call(b *body, base ir.ValueID, from, to uint64, area int, fail string) {
	if base == ir.None {
		b.out.emit(asm.Mov.Imm32(asm.R2, int32(from)))
	} else {
		b.out.emit(asm.Mov.Reg32(asm.R2, b.operand(base, b.m.scratch[0])))
		if from > 0 {
			b.out.emit(asm.Add.Imm(asm.R2, int32(from)))
		}
		if uint64(b.bounds[base].max)+from > maxPacket {
			// The BPF helper takes 32 bits.
			b.out.jumpIf(asm.JGT.Imm(asm.R2, maxPacket, fail))
		}
	}
	b.out.emit(asm.Mov.Reg(asm.R1, b.m.ctx))
	b.out.emit(asm.Mov.Reg(asm.R3, asm.RFP))
	b.out.emit(asm.Add.Imm(asm.R3, int32(area)))
	b.out.emit(asm.Mov.Imm32(asm.R4, int32(to-from)))
	b.out.emit(b.target.loadBytes.Call())
	b.out.jumpIf(asm.JNE.Imm(asm.R0, 0, fail))
}

func (l loadBytes) load(b *body, id ir.ValueID, dst asm.Register) {
	size := b.f.Value(id).Size
	base, end := b.fl.place(id)
	start := b.fl.start(id)
	at := -loneArea
	if b.guarded(id) {
		c := &b.clusters[b.clusterOf[id]]
		at = c.area + int(start-c.lo)
	} else {
		l.call(b, base, start, end, at, b.fail)
		if !b.fl.needed[id] {
			return
		}
	}
	b.fromStack(dst, at, size)
	if _, ok := b.raw(id); !ok {
		b.toHost(dst, size)
	}
}

// fromStack emits the load of a field on the stack. The verifier wants such loads aligned; a
// field that is not is put together from aligned parts.
func (b *body) fromStack(dst asm.Register, at int, size ir.Size) {
	part := size
	for at%int(part) != 0 {
		part /= 2
	}
	b.out.emit(asm.LoadMem(dst, asm.RFP, int16(at), sizeOf(part)))
	next := b.m.scratch[1]
	for done := part; done < size; done += part {
		b.out.emit(asm.LoadMem(next, asm.RFP, int16(at+int(done)), sizeOf(part)))
		if b.little {
			b.out.emit(asm.LSh.Imm32(next, int32(8*done)))
		} else {
			b.out.emit(asm.LSh.Imm32(dst, int32(8*part)))
		}
		b.out.emit(asm.Or.Reg32(dst, next))
	}
}

func (loadBytes) length(b *body, dst asm.Register) {
	if fn := b.target.bufLen; fn != 0 {
		b.out.emit(asm.Mov.Reg(asm.R1, b.m.ctx))
		b.out.emit(fn.Call())
		if dst != asm.R0 {
			b.out.emit(asm.Mov.Reg32(dst, asm.R0))
		}
		return
	}
	b.out.emit(asm.LoadMem(dst, b.m.ctx, b.target.ctx.length, asm.Word))
}
