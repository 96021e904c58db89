package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"
)

// The kernel runs a classic program as an eBPF program of its own making
// (bpf_convert_filter of net/core/filter.c), in which an absolute load is a few
// instructions on pointers that are fetched once, and an indexed one a call. Nobody else
// may load that program: a socket filter may not have such pointers. A TC program may.
// emulate writes the conversion for TC, instruction for instruction, with three
// differences: the registers are cleared by a move, the bound is compared as a pointer, as
// the verifier wants both, and the calls are those that the verifier makes of LD_ABS and
// LD_IND.

// Registers as the conversion uses them.
const (
	regA    = asm.R0
	regTmp  = asm.R2
	regCtx  = asm.R6 // where LD_ABS wants it
	regX    = asm.R7
	regData = asm.R8
	regEnd  = asm.R9
)

// Offsets in struct __sk_buff of linux/bpf.h.
const (
	skbLen         = 0
	skbVLANPresent = 20
	skbVLANTCI     = 24
	skbVLANProto   = 28
	skbData        = 76
	skbDataEnd     = 80
)

// Parts of a classic operation code.
const (
	clsMask  = 0x07
	modeMask = 0xe0
	modeImm  = 0x00
	modeAbs  = 0x20
	modeInd  = 0x40
	modeMem  = 0x60
	modeLen  = 0x80
	modeMsh  = 0xa0
	adOffset = 0xfffff000
)

type converter struct {
	out asm.Instructions
	pc  int
	err error
}

// emulate converts a program.
func emulate(prog []bpf.RawInstruction) (asm.Instructions, error) {
	c := &converter{}
	loads := false
	for _, in := range prog {
		mode := in.Op & modeMask
		loads = loads || in.Op&clsMask <= 1 && (mode == modeAbs && in.K < adOffset || mode == modeInd || mode == modeMsh)
	}
	c.add(asm.Mov.Imm32(regA, 0), asm.Mov.Imm32(regX, 0), asm.Mov.Reg(regCtx, asm.R1))
	if loads {
		c.add(asm.LoadMem(regData, regCtx, skbData, asm.Word), asm.LoadMem(regEnd, regCtx, skbDataEnd, asm.Word))
	}
	for pc, in := range prog {
		c.pc = pc
		first := len(c.out)
		c.insn(in)
		if c.err != nil {
			return nil, fmt.Errorf("instruction %d: %w", pc, c.err)
		}
		c.out[first] = c.out[first].WithSymbol(label(pc))
	}
	// Symbols that nothing refers to are no harm.
	return c.out, nil
}

func label(pc int) string { return "i" + strconv.Itoa(pc) }

func (c *converter) add(list ...asm.Instruction) { c.out = append(c.out, list...) }

func (c *converter) bad(in bpf.RawInstruction) {
	c.err = fmt.Errorf("no conversion of code %#x", in.Op)
}

var sizes = map[uint16]asm.Size{0x00: asm.Word, 0x08: asm.Half, 0x10: asm.Byte}

func (c *converter) insn(in bpf.RawInstruction) {
	k := int32(in.K)
	switch in.Op & clsMask {
	case 0:
		c.load(in)
	case 1:
		switch in.Op & modeMask {
		case modeImm:
			c.add(asm.Mov.Imm32(regX, k))
		case modeMem:
			c.add(asm.LoadMem(regX, asm.RFP, slot(in.K), asm.Word))
		case modeLen:
			c.add(asm.LoadMem(regX, regCtx, skbLen, asm.Word))
		case modeMsh:
			c.add(asm.Mov.Reg(regX, regA))
			c.absolute(in.K, asm.Byte, c.behind())
			c.add(asm.And.Imm32(regA, 0xf).WithSymbol(c.behind()), asm.LSh.Imm32(regA, 2),
				asm.Mov.Reg(regTmp, regX), asm.Mov.Reg(regX, regA), asm.Mov.Reg(regA, regTmp))
		}
	case 2:
		c.add(asm.StoreMem(asm.RFP, slot(in.K), regA, asm.Word))
	case 3:
		c.add(asm.StoreMem(asm.RFP, slot(in.K), regX, asm.Word))
	case 4:
		c.arith(in)
	case 5:
		c.jump(in)
	case 6:
		if in.Op&0x18 == 0 {
			c.add(asm.Mov.Imm32(asm.R0, k))
		} else if in.Op&0x18 != 0x10 {
			c.bad(in)
		}
		c.add(asm.Return())
	case 7:
		if in.Op == 0x87 {
			c.add(asm.Mov.Reg(regA, regX))
		} else {
			c.add(asm.Mov.Reg(regX, regA))
		}
	}
}

func slot(k uint32) int16 { return -int16(4 * (k + 1)) }

func (c *converter) load(in bpf.RawInstruction) {
	size, ok := sizes[in.Op&0x18]
	if !ok {
		c.bad(in)
		return
	}
	switch in.Op & modeMask {
	case modeImm:
		c.add(asm.Mov.Imm32(regA, int32(in.K)))
	case modeMem:
		c.add(asm.LoadMem(regA, asm.RFP, slot(in.K), asm.Word))
	case modeLen:
		c.add(asm.LoadMem(regA, regCtx, skbLen, asm.Word))
	case modeInd:
		c.add(asm.LoadInd(asm.R0, regX, int32(in.K), size))
	case modeAbs:
		switch in.K {
		case adOffset + 44:
			c.add(asm.LoadMem(regA, regCtx, skbVLANTCI, asm.Word))
		case adOffset + 48:
			c.add(asm.LoadMem(regA, regCtx, skbVLANPresent, asm.Word))
		case adOffset + 60:
			c.add(asm.LoadMem(regA, regCtx, skbVLANProto, asm.Word), asm.HostTo(asm.BE, regA, asm.Half))
		default:
			if in.K > math.MaxInt16 {
				c.bad(in)
				return
			}
			c.absolute(in.K, size, label(c.pc+1))
		}
	default:
		c.bad(in)
	}
}

// behind labels what follows a load inside the conversion of one instruction.
func (c *converter) behind() string { return label(c.pc) + "behind" }

func (c *converter) slow() string { return label(c.pc) + "slow" }

// absolute emits an absolute load: in line where the linear part is long enough, else as
// a call. It is followed by what next labels.
func (c *converter) absolute(off uint32, size asm.Size, next string) {
	c.add(asm.Mov.Reg(regTmp, regData), asm.Add.Imm(regTmp, int32(off)+int32(size.Sizeof())),
		asm.JGT.Reg(regTmp, regEnd, c.slow()),
		asm.LoadMem(regA, regData, int16(off), size))
	if size != asm.Byte {
		c.add(asm.HostTo(asm.BE, regA, size))
	}
	c.add(asm.Ja.Label(next), asm.LoadAbs(int32(off), size).WithSymbol(c.slow()))
}

var ariths = map[uint16]asm.ALUOp{
	0x00: asm.Add, 0x10: asm.Sub, 0x20: asm.Mul, 0x30: asm.Div, 0x40: asm.Or, 0x50: asm.And,
	0x60: asm.LSh, 0x70: asm.RSh, 0x90: asm.Mod, 0xa0: asm.Xor,
}

func (c *converter) arith(in bpf.RawInstruction) {
	if in.Op&0xf0 == 0x80 {
		c.add(asm.Neg.Imm32(regA, 0))
		return
	}
	op, ok := ariths[in.Op&0xf0]
	switch {
	case !ok:
		c.bad(in)
	case in.Op&8 == 0:
		c.add(op.Imm32(regA, int32(in.K)))
	case op == asm.Div || op == asm.Mod:
		c.add(asm.Mov.Reg32(regX, regX), asm.JNE.Imm(regX, 0, c.behind()), asm.Xor.Reg32(regA, regA), asm.Return(),
			op.Reg32(regA, regX).WithSymbol(c.behind()))
	default:
		c.add(op.Reg32(regA, regX))
	}
}

// jumps has for each test the jump and, where there is one, its opposite.
var jumps = map[uint16][2]asm.JumpOp{
	0x10: {asm.JEq, asm.JNE}, 0x20: {asm.JGT, asm.JLE}, 0x30: {asm.JGE, asm.JLT}, 0x40: {asm.JSet, asm.InvalidJumpOp},
}

func (c *converter) jump(in bpf.RawInstruction) {
	next := c.pc + 1
	if in.Op&0xf0 == 0 {
		c.add(asm.Ja.Label(label(next + int(in.K))))
		return
	}
	ops, ok := jumps[in.Op&0xf0]
	if !ok {
		c.bad(in)
		return
	}
	src, inReg := regX, in.Op&8 != 0
	if !inReg && int32(in.K) < 0 {
		c.add(asm.Mov.Imm32(regTmp, int32(in.K)))
		src, inReg = regTmp, true
	}
	to := func(op asm.JumpOp, where int) {
		if inReg {
			c.add(op.Reg(regA, src, label(where)))
		} else {
			c.add(op.Imm(regA, int32(in.K), label(where)))
		}
	}
	t, f := next+int(in.Jt), next+int(in.Jf)
	switch {
	case in.Jf == 0:
		to(ops[0], t)
	case in.Jt == 0 && ops[1] != asm.InvalidJumpOp:
		to(ops[1], f)
	default:
		to(ops[0], t)
		c.add(asm.Ja.Label(label(f)))
	}
}
