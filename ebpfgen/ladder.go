package ebpfgen

import (
	"fmt"
	"sort"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// A ladder is a run of blocks that do nothing but compare values with
// constants for equality, each reached from the one before only: what a list
// of hosts or ports becomes. It is emitted as a balanced tree for each value, so that
// its depth is the logarithm of its length; the verifier, too, counts depth.
type ladder struct {
	rungs []rung
	last  ir.Edge // where it goes if no test holds
}

// A rung is one test of a ladder.
type rung struct {
	block ir.BlockID
	x     ir.ValueID
	k     uint32  // as the register of x has it
	way   ir.Edge // where it goes if x is k
}

// minLadder is the least number of tests on one value that a tree is made of;
// leafRungs is the most that a leaf of the tree tests in turn.
const (
	minLadder = 5
	leafRungs = 3
)

// ladder returns the ladder that begins with the test of block id. ok is false if
// there is none that is worth a tree.
func (b *body) ladder(id ir.BlockID) (l ladder, ok bool) {
	for !b.level[id] {
		r, isRung := b.rung(id)
		if !isRung {
			break
		}
		l.rungs = append(l.rungs, r)
		l.last = b.fl.ways[id][ir.False]
		next := l.last.To
		if next < 0 || len(b.fl.preds[next]) != 1 || len(b.fl.moves(l.last)) > 0 || !b.bare(next) {
			break
		}
		id = next
	}
	for _, g := range l.groups() {
		ok = ok || len(g) >= minLadder
	}
	for _, r := range l.rungs {
		b.level[r.block] = true // either emitted now, or not to be looked at again
	}
	return l, ok
}

// rung takes block id's test apart. ok is false if it is none for equality with a
// constant.
func (b *body) rung(id ir.BlockID) (r rung, ok bool) {
	blk := b.f.Block(id)
	if b.fl.kind[id] != ir.KindIf || blk.Cond != ir.Eq {
		return rung{}, false
	}
	x := blk.X
	k, ok := b.f.IsConst(blk.Y)
	if !ok {
		x = blk.Y
		if k, ok = b.f.IsConst(blk.X); !ok {
			return rung{}, false
		}
	}
	if size, raw := b.raw(x); raw {
		k = swapped(k, size)
	}
	return rung{block: id, x: x, k: k, way: b.fl.ways[id][ir.True]}, true
}

// bare reports whether block id does nothing before its test.
func (b *body) bare(id ir.BlockID) bool {
	for _, p := range b.f.Block(id).Params {
		if b.fl.needed[p] {
			return false
		}
	}
	return !b.busy[id]
}

// groups returns the tests of each value together. Tests of different values
// keep their order, unless all lead to the same place: then it does not matter.
func (l *ladder) groups() [][]rung {
	same := true
	for _, r := range l.rungs {
		same = same && r.way.To == l.rungs[0].way.To && len(r.way.Args) == 0
	}
	var groups [][]rung // for an empty ladder none
	at := make(map[ir.ValueID]int)
	for i, r := range l.rungs {
		n, seen := at[r.x]
		if !seen || !same && l.rungs[i-1].x != r.x {
			n = len(groups)
			groups = append(groups, nil)
			at[r.x] = n
		}
		groups[n] = append(groups[n], r)
	}
	return groups
}

// climb emits a ladder.
func (b *body) climb(l ladder) {
	miss := b.wayLabel(l.rungs[len(l.rungs)-1].block, l.last)
	groups := l.groups()
	for i, g := range groups {
		x := b.operand(g[0].x, b.m.scratch[0])
		after := miss
		if i < len(groups)-1 {
			after = b.out.newLabel()
		}
		b.tree(x, ordered(g), after)
		if i < len(groups)-1 {
			b.out.label(after)
		}
	}
}

// ordered returns rungs by rising number; of equal ones the first is left.
func ordered(rungs []rung) []rung {
	rungs = append([]rung(nil), rungs...)
	sort.SliceStable(rungs, func(i, j int) bool { return rungs[i].k < rungs[j].k })
	n := 0
	for i, r := range rungs {
		if i == 0 || r.k != rungs[n-1].k {
			rungs[n] = r
			n++
		}
	}
	return rungs[:n]
}

// tree emits the search for x among rungs; the program goes on at miss if x is
// none of them.
func (b *body) tree(x asm.Register, rungs []rung, miss string) {
	if len(rungs) <= leafRungs {
		for _, r := range rungs {
			b.out.words = b.words(b.f.Block(r.block).Span)
			b.out.jumpIf(asm.JEq.Imm32(x, int32(r.k), b.wayLabel(r.block, r.way)))
		}
		b.out.jump(miss)
		return
	}
	half := len(rungs) / 2
	upper := b.out.newLabel()
	b.out.words = b.words(b.f.Block(rungs[half].block).Span)
	b.out.jumpIf(asm.JGE.Imm32(x, int32(rungs[half].k), upper))
	b.tree(x, rungs[:half], miss)
	b.out.label(upper)
	b.tree(x, rungs[half:], miss)
}

// wayLabel returns the label of a way out of block id: that of a stub if
// parameters have to be set.
func (b *body) wayLabel(id ir.BlockID, way ir.Edge) string {
	if len(b.fl.moves(way)) == 0 {
		return b.label(way.To)
	}
	label := fmt.Sprintf("%s%s.%d", b.prefix, blockName(id), len(b.stubs))
	b.stubs = append(b.stubs, stub{label: label, way: way, words: b.out.words})
	return label
}
