package cbpfgen

import (
	"cmp"
	"math"
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// Bounds of the search for a shorter program.
const (
	maxRounds = 4    // selections with more and more values kept out of slots
	maxBlocks = 4096 // blocks selected to try other homes of parameters, all trials together
)

// A candidate is a finished selection.
type candidate struct {
	draft *draft
	slots int // words of scratch memory that it needs
	size  int // instructions
}

// search selects g with different choices and returns the shortest program; with
// o.Speed, that program with more returns, where that is not too long.
func (m *memory) search(g *ir.Func, snaplen uint32, o Options) (*Program, error) {
	s := &m.sel
	s.begin(g, snaplen, &m.asm)
	s.quick = o.Speed
	best := s.lean()
	if best.slots > 0 {
		// Where no slot is needed, one for a parameter makes nothing shorter.
		best = s.rehome(best)
	}
	if s.choseBase && len(g.Blocks) <= maxBlocks {
		s.baseToX = true
		best = s.choose(s.lean(), best)
	}
	if best.slots > scratchWords {
		return nil, &LimitError{
			What: "scratch slots", Have: best.slots, Max: scratchWords,
			Hint: "use eBPF, or simpler arithmetic",
		}
	}
	var p *Program
	if o.Speed {
		p = m.asm.withReturns(best.draft, snaplen)
	}
	// The kernel's check of scratch words takes what follows a return for something
	// that the return leads to.
	if p == nil || o.MaxInsns > 0 && len(p.Insns) > o.MaxInsns || verifyScratch(p.Insns) != nil {
		p = m.asm.program(best.draft, snaplen)
	}
	s.drop(best.draft)
	return p, nil
}

// choose returns the better of two candidates, b where they are equal, and drops the
// other one.
func (s *selector) choose(a, b candidate) candidate {
	if b.draft == nil || a.draft != nil && a.better(b) {
		a, b = b, a
	}
	if a.draft != b.draft {
		s.drop(a.draft)
	}
	return b
}

// better reports whether c is to be preferred to d.
func (c candidate) better(d candidate) bool {
	if most := max(c.slots, d.slots); most > scratchWords && c.slots != d.slots {
		return c.slots < d.slots
	}
	return c.size < d.size
}

// lean selects, and selects again with values kept out of slots where that may be
// shorter, and as long as more slots are needed than there are. It gives that up where
// computing values again and again makes the program many times longer.
func (s *selector) lean() candidate {
	var best candidate
	s.avoids = cleared(s.avoids, len(s.f.Values))
	avoid := s.avoids
	limit := math.MaxInt
	for round := 0; ; round++ {
		d := s.run(avoid, limit)
		if d == nil {
			return best
		}
		if round == 0 {
			limit = 8*s.emitted + 4096
		}
		prune(d, s.quick)
		use := slotUse(d)
		c := candidate{draft: d, slots: assignSlots(d, use)}
		c.size = s.asm.size(d, s.snaplen)
		best = s.choose(c, best)
		excess := c.slots - scratchWords
		s.tight = s.tight || excess > 0
		if excess <= 0 && round >= maxRounds || !s.avoidMore(avoid, use, excess) {
			return best
		}
	}
}

// rehome tries each parameter in a slot instead of a register.
func (s *selector) rehome(best candidate) candidate {
	left := maxBlocks
	for p, h := range s.homes {
		if h == homeSlot {
			continue
		}
		if left -= len(s.f.Blocks); left < 0 {
			break
		}
		s.homes[p] = homeSlot
		was := best.draft
		if best = s.choose(s.lean(), best); best.draft == was {
			s.homes[p] = h
		}
	}
	return best
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
			s.avoidTree(avoid, c.v)
			added = true
		}
	}
	return added
}

// avoidTree adds v to avoid, and what only v is computed from.
func (s *selector) avoidTree(avoid []bool, v ir.ValueID) {
	avoid[v] = true
	for _, a := range s.f.Value(v).Args {
		if a != ir.None && s.uses[a] == 1 && s.f.Value(a).Op != ir.OpParam {
			s.avoidTree(avoid, a)
		}
	}
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
