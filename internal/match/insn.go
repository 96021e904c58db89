package match

// insn is an instruction. Which fields count depends on op.
type insn struct {
	op        opcode
	dst, a, b uint16 // slots
	size      uint8  // bits to shift, of opLoadShift8
	k         uint32 // number, or what is compared with
	mask      uint32
	off       uint32 // displacement of a load, in bytes
	yes, no   uint32 // indices of the next instruction after a test
}

type opcode uint8

const (
	opReturn opcode = iota // k
	opJump                 // to yes
	opMove                 // dst = a
	opConst                // dst = k
	opLen
	opMeta // k: the metadatum
	opNeg
	opLoadShift8 // dst = byte at off & mask << size

	// Loads: dst = bytes at off, or at slot a + off.
	opLoad8
	opLoad16
	opLoad32
	opLoadAt8
	opLoadAt16
	opLoadAt32

	// dst = a op b, in the order of the operations in package ir.
	opAdd
	opSub
	opMul
	opDiv
	opMod
	opAnd
	opOr
	opXor
	opLsh
	opRsh

	// dst = a op k.
	opAddK
	opSubK
	opMulK
	opDivK // k is not 0
	opModK // k is not 0
	opAndK
	opOrK
	opXorK
	opLshK
	opRshK

	// Tests of a and b, in the order of the conditions in package ir.
	opEq
	opGt
	opGe
	opSet

	// Tests of a and k.
	opEqK
	opGtK
	opGeK
	opSetK

	// Tests of bytes at off and k.
	opLoad8EqK
	opLoad8GtK
	opLoad8GeK
	opLoad8SetK
	opLoad16EqK
	opLoad16GtK
	opLoad16GeK
	opLoad16SetK
	opLoad32EqK
	opLoad32GtK
	opLoad32GeK
	opLoad32SetK

	// Tests of bytes at slot a + off and k.
	opLoadAt8EqK
	opLoadAt8GtK
	opLoadAt8GeK
	opLoadAt8SetK
	opLoadAt16EqK
	opLoadAt16GtK
	opLoadAt16GeK
	opLoadAt16SetK
	opLoadAt32EqK
	opLoadAt32GtK
	opLoadAt32GeK
	opLoadAt32SetK

	// Tests of bytes under mask and k.
	opMask8EqK
	opMask16EqK
	opMask32EqK

	opIn // a is one of the numbers from off to k
)
