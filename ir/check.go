package ir

import "fmt"

// Check reports the first law of the package that f breaks, or nil.
func (f *Func) Check() error {
	for _, l := range laws {
		if err := l.holds(f); err != nil {
			return fmt.Errorf("ir: %s: %w", l.name, err)
		}
	}
	return nil
}

// laws are in an order in which each may rely on those before it.
var laws = []struct {
	name  string
	holds func(*Func) error
}{
	{"table", checkTable},
	{"kind", checkKinds},
	{"way out", checkWays},
	{"operation", checkOps},
	{"arity", checkArity},
	{"constant", checkConsts},
	{"list", checkLists},
	{"forward", checkForward},
	{"reachable", checkReachable},
	{"parameter", checkEdgeArgs},
	{"dominance", checkDominance},
	{"span", checkSpans},
}

// checkTable: there is an entry, Values[0] is no value, the view is one of ours.
func checkTable(f *Func) error {
	if len(f.Blocks) == 0 {
		return fmt.Errorf("no blocks")
	}
	if len(f.Values) > 0 && f.Values[0] != (Value{}) {
		return fmt.Errorf("v0 is %v; it must be no value", f.Values[0].Op)
	}
	if f.View >= numViews {
		return fmt.Errorf("unknown %v", f.View)
	}
	return nil
}

// checkKinds: every block has a known way out, and a condition exactly where
// it is a test.
func checkKinds(f *Func) error {
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		if blk.Kind == KindInvalid || blk.Kind >= numKinds {
			return fmt.Errorf("b%d is of %v", b, blk.Kind)
		}
		if blk.Kind == KindIf {
			if blk.Cond == CondInvalid || blk.Cond >= numConds {
				return fmt.Errorf("b%d tests %v", b, blk.Cond)
			}
			if blk.X == None || blk.Y == None {
				return fmt.Errorf("b%d tests with an operand missing", b)
			}
		} else if blk.Cond != CondInvalid || blk.X != None || blk.Y != None {
			return fmt.Errorf("b%d is of kind %v and has a condition", b, blk.Kind)
		}
	}
	return nil
}

// checkWays: edges lead to blocks that are there; ways that the kind does not
// have are empty.
func checkWays(f *Func) error {
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for w := range blk.Succ {
			e := &blk.Succ[w]
			if w >= blk.NumSucc() {
				if e.To != 0 || len(e.Args) != 0 {
					return fmt.Errorf("b%d is of kind %v and leads to b%d", b, blk.Kind, e.To)
				}
			} else if e.To < 0 || int(e.To) >= len(f.Blocks) {
				return fmt.Errorf("b%d leads to b%d, which is not there", b, e.To)
			}
		}
	}
	return nil
}

// checkOps: operations are known, and Size, Meta and K are set where the
// operation has them and only there. An OpInvalid is a hole in the table, left by
// a pass, and holds nothing.
func checkOps(f *Func) error {
	for id := range f.Values {
		v := &f.Values[id]
		if v.Op >= numOps {
			return fmt.Errorf("v%d is %v", id, v.Op)
		}
		if v.Op == OpInvalid && *v != (Value{}) {
			return fmt.Errorf("v%d is no value and not empty", id)
		}
		switch {
		case v.Op == OpLoad && v.Size != Byte && v.Size != Half && v.Size != Word:
			return fmt.Errorf("v%d loads %d bytes", id, v.Size)
		case v.Op != OpLoad && v.Size != 0:
			return fmt.Errorf("v%d is %v and has a size", id, v.Op)
		case v.Op == OpMeta && !v.Meta.known():
			return fmt.Errorf("v%d is unknown %v", id, v.Meta)
		case v.Op != OpMeta && v.Meta != 0:
			return fmt.Errorf("v%d is %v and names %v", id, v.Op, v.Meta)
		case v.Op != OpLoad && v.Op != OpConst && v.K != 0:
			return fmt.Errorf("v%d is %v and holds the number %d", id, v.Op, v.K)
		}
	}
	return nil
}

// checkArity: every value has as many operands as its operation wants, and all
// uses name values of the table.
func checkArity(f *Func) error {
	for id := range f.Values {
		v := &f.Values[id]
		for i, a := range v.Args {
			switch {
			case i == 0 && v.Op == OpLoad && a == None:
			case i < v.Op.Arity() || i == 0 && v.Op == OpLoad:
				if err := f.checkUse(a); err != nil {
					return fmt.Errorf("operand %d of v%d: %w", i, id, err)
				}
			case a != None:
				return fmt.Errorf("v%d is %v and has operand %d", id, v.Op, i)
			}
		}
	}
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for _, x := range [...]ValueID{blk.X, blk.Y} {
			if x == None {
				continue
			}
			if err := f.checkUse(x); err != nil {
				return fmt.Errorf("test of b%d: %w", b, err)
			}
		}
		for w := range blk.Succ {
			for _, a := range blk.Succ[w].Args {
				if err := f.checkUse(a); err != nil {
					return fmt.Errorf("edge of b%d to b%d: %w", b, blk.Succ[w].To, err)
				}
			}
		}
	}
	return nil
}

func (m Meta) known() bool {
	_, ok := metaNames[m]
	return ok
}

func (f *Func) checkUse(id ValueID) error {
	switch {
	case id == None:
		return fmt.Errorf("missing")
	case id < 0 || int(id) >= len(f.Values):
		return fmt.Errorf("v%d is not there", id)
	case f.Values[id].Op == OpInvalid:
		return fmt.Errorf("v%d is not defined", id)
	}
	return nil
}

// checkConsts: constants stand in no block, one for each number.
func checkConsts(f *Func) error {
	seen := make(map[uint32]int)
	for id := range f.Values {
		v := &f.Values[id]
		if v.Op != OpConst {
			continue
		}
		if v.Block != NoBlock {
			return fmt.Errorf("v%d = %d stands in b%d", id, v.K, v.Block)
		}
		if first, dup := seen[v.K]; dup {
			return fmt.Errorf("v%d and v%d are both %d", first, id, v.K)
		}
		seen[v.K] = id
	}
	for i, id := range f.consts {
		if id == None {
			continue
		}
		k, ok := f.IsConst(id)
		if !ok {
			return fmt.Errorf("interned v%d is no constant", id)
		}
		if f.hashed && f.constSlot(k) != i {
			return fmt.Errorf("interned v%d = %d is not where it is looked for", id, k)
		}
	}
	return nil
}

// checkLists: every value is listed exactly once, in the block that it names,
// parameters in Params and all others in Values.
func checkLists(f *Func) error {
	listed := make([]bool, len(f.Values))
	check := func(b int, list []ValueID, params bool) error {
		for _, id := range list {
			if err := f.checkUse(id); err != nil {
				return fmt.Errorf("list of b%d: %w", b, err)
			}
			v := &f.Values[id]
			if v.Op == OpConst || (v.Op == OpParam) != params {
				return fmt.Errorf("v%d is %v and in the wrong list of b%d", id, v.Op, b)
			}
			if v.Block != BlockID(b) {
				return fmt.Errorf("v%d names b%d and is listed in b%d", id, v.Block, b)
			}
			if listed[id] {
				return fmt.Errorf("v%d is listed twice", id)
			}
			listed[id] = true
		}
		return nil
	}
	for b := range f.Blocks {
		if err := check(b, f.Blocks[b].Params, true); err != nil {
			return err
		}
		if err := check(b, f.Blocks[b].Values, false); err != nil {
			return err
		}
	}
	for id := range f.Values {
		if op := f.Values[id].Op; op != OpInvalid && op != OpConst && !listed[id] {
			return fmt.Errorf("v%d is listed in no block", id)
		}
	}
	return nil
}

// checkForward: every edge leads to a block with a higher number.
func checkForward(f *Func) error {
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for w := range blk.NumSucc() {
			if to := blk.Succ[w].To; int(to) <= b {
				return fmt.Errorf("b%d leads back to b%d", b, to)
			}
		}
	}
	return nil
}

// checkReachable: every block can be reached. Since edges lead forward, it is
// enough that every block but the entry has an edge into it.
func checkReachable(f *Func) error {
	reached := make([]bool, len(f.Blocks))
	reached[0] = true
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		if !reached[b] {
			return fmt.Errorf("nothing leads to b%d", b)
		}
		for w := range blk.NumSucc() {
			reached[blk.Succ[w].To] = true
		}
	}
	return nil
}

// checkEdgeArgs: every edge carries one value for each parameter of its target;
// the entry has none.
func checkEdgeArgs(f *Func) error {
	if n := len(f.Blocks[0].Params); n != 0 {
		return fmt.Errorf("the entry has %d", n)
	}
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for w := range blk.NumSucc() {
			e := &blk.Succ[w]
			if got, want := len(e.Args), len(f.Blocks[e.To].Params); got != want {
				return fmt.Errorf("edge of b%d to b%d carries %d values, not %d", b, e.To, got, want)
			}
		}
	}
	return nil
}

// checkDominance: a value is defined before each use, in the same block or in
// one that dominates it.
func checkDominance(f *Func) error {
	var preds Preds
	var dom DomTree
	preds.Fill(f)
	dom.Fill(f, &preds)
	place := make([]int, len(f.Values)) // in its list, from 1; parameters 0
	for b := range f.Blocks {
		for i, id := range f.Blocks[b].Values {
			place[id] = i + 1
		}
	}
	reaches := func(id ValueID, b int, before int) error {
		if id == None || f.Values[id].Op == OpConst {
			return nil
		}
		def := f.Values[id].Block
		if def == BlockID(b) && place[id] < before || def != BlockID(b) && dom.Dominates(def, BlockID(b)) {
			return nil
		}
		return fmt.Errorf("v%d is used in b%d, where it is not defined yet", id, b)
	}
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for i, id := range blk.Values {
			for _, a := range f.Values[id].Args {
				if err := reaches(a, b, i+1); err != nil {
					return err
				}
			}
		}
		end := len(blk.Values) + 1
		for _, x := range [...]ValueID{blk.X, blk.Y} {
			if err := reaches(x, b, end); err != nil {
				return err
			}
		}
		for w := range blk.Succ {
			for _, a := range blk.Succ[w].Args {
				if err := reaches(a, b, end); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checkSpans: spans lie within the source.
func checkSpans(f *Func) error {
	bad := func(s Span) bool { return s.Pos < 0 || s.End < s.Pos || int(s.End) > len(f.Source) }
	for id := range f.Values {
		if s := f.Values[id].Span; bad(s) {
			return fmt.Errorf("v%d spans %d:%d of %d bytes", id, s.Pos, s.End, len(f.Source))
		}
	}
	for b := range f.Blocks {
		if s := f.Blocks[b].Span; bad(s) {
			return fmt.Errorf("b%d spans %d:%d of %d bytes", b, s.Pos, s.End, len(f.Source))
		}
	}
	return nil
}
