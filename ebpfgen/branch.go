package ebpfgen

import (
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// end emits the way out of block id; next is the block that follows.
func (b *body) end(id, next ir.BlockID) {
	ways := b.fl.ways[id]
	switch b.fl.kind[id] {
	case ir.KindAccept:
		b.out.jump(b.label(toAccept))
	case ir.KindJump:
		b.move(ways[0])
		b.out.jump(b.label(ways[0].To))
	case ir.KindIf:
		b.branch(id, ways[ir.True], ways[ir.False], next)
	default:
		panic("ebpfgen: block of kind " + b.fl.kind[id].String())
	}
}

// branch emits a two-way test. The way that is not jumped to follows in line.
func (b *body) branch(id ir.BlockID, yes, no ir.Edge, next ir.BlockID) {
	op, inverse := b.test(id)
	taken, inline := yes, no
	if inverse.ok && (yes.To == next || len(b.fl.moves(yes)) > 0 && len(b.fl.moves(no)) == 0) {
		op.op, taken, inline = inverse.op, no, yes
	}
	b.out.jumpIf(op.to(b.wayLabel(id, taken)))
	b.move(inline)
	b.out.jump(b.label(inline.To))
}

// comparison is a conditional jump without its target.
type comparison struct {
	op  asm.JumpOp
	x   asm.Register
	y   asm.Register // unless imm
	k   int32
	imm bool
}

// to completes the jump.
func (c comparison) to(label string) asm.Instruction {
	if c.imm {
		return c.op.Imm32(c.x, c.k, label)
	}
	return c.op.Reg32(c.x, c.y, label)
}

// inverse is the opposite of a jump's test, if the machine has it.
type inverse struct {
	op asm.JumpOp
	ok bool
}

// test fetches the operands of block id's test and returns the jump for "holds".
func (b *body) test(id ir.BlockID) (comparison, inverse) {
	blk := b.f.Block(id)
	x, y := blk.X, blk.Y
	_, exchanged := b.f.IsConst(x)
	if exchanged {
		x, y = y, x
	}
	jump, inv := jumps(blk.Cond, exchanged)
	sx, sy := b.m.scratch[0], b.m.scratch[1]
	if b.places[y] == (place{kind: inRegister, reg: sx}) {
		sx, sy = sy, sx // y was made there by the step before
	}
	c := comparison{op: jump, x: b.operand(x, sx)}
	if k, ok := b.f.IsConst(y); ok {
		if size, ok := b.raw(x); ok {
			k = swapped(k, size)
		}
		c.imm, c.k = true, int32(k)
	} else {
		c.y = b.operand(y, sy)
	}
	return c, inv
}

// jumps returns the conditional jump for a condition, and its opposite.
// exchanged: the operands have changed places.
func jumps(c ir.Cond, exchanged bool) (asm.JumpOp, inverse) {
	switch c {
	case ir.Eq:
		return asm.JEq, inverse{asm.JNE, true}
	case ir.Set:
		return asm.JSet, inverse{}
	case ir.Gt:
		if exchanged {
			return asm.JLT, inverse{asm.JGE, true}
		}
		return asm.JGT, inverse{asm.JLE, true}
	case ir.Ge:
		if exchanged {
			return asm.JLE, inverse{asm.JGT, true}
		}
		return asm.JGE, inverse{asm.JLT, true}
	}
	panic("ebpfgen: condition " + c.String())
}

// A transfer is a parameter's place and what goes there.
type transfer struct {
	dst, src place
	k        uint32 // where src is nowhere
}

// move sets the parameters of a way, all at once: no argument may be
// overwritten before it is read.
func (b *body) move(way ir.Edge) {
	var todo []transfer
	for _, m := range b.fl.moves(way) {
		t := transfer{dst: b.places[m.param], src: b.places[m.arg]}
		if k, ok := b.f.IsConst(m.arg); ok {
			t.src, t.k = place{}, k
		}
		if t.dst != t.src {
			todo = append(todo, t)
		}
	}
	for len(todo) > 0 {
		i := ready(todo)
		if i < 0 {
			// A circle: set one of its places aside.
			aside := place{kind: inRegister, reg: b.m.scratch[0]}
			full := todo[0].dst
			b.transfer(transfer{dst: aside, src: full})
			for j := range todo {
				if todo[j].src == full {
					todo[j].src = aside
				}
			}
			continue
		}
		b.transfer(todo[i])
		todo = append(todo[:i], todo[i+1:]...)
	}
}

// ready returns a transfer to a place from which no other one reads, -1 if
// there is none.
func ready(todo []transfer) int {
	for i := range todo {
		read := false
		for j := range todo {
			read = read || j != i && todo[j].src == todo[i].dst
		}
		if !read {
			return i
		}
	}
	return -1
}

// transfer emits one move.
func (b *body) transfer(t transfer) {
	r := t.dst.reg
	if t.dst.kind == inSlot {
		r = b.m.scratch[1]
	}
	switch t.src.kind {
	case nowhere:
		b.out.emit(asm.Mov.Imm32(r, int32(t.k)))
	case inRegister:
		if t.dst.kind == inSlot {
			r = t.src.reg
		} else {
			b.out.emit(asm.Mov.Reg32(r, t.src.reg))
		}
	case inSlot:
		b.out.emit(asm.LoadMem(r, asm.RFP, t.src.slot, asm.DWord))
	}
	if t.dst.kind == inSlot {
		b.out.emit(asm.StoreMem(asm.RFP, t.dst.slot, r, asm.DWord))
	}
}
