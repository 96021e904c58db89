package opt

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// An Objective is what the passes work towards.
type Objective uint8

const (
	// Size: as few blocks and tests as can be.
	Size Objective = iota
	// Speed: as little time as can be in a classic program on a Linux socket.
	// The passes of Size run first, and others that copy and add.
	Speed
	numObjectives
)

func (o Objective) String() string {
	switch o {
	case Size:
		return "size"
	case Speed:
		return "speed"
	}
	return fmt.Sprintf("objective(%d)", uint8(o))
}

// speedPasses run before layout when the objective is Speed.
var speedPasses = []pass{
	{Pass{"keep", false, "changes nothing: the filter as it is now is kept for packets that widen finds too short"},
		keep, []string{"gather"}},
	{Pass{"split", false, "what comes after a parameter that is one of few numbers is written for each: indexed loads become absolute"},
		split, []string{"gather"}},
	{Pass{"peel", false, "what comes after an IPv4 header gets a copy for the header without options: indexed loads become absolute"},
		peel, []string{"split"}},
	{Pass{"resplit", false, "split again: in the copy the header's length is a number"},
		split, []string{"peel"}},
	{Pass{"speed.thread", false, "thread again, for the copies"},
		thread, []string{"resplit"}},
	{Pass{"speed.merge", false, "merge again: what the copies have in common becomes one"},
		merge, []string{"speed.thread"}},
	{Pass{"speed.param", false, "param again, for the copies"},
		param, []string{"speed.merge"}},
	{Pass{"speed.number", false, "number again, for the copies"},
		number, []string{"speed.param"}},
	{Pass{"speed.deadcode", false, "deadcode again: fuse looks at the loads that are needed"},
		deadcode, []string{"speed.number"}},
	{Pass{"halve", false, "many numbers are searched by halving, close ones only for a number that lies among them"},
		halve, []string{"speed.deadcode"}},
	{Pass{"fuse", false, "tests of neighbouring bytes become one of a wider load"},
		fuse, []string{"speed.deadcode"}},
	{Pass{"widen", false, "two halves of a word are loaded as one, by packets that are long enough; after fuse, which makes one test of some"},
		widen, []string{"fuse"}},
	{Pass{"promote", false, "of tests that must all hold those that seldom do come first; after fuse, which makes them fewer"},
		promote, []string{"fuse"}},
	{Pass{"speed.rethread", false, "thread again: fuse and promote have moved edges"},
		thread, []string{"promote"}},
	{Pass{"speed.renumber", false, "number again, for the copies that moving made"},
		number, []string{"speed.rethread"}},
	{Pass{"speed.sweep", false, "deadcode again, for what fuse left"},
		deadcode, []string{"speed.renumber"}},
}

// lastForSpeed takes the place of layout.
var lastForSpeed = pass{
	Pass{"layout", true, "as for size, but tests of what is loaded that end in reject stand together"},
	speedLayout, []string{"speed.sweep"},
}

// table returns the passes for an objective, layout last.
func table(o Objective) []pass {
	switch o {
	case Size:
		return passes
	case Speed:
		last := len(passes) - 1
		list := append(make([]pass, 0, len(passes)+len(speedPasses)), passes[:last]...)
		return append(append(list, speedPasses...), lastForSpeed)
	}
	panic("opt: " + o.String())
}

// PassesFor returns the table of passes for an objective in the order in which
// they run.
func PassesFor(o Objective) []Pass {
	all := table(o)
	list := make([]Pass, len(all))
	for i := range all {
		list[i] = all[i].Pass
	}
	return list
}

// maxCopies bounds the blocks that the passes for speed may make of a function:
// as many times those that it had, and no more than the second number.
const (
	maxCopies = 8
	maxCopied = 1 << 14
)

// copyRegion copies the blocks that can be reached from b, verdicts excepted, and
// returns the copy of b. In the copy the values for which subst has one are
// that. The copies stand at the end of f.Blocks, whatever they lead to; the caller
// sorts.
//
// A value that is used in the region and is not defined there is defined in a block
// that dominates b, so it is defined where the copy is reached too, if that is
// reached only from blocks that b's dominators dominate.
func (w *work) copyRegion(b ir.BlockID, subst map[ir.ValueID]ir.ValueID) ir.BlockID {
	f := w.f
	region := w.region(b)
	blocks := make(map[ir.BlockID]ir.BlockID, len(region))
	values := make(map[ir.ValueID]ir.ValueID)
	maps.Copy(values, subst)
	copied := func(list []ir.ValueID, to ir.BlockID) []ir.ValueID {
		var out []ir.ValueID
		for _, id := range list {
			v := f.Values[id]
			_, known := subst[id]
			if known && v.Op != ir.OpParam {
				continue
			}
			v.Block = to
			f.Values = append(f.Values, v)
			c := ir.ValueID(len(f.Values) - 1)
			if !known {
				values[id] = c
			}
			out = append(out, c)
		}
		return out
	}
	first := len(f.Blocks)
	for _, old := range region {
		to := ir.BlockID(len(f.Blocks))
		blocks[old] = to
		blk := f.Blocks[old]
		blk.Params = copied(blk.Params, to)
		blk.Values = copied(blk.Values, to)
		f.Blocks = append(f.Blocks, blk)
	}
	w.rename(first, func(id ir.ValueID) ir.ValueID {
		if to, ok := values[id]; ok {
			return to
		}
		return id
	}, func(b ir.BlockID) ir.BlockID {
		if to, ok := blocks[b]; ok {
			return to
		}
		return b
	})
	return blocks[b]
}

// rename gives the blocks from first on, which are copies, the names that their operands and
// edges have now.
func (w *work) rename(first int, value func(ir.ValueID) ir.ValueID, block func(ir.BlockID) ir.BlockID) {
	f := w.f
	for i := first; i < len(f.Blocks); i++ {
		blk := &f.Blocks[i]
		for _, id := range blk.Values {
			args := &f.Values[id].Args
			args[0], args[1] = value(args[0]), value(args[1])
		}
		blk.X, blk.Y = value(blk.X), value(blk.Y)
		for way := range blk.NumSucc() {
			e := &blk.Succ[way]
			e.To = block(e.To)
			e.Args = slices.Clone(e.Args)
			for j := range e.Args {
				e.Args[j] = value(e.Args[j])
			}
		}
	}
}

// region returns the blocks that can be reached from b, b first, without the
// verdicts.
func (w *work) region(b ir.BlockID) []ir.BlockID {
	f := w.f
	list := []ir.BlockID{b}
	in := map[ir.BlockID]bool{b: true}
	for i := 0; i < len(list); i++ {
		blk := &f.Blocks[list[i]]
		for way := range blk.NumSucc() {
			to := blk.Succ[way].To
			next := &f.Blocks[to]
			verdict := next.NumSucc() == 0 && len(next.Values) == 0 && len(next.Params) == 0
			if !in[to] && !verdict {
				in[to] = true
				list = append(list, to)
			}
		}
	}
	return list
}

// moveOut gives the contents of b a block of their own at the end of f.Blocks
// and returns that. What led to b still does; b's contents are then to be
// replaced. b must have no parameters.
func (w *work) moveOut(b ir.BlockID) ir.BlockID {
	f := w.f
	if len(f.Blocks[b].Params) > 0 {
		panic("opt: a block with parameters cannot be moved")
	}
	to := ir.BlockID(len(f.Blocks))
	f.Blocks = append(f.Blocks, f.Blocks[b])
	for _, id := range f.Blocks[to].Values {
		f.Values[id].Block = to
	}
	f.Blocks[b] = ir.Block{Span: f.Blocks[to].Span}
	return to
}

// sort brings the blocks in an order again in which edges lead forward.
func (w *work) sort() {
	if err := w.f.Sort(); err != nil {
		panic("opt: " + err.Error())
	}
}

// sortAll is sort that keeps the blocks that cannot be reached, at the end, for
// their values may still be used; repair gives those to their users, and prune
// then drops the blocks.
func (w *work) sortAll() {
	f := w.f
	n := len(f.Blocks)
	w.live = reset(w.live, n)
	w.order = w.order[:0] // in postorder
	w.mark = append(w.mark[:0], int32(f.Blocks[0].NumSucc()))
	w.live[0] = true
	for len(w.mark) > 0 {
		top := &w.mark[len(w.mark)-1]
		b, left := ir.BlockID(*top/4), *top%4
		if left == 0 {
			w.order = append(w.order, b)
			w.mark = w.mark[:len(w.mark)-1]
			continue
		}
		*top--
		if to := f.Blocks[b].Succ[left-1].To; !w.live[to] {
			w.live[to] = true
			w.mark = append(w.mark, int32(to)*4+int32(f.Blocks[to].NumSucc()))
		}
	}
	slices.Reverse(w.order)
	for b := range f.Blocks {
		if !w.live[b] {
			w.order = append(w.order, ir.BlockID(b))
		}
	}
	f.Reorder(w.order)
}
