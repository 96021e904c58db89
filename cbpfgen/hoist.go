package cbpfgen

import "github.com/gofilter/gofilter/ir"

// hoistMoves moves a block that only sets X, and would have to jump to where it leads,
// in front of the test that leads to it, if the other way out of the test has no use
// for X. It reports whether there were any. d has no unreached blocks with ways out
// to other blocks.
func hoistMoves(d *draft) bool {
	d.live = cleared(d.live, len(d.blocks))
	d.ways = cleared(d.ways, len(d.blocks))
	in, ways := d.live, d.ways // ways: into each block
	for i := len(d.blocks) - 1; i >= 0; i-- {
		b := &d.blocks[i]
		live := b.liveOut(in)
		for j := len(b.code) - 1; j >= 0; j-- {
			live = live.before(b.code[j].op)
		}
		in[i] = live
		for _, t := range b.next[:b.exits()] {
			if t >= 0 {
				ways[t]++
			}
		}
	}
	hoisted := false
	for i := range d.blocks {
		b := &d.blocks[i]
		if b.cond == 0 || b.cond&srcX != 0 {
			continue
		}
		for w, t := range b.next {
			other := b.next[1-w]
			if t < 0 || ways[t] != 1 || other >= 0 && in[other].x || !d.onlySetsX(t) || d.fallsThrough(t) {
				continue
			}
			m := &d.blocks[t]
			b.code = append(b.code, m.code...)
			b.next[w] = m.next[ir.True]
			*m = codeBlock{next: [2]target{toReject, toReject}}
			hoisted = true
			break // X is taken now
		}
	}
	return hoisted
}

// exits returns the number of ways out of b.
func (b *codeBlock) exits() int {
	if b.cond == 0 {
		return 1
	}
	return 2
}

// onlySetsX reports whether block t does nothing but set X, and cannot fault.
func (d *draft) onlySetsX(t target) bool {
	b := &d.blocks[t]
	if b.cond != 0 || len(b.code) == 0 {
		return false
	}
	for _, c := range b.code {
		switch c.op {
		case opLdxImm, opLdxMem, opLdxLen, opTax:
		default:
			return false
		}
	}
	return true
}

// fallsThrough reports whether the block that t leads to comes next.
func (d *draft) fallsThrough(t target) bool {
	to := d.blocks[t].next[ir.True]
	for i := int(t) + 1; i < len(d.blocks); i++ {
		b := &d.blocks[i]
		if len(b.code) > 0 || b.cond != 0 {
			return target(i) == to
		}
	}
	return false
}
