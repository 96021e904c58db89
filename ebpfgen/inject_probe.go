package ebpfgen

import (
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// probing copies bytes to the stack from any address of the kernel's.
type probing struct {
	data, end asm.Register // the packet's addresses when the body begins
}

// packetStart and packetLength are where the body keeps them. The machine has no other use
// for its context.
var (
	packetStart  = asm.R6
	packetLength = asm.R9
)

// probingMachine is the machine of a body that reads with bpf_probe_read_kernel.
var probingMachine = machine{
	ctx: packetStart, data: packetStart, end: packetLength,
	scratch:   calling.scratch,
	clobbered: calling.clobbered,
	saved:     []asm.Register{asm.R7, asm.R8},
}

func (probing) traits() traits {
	return traits{
		machine: &probingMachine, reach: maxPacket,
		guards: true, span: 64, calls: true, network: true,
	}
}

func (p probing) prologue(b *body) {
	b.out.emit(asm.Mov.Reg(packetStart, p.data))
	b.out.emit(asm.Mov.Reg(packetLength, p.end))
	b.out.emit(asm.Sub.Reg(packetLength, p.data))
}

func (p probing) guard(b *body, g *guard) {
	c := &b.clusters[g.cluster]
	p.call(b, c.base, g.from, g.to, c.area+int(g.from-c.lo), b.failing(g))
}

// call emits the copy of the bytes from up to to, relative to base, to the stack at
// offset area; without them the program goes on at fail. Offsets are below 2^33.
func (probing) call(b *body, base ir.ValueID, from, to uint64, area int, fail string) {
	if base == ir.None {
		b.out.emit(asm.Mov.Imm32(asm.R3, int32(from)))
	} else {
		b.out.emit(asm.Mov.Reg32(asm.R3, b.operand(base, b.m.scratch[0])))
		if from > 0 {
			b.out.emit(asm.Add.Imm(asm.R3, int32(from)))
		}
	}
	b.out.emit(asm.Mov.Reg(asm.R2, asm.R3))
	b.out.emit(asm.Add.Imm(asm.R2, int32(to-from)))
	// Signed: there is no packet that ends before it starts.
	b.out.jumpIf(asm.JSGT.Reg(asm.R2, packetLength, fail))
	b.out.emit(asm.Add.Reg(asm.R3, packetStart))
	b.out.emit(asm.Mov.Reg(asm.R1, asm.RFP))
	b.out.emit(asm.Add.Imm(asm.R1, int32(area)))
	b.out.emit(asm.Mov.Imm32(asm.R2, int32(to-from)))
	b.out.emit(asm.FnProbeReadKernel.Call())
	b.out.jumpIf(asm.JNE.Imm(asm.R0, 0, fail))
}

func (p probing) load(b *body, id ir.ValueID, dst asm.Register) {
	size := b.f.Value(id).Size
	base, end := b.fl.place(id)
	start := b.fl.start(id)
	at := -loneArea
	if b.guarded(id) {
		c := &b.clusters[b.clusterOf[id]]
		at = c.area + int(start-c.lo)
	} else {
		p.call(b, base, start, end, at, b.fail)
		if !b.fl.needed[id] {
			return
		}
	}
	b.fromStack(dst, at, size)
	if _, ok := b.raw(id); !ok {
		b.toHost(dst, size)
	}
}

func (probing) length(b *body, dst asm.Register) {
	b.out.emit(asm.Mov.Reg32(dst, packetLength))
}
