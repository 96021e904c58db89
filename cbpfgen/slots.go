package cbpfgen

import "slices"

// A slotSpan is the life of a slot: the positions, in instructions of the program
// as it is laid out, of its first store and its last load.
type slotSpan struct {
	slot        uint32
	first, last int
	loads       int
}

// slotUse returns the slots of d by first store.
func slotUse(d *draft) []slotSpan {
	var index map[uint32]int
	var list []slotSpan
	pos := 0
	for i := range d.blocks {
		for _, c := range d.blocks[i].code {
			pos++
			if !c.storesSlot() && !c.loadsSlot() {
				continue
			}
			at, ok := index[c.k]
			if !ok {
				if index == nil {
					index = make(map[uint32]int)
				}
				at = len(list)
				index[c.k] = at
				list = append(list, slotSpan{slot: c.k, first: pos})
			}
			list[at].last = pos
			if c.loadsSlot() {
				list[at].loads++
			}
		}
	}
	return list
}

// assignSlots gives the slots of d the lowest numbers that keep those apart whose
// lives overlap, and returns how many numbers it took. Since edges only lead forward,
// a value is not needed outside of its slotSpan.
func assignSlots(d *draft, use []slotSpan) int {
	if len(use) == 0 {
		return 0
	}
	number := make(map[uint32]uint32, len(use))
	var until []int // by number: the last position of the slot that has it
	for _, u := range use {
		n := slices.IndexFunc(until, func(last int) bool { return last < u.first })
		if n < 0 {
			n = len(until)
			until = append(until, 0)
		}
		until[n] = u.last
		number[u.slot] = uint32(n)
	}
	for i := range d.blocks {
		for j := range d.blocks[i].code {
			if c := &d.blocks[i].code[j]; c.storesSlot() || c.loadsSlot() {
				c.k = number[c.k]
			}
		}
	}
	return len(until)
}
