package ebpfgen

import (
	"math"
	"sort"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// A name is what a register can hold: a value of the Func, or, after these, the
// pointer of a cluster.
type name int

// place is where a name is kept.
type place struct {
	kind placeKind
	reg  asm.Register
	slot int16 // relative to the frame, in bytes
}

type placeKind uint8

const (
	nowhere placeKind = iota
	inRegister
	inSlot
)

// An interval is the range of positions over which a name is kept. The graph
// is acyclic and its order topological, so a range without holes is safe.
type interval struct {
	name       name
	start, end int
	hint       name // a name whose register would save a move
	crosses    bool // a call lies within
	short      bool // made by one step, used up by the next
	// into is the result that the next step makes of a short one in place.
	into *interval
}

// frameSize is MAX_BPF_STACK of linux/filter.h.
const frameSize = 512

// pointerName names the pointer of cluster n.
func (b *body) pointerName(n int) name { return name(len(b.f.Values) + n) }

// allocate gives every name a place.
func (b *body) allocate() error {
	b.places = make([]place, len(b.f.Values)+len(b.clusters))
	ivs := b.intervals()
	var active []*interval
	owner := make(map[asm.Register]*interval)
	var spilled []*interval
	for _, iv := range ivs {
		kept := active[:0]
		for _, a := range active {
			if a.end < iv.start {
				delete(owner, b.places[a.name].reg)
				continue
			}
			kept = append(kept, a)
		}
		active = kept
		pool := b.pool(iv)
		reg, ok := b.pick(iv, pool, owner)
		if iv.short && (iv.into == nil || !ok) {
			b.places[iv.name] = place{kind: inRegister, reg: b.m.scratch[0]}
			continue
		}
		if !ok {
			victim := furthest(iv, pool, owner)
			spilled = append(spilled, victim)
			if victim == iv {
				continue
			}
			reg = b.places[victim.name].reg
			b.places[victim.name] = place{}
			for i, a := range active {
				if a == victim {
					active = append(active[:i], active[i+1:]...)
					break
				}
			}
		}
		b.places[iv.name] = place{kind: inRegister, reg: reg}
		owner[reg] = iv
		active = append(active, iv)
	}
	return b.layslots(spilled)
}

// pool returns the registers that can hold iv, best first.
func (b *body) pool(iv *interval) []asm.Register {
	last := iv
	for last.into != nil {
		last = last.into
	}
	if last.crosses {
		return b.m.saved
	}
	return append(append([]asm.Register(nil), b.m.clobbered...), b.m.saved...)
}

// pick returns a free register of pool, iv's hint if that is free.
func (b *body) pick(iv *interval, pool []asm.Register, owner map[asm.Register]*interval) (asm.Register, bool) {
	if p := b.places[iv.hint]; iv.hint != 0 && p.kind == inRegister && owner[p.reg] == nil {
		for _, r := range pool {
			if r == p.reg {
				return r, true
			}
		}
	}
	for _, r := range pool {
		if owner[r] == nil {
			return r, true
		}
	}
	return 0, false
}

// furthest returns the interval, of iv and the owners of its pool, that ends last.
func furthest(iv *interval, pool []asm.Register, owner map[asm.Register]*interval) *interval {
	victim := iv
	for _, r := range pool {
		if o := owner[r]; o.end > victim.end {
			victim = o
		}
	}
	return victim
}

// layslots gives the names that found no register a stack slot of eight bytes,
// below what the areas take. Slots are shared by intervals that do not overlap.
func (b *body) layslots(spilled []*interval) error {
	sort.SliceStable(spilled, func(i, j int) bool { return spilled[i].start < spilled[j].start })
	var ends []int // by slot: where its last interval ends
	for _, iv := range spilled {
		slot := -1
		for i, end := range ends {
			if end < iv.start {
				slot = i
				break
			}
		}
		if slot < 0 {
			slot, ends = len(ends), append(ends, 0)
		}
		ends[slot] = iv.end
		b.places[iv.name] = place{kind: inSlot, slot: int16(-b.areas - 8*(slot+1))}
	}
	if have := b.areas + 8*len(ends); have > frameSize {
		return &LimitError{What: "stack bytes", Have: have, Max: frameSize, Kernel: "every kernel"}
	}
	return nil
}

// intervals returns the intervals of all names in the order of their start.
func (b *body) intervals() []*interval {
	r := &ranges{b: b, of: make([]*interval, len(b.places))}
	for i := range b.steps {
		r.step(2*i, &b.steps[i])
	}
	var ivs []*interval
	for _, iv := range r.of {
		if iv == nil {
			continue
		}
		iv.end = max(iv.end, iv.start)
		n := sort.SearchInts(r.calls, iv.start)
		iv.crosses = n < len(r.calls) && r.calls[n] < iv.end
		next := (iv.start + 1) / 2
		iv.short = int(iv.name) < len(b.f.Values) && iv.start%2 == 1 && iv.end == iv.start+1 &&
			b.f.Value(ir.ValueID(iv.name)).Op != ir.OpParam && b.steps[next].kind != stepStart
		ivs = append(ivs, iv)
	}
	for i := len(b.steps) - 1; i >= 0; i-- {
		r.chain(&b.steps[i])
	}
	sort.SliceStable(ivs, func(i, j int) bool { return ivs[i].start < ivs[j].start })
	return ivs
}

// chain notes that s makes its result of a short value in place. A result that
// stays in the scratch register is made there anyhow.
func (r *ranges) chain(s *step) {
	x, to := ir.None, name(0)
	switch s.kind {
	case stepGuard:
		if c := &r.b.clusters[s.guard.cluster]; r.b.pointer(c) && s.guard.fresh {
			x, to = c.base, r.b.pointerName(s.guard.cluster)
		}
	case stepValue:
		if v := r.b.f.Value(s.value); v.Op != ir.OpLoad && r.b.fl.needed[s.value] {
			x, to = v.Args[0], name(s.value)
		}
	}
	if x == ir.None || r.of[x] == nil || !r.of[x].short {
		return
	}
	if iv := r.of[to]; !iv.short || iv.into != nil {
		r.of[x].into = iv
	}
}

// ranges collects intervals.
type ranges struct {
	b     *body
	of    []*interval // by name
	calls []int       // positions
}

func (r *ranges) define(n name, pos int, hint name) {
	if r.of[n] == nil {
		r.of[n] = &interval{name: n, start: pos, end: math.MinInt, hint: hint}
	}
}

func (r *ranges) use(v ir.ValueID, pos int) {
	if v == ir.None {
		return
	}
	if _, ok := r.b.f.IsConst(v); ok {
		return
	}
	r.of[v].end = max(r.of[v].end, pos)
}

// step notes what the step at position pos reads, writes and loses.
func (r *ranges) step(pos int, s *step) {
	b := r.b
	if b.calls(s) {
		r.calls = append(r.calls, pos)
	}
	switch s.kind {
	case stepStart:
		for _, p := range b.f.Block(s.block).Params {
			if b.fl.needed[p] {
				r.define(name(p), pos+1, b.hint(s.block, p))
			}
		}
	case stepGuard:
		c := &b.clusters[s.guard.cluster]
		if !b.pointer(c) || s.guard.fresh || !b.bounded(c) {
			r.use(c.base, pos)
		}
		if b.pointer(c) {
			n := b.pointerName(s.guard.cluster)
			r.define(n, pos+1, name(c.base))
			r.of[n].end = max(r.of[n].end, pos+1)
		}
	case stepValue:
		r.value(pos, s.value)
	case stepEnd:
		if b.fl.kind[s.block] == ir.KindIf {
			r.use(b.f.Block(s.block).X, pos)
			r.use(b.f.Block(s.block).Y, pos)
		}
		for _, way := range b.fl.ways[s.block][:b.fl.numWays(s.block)] {
			for _, m := range b.fl.moves(way) {
				r.use(m.arg, pos+1)
			}
		}
	}
}

// value notes what computing v at position pos reads and writes.
func (r *ranges) value(pos int, id ir.ValueID) {
	b, v := r.b, r.b.f.Value(id)
	hint := ir.None
	switch {
	case v.Op == ir.OpLoad:
		if !b.guarded(id) {
			r.use(v.Args[0], pos)
		} else if n := b.clusterOf[id]; b.pointer(&b.clusters[n]) {
			r.of[b.pointerName(n)].end = pos
		}
	case !b.fl.needed[id]: // the test of a divisor
		r.use(v.Args[1], pos)
	default:
		hint = v.Args[0]
		r.use(v.Args[0], pos)
		if v.Op.Commutative() {
			r.use(v.Args[1], pos)
		} else {
			r.use(v.Args[1], pos+1) // not in the register of the result
		}
	}
	if b.fl.needed[id] {
		r.define(name(id), pos+1, name(hint))
	}
}

// hint returns the argument that the first way into block id sets p to.
func (b *body) hint(id ir.BlockID, p ir.ValueID) name {
	for _, pred := range b.fl.preds[id] {
		for _, way := range b.fl.ways[pred][:b.fl.numWays(pred)] {
			if way.To != id {
				continue
			}
			for _, m := range b.fl.moves(way) {
				if m.param == p {
					return name(m.arg)
				}
			}
		}
	}
	return 0
}
