package ebpfgen

import "github.com/cilium/ebpf/asm"

// Kernel is what a program that looks into struct sk_buff has to know of the kernel
// that will run it. Another build of the kernel can differ in each number.
type Kernel struct {
	// Len, DataLen and Data are the offsets of the members len, data_len and
	// data of struct sk_buff (linux/skbuff.h), in bytes.
	Len, DataLen, Data int16
	// CastToKernCtx and RdonlyCast are the BTF ids of the kernel functions
	// bpf_cast_to_kern_ctx and bpf_rdonly_cast.
	CastToKernCtx, RdonlyCast int32
}

// rdonlyCast reads through skb->data, which the kernel function bpf_rdonly_cast
// makes a pointer that may be followed anywhere: a load from an address that is
// none gives 0. What is in the packet is for the program itself to know, so a guard
// compares with the end of the linear part as for direct access.
type rdonlyCast struct {
	direct
	k *Kernel
}

// looking is the machine of rdonlyCast: it calls at the start only.
var looking = machine{
	ctx:  asm.R6,
	data: asm.R7, end: asm.R8,
	scratch: [2]asm.Register{asm.R0, asm.R1},
	saved:   []asm.Register{asm.R2, asm.R3, asm.R4, asm.R5, asm.R9},
}

// void is the BTF type to cast to: a pointer to nothing known, which takes loads
// of any size from any offset.
const void = 0

func (r rdonlyCast) traits() traits {
	t := r.direct.traits()
	t.anywhere = true
	return t
}

func (r rdonlyCast) prologue(b *body) {
	b.out.emit(asm.Mov.Reg(b.m.ctx, b.enter))
	guards := false
	for i := range b.steps {
		guards = guards || b.steps[i].kind == stepGuard
	}
	if !guards {
		return
	}
	b.out.emit(kernelFunction(r.k.CastToKernCtx))
	b.out.emit(asm.LoadMem(b.m.end, asm.R0, r.k.Len, asm.Word))
	b.out.emit(asm.LoadMem(asm.R2, asm.R0, r.k.DataLen, asm.Word))
	b.out.emit(asm.Sub.Reg(b.m.end, asm.R2))
	b.out.emit(asm.LoadMem(asm.R1, asm.R0, r.k.Data, asm.DWord))
	b.out.emit(asm.Add.Reg(b.m.end, asm.R1))
	b.out.emit(asm.Mov.Imm(asm.R2, void))
	b.out.emit(kernelFunction(r.k.RdonlyCast))
	b.out.emit(asm.Mov.Reg(b.m.data, asm.R0))
}

// kernelFunction returns the call of the function with BTF id id of the kernel itself, not of
// a module.
func kernelFunction(id int32) asm.Instruction {
	return asm.Instruction{
		OpCode:   asm.OpCode(asm.JumpClass).SetJumpOp(asm.Call),
		Src:      asm.PseudoKfuncCall,
		Constant: int64(id),
	}
}

// pointAnywhere emits p = data + base. The pointer has to be the left operand: the
// verifier (6.18) takes the sum of a number and a pointer of this kind for a number.
func (b *body) pointAnywhere(c *cluster, p asm.Register) {
	base := b.operand(c.base, b.m.scratch[0])
	if p == base {
		b.out.emit(asm.Mov.Reg32(b.m.scratch[0], base))
		base = b.m.scratch[0]
	}
	b.out.emit(asm.Mov.Reg(p, b.m.data))
	b.out.emit(asm.Add.Reg(p, base))
}
