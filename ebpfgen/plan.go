package ebpfgen

import "github.com/gofilter/gofilter/ir"

// stepKind is what a step of the program does.
type stepKind uint8

const (
	stepStart stepKind = iota // a block begins; its parameters have been set
	stepGuard                 // bytes become readable
	stepValue                 // a value is computed
	stepEnd                   // the way out of a block
)

// A step is one thing that the program does. Steps are in the order of the
// program; step i reads its operands at position 2i and writes its result
// at 2i+1.
type step struct {
	kind  stepKind
	block ir.BlockID
	value ir.ValueID // stepValue
	guard guard      // stepGuard
}

// plan lists the steps of the body.
func (b *body) plan() {
	b.areas = loneArea
	if in := b.target.inline; in != nil {
		b.areas = in.StackOffset
	}
	b.busy, b.level = make([]bool, len(b.fl.live)), make([]bool, len(b.fl.live))
	var guards map[point][]guard
	if b.traits.guards {
		guards = b.placeGuards()
	}
	for i := range b.fl.live {
		id := ir.BlockID(i)
		if !b.fl.live[id] {
			continue
		}
		b.steps = append(b.steps, step{kind: stepStart, block: id})
		b.planGuards(guards, point{block: id})
		for _, v := range b.f.Block(id).Values {
			if b.computes(v) {
				b.steps = append(b.steps, step{kind: stepValue, block: id, value: v})
			}
			b.planGuards(guards, point{id, v})
		}
		b.busy[id] = b.steps[len(b.steps)-1].kind != stepStart
		b.steps = append(b.steps, step{kind: stepEnd, block: id})
	}
}

func (b *body) planGuards(guards map[point][]guard, at point) {
	for _, g := range guards[at] {
		b.steps = append(b.steps, step{kind: stepGuard, block: at.block, guard: g})
	}
}

// placeGuards finds the clusters and returns the guards of each place.
func (b *body) placeGuards() map[point][]guard {
	b.clusters, b.clusterOf = extents(b.fl, b.traits.span)
	if !b.traits.pointers {
		b.layAreas()
	}
	guards := make(map[point][]guard)
	for n := range b.clusters {
		c := &b.clusters[n]
		if b.traits.pointers {
			if c.hi > maxDisplacement {
				c.anchor = c.lo
			}
		} else if c.area == 0 {
			continue
		}
		for at, g := range b.fl.guardsOf(n, c, b.widens) {
			guards[at] = append(guards[at], g)
		}
	}
	return guards
}

// computes reports whether v is a step: its number is used, or computing it
// tests something that no guard has tested.
func (b *body) computes(v ir.ValueID) bool {
	if b.fl.needed[v] {
		return true
	}
	if !b.f.CanFault(v) {
		return false
	}
	return b.f.Value(v).Op != ir.OpLoad || !b.guarded(v)
}

// guarded reports whether load v reads what a guard has made readable.
func (b *body) guarded(v ir.ValueID) bool {
	return b.traits.guards && (b.traits.pointers || b.clusters[b.clusterOf[v]].area != 0)
}

// calls reports whether step s calls a BPF helper, or does what loses the
// same registers.
func (b *body) calls(s *step) bool {
	switch s.kind {
	case stepGuard:
		return b.traits.calls
	case stepValue:
		switch b.f.Value(s.value).Op {
		case ir.OpLoad:
			return b.traits.calls && !b.guarded(s.value)
		case ir.OpLen:
			return b.traits.calls && b.target.bufLen != 0
		}
	}
	return false
}

// pointer reports whether cluster c is read through a pointer of its own, and
// not from the start of the packet or from the stack.
func (b *body) pointer(c *cluster) bool {
	return b.traits.pointers && (c.base != ir.None || c.anchor != 0)
}
