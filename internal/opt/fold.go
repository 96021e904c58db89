package opt

import (
	"math"
	"math/bits"

	"github.com/gofilter/gofilter/ir"
)

// fold computes what is known at compile time and brings values and tests into
// one form: constants on the right, powers of two as shifts and masks, as little
// arithmetic in a test as possible, constant displacements in the load. A block
// that faults on every packet becomes a reject.
func fold(w *work) {
	f := w.f
	w.repl = reset(w.repl, len(f.Values))
	w.facts.reset(0)
	faults := false
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for _, id := range blk.Values {
			v := &f.Values[id]
			for i, a := range v.Args {
				v.Args[i] = w.folded(a)
			}
			r, ok := w.foldValue(id)
			if !ok {
				setReject(blk)
				faults = true
				break
			}
			if r != id {
				w.repl[id] = r
			}
		}
		if blk.Kind == ir.KindIf {
			blk.X, blk.Y = w.folded(blk.X), w.folded(blk.Y)
			for w.foldTest(ir.BlockID(b)) {
			}
		}
		for way := range blk.NumSucc() {
			args := blk.Succ[way].Args
			for i := range args {
				args[i] = w.folded(args[i])
			}
		}
	}
	if faults {
		w.prune()
	}
}

// folded returns what takes the place of id.
func (w *work) folded(id ir.ValueID) ir.ValueID {
	if int(id) < len(w.repl) && w.repl[id] != ir.None {
		return w.repl[id]
	}
	return id
}

// foldValue simplifies id, whose operands are folded, or returns what is equal
// to it. ok is false where it faults on every packet.
func (w *work) foldValue(id ir.ValueID) (_ ir.ValueID, ok bool) {
	f := w.f
	if op := f.Values[id].Op; op == ir.OpLoad {
		return id, w.foldLoad(id)
	} else if op == ir.OpNeg {
		if a := f.Values[id].Args[0]; f.Values[a].Op == ir.OpNeg {
			return f.Values[a].Args[0], true
		}
	} else if op.Arity() == 2 {
		if r, ok := w.foldBinary(id); r != id || !ok {
			return r, ok
		}
	}
	if f.CanFault(id) {
		return id, true
	}
	if d := w.domain(id, ir.NoBlock, maxDepth); d.isSingle() {
		return f.Const(d.lo), true
	}
	return id, true
}

// foldLoad moves constant parts of the base into the displacement. ok is false
// where the sum is beyond any packet.
func (w *work) foldLoad(id ir.ValueID) (ok bool) {
	f := w.f
	for {
		v := &f.Values[id]
		if v.Args[0] == ir.None {
			return true
		}
		base := f.Values[v.Args[0]]
		if base.Op == ir.OpConst {
			sum := uint64(base.K) + uint64(v.K)
			if sum > math.MaxUint32 {
				return false
			}
			v.Args[0], v.K = ir.None, uint32(sum)
			return true
		}
		k, isConst := f.IsConst(base.Args[1])
		if base.Op != ir.OpAdd || !isConst {
			return true
		}
		// The sum in the load does not wrap, the addition may.
		hi := w.domain(base.Args[0], ir.NoBlock, maxDepth).hi
		sum := uint64(k) + uint64(v.K)
		if uint64(hi)+uint64(k) > math.MaxUint32 || sum > math.MaxUint32 {
			return true
		}
		v.Args[0], v.K = base.Args[0], uint32(sum)
	}
}

// foldBinary is foldValue for an operation on two values.
func (w *work) foldBinary(id ir.ValueID) (_ ir.ValueID, ok bool) {
	f := w.f
	v := &f.Values[id]
	if _, ok := f.IsConst(v.Args[0]); ok && v.Op.Commutative() {
		if _, both := f.IsConst(v.Args[1]); !both {
			v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
		}
	}
	x, y := v.Args[0], v.Args[1]
	if x == y {
		switch v.Op {
		case ir.OpSub, ir.OpXor:
			return f.Const(0), true
		case ir.OpAnd, ir.OpOr:
			return x, true
		}
	}
	if k, ok := f.IsConst(x); ok && k == 0 && v.Op == ir.OpSub {
		v.Op, v.Args = ir.OpNeg, [2]ir.ValueID{y}
		return id, true
	}
	k, isConst := f.IsConst(y)
	if !isConst {
		return id, true
	}
	if k == 0 {
		switch v.Op {
		case ir.OpAdd, ir.OpSub, ir.OpOr, ir.OpXor, ir.OpLsh, ir.OpRsh:
			return x, true
		case ir.OpMul, ir.OpAnd:
			return y, true
		case ir.OpDiv, ir.OpMod:
			return id, false
		}
	}
	if k == 1 && (v.Op == ir.OpMul || v.Op == ir.OpDiv) {
		return x, true
	}
	if k&(k-1) == 0 {
		w.foldPower(id, k)
	}
	if r := w.foldChain(id); r != id {
		return r, true
	}
	v = &f.Values[id]
	if k, _ = f.IsConst(v.Args[1]); v.Op == ir.OpAnd && w.domain(v.Args[0], ir.NoBlock, maxDepth).ones()&^k == 0 {
		return v.Args[0], true
	}
	return id, true
}

// foldPower makes shifts and masks of operations with a power of two.
func (w *work) foldPower(id ir.ValueID, k uint32) {
	f := w.f
	var op ir.Op
	n := uint32(bits.TrailingZeros32(k))
	switch f.Values[id].Op {
	case ir.OpMul:
		op = ir.OpLsh
	case ir.OpDiv:
		op = ir.OpRsh
	case ir.OpMod:
		op, n = ir.OpAnd, k-1
	default:
		return
	}
	c := f.Const(n)
	f.Values[id].Op, f.Values[id].Args[1] = op, c
}

// foldChain makes one operation of two with constants: "(x + 1) + 2".
func (w *work) foldChain(id ir.ValueID) ir.ValueID {
	f := w.f
	v := f.Values[id]
	k2, _ := f.IsConst(v.Args[1])
	u := f.Values[v.Args[0]]
	k1, ok := f.IsConst(u.Args[1])
	if !ok || u.Op.Arity() != 2 {
		return id
	}
	op, k := v.Op, uint32(0)
	switch {
	case u.Op == op && (op == ir.OpAnd || op == ir.OpOr || op == ir.OpXor || op == ir.OpMul || op == ir.OpAdd):
		k, _ = op.Arith(k1, k2)
	case u.Op == op && op == ir.OpSub:
		k = k1 + k2
	case u.Op == op && (op == ir.OpLsh || op == ir.OpRsh):
		if k1 >= 32 || k2 >= 32 || k1+k2 >= 32 {
			return f.Const(0)
		}
		k = k1 + k2
	case u.Op == ir.OpSub && op == ir.OpAdd:
		k = k2 - k1
	case u.Op == ir.OpAdd && op == ir.OpSub:
		op, k = ir.OpAdd, k1-k2
	default:
		return id
	}
	if k == 0 && (op == ir.OpAdd || op == ir.OpSub || op == ir.OpOr || op == ir.OpXor) {
		return u.Args[0]
	}
	c := f.Const(k)
	n := &f.Values[id]
	n.Op, n.Args = op, [2]ir.ValueID{u.Args[0], c}
	return id
}

// foldTest simplifies the test of b and reports whether it did.
func (w *work) foldTest(b ir.BlockID) bool {
	f := w.f
	blk := &f.Blocks[b]
	if _, ok := f.IsConst(blk.X); ok {
		if _, both := f.IsConst(blk.Y); !both {
			exchange(blk)
			return true
		}
		return false
	}
	x := f.Values[blk.X]
	k, ok := f.IsConst(blk.Y)
	if !ok {
		return false
	}
	if blk.Cond == ir.Eq && k == 0 && (x.Op == ir.OpSub || x.Op == ir.OpXor) {
		blk.X, blk.Y = x.Args[0], x.Args[1]
		return true
	}
	if blk.Cond == ir.Eq && x.Op == ir.OpNeg {
		blk.X, blk.Y = x.Args[0], f.Const(-k)
		return true
	}
	m, ok := f.IsConst(x.Args[1])
	if !ok || x.Op.Arity() != 2 {
		return false
	}
	to := func(cond ir.Cond, k uint32) bool {
		blk.Cond, blk.X, blk.Y = cond, x.Args[0], f.Const(k)
		return true
	}
	switch {
	case x.Op == ir.OpAnd && blk.Cond == ir.Eq && k == 0:
		swapWays(blk)
		return to(ir.Set, m)
	case x.Op == ir.OpAnd && blk.Cond == ir.Eq && k == m && m&(m-1) == 0:
		return to(ir.Set, m)
	case x.Op == ir.OpAnd && blk.Cond == ir.Set:
		return to(ir.Set, m&k)
	case x.Op == ir.OpAdd && blk.Cond == ir.Eq:
		return to(ir.Eq, k-m)
	case x.Op == ir.OpSub && blk.Cond == ir.Eq:
		return to(ir.Eq, k+m)
	case x.Op == ir.OpXor && blk.Cond == ir.Eq:
		return to(ir.Eq, k^m)
	case x.Op == ir.OpLsh && blk.Cond == ir.Set:
		return to(ir.Set, k>>m)
	case x.Op == ir.OpRsh && blk.Cond == ir.Set:
		return to(ir.Set, k<<m)
	case x.Op == ir.OpLsh && m < 32 && w.domain(x.Args[0], ir.NoBlock, maxDepth).hi <= math.MaxUint32>>m:
		// Nothing is shifted out.
		switch {
		case blk.Cond == ir.Eq && k>>m<<m == k:
			return to(ir.Eq, k>>m)
		case blk.Cond == ir.Gt:
			return to(ir.Gt, k>>m)
		case blk.Cond == ir.Ge && k > 0:
			return to(ir.Gt, (k-1)>>m)
		}
	}
	return false
}

// exchange puts the operands of b's test in each other's place.
func exchange(b *ir.Block) {
	b.X, b.Y = b.Y, b.X
	switch b.Cond {
	case ir.Eq, ir.Set:
	case ir.Gt: // k > x is not x >= k
		b.Cond = ir.Ge
		swapWays(b)
	case ir.Ge: // k >= x is not x > k
		b.Cond = ir.Gt
		swapWays(b)
	default:
		panic("opt: condition " + b.Cond.String())
	}
}

func swapWays(b *ir.Block) {
	b.Succ[ir.True], b.Succ[ir.False] = b.Succ[ir.False], b.Succ[ir.True]
}
