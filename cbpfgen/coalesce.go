package cbpfgen

import (
	"math/bits"
)

// A slotCopy is an edge's move of one slot to another.
type slotCopy struct {
	from, to uint32
}

// coalesce gives the same name to slots that are copied from one to the other, where
// neither changes while the other is needed, and drops the copies. It reports
// whether it did any. It looks at 64 slots at most.
func coalesce(d *draft) bool {
	copies := slotCopies(d)
	if len(copies) == 0 {
		return false
	}
	c := newConflicts(d, copies)
	for _, p := range copies {
		c.join(p)
	}
	if len(c.name) == 0 {
		return false
	}
	for i := range d.blocks {
		b := &d.blocks[i]
		for j := range b.code {
			if i := &b.code[j]; i.storesSlot() || i.loadsSlot() {
				i.k = c.find(i.k)
			}
		}
		b.code = dropSelfCopies(b.code)
	}
	return true
}

// isCopy reports whether i and j together copy a slot through a register.
func isCopy(i, j insn) bool {
	return i.op == opLdMem && j.op == opSt || i.op == opLdxMem && j.op == opStx
}

func slotCopies(d *draft) []slotCopy {
	var list []slotCopy
	for i := range d.blocks {
		code := d.blocks[i].code
		for j := 1; j < len(code); j++ {
			if isCopy(code[j-1], code[j]) && code[j-1].k != code[j].k {
				list = append(list, slotCopy{code[j-1].k, code[j].k})
			}
		}
	}
	return list
}

// dropSelfCopies drops stores of what has just been loaded from the same slot.
func dropSelfCopies(code []insn) []insn {
	kept := code[:0]
	for _, c := range code {
		if n := len(kept); n > 0 && isCopy(kept[n-1], c) && kept[n-1].k == c.k {
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// conflicts says which of the slots that copies name must be kept apart.
type conflicts struct {
	index map[uint32]int    // bit of each slot
	with  []uint64          // by bit: the slots whose value is needed where this one is stored, and the reverse
	name  map[uint32]uint32 // of a joined slot: the one that it was joined to
}

func newConflicts(d *draft, copies []slotCopy) *conflicts {
	c := &conflicts{index: make(map[uint32]int), name: make(map[uint32]uint32)}
	for _, p := range copies {
		for _, s := range []uint32{p.from, p.to} {
			if _, ok := c.index[s]; !ok && len(c.index) < 64 {
				c.index[s] = len(c.index)
			}
		}
	}
	c.with = make([]uint64, len(c.index))
	in := make([]uint64, len(d.blocks)) // slots needed from the start of each block on
	for i := len(d.blocks) - 1; i >= 0; i-- {
		b := &d.blocks[i]
		var live uint64
		for _, t := range b.next {
			if t >= 0 {
				live |= in[t]
			}
		}
		for j := len(b.code) - 1; j >= 0; j-- {
			at, ok := c.index[b.code[j].k]
			switch {
			case !ok:
			case b.code[j].loadsSlot():
				live |= 1 << at
			case b.code[j].storesSlot():
				live &^= 1 << at
				others := live
				if j > 0 && isCopy(b.code[j-1], b.code[j]) {
					if from, ok := c.index[b.code[j-1].k]; ok {
						others &^= 1 << from
					}
				}
				c.keepApart(at, others)
			}
		}
		in[i] = live
	}
	return c
}

func (c *conflicts) keepApart(at int, others uint64) {
	c.with[at] |= others
	for o := others; o != 0; o &= o - 1 {
		c.with[bits.TrailingZeros64(o)] |= 1 << at
	}
}

// find returns the slot that s has been joined to, or s.
func (c *conflicts) find(s uint32) uint32 {
	for {
		to, ok := c.name[s]
		if !ok {
			return s
		}
		s = to
	}
}

// join makes the two slots of p one, if they need not be apart.
func (c *conflicts) join(p slotCopy) {
	from, to := c.find(p.from), c.find(p.to)
	a, ok := c.index[from]
	b, ok2 := c.index[to]
	if !ok || !ok2 || a == b || c.with[a]&(1<<b) != 0 {
		return
	}
	c.keepApart(a, c.with[b])
	c.name[to] = from
}
