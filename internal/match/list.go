package match

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// minList is how many comparisons of one value are worth a list.
const minList = 3

// fuseList makes one instruction of tests of one value for being equal to one
// number or another, from b on. test is that of b.
func (c *compiler) fuseList(b ir.BlockID, test testOf) bool {
	f := c.f
	if test.insn.op != opEqK {
		return false
	}
	yes := &f.Blocks[b].Succ[ir.True]
	if len(yes.Args) > 0 {
		return false
	}
	start, end := len(c.numbers), b
	c.numbers = append(c.numbers, test.insn.k)
	for {
		next := f.Blocks[end].Succ[ir.False]
		blk := &f.Blocks[next.To]
		if c.preds[next.To] != 1 || len(next.Args) > 0 || blk.Kind != ir.KindIf || blk.Cond != ir.Eq ||
			blk.X != f.Blocks[b].X || len(blk.Values) > 0 || blk.Succ[ir.True].To != yes.To || len(blk.Succ[ir.True].Args) > 0 {
			break
		}
		k, ok := f.IsConst(blk.Y)
		if !ok {
			break
		}
		c.numbers = append(c.numbers, k)
		end = next.To
	}
	if len(c.numbers)-start < minList {
		c.numbers = c.numbers[:start]
		return false
	}
	for at := b; at != end; {
		at = f.Blocks[at].Succ[ir.False].To
		c.done[at] = true
	}
	slices.Sort(c.numbers[start:])
	test.insn.op, test.insn.off, test.insn.k = opIn, uint32(start), uint32(len(c.numbers))
	test.regs.a = c.operand(test.x)
	pc := c.emit(test.insn, test.regs)
	c.ways(pc, b, ir.True, end, ir.False)
	return true
}
