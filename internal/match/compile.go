package match

import (
	"fmt"
	"math"

	"github.com/gofilter/gofilter/ir"
)

// Compile makes a program of f, which must pass Check.
func Compile(f *ir.Func) *Program {
	c := &compiler{
		f:     f,
		uses:  make([]int32, len(f.Values)),
		fused: make([]bool, len(f.Values)),
		start: make([]uint32, len(f.Blocks)),
		preds: make([]int32, len(f.Blocks)),
		done:  make([]bool, len(f.Blocks)),
		regs:  len(f.Values),
	}
	c.countUses()
	for b := range f.Blocks {
		if !c.done[b] {
			c.block(ir.BlockID(b))
		}
	}
	for _, p := range c.patches {
		*p.at(c.code) = c.start[p.to]
	}
	p := &Program{code: c.code, numbers: c.numbers, slots: c.assignSlots()}
	if p.slots > maxSlots {
		return &Program{f: f.Clone()}
	}
	return p
}

// While it is compiled an instruction names values in regs, not slots.
type regs struct{ dst, a, b int32 }

type compiler struct {
	f       *ir.Func
	code    []insn
	values  []regs // by instruction; 0: none
	uses    []int32
	fused   []bool // computed inside another instruction
	start   []uint32
	patches []patch
	preds   []int32 // by block: how many edges lead to it
	done    []bool  // by block: a part of another's instruction
	numbers []uint32
	regs    int // next number for a value that f does not have
}

// patch is a way that leads to the start of a block.
type patch struct {
	pc  int
	yes bool
	to  ir.BlockID
}

func (p patch) at(code []insn) *uint32 {
	if p.yes {
		return &code[p.pc].yes
	}
	return &code[p.pc].no
}

func (c *compiler) countUses() {
	f := c.f
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for _, id := range blk.Values {
			c.uses[f.Values[id].Args[0]]++
			c.uses[f.Values[id].Args[1]]++
		}
		c.uses[blk.X]++
		c.uses[blk.Y]++
		for way := range blk.NumSucc() {
			c.preds[blk.Succ[way].To]++
			for _, a := range blk.Succ[way].Args {
				c.uses[a]++
			}
		}
	}
}

func (c *compiler) emit(i insn, r regs) int {
	c.code = append(c.code, i)
	c.values = append(c.values, r)
	return len(c.code) - 1
}

func (c *compiler) block(b ir.BlockID) {
	f := c.f
	blk := &f.Blocks[b]
	c.start[b] = uint32(len(c.code))
	var test testOf
	if blk.Kind == ir.KindIf {
		test = c.selectTest(b)
	}
	for n := len(blk.Values) - 1; n >= 0; n-- {
		c.fuseShift(blk.Values[n])
	}
	for _, id := range blk.Values {
		if !c.fused[id] && (c.uses[id] > 0 || f.CanFault(id)) {
			c.value(id)
		}
	}
	switch blk.Kind {
	case ir.KindAccept:
		c.emit(insn{op: opReturn, k: f.Snaplen}, regs{})
	case ir.KindReject:
		c.emit(insn{op: opReturn}, regs{})
	case ir.KindJump:
		c.edge(b, ir.True)
	case ir.KindIf:
		if !c.fuseList(b, test) {
			c.test(b, test)
		}
	default:
		panic("match: block of kind " + blk.Kind.String())
	}
}

// operand returns the register of a value; a constant gets one here.
func (c *compiler) operand(id ir.ValueID) int32 {
	k, ok := c.f.IsConst(id)
	if !ok {
		return int32(id)
	}
	r := int32(c.regs)
	c.regs++
	c.emit(insn{op: opConst, k: k}, regs{dst: r})
	return r
}

// value emits the operation of id.
func (c *compiler) value(id ir.ValueID) {
	f := c.f
	v := &f.Values[id]
	r := regs{dst: int32(id)}
	switch v.Op {
	case ir.OpLoad:
		off, base, ok := c.address(v)
		if !ok {
			c.emit(insn{op: opReturn}, regs{})
			return
		}
		op := opLoad8
		if r.a = base; base != 0 {
			op = opLoadAt8
		}
		c.emit(insn{op: op + sizeIndex(v.Size), off: off}, r)
	case ir.OpLen:
		c.emit(insn{op: opLen}, r)
	case ir.OpMeta:
		c.emit(insn{op: opMeta, k: uint32(v.Meta)}, r)
	case ir.OpNeg:
		r.a = c.operand(v.Args[0])
		c.emit(insn{op: opNeg}, r)
	case ir.OpLsh, ir.OpAnd:
		if s, ok := c.shifted(id); ok {
			c.emit(s, r)
			return
		}
		c.binary(v, r)
	default:
		c.binary(v, r)
	}
}

func (c *compiler) binary(v *ir.Value, r regs) {
	if v.Op.Arity() != 2 {
		panic("match: value " + v.Op.String())
	}
	r.a = c.operand(v.Args[0])
	op := opcode(v.Op - ir.OpAdd)
	k, ok := c.f.IsConst(v.Args[1])
	if !ok {
		r.b = int32(v.Args[1])
		c.emit(insn{op: opAdd + op}, r)
		return
	}
	if k == 0 && (v.Op == ir.OpDiv || v.Op == ir.OpMod) {
		c.emit(insn{op: opReturn}, regs{})
		return
	}
	c.emit(insn{op: opAddK + op, k: k}, r)
}

// address returns the displacement and the base of a load, 0 for none. ok is
// false where the sum is beyond any packet.
func (c *compiler) address(v *ir.Value) (off uint32, base int32, ok bool) {
	if v.Args[0] == ir.None {
		return v.K, 0, true
	}
	if k, isConst := c.f.IsConst(v.Args[0]); isConst {
		sum := uint64(k) + uint64(v.K)
		return uint32(sum), 0, sum <= math.MaxUint32
	}
	return v.K, int32(v.Args[0]), true
}

func sizeIndex(s ir.Size) opcode {
	switch s {
	case ir.Byte:
		return 0
	case ir.Half:
		return 1
	case ir.Word:
		return 2
	}
	panic(fmt.Sprintf("match: load of %d bytes", s))
}

// alone reports whether id is used once, in the block where it is defined, which
// is b.
func (c *compiler) alone(id ir.ValueID, b ir.BlockID) bool {
	return c.f.Values[id].Block == b && c.uses[id] == 1 && c.f.Values[id].Op != ir.OpParam
}

// fuseShift makes the byte under "byte & mask << n" a part of that.
func (c *compiler) fuseShift(id ir.ValueID) {
	if c.fused[id] || c.uses[id] == 0 {
		return
	}
	if _, ok := c.shifted(id); ok {
		v := &c.f.Values[id]
		c.fused[v.Args[0]] = true
		if v.Op == ir.OpLsh {
			c.fused[c.f.Values[v.Args[0]].Args[0]] = true
		}
	}
}

// shifted returns the instruction for id where that is a byte at a fixed place
// under a mask, shifted left by a constant or not.
func (c *compiler) shifted(id ir.ValueID) (insn, bool) {
	f := c.f
	v := &f.Values[id]
	b := v.Block
	i := insn{op: opLoadShift8}
	if v.Op == ir.OpLsh {
		n, ok := f.IsConst(v.Args[1])
		if !ok || n >= 32 || !c.alone(v.Args[0], b) {
			return i, false
		}
		i.size = uint8(n)
		v = &f.Values[v.Args[0]]
	}
	mask, ok := f.IsConst(v.Args[1])
	if v.Op != ir.OpAnd || !ok || !c.alone(v.Args[0], b) {
		return i, false
	}
	i.mask = mask
	l := &f.Values[v.Args[0]]
	if l.Op != ir.OpLoad || l.Size != ir.Byte || l.Args[0] != ir.None {
		return i, false
	}
	i.off = l.K
	return i, true
}

// testOf is a test as one instruction.
type testOf struct {
	insn insn
	regs regs
	x, y ir.ValueID // operands that must be in registers, or None
}

// selectTest finds the instruction for the test of b and marks the values that
// become a part of it.
func (c *compiler) selectTest(b ir.BlockID) testOf {
	f := c.f
	blk := &f.Blocks[b]
	cond := opcode(blk.Cond - ir.Eq)
	k, ok := f.IsConst(blk.Y)
	if !ok {
		return testOf{insn: insn{op: opEq + cond}, x: blk.X, y: blk.Y}
	}
	plain := testOf{insn: insn{op: opEqK + cond, k: k}, x: blk.X}
	if _, isConst := f.IsConst(blk.X); isConst || !c.alone(blk.X, b) {
		return plain
	}
	v := &f.Values[blk.X]
	if v.Op == ir.OpAnd && blk.Cond == ir.Eq {
		mask, ok := f.IsConst(v.Args[1])
		l := &f.Values[v.Args[0]]
		if !ok || !c.alone(v.Args[0], b) || l.Op != ir.OpLoad || l.Args[0] != ir.None {
			return plain
		}
		c.fused[blk.X], c.fused[v.Args[0]] = true, true
		return testOf{insn: insn{op: opMask8EqK + sizeIndex(l.Size), k: k, mask: mask, off: l.K}}
	}
	if v.Op != ir.OpLoad {
		return plain
	}
	off, base, ok := c.address(v)
	if !ok {
		return plain
	}
	c.fused[blk.X] = true
	op := opLoad8EqK
	if base != 0 {
		op = opLoadAt8EqK
	}
	return testOf{insn: insn{op: op + 4*sizeIndex(v.Size) + cond, k: k, off: off}, regs: regs{a: base}}
}

// test emits a test, and behind it what its edges carry.
func (c *compiler) test(b ir.BlockID, t testOf) {
	if t.x != ir.None {
		t.regs.a = c.operand(t.x)
	}
	if t.y != ir.None {
		t.regs.b = c.operand(t.y)
	}
	c.ways(c.emit(t.insn, t.regs), b, ir.True, b, ir.False)
}

// ways gives the test at pc its ways: where it holds, one way of block yes, else
// one of block no.
func (c *compiler) ways(pc int, yes ir.BlockID, wayYes int, no ir.BlockID, wayNo int) {
	for _, p := range [...]struct {
		from ir.BlockID
		way  int
		yes  bool
	}{{yes, wayYes, true}, {no, wayNo, false}} {
		e := &c.f.Blocks[p.from].Succ[p.way]
		if len(e.Args) == 0 {
			c.patches = append(c.patches, patch{pc, p.yes, e.To})
			continue
		}
		*patch{pc: pc, yes: p.yes}.at(c.code) = uint32(len(c.code))
		c.edge(p.from, p.way)
	}
}

// edge emits what an edge of b carries and the jump to its target.
func (c *compiler) edge(b ir.BlockID, way int) {
	e := &c.f.Blocks[b].Succ[way]
	for i, p := range c.f.Blocks[e.To].Params {
		a := e.Args[i]
		if k, ok := c.f.IsConst(a); ok {
			c.emit(insn{op: opConst, k: k}, regs{dst: int32(p)})
		} else {
			c.emit(insn{op: opMove}, regs{dst: int32(p), a: int32(a)})
		}
	}
	if e.To == b+1 && c.f.Blocks[b].Kind == ir.KindJump {
		return
	}
	pc := c.emit(insn{op: opJump}, regs{})
	c.patches = append(c.patches, patch{pc, true, e.To})
}
