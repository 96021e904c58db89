package cbpfgen

import (
	"cmp"
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// maxRounds bounds how often select is run in search of a shorter program.
const maxRounds = 4

// selectBest selects g, and selects again with values kept out of slots where that
// is shorter, and as long as more slots are needed than there are.
func selectBest(g *ir.Func) (*draft, error) {
	s := newSelector(g)
	var best *draft
	var bestSlots int
	avoid := make([]bool, len(g.Values))
	for round := 0; ; round++ {
		d := s.run(avoid)
		prune(d)
		use := slotUse(d)
		n := assignSlots(d, use)
		fits := n <= scratchWords
		if best == nil || better(fits, d.size(), bestSlots <= scratchWords, best.size()) {
			best, bestSlots = d, n
		}
		if fits && round >= maxRounds {
			break
		}
		if !s.avoidMore(avoid, use, n-scratchWords) {
			break
		}
	}
	if bestSlots > scratchWords {
		return nil, &LimitError{
			What: "scratch slots", Have: bestSlots, Max: scratchWords,
			Hint: "use eBPF, or simpler arithmetic",
		}
	}
	return best, nil
}

// better reports whether a program is to be preferred to another.
func better(fits bool, size int, otherFits bool, otherSize int) bool {
	if fits != otherFits {
		return fits
	}
	return size < otherSize
}

// size is the number of instructions of d but for verdicts and unconditional jumps.
func (d *draft) size() int {
	n := 0
	for i := range d.blocks {
		n += len(d.blocks[i].code)
		if d.blocks[i].cond != 0 {
			n++
		}
	}
	return n
}

// A slotSpan is the life of a slot: the positions, in instructions of the program
// as it is laid out, of its first store and its last load.
type slotSpan struct {
	slot        uint32
	first, last int
	loads       int
}

// slotUse returns the slots of d by first store.
func slotUse(d *draft) []slotSpan {
	index := make(map[uint32]int)
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

// avoidMore adds to avoid the values for which computing them again, wherever they
// are loaded from a slot, takes no more instructions than the slot; and if there are
// too many slots, at least that many values at the least cost. It reports whether it
// added any.
func (s *selector) avoidMore(avoid []bool, use []slotSpan, excess int) bool {
	type choice struct {
		v     ir.ValueID
		extra int // instructions
	}
	var list []choice
	for _, u := range use {
		v := ir.ValueID(u.slot)
		if int(u.slot) >= len(avoid) || avoid[v] || s.f.Value(v).Op == ir.OpParam {
			continue
		}
		list = append(list, choice{v, u.loads*s.effort(v, 0) - u.loads - 1})
	}
	slices.SortStableFunc(list, func(a, b choice) int { return cmp.Compare(a.extra, b.extra) })
	added := false
	for i, c := range list {
		if c.extra <= 0 || i < excess {
			avoid[c.v] = true
			added = true
		}
	}
	return added
}

// maxEffort is where effort stops counting.
const maxEffort = 64

// effort estimates the instructions that compute v with nothing in the registers.
func (s *selector) effort(id ir.ValueID, sum int) int {
	if id == ir.None || sum > maxEffort {
		return 0
	}
	if s.cheap(id) {
		return 1
	}
	v := s.f.Value(id)
	switch v.Op {
	case ir.OpParam:
		return 1
	case ir.OpLoad:
		return 2 + s.effort(v.Args[0], sum+2)
	}
	n := 1 + s.effort(v.Args[0], sum+1)
	if _, ok := s.f.IsConst(v.Args[1]); ok || v.Args[1] == ir.None {
		return n
	}
	return n + 2 + s.effort(v.Args[1], sum+n)
}
