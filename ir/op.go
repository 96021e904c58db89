package ir

import "fmt"

// Op is the operation of a value.
type Op uint8

// The operations. All work on unsigned 32-bit numbers and wrap.
const (
	OpInvalid Op = iota
	OpConst      // the number K
	OpParam      // parameter of the block, set by the edge taken into it
	OpLoad       // Size bytes of the packet, big-endian, zero-extended; may fault
	OpLen        // length of the packet on the wire, in bytes
	OpMeta       // a metadatum that travels beside the bytes
	OpAdd
	OpSub
	OpMul
	OpDiv // unsigned; faults where the divisor is 0
	OpMod // unsigned; faults where the divisor is 0
	OpAnd
	OpOr
	OpXor
	OpLsh // 0 where the count is 32 or more
	OpRsh // logical; 0 where the count is 32 or more
	OpNeg // two's complement
	numOps
)

type opRow struct {
	name        string
	arity       int // operands in Args; OpLoad's base is optional and not counted
	commutative bool
}

var ops = [numOps]opRow{
	OpInvalid: {name: "invalid"},
	OpConst:   {name: "const"},
	OpParam:   {name: "param"},
	OpLoad:    {name: "load"},
	OpLen:     {name: "len"},
	OpMeta:    {name: "meta"},
	OpAdd:     {"add", 2, true},
	OpSub:     {"sub", 2, false},
	OpMul:     {"mul", 2, true},
	OpDiv:     {"div", 2, false},
	OpMod:     {"mod", 2, false},
	OpAnd:     {"and", 2, true},
	OpOr:      {"or", 2, true},
	OpXor:     {"xor", 2, true},
	OpLsh:     {"lsh", 2, false},
	OpRsh:     {"rsh", 2, false},
	OpNeg:     {"neg", 1, false},
}

func (op Op) String() string {
	if op < numOps {
		return ops[op].name
	}
	return fmt.Sprintf("op(%d)", uint8(op))
}

// Arity returns the number of operands that op requires. The base of an OpLoad
// is optional and not counted.
func (op Op) Arity() int { return ops[op].arity }

// Commutative reports whether the two operands may change places.
func (op Op) Commutative() bool { return ops[op].commutative }

// Arith computes a binary arithmetic operation on two numbers. ok is false
// where it faults: a division by zero. It panics for an op that is not binary.
func (op Op) Arith(x, y uint32) (z uint32, ok bool) {
	switch op {
	case OpAdd:
		return x + y, true
	case OpSub:
		return x - y, true
	case OpMul:
		return x * y, true
	case OpDiv:
		if y == 0 {
			return 0, false
		}
		return x / y, true
	case OpMod:
		if y == 0 {
			return 0, false
		}
		return x % y, true
	case OpAnd:
		return x & y, true
	case OpOr:
		return x | y, true
	case OpXor:
		return x ^ y, true
	case OpLsh:
		return x << y, true // Go's shift gives 0 for a count of 32 or more
	case OpRsh:
		return x >> y, true
	}
	panic("ir: " + op.String() + " is not binary arithmetic")
}

// Size is the width of a packet load in bytes.
type Size uint8

// The widths that both machines can load.
const (
	Byte Size = 1
	Half Size = 2
	Word Size = 4
)

// Kind is the way out of a block.
type Kind uint8

// The kinds of block.
const (
	KindInvalid Kind = iota
	KindJump         // to Succ[True]
	KindIf           // to Succ[True] if "X Cond Y", else to Succ[False]
	KindAccept       // the verdict is Func.Snaplen
	KindReject       // the verdict is 0
	numKinds
)

var kindNames = [numKinds]string{"invalid", "jump", "if", "accept", "reject"}

func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Cond is the comparison of a two-way test. These four are what both machines
// have; their negations are the same test with the ways out exchanged.
type Cond uint8

// The conditions; the comparisons are unsigned.
const (
	CondInvalid Cond = iota
	Eq               // X == Y
	Gt               // X > Y
	Ge               // X >= Y
	Set              // X & Y != 0
	numConds
)

var condNames = [numConds]string{"invalid", "eq", "gt", "ge", "set"}

func (c Cond) String() string {
	if c < numConds {
		return condNames[c]
	}
	return fmt.Sprintf("cond(%d)", uint8(c))
}

// Holds reports whether "x c y".
func (c Cond) Holds(x, y uint32) bool {
	switch c {
	case Eq:
		return x == y
	case Gt:
		return x > y
	case Ge:
		return x >= y
	case Set:
		return x&y != 0
	}
	panic("ir: condition " + c.String())
}
