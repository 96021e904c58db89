// Package ir is the form that a filter has between the language and the two
// machines: an acyclic graph of blocks over unsigned 32-bit values.
//
// A Func is complete in itself. It says what a packet's verdict is and nothing
// of how a machine finds it: [Eval] is that meaning, [Func.Check] the list of
// laws that every stage keeps, and the text form ([Func.String], [Parse]) holds
// all of it.
//
// The laws in short:
//
//   - values are unsigned 32-bit numbers and wrap; each is defined once, before
//     it is used, in a block that dominates the use;
//   - a block ends in a jump, a two-way test, accept or reject;
//   - every edge leads to a block with a higher number, so the graph is acyclic
//     and a single pass over Func.Blocks sees definitions before uses;
//   - a packet load beyond the captured bytes, and a division by zero, end the
//     filter with reject, wherever they stand. They are never "false".
//
// Because a fault always rejects, the order of the values inside one block
// does not matter to the verdict, but a pass may not move a value that can fault
// to a place where an accepted packet would now meet it.
package ir

import "slices"

// ValueID names a value of a Func: an index into Func.Values. The zero
// ValueID, None, names no value.
type ValueID int32

// None is the absent value: the base of an absolute load, the second operand of
// a unary operation.
const None ValueID = 0

// BlockID names a block of a Func: an index into Func.Blocks. Block 0 is the
// entry. NoBlock is the absent block.
type BlockID int32

// NoBlock is the block of a value that stands in none (a constant).
const NoBlock BlockID = -1

// Span is the part of the filter's source text that caused something:
// byte offsets, End exclusive. The zero Span means "not from the text".
type Span struct {
	Pos, End int32
}

// A Value is one operation and its result.
//
// Constants are values too; they belong to no block, are interned (one value for
// each number, see [Func.Const]) and may be used anywhere.
type Value struct {
	Op   Op
	Size Size       // OpLoad: bytes read
	Meta Meta       // OpMeta: which metadatum
	Args [2]ValueID // operands, as many as Op.Arity says, then None
	// K is the number of an OpConst, or the displacement of an OpLoad in bytes.
	// A load reads Size bytes, big-endian, at Args[0]+K (at K where Args[0] is
	// None). The sum is taken without wrapping: a load whose sum exceeds the
	// captured length faults.
	K     uint32
	Block BlockID // the block that lists the value; NoBlock for OpConst
	Span  Span
}

// An Edge leads to a block and carries one value for each of its parameters.
type Edge struct {
	To   BlockID
	Args []ValueID
}

// A Block is a sequence of values followed by a way out.
type Block struct {
	Params []ValueID // OpParam values, set by the incoming edge
	Values []ValueID // in order; constants and parameters are not listed
	Kind   Kind
	Cond   Cond    // KindIf: the test is "X Cond Y"
	X, Y   ValueID // KindIf: the operands
	// Succ holds the ways out: KindIf uses Succ[True] and Succ[False], KindJump
	// Succ[True] only, KindAccept and KindReject none.
	Succ [2]Edge
	Span Span // of the test or verdict
}

// Indices of Block.Succ.
const (
	True  = 0
	False = 1
)

// A Func is a whole filter.
type Func struct {
	LinkType string // name of the link type, for the reader ("EN10MB")
	View     View   // where the filter runs, and so where packet data starts
	Snaplen  uint32 // what an accepted packet's verdict is, in bytes
	Source   string // text of the filter; Spans index it

	// Values[0] is not a value. Blocks are in an order in which every edge
	// leads forward.
	Values []Value
	Blocks []Block

	// The interned constants: a list while there are few, then a table by hash, of
	// which at least half is None.
	consts    []ValueID
	numConsts int
	hashed    bool // consts is a table
	interned  bool // consts holds all constants

	ids []ValueID // memory that the lists of blocks are cut from
}

// maxListed is how many constants are looked for one by one; a power of two, which
// the size of the table is too.
const maxListed = 16

// NumSucc returns the number of ways out of b: 2, 1 or 0.
func (b *Block) NumSucc() int {
	if b.Kind == KindIf {
		return 2
	}
	return b.Kind.oneOrNone()
}

// oneOrNone is NumSucc for what is not a test, apart so that NumSucc can be inlined.
func (k Kind) oneOrNone() int {
	switch k {
	case KindJump:
		return 1
	case KindAccept, KindReject:
		return 0
	}
	panic("ir: block of kind " + k.String())
}

// Value returns the value that id names. The pointer is good until the next
// value is added.
func (f *Func) Value(id ValueID) *Value { return &f.Values[id] }

// Block returns the block that id names. The pointer is good until the next
// block is added.
func (f *Func) Block(id BlockID) *Block { return &f.Blocks[id] }

// Const returns the value that stands for the number k.
func (f *Func) Const(k uint32) ValueID {
	if !f.interned {
		f.intern()
	}
	if f.hashed {
		if id := f.consts[f.constSlot(k)]; id != None {
			return id
		}
	} else {
		for _, id := range f.consts {
			if f.Values[id].K == k {
				return id
			}
		}
	}
	id := f.add(Value{Op: OpConst, K: k, Block: NoBlock})
	f.know(id)
	return id
}

// intern finds the constants of a function that was not built by Const.
func (f *Func) intern() {
	f.forget()
	f.interned = true
	for id := range f.Values {
		if f.Values[id].Op == OpConst {
			f.know(ValueID(id))
		}
	}
}

// forget makes the next call of Const look for the constants again.
func (f *Func) forget() {
	f.consts, f.numConsts, f.hashed, f.interned = f.consts[:0], 0, false, false
}

// know adds a constant to the interned ones.
func (f *Func) know(id ValueID) {
	f.numConsts++
	switch {
	case !f.hashed && f.numConsts <= maxListed:
		f.consts = append(f.consts, id)
		return
	case !f.hashed || 2*f.numConsts > len(f.consts):
		f.rehash(4 * f.numConsts)
	}
	f.consts[f.constSlot(f.Values[id].K)] = id
}

// rehash makes a table of at least n slots.
func (f *Func) rehash(n int) {
	size := 4 * maxListed
	for size < n {
		size *= 2
	}
	was := f.consts
	f.consts, f.hashed = make([]ValueID, size), true
	for _, id := range was {
		if id != None {
			f.consts[f.constSlot(f.Values[id].K)] = id
		}
	}
}

// constSlot returns the index of the slot that the constant k has in the table, or
// would get.
func (f *Func) constSlot(k uint32) int {
	mask := uint32(len(f.consts) - 1)
	h := k * 0x9e3779b1
	for h ^= h >> 15; ; h++ {
		if id := f.consts[h&mask]; id == None || f.Values[id].K == k {
			return int(h & mask)
		}
	}
}

// IsConst reports whether id is a constant, and which.
func (f *Func) IsConst(id ValueID) (k uint32, ok bool) {
	if id == None {
		return 0, false
	}
	v := &f.Values[id]
	return v.K, v.Op == OpConst
}

// add appends a value to the table; it is in no block yet.
func (f *Func) add(v Value) ValueID {
	if len(f.Values) == 0 {
		f.Values = append(f.Values, Value{})
	}
	f.Values = append(f.Values, v)
	return ValueID(len(f.Values) - 1)
}

// New appends v at the end of block b's values and returns its name. v.Block is
// set.
func (f *Func) New(b BlockID, v Value) ValueID {
	v.Block = b
	id := f.add(v)
	blk := &f.Blocks[b]
	if v.Op == OpParam {
		blk.Params = f.extend(blk.Params, id)
	} else {
		blk.Values = f.extend(blk.Values, id)
	}
	return id
}

// idChunk is how much memory for lists is got at a time.
const idChunk = 64

// extend appends id to a block's list. A list that is begun, or was the last to
// grow, does so in memory that all lists share, which saves an allocation for each
// block; no list has room to grow into the next one.
func (f *Func) extend(list []ValueID, id ValueID) []ValueID {
	n, end := len(list), len(f.ids)
	switch {
	case n == 0 && cap(list) == 0:
		if end == cap(f.ids) {
			f.ids, end = make([]ValueID, 0, idChunk), 0
		}
	case n == 0 || n > end || end == cap(f.ids) || &f.ids[end-n] != &list[0]:
		return append(list, id)
	}
	f.ids = append(f.ids, id)
	return f.ids[end-n : end+1 : end+1]
}

// Reset makes f a function without blocks and values that keeps its memory. Nothing
// may hold a list of a block of before.
func (f *Func) Reset() {
	clear(f.Blocks)
	*f = Func{
		Values: f.Values[:0], Blocks: f.Blocks[:0], ids: f.ids[:0],
		consts: f.consts[:0], interned: true,
	}
}

// Grow makes room for that many more values and blocks.
func (f *Func) Grow(values, blocks int) {
	f.Values = slices.Grow(f.Values, values)
	f.Blocks = slices.Grow(f.Blocks, blocks)
}

// CanFault reports whether computing v may reject the packet: a packet load, or
// a division whose divisor is not a constant other than zero.
func (f *Func) CanFault(id ValueID) bool {
	v := &f.Values[id]
	switch v.Op {
	case OpLoad:
		return true
	case OpDiv, OpMod:
		k, ok := f.IsConst(v.Args[1])
		return !ok || k == 0
	}
	return false
}
