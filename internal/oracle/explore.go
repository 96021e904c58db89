package oracle

import (
	"math/rand/v2"
	"slices"

	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/ir"
)

// explore returns packets that take the programs down many of their paths: it runs
// them, and for each branch on the way makes a packet that goes the other way
// there. Packets with a branch that went a new way are varied first.
func explore(progs [][]conformance.Insn, seeds []*conformance.Input, inputs, runs int, rng *rand.Rand) []*conformance.Input {
	type way struct {
		prog, pc int
		taken    bool
	}
	seen := make(map[way]bool)
	var kept, fresh, queue []*conformance.Input
	var t trace
	visit := func(in *conformance.Input) {
		isNew, ok := false, true
		for i, p := range progs {
			runs--
			t.run(p, in, false)
			ok = ok && !t.endless
			for j := range t.branches {
				b := &t.branches[j]
				if w := (way{i, b.pc, b.taken}); !seen[w] {
					seen[w] = true
					isNew = true
				}
			}
		}
		switch {
		case isNew && ok:
			fresh = append(fresh, in)
		case rng.IntN(3) == 0:
			queue = append(queue, in)
		default:
			return
		}
		kept = append(kept, in)
	}
	for _, s := range seeds {
		visit(s)
	}
	kept = append(kept[:0:0], seeds...)
	var now trace
	for runs > 0 && len(kept) < inputs {
		var in *conformance.Input
		switch {
		case len(fresh) > 0:
			in, fresh = fresh[len(fresh)-1], fresh[:len(fresh)-1]
		case len(queue) > 0:
			at := rng.IntN(len(queue))
			in = queue[at]
			queue = slices.Delete(queue, at, at+1)
		default:
			return kept
		}
		for _, p := range progs {
			now.run(p, in, rng.IntN(2) == 0)
			for _, o := range now.indices {
				if runs > 0 && rng.IntN(4) == 0 {
					if c := clone(in); set(c, o, 4*rng.Uint32N(16)) {
						visit(c)
					}
				}
			}
			for j := len(now.branches) - 1; j >= 0 && runs > 0; j-- {
				b := &now.branches[j]
				for _, w := range wants(b, rng) {
					c := clone(in)
					if b.a.o != nil && set(c, b.a.o, w) || b.b.o != nil && set(c, b.b.o, b.a.v+rng.Uint32N(3)-1) {
						visit(c)
					}
				}
			}
		}
	}
	return kept
}

func clone(in *conformance.Input) *conformance.Input {
	c := *in
	c.Data = slices.Clone(in.Data)
	return &c
}

// wants lists numbers for the first operand that send the branch the other way, or
// lie at its border.
func wants(b *branch, rng *rand.Rand) []uint32 {
	y := b.b.v
	switch {
	case b.op == jumpJEQ && b.taken:
		return []uint32{y + 1 - 2*rng.Uint32N(2)}
	case b.op == jumpJEQ:
		return []uint32{y}
	case b.op == jumpJSET && b.taken:
		return []uint32{b.a.v &^ y}
	case b.op == jumpJSET:
		return []uint32{b.a.v | y&-y, b.a.v | y&(1<<rng.UintN(32))}
	}
	return []uint32{y + 1 - rng.Uint32N(3), y, y + 1}
}

// cuts returns the captured lengths of in that are worth trying, itself not among
// them: those at the borders of loads, at most limit.
func cuts(progs [][]conformance.Insn, in *conformance.Input, limit int, rng *rand.Rand) []int {
	var list []int
	var t trace
	for _, p := range progs {
		t.run(p, in, false)
		for _, n := range t.ends {
			if n >= 0 && n < len(in.Data) {
				list = append(list, n)
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(limit, len(list))]
}

// seeds returns packets to begin with.
func seeds(c *Case, rng *rand.Rand) []*conformance.Input {
	var list []*conformance.Input
	for i := range 3 {
		data := make([]byte, 200)
		for j := range data {
			switch i {
			case 1:
				data[j] = byte(rng.Uint32())
			case 2:
				data[j] = 0xff
			}
		}
		in := &conformance.Input{Data: data}
		in.Meta.Len = uint32(len(data))
		if i == 1 {
			in.Meta.Len += rng.Uint32N(2000)
		}
		if c.View == Linux {
			in.Meta = ir.Metadata{Len: in.Meta.Len, IfIndex: 1, Protocol: 0x0800, PacketType: uint8(i)}
			if i == 1 {
				in.Meta.VLANPresent, in.Meta.VLANTCI, in.Meta.VLANTPID = true, 0x2005, 0x8100
			}
		}
		list = append(list, in)
	}
	return list
}
