package expr

import "fmt"

// A Node is an Expr or an Arith.
type Node interface {
	Span() Span
}

// Walk calls visit for x and for what is in it, each node in front of what it consists of
// and otherwise in the order of the source text. If visit returns false for a node, the
// nodes in it are left out. A nil x has no nodes.
func Walk(x Expr, visit func(Node) bool) {
	// A chain of "and" and "or" is deep on the left: its nodes wait in a slice.
	var chain []*Binary
	for {
		b, ok := x.(*Binary)
		if !ok {
			break
		}
		if !visit(b) {
			x = nil
			break
		}
		chain = append(chain, b)
		x = b.X
	}
	walkOperand(x, visit)
	for i := len(chain) - 1; i >= 0; i-- {
		Walk(chain[i].Y, visit)
	}
}

// walkOperand walks an Expr other than a Binary.
func walkOperand(x Expr, visit func(Node) bool) {
	if x == nil || !visit(x) {
		return
	}
	switch x := x.(type) {
	case *Not:
		Walk(x.X, visit)
	case *Paren:
		Walk(x.X, visit)
	case *Qualified:
		Walk(x.X, visit)
	case *Relation:
		WalkArith(x.X, visit)
		WalkArith(x.Y, visit)
	case *ID, *ProtoTest, *Cast, *Length, *Byte, *Direction, *Ifindex, *Encap, *PF, *WLANType, *WLANDir,
		*LLC, *ATMTest, *MTP2Test, *FieldTest:
	default:
		panic(fmt.Sprintf("expr: Walk of %T", x))
	}
}

// WalkArith is Walk for numbers.
func WalkArith(x Arith, visit func(Node) bool) {
	var chain []*BinaryArith
	for {
		b, ok := x.(*BinaryArith)
		if !ok {
			break
		}
		if !visit(b) {
			x = nil
			break
		}
		chain = append(chain, b)
		x = b.X
	}
	if x != nil && visit(x) {
		switch x := x.(type) {
		case *Neg:
			WalkArith(x.X, visit)
		case *ParenArith:
			WalkArith(x.X, visit)
		case *Accessor:
			WalkArith(x.Index, visit)
		case *Num, *Len:
		default:
			panic(fmt.Sprintf("expr: WalkArith of %T", x))
		}
	}
	for i := len(chain) - 1; i >= 0; i-- {
		WalkArith(chain[i].Y, visit)
	}
}
