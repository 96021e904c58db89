package cbpfgen

import (
	"fmt"

	"github.com/gofilter/gofilter/ir"
)

// Parts of an operation code, from <net/bpf.h>. A code is the sum of a class
// and, by class, a width and mode, an operator and source, or a value.
const (
	clsLD   = 0x00
	clsLDX  = 0x01
	clsST   = 0x02
	clsSTX  = 0x03
	clsALU  = 0x04
	clsJMP  = 0x05
	clsRET  = 0x06
	clsMISC = 0x07

	widthW = 0x00
	widthH = 0x08
	widthB = 0x10

	modeIMM = 0x00
	modeABS = 0x20
	modeIND = 0x40
	modeMEM = 0x60
	modeLEN = 0x80
	modeMSH = 0xa0

	aluADD = 0x00
	aluSUB = 0x10
	aluMUL = 0x20
	aluDIV = 0x30
	aluOR  = 0x40
	aluAND = 0x50
	aluLSH = 0x60
	aluRSH = 0x70
	aluNEG = 0x80
	aluMOD = 0x90
	aluXOR = 0xa0

	jmpJA   = 0x00
	jmpJEQ  = 0x10
	jmpJGT  = 0x20
	jmpJGE  = 0x30
	jmpJSET = 0x40

	srcK = 0x00
	srcX = 0x08

	retA = 0x10

	miscTAX = 0x00
	miscTXA = 0x80
)

// The whole codes that the generator names.
const (
	opLdImm  = clsLD | modeIMM
	opLdMem  = clsLD | modeMEM
	opLdLen  = clsLD | modeLEN
	opLdxImm = clsLDX | modeIMM
	opLdxMem = clsLDX | modeMEM
	opLdxLen = clsLDX | modeLEN
	opLdxMSH = clsLDX | widthB | modeMSH
	opSt     = clsST
	opStx    = clsSTX
	opNeg    = clsALU | aluNEG
	opJa     = clsJMP | jmpJA
	opRetK   = clsRET
	opRetA   = clsRET | retA
	opTax    = clsMISC | miscTAX
	opTxa    = clsMISC | miscTXA
)

// The machine's measures.
const (
	scratchWords = 16         // M[0] to M[15]
	maxShort     = 255        // the longest displacement of a conditional jump
	maxOffset    = 1 << 31    // packet offsets from here on mean something else to the kernel
	adOffset     = 0xfffff000 // SKF_AD_OFF of linux/filter.h: where loads of metadata begin
	adMax        = 64         // SKF_AD_MAX
)

// aluOps is the operator of each arithmetic operation.
var aluOps = map[ir.Op]uint16{
	ir.OpAdd: aluADD,
	ir.OpSub: aluSUB,
	ir.OpMul: aluMUL,
	ir.OpDiv: aluDIV,
	ir.OpMod: aluMOD,
	ir.OpAnd: aluAND,
	ir.OpOr:  aluOR,
	ir.OpXor: aluXOR,
	ir.OpLsh: aluLSH,
	ir.OpRsh: aluRSH,
}

// metaWidths is the width with which each metadatum is loaded. The kernel does
// not look at it; these are the widths that libpcap's programs have.
var metaWidths = map[ir.Meta]uint16{
	ir.MetaProtocol:    widthH,
	ir.MetaPacketType:  widthH,
	ir.MetaIfIndex:     widthW,
	ir.MetaVLANTag:     widthH,
	ir.MetaVLANPresent: widthB,
	ir.MetaVLANProto:   widthH,
}

func aluOp(op ir.Op) uint16 {
	code, ok := aluOps[op]
	if !ok {
		panic("cbpfgen: no instruction for " + op.String())
	}
	return clsALU | code
}

func width(s ir.Size) uint16 {
	switch s {
	case ir.Byte:
		return widthB
	case ir.Half:
		return widthH
	case ir.Word:
		return widthW
	}
	panic(fmt.Sprintf("cbpfgen: load of %d bytes", s))
}

func jumpOp(c ir.Cond) uint16 {
	switch c {
	case ir.Eq:
		return jmpJEQ
	case ir.Gt:
		return jmpJGT
	case ir.Ge:
		return jmpJGE
	case ir.Set:
		return jmpJSET
	}
	panic("cbpfgen: condition " + c.String())
}

// An insn is an instruction before jumps are resolved. While slots are
// unlimited, the K of an instruction that reads or writes M[] is the slot's name.
type insn struct {
	op   uint16
	k    uint32
	span ir.Span
	// spare says that select has put the instruction in for what may follow; prune
	// drops it if nothing does.
	spare bool
}

func (i insn) loadsSlot() bool  { return i.op == opLdMem || i.op == opLdxMem }
func (i insn) storesSlot() bool { return i.op == opSt || i.op == opStx }

// A target is where a jump goes: the index of a block, or a verdict.
type target int32

// The verdicts.
const (
	toAccept target = -1
	toReject target = -2
)

// A codeBlock is a sequence of instructions with its way out. With cond zero the
// way out is to next[ir.True], always; else cond is a conditional jump's code.
type codeBlock struct {
	code []insn
	cond uint16
	k    uint32 // of the conditional jump
	next [2]target
	span ir.Span // of the conditional jump
}

// A draft is a program before it is assembled. Block 0 is the entry; every edge
// leads to a block with a higher index or to a verdict.
type draft struct {
	blocks []codeBlock
	entry  target

	insns []insn // memory of the blocks' code

	// Memory of prune and assemble.
	marks  []bool
	live   []registers
	passOn []target
	table  []int32
	ways   []int32
}

// goTo ends b with an unconditional jump.
func (b *codeBlock) goTo(t target) {
	b.cond, b.k, b.next = 0, 0, [2]target{t, t}
}
