package expr

import "fmt"

// Equal reports whether a and b are the same tree, whatever their places in the source.
// How a number, an address or a name was spelled counts; which of several words for the
// same keyword was used does not, as the tree does not have it.
func Equal(a, b Expr) bool {
	for {
		x, ok := a.(*Binary)
		if !ok {
			break
		}
		y, ok := b.(*Binary)
		if !ok || x.Op != y.Op || !Equal(x.Y, y.Y) {
			return false
		}
		a, b = x.X, y.X
	}
	switch x := a.(type) {
	case nil:
		return b == nil
	case *Not:
		y, ok := b.(*Not)
		return ok && Equal(x.X, y.X)
	case *Paren:
		y, ok := b.(*Paren)
		return ok && Equal(x.X, y.X)
	case *Qualified:
		y, ok := b.(*Qualified)
		return ok && x.Quals.Proto == y.Quals.Proto && x.Quals.Dir == y.Quals.Dir && x.Quals.Type == y.Quals.Type &&
			Equal(x.X, y.X)
	case *ID:
		y, ok := b.(*ID)
		return ok && x.Kind == y.Kind && x.Text == y.Text && x.Escaped == y.Escaped && x.Num == y.Num && x.Mask == y.Mask
	case *ProtoTest:
		y, ok := b.(*ProtoTest)
		return ok && x.Proto == y.Proto
	case *Relation:
		y, ok := b.(*Relation)
		return ok && x.Op == y.Op && EqualArith(x.X, y.X) && EqualArith(x.Y, y.Y)
	case *Cast:
		y, ok := b.(*Cast)
		return ok && x.Proto == y.Proto && x.Multicast == y.Multicast
	case *Length:
		y, ok := b.(*Length)
		return ok && x.Greater == y.Greater && x.Num.equal(&y.Num)
	case *Byte:
		y, ok := b.(*Byte)
		return ok && x.Op == y.Op && x.Index.equal(&y.Index) && x.Value.equal(&y.Value)
	case *Direction:
		y, ok := b.(*Direction)
		return ok && x.Outbound == y.Outbound
	case *Ifindex:
		y, ok := b.(*Ifindex)
		return ok && x.Num.equal(&y.Num)
	case *Encap:
		y, ok := b.(*Encap)
		return ok && x.Kind == y.Kind && x.Num.equal(y.Num)
	case *PF:
		y, ok := b.(*PF)
		return ok && x.Field == y.Field && x.Name == y.Name && x.Num.equal(y.Num)
	case *WLANType:
		y, ok := b.(*WLANType)
		return ok && x.Proto == y.Proto && x.Type.equal(y.Type) && x.Subtype.equal(y.Subtype)
	case *WLANDir:
		y, ok := b.(*WLANDir)
		return ok && x.Proto == y.Proto && x.Dir.equal(&y.Dir)
	case *LLC:
		y, ok := b.(*LLC)
		return ok && x.Name == y.Name
	case *ATMTest:
		y, ok := b.(*ATMTest)
		return ok && x.Kind == y.Kind
	case *MTP2Test:
		y, ok := b.(*MTP2Test)
		return ok && x.Kind == y.Kind
	case *FieldTest:
		y, ok := b.(*FieldTest)
		if !ok || x.Field != y.Field || x.Op != y.Op || x.List != y.List || len(x.Values) != len(y.Values) {
			return false
		}
		for i := range x.Values {
			if !x.Values[i].equal(&y.Values[i]) {
				return false
			}
		}
		return true
	}
	panic(fmt.Sprintf("expr: Equal of %T", a))
}

// EqualArith is Equal for numbers.
func EqualArith(a, b Arith) bool {
	for {
		x, ok := a.(*BinaryArith)
		if !ok {
			break
		}
		y, ok := b.(*BinaryArith)
		if !ok || x.Op != y.Op || !EqualArith(x.Y, y.Y) {
			return false
		}
		a, b = x.X, y.X
	}
	switch x := a.(type) {
	case *Num:
		y, ok := b.(*Num)
		return ok && x.Number.equal(&y.Number)
	case *Len:
		_, ok := b.(*Len)
		return ok
	case *Accessor:
		y, ok := b.(*Accessor)
		return ok && x.Proto == y.Proto && x.Size.equal(y.Size) && EqualArith(x.Index, y.Index)
	case *Neg:
		y, ok := b.(*Neg)
		return ok && EqualArith(x.X, y.X)
	case *ParenArith:
		y, ok := b.(*ParenArith)
		return ok && EqualArith(x.X, y.X)
	}
	panic(fmt.Sprintf("expr: EqualArith of %T", a))
}

func (n *Number) equal(other *Number) bool {
	if n == nil || other == nil {
		return n == other
	}
	return n.Value == other.Value && n.Text == other.Text
}

func (v *NameOrNumber) equal(other *NameOrNumber) bool {
	if v == nil || other == nil {
		return v == other
	}
	return v.Name == other.Name && v.Num == other.Num
}
