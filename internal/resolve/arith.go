package resolve

import (
	"fmt"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// relation resolves a comparison of two numbers.
func (r *resolver) relation(e *expr.Relation, at *pred.Layers) pred.Pred {
	x, y := r.num(e.X, at), r.num(e.Y, at)
	cond, negate := condOf(e.Op)
	return pred.Relation{Cond: cond, Negate: negate, X: x, Y: y, Span: e.Span()}
}

// arithOps gives the operation of each arithmetic operator.
var arithOps = map[expr.Op]ir.Op{
	expr.Add: ir.OpAdd, expr.Sub: ir.OpSub, expr.Mul: ir.OpMul, expr.Div: ir.OpDiv, expr.Mod: ir.OpMod,
	expr.And: ir.OpAnd, expr.Or: ir.OpOr, expr.Xor: ir.OpXor, expr.Lsh: ir.OpLsh, expr.Rsh: ir.OpRsh,
}

// num resolves a number. Constant parts are computed here, so that a division by
// zero is found whatever it is hidden in.
func (r *resolver) num(e expr.Arith, at *pred.Layers) pred.Num {
	switch e := e.(type) {
	case *expr.Num:
		return pred.Const{Value: e.Value}
	case *expr.Len:
		return pred.Len{}
	case *expr.ParenArith:
		return r.num(e.X, at)
	case *expr.Neg:
		x := r.num(e.X, at)
		if k, ok := x.(pred.Const); ok {
			return pred.Const{Value: -k.Value}
		}
		return pred.Neg{X: x}
	case *expr.Accessor:
		return r.access(e, at)
	case *expr.BinaryArith:
		return r.arith(e, at)
	}
	panic(fmt.Sprintf("resolve: node %T", e))
}

func (r *resolver) arith(e *expr.BinaryArith, at *pred.Layers) pred.Num {
	op, ok := arithOps[e.Op]
	if !ok {
		panic("resolve: operator " + e.Op.String())
	}
	x, y := r.num(e.X, at), r.num(e.Y, at)
	k, ok := y.(pred.Const)
	if ok {
		switch {
		case op == ir.OpDiv && k.Value == 0:
			r.fail(e.Y.Span(), "division by zero")
			return pred.Const{}
		case op == ir.OpMod && k.Value == 0:
			r.fail(e.Y.Span(), "modulus by zero")
			return pred.Const{}
		case (op == ir.OpLsh || op == ir.OpRsh) && k.Value > 31 && literal(e.Y):
			r.fail(e.Y.Span(), "shift by %d bits; a number has 32", k.Value)
			return pred.Const{}
		}
		if j, ok := x.(pred.Const); ok {
			z, _ := op.Arith(j.Value, k.Value)
			return pred.Const{Value: z}
		}
	}
	return pred.Arith{Op: op, X: x, Y: y}
}

// literal reports whether e is a number as written: a count of bits that is computed
// may be anything, as in libpcap.
func literal(e expr.Arith) bool {
	switch e := e.(type) {
	case *expr.Num:
		return true
	case *expr.ParenArith:
		return literal(e.X)
	}
	return false
}

// access resolves proto[index:size].
func (r *resolver) access(e *expr.Accessor, at *pred.Layers) pred.Num {
	size := ir.Byte
	if e.Size != nil {
		switch e.Size.Value {
		case 1, 2, 4:
			size = ir.Size(e.Size.Value)
		default:
			r.fail(e.Size.At, "cannot load %d bytes; a load has 1, 2 or 4", e.Size.Value)
		}
	}
	a := pred.Access{At: at, Proto: e.Proto, Index: r.num(e.Index, at), Size: size, Span: e.At}
	row := protoRows[e.Proto]
	switch {
	case e.Proto == expr.ProtoLink:
		return a
	case e.Proto == expr.ProtoRadio:
		if !at.Link.Radio {
			r.fail(e.ProtoSpan, "link type %s has no radio header", at.LinkName())
		}
		return a
	case !row.index:
		r.fail(e.ProtoSpan, "%q cannot be indexed", e.Proto)
		return a
	case row.ether != 0:
		a.Ether = row.ether
	case row.v4: // what both versions carry is looked for behind IPv4
		a.Ether, a.Version, a.IP = proto.EtherIPv4, 4, row.ip
	case row.v6:
		a.Ether, a.Version, a.IP = proto.EtherIPv6, 6, row.ip
	}
	r.carries(a.Ether, e.ProtoSpan, at)
	return a
}
