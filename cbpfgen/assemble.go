package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
	"golang.org/x/net/bpf"
)

// assemble places the blocks of d in their order, the verdicts last, and resolves
// jumps.
//
// It works from the end to the front, so that every distance is final when a
// jump needs it: a conditional jump that cannot reach its target jumps to a stepping
// stone, an unconditional jump, which is placed right behind the last conditional jump
// that needs it and serves those in front of it as well.
func assemble(d *draft, snaplen uint32) *Program { return new(assembler).program(d, snaplen) }

// program is assemble in the assembler's memory.
func (a *assembler) program(d *draft, snaplen uint32) *Program {
	if a.last != d {
		a.size(d, snaplen)
	}
	n := len(a.insns)
	a.last = nil
	p := &Program{Insns: make([]bpf.RawInstruction, n), Spans: make([]ir.Span, n)}
	for i := range n {
		p.Insns[i], p.Spans[i] = a.insns[n-1-i], a.spans[n-1-i]
	}
	return p
}

// size returns the number of instructions of d, which it assembles for that.
func (a *assembler) size(d *draft, snaplen uint32) int {
	a.snaplen, a.last = snaplen, d
	a.insns, a.spans = a.insns[:0], a.spans[:0]
	a.blocks = cleared(a.blocks, len(d.blocks))
	a.stones = cleared(a.stones, len(d.blocks)+2)
	reached := d.reached()
	a.verdicts(d, reached)
	for i := len(d.blocks) - 1; i >= 0; i-- {
		if reached[i] {
			a.block(target(i), &d.blocks[i])
		}
	}
	return len(a.insns)
}

// An assembler holds the program backwards. Places are indices into insns, so that
// jumps lead to lower ones.
type assembler struct {
	snaplen        uint32
	last           *draft // what insns are, nil where they are nothing
	insns          []bpf.RawInstruction
	spans          []ir.Span
	blocks         []int // place of each block's first instruction
	accept, reject int
	returns        bool   // emit copies of returns, see withReturns
	later          []bool // by block: a test that rejects comes before it
	soon           []bool // by block: it loads nothing, and rejects, or leads to one that does
	keepsA         []bool // by block: it leads to one that needs what it leaves in A
	stones         []int  // by target, plus 2: place of the last stepping stone to it, plus 1; 0: none
}

// verdicts emits the returns that d leads to.
func (a *assembler) verdicts(d *draft, reached []bool) {
	accept, reject := d.entry == toAccept, d.entry == toReject
	for i, ok := range reached {
		for _, t := range d.blocks[i].next {
			accept = accept || ok && t == toAccept
			reject = reject || ok && t == toReject
		}
	}
	if reject {
		a.reject = a.emit(bpf.RawInstruction{Op: opRetK}, ir.Span{})
	}
	if accept {
		a.accept = a.emit(bpf.RawInstruction{Op: opRetK, K: a.snaplen}, ir.Span{})
	}
}

// emit puts an instruction in front of the program and returns its place.
func (a *assembler) emit(i bpf.RawInstruction, span ir.Span) int {
	a.insns = append(a.insns, i)
	a.spans = append(a.spans, span)
	return len(a.insns) - 1
}

func (a *assembler) block(id target, b *codeBlock) {
	if a.returns {
		a.verdictsBehind(id, b)
	}
	if b.cond == 0 {
		a.jump(b)
	} else {
		a.test(id, b)
	}
	for _, c := range slices.Backward(b.code) {
		a.emit(bpf.RawInstruction{Op: c.op, K: c.k}, c.span)
	}
	a.blocks[id] = len(a.insns) - 1
}

// jump emits nothing for an edge to what comes next.
func (a *assembler) jump(b *codeBlock) {
	t := b.next[ir.True]
	if a.distance(a.place(t)) > 0 {
		a.stone(t, b.span)
	}
}

func (a *assembler) test(id target, b *codeBlock) {
	var at [2]int
	for settled := false; !settled; {
		settled = true
		for i, t := range b.next {
			p, ok := a.near(t)
			if !ok {
				p = a.stone(t, b.span)
				settled = false
			}
			at[i] = p
		}
	}
	jt, jf := a.distance(at[ir.True]), a.distance(at[ir.False])
	if a.returns && !a.keepsA[id] && a.withoutJset(b, jt, jf) {
		return
	}
	a.emit(bpf.RawInstruction{Op: b.cond, K: b.k, Jt: uint8(jt), Jf: uint8(jf)}, b.span)
}

// stone emits an unconditional jump to t and returns its place. To a verdict as well,
// although a copy of the return would do: the kernel's check of scratch words takes
// what follows a return for something that the return leads to.
func (a *assembler) stone(t target, span ir.Span) int {
	p := a.emit(bpf.RawInstruction{Op: opJa, K: uint32(a.distance(a.place(t)))}, span)
	a.stones[t+2] = p + 1
	return p
}

// place returns where t is.
func (a *assembler) place(t target) int {
	switch t {
	case toAccept:
		return a.accept
	case toReject:
		return a.reject
	}
	return a.blocks[t]
}

// near returns where the next instruction to be emitted, if it is a conditional
// jump, can jump to get to t.
func (a *assembler) near(t target) (place int, ok bool) {
	if p := a.place(t); a.distance(p) <= maxShort {
		return p, true
	}
	if p := a.stones[t+2]; p > 0 && a.distance(p-1) <= maxShort {
		return p - 1, true
	}
	return 0, false
}

// distance returns the displacement from the next instruction to be emitted to a place.
func (a *assembler) distance(place int) int {
	return len(a.insns) - 1 - place
}
