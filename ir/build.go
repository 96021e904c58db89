package ir

import (
	"fmt"
	"slices"
	"sync"
)

// A builder makes blocks in any order and edges to blocks that are not filled
// yet; when all are there, [Func.Sort] puts them in the order that the laws ask
// for.

// AddBlock appends a block without values and without a way out and returns its
// name. The first one is the entry.
func (f *Func) AddBlock() BlockID {
	f.Blocks = append(f.Blocks, Block{})
	return BlockID(len(f.Blocks) - 1)
}

// Load appends to b a load of size bytes at base+disp; base may be None.
func (f *Func) Load(b BlockID, size Size, base ValueID, disp uint32) ValueID {
	return f.New(b, Value{Op: OpLoad, Size: size, Args: [2]ValueID{base}, K: disp})
}

// Binary appends to b an operation on two values.
func (f *Func) Binary(b BlockID, op Op, x, y ValueID) ValueID {
	if op.Arity() != 2 {
		panic("ir: " + op.String() + " is not a binary operation")
	}
	return f.New(b, Value{Op: op, Args: [2]ValueID{x, y}})
}

// Param appends a parameter to b. Every edge into b must then carry one more
// value.
func (f *Func) Param(b BlockID) ValueID {
	return f.New(b, Value{Op: OpParam})
}

// Jump makes b end in a jump to the block to, carrying args.
func (f *Func) Jump(b, to BlockID, args ...ValueID) {
	f.end(b, KindJump).Succ[True] = Edge{To: to, Args: args}
}

// If makes b end in the test "x cond y": to yes where it holds, else to no.
// Values for parameters are added to the edges afterwards, see [Block.Succ].
func (f *Func) If(b BlockID, cond Cond, x, y ValueID, yes, no BlockID) {
	blk := f.end(b, KindIf)
	blk.Cond, blk.X, blk.Y = cond, x, y
	blk.Succ = [2]Edge{True: {To: yes}, False: {To: no}}
}

// Accept makes b end with the verdict Func.Snaplen.
func (f *Func) Accept(b BlockID) { f.end(b, KindAccept) }

// Reject makes b end with the verdict 0.
func (f *Func) Reject(b BlockID) { f.end(b, KindReject) }

// end gives b its way out, which it may get only once.
func (f *Func) end(b BlockID, kind Kind) *Block {
	blk := &f.Blocks[b]
	if blk.Kind != KindInvalid {
		panic(fmt.Sprintf("ir: b%d ends twice: in %v, then in %v", b, blk.Kind, kind))
	}
	blk.Kind = kind
	return blk
}

// Sort renumbers the blocks so that every edge leads forward, with a block's
// true way directly after it where nothing else must come between, and drops
// the blocks that cannot be reached from the entry. It fails where a block has
// no way out, an edge leads to no block, or the graph has a cycle.
func (f *Func) Sort() error {
	if len(f.Blocks) == 0 {
		return fmt.Errorf("ir: no blocks")
	}
	m := getOrdering()
	defer orderings.Put(m)
	m.state = append(m.state[:0], make([]uint8, len(f.Blocks))...)
	m.order, m.stack = m.order[:0], m.stack[:0] // order in postorder
	if err := m.enter(f, 0); err != nil {
		return err
	}
	for len(m.stack) > 0 {
		top := &m.stack[len(m.stack)-1]
		if top.next < 0 {
			m.state[top.b] = seen
			m.order = append(m.order, top.b)
			m.stack = m.stack[:len(m.stack)-1]
			continue
		}
		from, to := top.b, f.Blocks[top.b].Succ[top.next].To
		top.next--
		if to < 0 || int(to) >= len(f.Blocks) {
			return fmt.Errorf("ir: b%d leads to b%d, which is not there", from, to)
		}
		switch m.state[to] {
		case unseen:
			if err := m.enter(f, to); err != nil {
				return err
			}
		case open:
			return fmt.Errorf("ir: b%d leads back to b%d", from, to)
		}
	}
	slices.Reverse(m.order)
	m.reorder(f, m.order)
	return nil
}

// An ordering is memory that Sort, Reorder and Compact use. It is never read before it
// is written.
type ordering struct {
	state  []uint8
	order  []BlockID
	stack  []visit
	number []BlockID
	blocks []Block
	values []ValueID
	table  []Value
}

// States of a block while blocks are sorted.
const (
	unseen = iota
	open
	seen
)

type visit struct {
	b    BlockID
	next int // index into Succ of the next edge to follow, downward
}

var orderings sync.Pool

func getOrdering() *ordering {
	if m, ok := orderings.Get().(*ordering); ok {
		return m
	}
	return new(ordering)
}

func (m *ordering) enter(f *Func, b BlockID) error {
	blk := &f.Blocks[b]
	if blk.Kind == KindInvalid || blk.Kind >= numKinds {
		return fmt.Errorf("ir: b%d has no way out", b)
	}
	m.state[b] = open
	m.stack = append(m.stack, visit{b, blk.NumSucc() - 1})
	return nil
}

// Reorder renumbers the blocks: order[i] is the block that becomes number i.
// Blocks that are not in order are dropped with their values; no block that
// stays may lead to one of them.
func (f *Func) Reorder(order []BlockID) {
	m := getOrdering()
	m.reorder(f, order)
	orderings.Put(m)
}

func (m *ordering) reorder(f *Func, order []BlockID) {
	if len(order) == len(f.Blocks) && inOrder(order) {
		return
	}
	m.number = append(m.number[:0], make([]BlockID, len(f.Blocks))...)
	for i := range m.number {
		m.number[i] = NoBlock
	}
	m.blocks = append(m.blocks[:0], f.Blocks...)
	for i, b := range order {
		m.number[b] = BlockID(i)
		f.Blocks[i] = m.blocks[b]
	}
	clear(f.Blocks[len(order):])
	f.Blocks = f.Blocks[:len(order)]
	clear(m.blocks) // keeps nothing alive
	for i := range f.Blocks {
		blk := &f.Blocks[i]
		for w := range blk.NumSucc() {
			to := m.number[blk.Succ[w].To]
			if to == NoBlock {
				panic(fmt.Sprintf("ir: reorder drops b%d, to which b%d leads", blk.Succ[w].To, order[i]))
			}
			blk.Succ[w].To = to
		}
	}
	for id := range f.Values {
		v := &f.Values[id]
		if v.Op == OpInvalid || v.Op == OpConst {
			continue
		}
		if v.Block = m.number[v.Block]; v.Block == NoBlock {
			*v = Value{}
		}
	}
}

// inOrder reports whether each block has the number already that it shall have.
func inOrder(order []BlockID) bool {
	for i, b := range order {
		if int(b) != i {
			return false
		}
	}
	return true
}

// Clone returns a copy that shares nothing with f and has no memory to spare.
func (f *Func) Clone() *Func {
	g := *f
	g.consts, g.ids = nil, nil
	g.forget()
	g.Values = append(make([]Value, 0, len(f.Values)), f.Values...)
	g.Blocks = append(make([]Block, 0, len(f.Blocks)), f.Blocks...)
	n := 0
	for i := range g.Blocks {
		b := &g.Blocks[i]
		n += len(b.Params) + len(b.Values) + len(b.Succ[True].Args) + len(b.Succ[False].Args)
	}
	ids := make([]ValueID, 0, n) // of all lists
	own := func(list []ValueID) []ValueID {
		if len(list) == 0 {
			return nil
		}
		start := len(ids)
		ids = append(ids, list...)
		return ids[start:len(ids):len(ids)]
	}
	for i := range g.Blocks {
		b := &g.Blocks[i]
		b.Params, b.Values = own(b.Params), own(b.Values)
		for w := range b.Succ {
			b.Succ[w].Args = own(b.Succ[w].Args)
		}
	}
	return &g
}

// Compact renumbers the values in the order in which the blocks list them,
// constants behind, and drops from the table what no block lists and the
// constants that nothing uses.
func (f *Func) Compact() {
	m := getOrdering()
	defer orderings.Put(m)
	m.values = append(m.values[:0], make([]ValueID, len(f.Values))...)
	// There is room for all: what values are renamed in does not move.
	m.table = append(slices.Grow(m.table[:0], len(f.Values)+1), Value{})
	number, values := m.values, m.table
	take := func(list []ValueID) {
		for i, id := range list {
			list[i] = ValueID(len(values))
			number[id] = list[i]
			values = append(values, f.Values[id])
		}
	}
	for b := range f.Blocks {
		take(f.Blocks[b].Params)
		take(f.Blocks[b].Values)
	}
	listed := len(values)
	rename := func(id *ValueID) {
		if *id == None {
			return
		}
		if number[*id] == None {
			if v := &f.Values[*id]; v.Op != OpConst {
				panic(fmt.Sprintf("ir: v%d (%v) is used and listed in no block", *id, v.Op))
			}
			number[*id] = ValueID(len(values))
			values = append(values, f.Values[*id])
		}
		*id = number[*id]
	}
	for id := 1; id < listed; id++ {
		rename(&values[id].Args[0])
		rename(&values[id].Args[1])
	}
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		rename(&blk.X)
		rename(&blk.Y)
		for w := range blk.Succ {
			args := blk.Succ[w].Args
			for i := range args {
				rename(&args[i])
			}
		}
	}
	f.Values, m.table = values, f.Values
	f.forget()
}
