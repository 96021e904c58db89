package cbpfgen

import (
	"encoding/binary"

	"github.com/gofilter/gofilter/ir"
)

// prune drops what d can do without: stores to slots that nothing loads,
// instructions whose result nothing needs and that do not fault, copies between slots
// that may be one, empty blocks, and blocks equal to a later one. Unreachable blocks are left without code, and without
// way out but to a verdict.
func prune(d *draft) {
	for dropStores(d) || dropResults(d) || coalesce(d) {
	}
	mergeBlocks(d)
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

// reached reports which blocks the entry leads to.
func (d *draft) reached() []bool {
	r := make([]bool, len(d.blocks))
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
	loaded := make(map[uint32]bool)
	for i := range d.blocks {
		for _, c := range d.blocks[i].code {
			if c.loadsSlot() {
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
	in := make([]registers, len(d.blocks))
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

// mergeBlocks leads edges past empty blocks, and to the last of equal blocks.
func mergeBlocks(d *draft) {
	passOn := make([]target, len(d.blocks))
	same := make(map[string]target)
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
		key := b.key()
		if t, ok := same[key]; ok {
			passOn[i] = t
			continue
		}
		passOn[i] = target(i)
		same[key] = target(i)
	}
	d.entry = resolve(d.entry)
}

// key returns what two blocks that do the same have in common.
func (b *codeBlock) key() string {
	le := binary.LittleEndian
	k := make([]byte, 0, 16+6*len(b.code))
	k = le.AppendUint16(k, b.cond)
	k = le.AppendUint32(k, b.k)
	k = le.AppendUint32(k, uint32(b.next[ir.True]))
	k = le.AppendUint32(k, uint32(b.next[ir.False]))
	for _, c := range b.code {
		k = le.AppendUint16(k, c.op)
		k = le.AppendUint32(k, c.k)
	}
	return string(k)
}
