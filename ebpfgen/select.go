package ebpfgen

import (
	"fmt"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

func blockName(id ir.BlockID) string { return fmt.Sprintf("b%d", id) }

// instructions emits the instructions of every step.
func (b *body) instructions() {
	if entry := b.fl.entry(); entry < 0 {
		if entry == toFail && b.enter != b.m.ctx {
			b.out.emit(asm.Mov.Reg(b.m.ctx, b.enter)) // where the next body looks for it
		}
		b.out.jump(b.label(entry))
		return
	}
	b.acc.prologue(b)
	climbed := make([]bool, len(b.fl.live)) // blocks that a ladder has emitted
	for i := range b.steps {
		s := &b.steps[i]
		if climbed[s.block] {
			continue
		}
		switch s.kind {
		case stepStart:
			b.out.label(b.label(s.block))
		case stepGuard:
			b.out.words = b.words(s.guard.span)
			b.acc.guard(b, &s.guard)
		case stepValue:
			b.out.words = b.words(b.f.Value(s.value).Span)
			b.value(s.value)
		case stepEnd:
			b.out.words = b.words(b.f.Block(s.block).Span)
			if l, ok := b.ladder(s.block); ok {
				for _, r := range l.rungs {
					climbed[r.block] = true
				}
				b.climb(l)
				continue
			}
			next := toAccept // if no stub comes between
			if i+1 < len(b.steps) {
				next = b.steps[i+1].block
			}
			b.end(s.block, next)
		}
	}
	for _, s := range b.stubs {
		b.out.words = s.words
		b.out.label(s.label)
		b.move(s.way)
		b.out.jump(b.label(s.way.To))
	}
	b.out.words = Words{}
}

// operand returns a register that holds v, fetching it to scratch if need be.
func (b *body) operand(v ir.ValueID, scratch asm.Register) asm.Register {
	if k, ok := b.f.IsConst(v); ok {
		b.out.emit(asm.Mov.Imm32(scratch, int32(k)))
		return scratch
	}
	return b.fetch(name(v), scratch)
}

// fetch returns a register that holds n, scratch if n is in a slot.
func (b *body) fetch(n name, scratch asm.Register) asm.Register {
	switch p := b.places[n]; p.kind {
	case inRegister:
		return p.reg
	case inSlot:
		b.out.emit(asm.LoadMem(scratch, asm.RFP, p.slot, asm.DWord))
		return scratch
	}
	panic(fmt.Sprintf("ebpfgen: value %d has no place", n))
}

// result returns the register in which n is to be made.
func (b *body) result(n name, scratch asm.Register) asm.Register {
	if p := b.places[n]; p.kind == inRegister {
		return p.reg
	}
	return scratch
}

// keep stores n, made in register r, if its place is a slot.
func (b *body) keep(n name, r asm.Register) {
	if p := b.places[n]; p.kind == inSlot {
		b.out.emit(asm.StoreMem(asm.RFP, p.slot, r, asm.DWord))
	}
}

// value emits the computation of one value.
func (b *body) value(id ir.ValueID) {
	v := b.f.Value(id)
	if !b.fl.needed[id] && v.Op != ir.OpLoad {
		b.divisor(v.Args[1])
		return
	}
	dst := b.m.scratch[0]
	if b.fl.needed[id] {
		dst = b.result(name(id), dst)
	}
	switch v.Op {
	case ir.OpLoad:
		b.acc.load(b, id, dst)
	case ir.OpLen:
		b.acc.length(b, dst)
	case ir.OpMeta:
		b.meta(v.Meta, dst)
	case ir.OpNeg:
		b.copy(dst, v.Args[0])
		b.out.emit(asm.Neg.Imm32(dst, 0))
	default:
		b.arith(id, v, dst)
	}
	if b.fl.needed[id] {
		b.keep(name(id), dst)
	}
}

// copy emits dst = v.
func (b *body) copy(dst asm.Register, v ir.ValueID) {
	if r := b.operand(v, dst); r != dst {
		b.out.emit(asm.Mov.Reg32(dst, r))
	}
}

// meta emits the load of a metadatum.
func (b *body) meta(m ir.Meta, dst asm.Register) {
	f := b.target.ctx.meta[m]
	load := asm.LoadMem(dst, b.m.ctx, f.off, asm.Word)
	load.Metadata.Set(metadatumKey{}, true)
	b.out.emit(load)
	if f.network {
		b.toHost(dst, ir.Half)
	}
}

// toHost emits the change of a field in register r from network to host order.
func (b *body) toHost(r asm.Register, size ir.Size) {
	if !b.little || size == ir.Byte {
		return
	}
	b.out.emit(asm.HostTo(asm.BE, r, sizeOf(size)))
}

func sizeOf(s ir.Size) asm.Size {
	switch s {
	case ir.Byte:
		return asm.Byte
	case ir.Half:
		return asm.Half
	case ir.Word:
		return asm.Word
	}
	panic(fmt.Sprintf("ebpfgen: load of %d bytes", s))
}

// aluOps are the machine's operations.
var aluOps = map[ir.Op]asm.ALUOp{
	ir.OpAdd: asm.Add, ir.OpSub: asm.Sub, ir.OpMul: asm.Mul, ir.OpDiv: asm.Div, ir.OpMod: asm.Mod,
	ir.OpAnd: asm.And, ir.OpOr: asm.Or, ir.OpXor: asm.Xor, ir.OpLsh: asm.LSh, ir.OpRsh: asm.RSh,
}

// arith emits a binary operation.
func (b *body) arith(id ir.ValueID, v *ir.Value, dst asm.Register) {
	op, ok := aluOps[v.Op]
	if !ok {
		panic("ebpfgen: no instruction for " + v.Op.String())
	}
	x, y := v.Args[0], v.Args[1]
	if _, ok := b.f.IsConst(x); ok && v.Op.Commutative() {
		x, y = y, x
	}
	if k, ok := b.f.IsConst(y); ok {
		b.immediate(id, v.Op, op, dst, x, k)
		return
	}
	ry := b.operand(y, b.m.scratch[1])
	if v.Op == ir.OpDiv || v.Op == ir.OpMod {
		b.out.jumpIf(asm.JEq.Imm32(ry, 0, b.label(toReject)))
	}
	if ry == dst {
		// Only a commutative operation lets the result take y's register.
		ry = b.operand(x, b.m.scratch[1])
	} else {
		b.copy(dst, x)
	}
	b.out.emit(op.Reg32(dst, ry))
	if v.Op == ir.OpLsh || v.Op == ir.OpRsh {
		// The machine takes the count modulo 32.
		skip := b.out.newLabel()
		b.out.jumpIf(asm.JLT.Imm32(ry, 32, skip))
		b.out.emit(asm.Mov.Imm32(dst, 0))
		b.out.label(skip)
	}
}

// immediate emits dst = x op k.
func (b *body) immediate(id ir.ValueID, irOp ir.Op, op asm.ALUOp, dst asm.Register, x ir.ValueID, k uint32) {
	if (irOp == ir.OpLsh || irOp == ir.OpRsh) && k >= 32 {
		b.out.emit(asm.Mov.Imm32(dst, 0))
		return
	}
	if size, ok := b.raw(id); ok {
		k = swapped(k, size)
	}
	b.copy(dst, x)
	b.out.emit(op.Imm32(dst, int32(k)))
}

// divisor emits the test of a divisor.
func (b *body) divisor(y ir.ValueID) {
	b.out.jumpIf(asm.JEq.Imm32(b.operand(y, b.m.scratch[1]), 0, b.label(toReject)))
}
