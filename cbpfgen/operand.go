package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// toA brings value id to A. X changes only where clobbersX says so.
func (s *selector) toA(id ir.ValueID) {
	switch {
	case s.reg.a == id:
		return
	case s.emitted > s.limit:
		return // run gives up
	case s.reg.x == id:
		s.emitFor(id, opTxa, 0)
		s.reg.a = id
		return
	case s.inSlot(id) && s.again(id, 2) > 1:
		s.emitFor(id, opLdMem, uint32(id))
		s.reg.a = id
		return
	}
	if s.header[id].ok && s.reg.a != s.header[id].load && s.reg.a != s.f.Value(id).Args[0] {
		s.toX(id)
		s.emitFor(id, opTxa, 0)
		s.reg.a = id
		return
	}
	s.saveBase()
	s.compute(id)
	s.reg.a = id
	s.keep(id, opSt)
}

// saveBase copies A to X if loads to come have its value for base, or, for speed, if later
// blocks need what it has loaded, and X holds nothing that is still needed. A is about to
// change.
func (s *selector) saveBase() {
	a, x := s.reg.a, s.reg.x
	if s.reserved > 0 || a == ir.None || a == x || x != ir.None && s.needsYet(x) {
		return
	}
	loaded := s.quick && s.last[a] > s.here && s.f.Value(a).Op == ir.OpLoad
	if s.lastBase[a] < s.here && !loaded {
		return
	}
	s.emitFor(a, opTax, 0)
	s.code[len(s.code)-1].spare = true
	s.reg.x = a
}

// needsYet reports whether code to come seems to need v.
func (s *selector) needsYet(v ir.ValueID) bool {
	if s.last[v] != s.here {
		return s.last[v] > s.here
	}
	return s.lastEnd[v] == s.here || slices.ContainsFunc(s.users.of(v), func(u ir.ValueID) bool {
		return s.f.Value(u).Block == s.here && !s.kept[u]
	})
}

// compute emits the instructions for the value itself, with the result in A.
func (s *selector) compute(id ir.ValueID) {
	v := s.f.Value(id)
	switch v.Op {
	case ir.OpConst:
		s.emitFor(id, opLdImm, v.K)
		return
	case ir.OpLoad:
		if v.Args[0] == ir.None {
			s.emitFor(id, clsLD|modeABS|width(v.Size), v.K)
			return
		}
		s.toX(v.Args[0])
		s.emitFor(id, clsLD|modeIND|width(v.Size), v.K)
		return
	case ir.OpLen:
		s.emitFor(id, opLdLen, 0)
		return
	case ir.OpMeta:
		w, ok := metaWidths[v.Meta]
		if !ok {
			panic("cbpfgen: no load for " + v.Meta.String())
		}
		s.emitFor(id, clsLD|modeABS|w, adOffset+uint32(v.Meta))
		return
	case ir.OpNeg:
		s.toA(v.Args[0])
		s.saveBase()
		s.emitFor(id, opNeg, 0)
		return
	case ir.OpParam:
		panic("cbpfgen: parameter was not kept")
	}
	if k, ok := s.f.IsConst(v.Args[1]); ok {
		s.toA(v.Args[0])
		s.saveBase()
		s.emitFor(id, aluOp(v.Op)|srcK, k)
		return
	}
	s.pair(v.Args[0], v.Args[1], v.Op.Commutative())
	s.emitFor(id, aluOp(v.Op)|srcX, 0)
}

// toX brings value id to X. A keeps its value if direct says so.
func (s *selector) toX(id ir.ValueID) {
	if s.reg.x == id {
		return
	}
	v := s.f.Value(id)
	switch {
	case s.reg.a == id:
		s.emitFor(id, opTax, 0)
	case v.Op == ir.OpConst:
		s.emitFor(id, opLdxImm, v.K)
	case v.Op == ir.OpLen:
		s.emitFor(id, opLdxLen, 0)
	case s.header[id].ok:
		s.emitFor(id, opLdxMSH, s.f.Value(s.header[id].load).K)
		s.keep(id, opStx)
	case s.inSlot(id):
		s.emitFor(id, opLdxMem, uint32(id))
	default:
		s.toA(id)
		s.emitFor(id, opTax, 0)
	}
	s.reg.x = id
}

// keep stores the register that holds id to its slot, if this is the place that
// all uses come after.
func (s *selector) keep(id ir.ValueID, store uint16) {
	if s.f.Value(id).Block == s.here && !s.kept[id] && !s.avoided(id) {
		s.kept[id] = true
		s.log = append(s.log, id)
		s.emitFor(id, store, uint32(id))
	}
}

// inSlot reports whether id can be had from its slot.
func (s *selector) inSlot(id ir.ValueID) bool { return s.kept[id] }

// direct reports whether toX can bring id to X whatever the registers hold, and
// leave A alone.
func (s *selector) direct(id ir.ValueID) bool {
	op := s.f.Value(id).Op
	return op == ir.OpConst || op == ir.OpLen || s.header[id].ok || s.inSlot(id)
}

// clobbersX reports whether toA for id would change X.
func (s *selector) clobbersX(id ir.ValueID) bool {
	if s.reg.a == id || s.reg.x == id || s.inSlot(id) && s.again(id, 2) > 1 {
		return false
	}
	v := s.f.Value(id)
	switch v.Op {
	case ir.OpConst, ir.OpLen, ir.OpMeta:
		return false
	case ir.OpLoad:
		return v.Args[0] != ir.None && s.reg.x != v.Args[0]
	case ir.OpNeg:
		return s.clobbersX(v.Args[0])
	}
	if s.header[id].ok && s.reg.a != s.header[id].load && s.reg.a != v.Args[0] {
		return true
	}
	if _, ok := s.f.IsConst(v.Args[1]); ok {
		return s.clobbersX(v.Args[0])
	}
	return s.reg.x != v.Args[1] || s.clobbersX(v.Args[0])
}

// again estimates how many instructions compute id anew in A, as the registers are;
// it stops counting at limit.
func (s *selector) again(id ir.ValueID, limit int) int {
	if s.reg.a == id {
		return 0
	}
	if limit <= 1 {
		return 1
	}
	if s.reg.x == id {
		return 1
	}
	v := s.f.Value(id)
	switch v.Op {
	case ir.OpConst, ir.OpLen, ir.OpMeta:
		return 1
	case ir.OpLoad:
		if v.Args[0] == ir.None || s.reg.x == v.Args[0] {
			return 1
		}
		return limit
	case ir.OpParam:
		return limit
	case ir.OpNeg:
		return 1 + s.again(v.Args[0], limit-1)
	}
	if _, ok := s.f.IsConst(v.Args[1]); ok || s.reg.x == v.Args[1] {
		return 1 + s.again(v.Args[0], limit-1)
	}
	return limit
}

// pair brings value a to A and b to X; where they may change places it may do so,
// and then returns true. It takes the shortest of the ways that it knows.
func (s *selector) pair(a, b ir.ValueID, exchange bool) (exchanged bool) {
	if s.reg.x == b && !s.clobbersX(a) {
		s.take(way{a: a, b: b, order: xFirst})
		return false
	}
	var few [4]way
	ways := s.ways(a, b, false, few[:0])
	if exchange && a != b {
		ways = s.ways(b, a, true, ways)
	}
	best := 0
	switch {
	case len(ways) == 1:
	case s.depth < maxTrials && s.weight[a] < trialWeight && s.weight[b] < trialWeight:
		best = s.shortest(ways)
	case ways[0].order >= bFirst:
		best = 1
	}
	s.take(ways[best])
	return ways[best].exchanged
}

// A way is an order in which to bring a to A and b to X.
type way struct {
	a, b      ir.ValueID
	order     order
	exchanged bool
}

type order uint8

const (
	xFirst order = iota // b to X, then a to A, which leaves X alone
	xLast               // a to A, then b to X, which leaves A alone
	bFirst              // b to a slot, a to A, the slot to X
	aFirst              // a to a slot, b to X, the slot to A; longer by one
)

// ways appends to list the ways that work, the likely best first.
func (s *selector) ways(a, b ir.ValueID, exchanged bool, list []way) []way {
	n := len(list)
	if s.follows(a, b) {
		list = append(list, way{a, b, xFirst, exchanged})
	}
	if s.direct(b) || a == b {
		list = append(list, way{a, b, xLast, exchanged})
	}
	switch {
	case len(list) > n:
	case s.tight && s.weight[a] > s.weight[b]:
		// The slot is taken only while the smaller of the two is computed.
		list = append(list, way{a, b, aFirst, exchanged})
	default:
		list = append(list, way{a, b, bFirst, exchanged})
	}
	return list
}

// follows reports whether, once b is in X, a can be brought to A without touching X.
func (s *selector) follows(a, b ir.ValueID) bool {
	was := s.reg
	defer func() { s.reg = was }()
	if s.reg.x != b {
		if !s.direct(b) {
			s.reg.a = b
		}
		s.reg.x = b
	}
	return !s.clobbersX(a)
}

func (s *selector) take(w way) {
	switch w.order {
	case xFirst:
		s.toX(w.b)
		s.reserved++
		s.toA(w.a)
		s.reserved--
	case xLast:
		s.toA(w.a)
		s.toX(w.b)
	case bFirst:
		s.toA(w.b)
		slot := s.park(w.b)
		s.toA(w.a)
		s.emitFor(w.b, opLdxMem, slot)
		s.reg.x = w.b
	case aFirst:
		s.toA(w.a)
		slot := s.park(w.a)
		s.toX(w.b)
		s.emitFor(w.a, opLdMem, slot)
		s.reg.a = w.a
	}
}

// park makes sure that a slot holds id, which is in A, and returns the slot.
func (s *selector) park(id ir.ValueID) uint32 {
	if s.inSlot(id) {
		return uint32(id)
	}
	s.temps++
	s.emitFor(id, opSt, s.temps-1)
	return s.temps - 1
}

// Bounds of the trials of pair: how many pairs, one inside the other, are tried every
// way, the number of trials being exponential in it, and the weight of a value from
// which on none are made.
const (
	maxTrials   = 2
	trialWeight = 24
)

// shortest returns the index of the way with the fewest instructions, the first of
// equals.
func (s *selector) shortest(ways []way) int {
	best, least := 0, 0
	s.depth++
	for i, w := range ways {
		code, reg, temps, log := len(s.code), s.reg, s.temps, len(s.log)
		s.take(w)
		cost := s.cost(s.code[code:])
		s.code, s.reg, s.temps = s.code[:code], reg, temps
		for _, v := range s.log[log:] {
			s.kept[v] = false
		}
		s.log = s.log[:log]
		if i == 0 || cost < least {
			best, least = i, cost
		}
	}
	s.depth--
	return best
}

// cost counts instructions, spare ones not. A store counts only if the code also loads the slot,
// and the first load of a slot that nothing has loaded before counts for its store.
func (s *selector) cost(code []insn) int {
	n := 0
	for i, c := range code {
		switch {
		case c.storesSlot(), c.spare:
		case c.loadsSlot() && !s.loadedBefore(c.k, code[:i]):
			n += 2
		default:
			n++
		}
	}
	return n
}

func (s *selector) loadedBefore(slot uint32, code []insn) bool {
	if int(slot) < len(s.loaded) && s.loaded[slot] {
		return true
	}
	for _, c := range code {
		if c.loadsSlot() && c.k == slot {
			return true
		}
	}
	return false
}

// emitFor emits an instruction that value id is the reason for.
func (s *selector) emitFor(id ir.ValueID, op uint16, k uint32) {
	span := s.f.Value(id).Span
	if span == (ir.Span{}) {
		span = s.span
	}
	s.emitted++
	s.code = append(s.code, insn{op: op, k: k, span: span})
}
