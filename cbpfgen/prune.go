package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// prune drops what d can do without: stores to slots that nothing loads,
// instructions whose result nothing needs and that do not fault, copies between slots
// that may be one, empty blocks, and blocks equal to a later one. Unreachable blocks are left without code, and without
// way out but to a verdict.
//
// A quick program keeps equal blocks as long as they are few: one of them would lie far from
// what leads to it.
func prune(d *draft, quick bool) {
	for dropStores(d) || dropResults(d) || coalesce(d) {
	}
	mergeBlocks(d, !quick || len(d.blocks) > maxEqual)
	dropUnreached(d)
	if hoistMoves(d) {
		dropUnreached(d)
	}
}

func dropUnreached(d *draft) {
	reached := d.reached()
	for i := range d.blocks {
		if !reached[i] {
			d.blocks[i] = codeBlock{next: [2]target{toReject, toReject}}
		}
	}
}

// reached reports which blocks the entry leads to. The slice is good until the next call.
func (d *draft) reached() []bool {
	d.marks = cleared(d.marks, len(d.blocks))
	r := d.marks
	if d.entry < 0 {
		return r
	}
	r[d.entry] = true
	for i := range d.blocks {
		if !r[i] {
			continue
		}
		for _, t := range d.blocks[i].next {
			if t >= 0 {
				r[t] = true
			}
		}
	}
	return r
}

// dropStores drops stores to slots that nothing loads and reports whether there
// were any.
func dropStores(d *draft) bool {
	names := uint32(0)
	for i := range d.blocks {
		for _, c := range d.blocks[i].code {
			if c.storesSlot() {
				names = max(names, c.k+1)
			}
		}
	}
	if names == 0 {
		return false
	}
	d.marks = cleared(d.marks, int(names))
	loaded := d.marks
	for i := range d.blocks {
		for _, c := range d.blocks[i].code {
			if c.loadsSlot() && c.k < names {
				loaded[c.k] = true
			}
		}
	}
	dropped := false
	for i := range d.blocks {
		b := &d.blocks[i]
		kept := b.code[:0]
		for _, c := range b.code {
			if c.storesSlot() && !loaded[c.k] {
				dropped = true
				continue
			}
			kept = append(kept, c)
		}
		b.code = kept
	}
	return dropped
}

// registers says which registers matter.
type registers struct {
	a, x bool
}

// liveOut returns which registers matter at the end of b, its jump included, given
// those that matter at the start of each later block.
func (b *codeBlock) liveOut(in []registers) registers {
	var live registers
	for _, t := range b.next {
		if t >= 0 {
			live.a = live.a || in[t].a
			live.x = live.x || in[t].x
		}
	}
	if b.cond != 0 {
		live.a = true
		live.x = live.x || b.cond&srcX != 0
	}
	return live
}

// before returns which registers matter before an instruction, given those that
// matter behind it.
func (r registers) before(op uint16) registers {
	reads, writes, _ := effects(op)
	return registers{r.a && !writes.a || reads.a, r.x && !writes.x || reads.x}
}

// dropResults drops instructions that only set a register which nothing reads
// before it is set again, and reports whether there were any.
func dropResults(d *draft) bool {
	dropped := false
	d.live = cleared(d.live, len(d.blocks))
	in := d.live
	for i := len(d.blocks) - 1; i >= 0; i-- {
		b := &d.blocks[i]
		live := b.liveOut(in)
		// Instructions that stay are moved to the end of the slice.
		w := len(b.code)
		for j := len(b.code) - 1; j >= 0; j-- {
			c := b.code[j]
			_, writes, fault := effects(c.op)
			if (writes.a || writes.x) && !(writes.a && live.a || writes.x && live.x) && !fault {
				dropped = true
				continue
			}
			live = live.before(c.op)
			w--
			b.code[w] = c
		}
		b.code = b.code[w:]
		in[i] = live
	}
	return dropped
}

// effects returns the registers that an instruction reads and sets, and whether it
// may end the program.
func effects(op uint16) (reads, writes registers, fault bool) {
	a, x := registers{a: true}, registers{x: true}
	switch op & 7 {
	case clsLD:
		switch op & 0xe0 {
		case modeABS:
			return registers{}, a, true
		case modeIND:
			return x, a, true
		}
		return registers{}, a, false
	case clsLDX:
		return registers{}, x, op == opLdxMSH
	case clsST:
		return a, registers{}, false
	case clsSTX:
		return x, registers{}, false
	case clsALU:
		reads = a
		if op != opNeg && op&srcX != 0 {
			reads.x = true
			fault = op&0xf0 == aluDIV || op&0xf0 == aluMOD
		}
		return reads, a, fault
	case clsMISC:
		if op == opTax {
			return a, x, false
		}
		return x, a, false
	}
	panic("cbpfgen: effects of a jump")
}

// maxEqual is up to how many blocks a quick program may have equal ones.
const maxEqual = 512

// mergeBlocks leads edges past empty blocks and, if equals says so, to the last of equal
// blocks.
func mergeBlocks(d *draft, equals bool) {
	d.passOn = cleared(d.passOn, len(d.blocks))
	passOn := d.passOn
	size := 16
	for size < 2*len(d.blocks) {
		size *= 2
	}
	d.table = cleared(d.table, size) // of indices into blocks, plus 1
	resolve := func(t target) target {
		if t < 0 {
			return t
		}
		return passOn[t]
	}
	for i := len(d.blocks) - 1; i >= 0; i-- {
		b := &d.blocks[i]
		b.next[ir.True], b.next[ir.False] = resolve(b.next[ir.True]), resolve(b.next[ir.False])
		if b.cond != 0 && b.next[ir.True] == b.next[ir.False] {
			b.goTo(b.next[ir.True])
		}
		if b.cond == 0 && len(b.code) == 0 {
			passOn[i] = b.next[ir.True]
			continue
		}
		passOn[i] = target(i)
		if equals {
			passOn[i] = d.same(target(i))
		}
	}
	d.entry = resolve(d.entry)
}

// same returns the block in d.table that does the same as block t, or t, which then is
// in the table.
func (d *draft) same(t target) target {
	b := &d.blocks[t]
	mask := uint64(len(d.table) - 1)
	for h := b.hash(); ; h++ {
		at := &d.table[h&mask]
		if *at == 0 {
			*at = int32(t) + 1
			return t
		}
		if d.blocks[*at-1].equal(b) {
			return target(*at - 1)
		}
	}
}

// equal reports whether two blocks do the same.
func (b *codeBlock) equal(c *codeBlock) bool {
	return b.cond == c.cond && b.k == c.k && b.next == c.next &&
		slices.EqualFunc(b.code, c.code, func(i, j insn) bool { return i.op == j.op && i.k == j.k })
}

// hash returns a number that equal blocks have in common.
func (b *codeBlock) hash() uint64 {
	const prime = 0x9e3779b97f4a7c15
	h := uint64(b.cond)<<32 ^ uint64(b.k)
	h = h*prime ^ uint64(uint32(b.next[ir.True]))<<32 ^ uint64(uint32(b.next[ir.False]))
	for _, c := range b.code {
		h = h*prime ^ uint64(c.op)<<32 ^ uint64(c.k)
	}
	h *= prime
	return h ^ h>>29
}
