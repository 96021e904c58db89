package ebpfgen

import (
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// ldAbs uses the LD_ABS and LD_IND instructions, which reach the whole packet
// and give host order. A load beyond the end returns from the program with 0.
type ldAbs struct{}

func (ldAbs) traits() traits {
	return traits{machine: &calling, reach: maxPacket, calls: true}
}

func (ldAbs) prologue(b *body) {
	b.context()
}

func (ldAbs) guard(*body, *guard) {
	panic("ebpfgen: LD_ABS needs no guard")
}

func (ldAbs) load(b *body, id ir.ValueID, dst asm.Register) {
	size := sizeOf(b.f.Value(id).Size)
	base, end := b.fl.place(id)
	start := int32(b.fl.start(id))
	if base == ir.None {
		b.out.emit(asm.LoadAbs(start, size))
	} else {
		r := b.operand(base, b.m.scratch[0])
		if uint64(b.bounds[base].max)+end > maxPacket {
			// The sum would wrap, and a negative one means something else.
			b.out.jumpIf(asm.JGT.Imm(r, int32(maxPacket-end), b.fail))
		}
		b.out.emit(asm.LoadInd(asm.R0, r, start, size))
	}
	if dst != asm.R0 {
		b.out.emit(asm.Mov.Reg32(dst, asm.R0))
	}
}

func (ldAbs) length(b *body, dst asm.Register) {
	b.out.emit(asm.LoadMem(dst, b.m.ctx, b.target.ctx.length, asm.Word))
}
