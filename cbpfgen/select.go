package cbpfgen

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// A state is what the registers hold: the value of each that is known, or None.
type state struct {
	a, x ir.ValueID
}

// meet returns what holds if either s or t does.
func (s state) meet(t state) state {
	if s.a != t.a {
		s.a = ir.None
	}
	if s.x != t.x {
		s.x = ir.None
	}
	return s
}

// home is the place that a block expects a parameter in.
type home uint8

const (
	homeSlot home = iota
	homeA
	homeX
)

// A selector chooses instructions for a legal Func, block after block. The slot of
// value v has the name v; names from len(f.Values) on are of temporary slots.
type selector struct {
	facts
	snaplen uint32
	homes   []home // of parameters
	avoid   []bool // values that must not be kept in a slot

	out     []codeBlock
	insns   []insn // memory of the code of blocks
	in      []state
	entered []bool       // in is valid: an edge into the block has been seen
	kept    []bool       // the value's slot holds it wherever the value may be used
	loaded  []bool       // a finished block loads the value's slot
	needed  []ir.BlockID // the last block that was seen to need the value
	temps   uint32       // the next free name of a temporary slot

	// The block being written.
	here     ir.BlockID
	code     []insn
	reg      state
	span     ir.Span
	log      []ir.ValueID // values that kept was set for
	depth    int          // pairs being tried, one inside the other
	reserved int          // pairs whose second is in X, where it must stay

	emitted, limit int // instructions so far and at most

	asm    *assembler
	drafts []*draft // not in use
	list   []ir.ValueID
	avoids []bool

	tight bool // use fewer slots, if more instructions
	quick bool // Options.Speed

	// A value that other blocks need as base is brought to X at once, or left in A;
	// which is shorter depends on what comes then. choseBase is set where there was one.
	baseToX, choseBase bool
}

// newSelector returns a selector for f.
func newSelector(f *ir.Func, snaplen uint32) *selector {
	s := new(selector)
	s.begin(f, snaplen, new(assembler))
	return s
}

// begin makes s ready for f, in the memory that it has.
func (s *selector) begin(f *ir.Func, snaplen uint32, asm *assembler) {
	s.facts.fill(f)
	s.snaplen, s.asm = snaplen, asm
	s.tight, s.baseToX, s.choseBase = false, false, false
	s.homes = cleared(s.homes, len(f.Values))
	for id := range f.Blocks {
		s.chooseHomes(f.Blocks[id].Params)
	}
}

// chooseHomes gives a block's first parameter that is a base to X, the first that
// is none to A, and the others to slots.
func (s *selector) chooseHomes(params []ir.ValueID) {
	a, x := false, false
	for _, p := range params {
		switch {
		case s.uses[p] == 0:
		case s.asBase[p] && !x:
			s.homes[p], x = homeX, true
		case !s.asBase[p] && !a:
			s.homes[p], a = homeA, true
		}
	}
}

// run selects the whole Func.
//
// It gives up and returns nil if that takes more than limit instructions, those of
// trials included.
func (s *selector) run(avoid []bool, limit int) *draft {
	n := len(s.f.Blocks)
	d := s.newDraft(n)
	s.avoid = avoid
	s.out, s.insns = d.blocks, d.insns
	s.in = cleared(s.in, n)
	s.entered = cleared(s.entered, n)
	s.kept = cleared(s.kept, len(s.f.Values))
	s.loaded = cleared(s.loaded, len(s.f.Values))
	s.needed = cleared(s.needed, len(s.f.Values))
	for i := range s.needed {
		s.needed[i] = ir.NoBlock
	}
	s.temps = uint32(len(s.f.Values))
	s.entered[0] = true
	s.emitted, s.limit = 0, limit
	for id := range s.f.Blocks {
		if s.entered[id] {
			s.block(ir.BlockID(id))
		}
	}
	d.insns = s.insns
	if s.emitted > s.limit {
		s.drop(d)
		return nil
	}
	d.entry = s.target(0)
	return d
}

// newDraft returns a draft of n blocks.
func (s *selector) newDraft(n int) *draft {
	var d *draft
	if last := len(s.drafts) - 1; last >= 0 {
		d, s.drafts = s.drafts[last], s.drafts[:last]
	} else {
		d = new(draft)
	}
	// Few filters take more instructions than this before prune.
	d.insns = slices.Grow(d.insns[:0], 2*len(s.f.Values)+n)
	d.blocks = cleared(d.blocks, n)
	return d
}

// drop takes back a draft that is needed no more.
func (s *selector) drop(d *draft) {
	if d != nil {
		s.drafts = append(s.drafts, d)
	}
}

// target returns where a jump to block id goes.
func (s *selector) target(id ir.BlockID) target {
	b := s.f.Block(id)
	switch {
	case b.Kind == ir.KindReject:
		return toReject
	case b.Kind == ir.KindAccept && len(b.Values) == 0:
		return toAccept
	}
	return target(id)
}

func (s *selector) block(id ir.BlockID) {
	b := s.f.Block(id)
	start := len(s.insns)
	s.here, s.code, s.reg, s.log = id, s.insns[start:], s.in[id], s.log[:0]
	for _, p := range b.Params {
		s.enter(p)
	}
	for _, v := range s.roots(b) {
		s.root(v)
	}
	s.span = b.Span
	out := &s.out[id]
	switch b.Kind {
	case ir.KindReject:
		s.code = s.code[:0]
		out.goTo(toReject)
	case ir.KindAccept:
		out.goTo(toAccept)
	case ir.KindJump:
		s.takeEdge(b.Succ[ir.True])
		out.goTo(s.target(b.Succ[ir.True].To))
	case ir.KindIf:
		s.test(b, out)
	default:
		panic("cbpfgen: block of kind " + b.Kind.String())
	}
	end := len(s.code)
	out.code, out.span = s.code[:end:end], b.Span
	if cap(s.code) == cap(s.insns)-start {
		s.insns = s.insns[:start+end]
	} else {
		s.insns = s.code // it has grown elsewhere
	}
	for _, c := range s.code {
		if c.loadsSlot() && int(c.k) < len(s.loaded) {
			s.loaded[c.k] = true
		}
	}
}

// root computes v for what comes after.
func (s *selector) root(v ir.ValueID) {
	if s.asBase[v] && !s.header[v].ok {
		s.choseBase = true
		if !s.baseToX {
			s.toA(v)
			return
		}
	}
	if s.asBase[v] {
		s.toX(v)
		return
	}
	s.toA(v)
}

// enter notes that parameter p has been set by the edge.
func (s *selector) enter(p ir.ValueID) {
	s.kept[p] = true
	switch s.homes[p] {
	case homeA:
		s.reg.a = p
		s.emit(opSt, uint32(p))
	case homeX:
		s.reg.x = p
		s.emit(opStx, uint32(p))
	}
}

// roots returns the values of b to compute before its way out, in order: those that
// other blocks need and that are not got from the packet by one instruction, and
// those that can fault. What these and the way out are computed from comes with them.
func (s *selector) roots(b *ir.Block) []ir.ValueID {
	need := func(v ir.ValueID) { s.needed[v] = s.here }
	if b.Kind == ir.KindIf {
		need(b.X)
		need(b.Y)
	}
	for i := range b.NumSucc() {
		e := &b.Succ[i]
		for j, p := range s.f.Block(e.To).Params {
			if s.uses[p] > 0 {
				need(e.Args[j])
			}
		}
	}
	list := s.list[:0]
	for _, v := range slices.Backward(b.Values) {
		if s.needed[v] != s.here {
			keep := s.outside[v] && !s.cheap(v) && !s.avoided(v)
			if !keep && !s.anchored(v) {
				continue
			}
			list = append(list, v)
		}
		for _, a := range s.f.Value(v).Args {
			need(a)
		}
	}
	slices.Reverse(list)
	s.list = list
	return list
}

// anchored reports whether v is to be computed in its block even if only others
// need it, or nobody does, since it can fault or consumes what can.
func (s *selector) anchored(v ir.ValueID) bool {
	return s.f.CanFault(v) || s.anchor[v] && s.uses[v] > 0
}

// cheap reports whether one instruction computes v wherever it is needed.
func (s *selector) cheap(id ir.ValueID) bool {
	v := s.f.Value(id)
	switch v.Op {
	case ir.OpConst, ir.OpLen, ir.OpMeta:
		return true
	case ir.OpLoad:
		return v.Args[0] == ir.None
	}
	return s.header[id].ok
}

func (s *selector) avoided(v ir.ValueID) bool {
	return s.avoid[v]
}

// test ends the block with b's two-way test.
func (s *selector) test(b *ir.Block, out *codeBlock) {
	t, f := b.Succ[ir.True].To, b.Succ[ir.False].To
	cond := b.Cond
	if k, ok := s.f.IsConst(b.Y); ok {
		s.toA(b.X)
		out.cond, out.k = clsJMP|jumpOp(cond)|srcK, k
	} else {
		if s.pair(b.X, b.Y, true) {
			var exchanged bool
			if cond, exchanged = turned(cond); exchanged {
				t, f = f, t
			}
		}
		out.cond = clsJMP | jumpOp(cond) | srcX
	}
	out.next = [2]target{s.target(t), s.target(f)}
	s.leaveTo(t)
	s.leaveTo(f)
}

// leaveTo notes with what registers an edge enters block to.
func (s *selector) leaveTo(to ir.BlockID) {
	if !s.entered[to] {
		s.entered[to], s.in[to] = true, s.reg
		return
	}
	s.in[to] = s.in[to].meet(s.reg)
}

// takeEdge brings e's values to the homes of the parameters and leaves.
func (s *selector) takeEdge(e ir.Edge) {
	var a, x ir.ValueID
	for i, p := range s.f.Block(e.To).Params {
		switch {
		case s.uses[p] == 0:
		case s.homes[p] == homeA:
			a = e.Args[i]
		case s.homes[p] == homeX:
			x = e.Args[i]
		default:
			s.toA(e.Args[i])
			s.emit(opSt, uint32(p))
		}
	}
	switch {
	case a != ir.None && x != ir.None:
		s.pair(a, x, false)
	case a != ir.None:
		s.toA(a)
	case x != ir.None:
		s.toX(x)
	}
	s.leaveTo(e.To)
}

func (s *selector) emit(op uint16, k uint32) {
	s.emitted++
	s.code = append(s.code, insn{op: op, k: k, span: s.span})
}
