package match

// assignSlots gives each register a slot and returns how many there are.
//
// All ways lead forward, so a register is needed from the first instruction
// that names it to the last, and two whose stretches do not meet may share a
// slot. A slot is free again after the instruction that reads it last: an
// instruction reads before it writes.
func (c *compiler) assignSlots() int {
	last := make([]int32, c.regs)
	for pc, r := range c.values {
		last[r.dst], last[r.a], last[r.b] = int32(pc), int32(pc), int32(pc)
	}
	slot := make([]int32, c.regs) // plus 1; 0: none yet
	var free []int32
	n := int32(0)
	// A result that nothing reads still needs a place.
	take := func(r int32) uint16 {
		if slot[r] == 0 {
			if len(free) > 0 {
				slot[r] = free[len(free)-1]
				free = free[:len(free)-1]
			} else {
				n++
				slot[r] = n
			}
		}
		return uint16(slot[r] - 1)
	}
	for pc := range c.code {
		i, r := &c.code[pc], c.values[pc]
		if r.a != 0 {
			i.a = take(r.a)
		}
		if r.b != 0 {
			i.b = take(r.b)
		}
		done := func(x int32) {
			if x != 0 && x != r.dst && last[x] == int32(pc) {
				free = append(free, slot[x])
				last[x] = -1
			}
		}
		done(r.a)
		done(r.b)
		if r.dst != 0 {
			i.dst = take(r.dst)
			if last[r.dst] == int32(pc) {
				free = append(free, slot[r.dst])
			}
		}
	}
	return int(n)
}
