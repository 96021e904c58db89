package expr

// Nodes are used as pointers: a *Binary is an Expr, a Binary is not.
var (
	_ = []Expr{
		(*Binary)(nil), (*Not)(nil), (*Paren)(nil), (*Qualified)(nil), (*ID)(nil),
		(*ProtoTest)(nil), (*Relation)(nil), (*Cast)(nil), (*Length)(nil), (*Byte)(nil),
		(*Direction)(nil), (*Ifindex)(nil), (*Encap)(nil), (*PF)(nil), (*WLANType)(nil),
		(*WLANDir)(nil), (*LLC)(nil), (*ATMTest)(nil), (*MTP2Test)(nil), (*FieldTest)(nil),
	}
	_ = []Arith{
		(*Num)(nil), (*Len)(nil), (*Accessor)(nil), (*BinaryArith)(nil), (*Neg)(nil), (*ParenArith)(nil),
	}
)

func (*Binary) expr()    {}
func (*Not) expr()       {}
func (*Paren) expr()     {}
func (*Qualified) expr() {}
func (*ID) expr()        {}
func (*ProtoTest) expr() {}
func (*Relation) expr()  {}
func (*Cast) expr()      {}
func (*Length) expr()    {}
func (*Byte) expr()      {}
func (*Direction) expr() {}
func (*Ifindex) expr()   {}
func (*Encap) expr()     {}
func (*PF) expr()        {}
func (*WLANType) expr()  {}
func (*WLANDir) expr()   {}
func (*LLC) expr()       {}
func (*ATMTest) expr()   {}
func (*MTP2Test) expr()  {}
func (*FieldTest) expr() {}

func (*Num) arith()         {}
func (*Len) arith()         {}
func (*Accessor) arith()    {}
func (*BinaryArith) arith() {}
func (*Neg) arith()         {}
func (*ParenArith) arith()  {}

// Span covers both operands. Where the parser has not noted the start, finding it is
// a loop down the left side, since a chain may be as long as the source allows.
func (x *Binary) Span() Span {
	end := x.Y.Span().End
	for b := x; ; {
		if b.start != 0 {
			return Span{b.start - 1, end}
		}
		left, ok := b.X.(*Binary)
		if !ok {
			return Span{b.X.Span().Pos, end}
		}
		b = left
	}
}

// Span covers the operator and the operand.
func (x *Not) Span() Span { return Span{x.OpPos.Pos, x.X.Span().End} }

// Span covers the parentheses.
func (x *Paren) Span() Span { return Span{x.L, x.R + 1} }

// Span covers the qualifiers and what they qualify.
func (x *Qualified) Span() Span { return Span{x.Quals.Span().Pos, x.X.Span().End} }

// Span covers the qualifiers; it is zero when there is none.
func (q *Qualifiers) Span() Span {
	var at Span
	for _, part := range [...]Span{q.ProtoSpan, q.DirSpan, q.TypeSpan} {
		if part == (Span{}) {
			continue
		}
		if at == (Span{}) {
			at = part
		}
		at.End = part.End
	}
	return at
}

// Span is the id's place in the source.
func (x *ID) Span() Span { return x.At }

// Span is the keyword's place in the source.
func (x *ProtoTest) Span() Span { return x.At }

// Span covers both operands.
func (x *Relation) Span() Span { return Span{x.X.Span().Pos, x.Y.Span().End} }

// Span covers the protocol, if any, and the keyword.
func (x *Cast) Span() Span { return x.At }

// Span covers the keyword and the number.
func (x *Length) Span() Span { return x.At }

// Span covers the keyword and what follows it.
func (x *Byte) Span() Span { return x.At }

// Span is the keyword's place in the source.
func (x *Direction) Span() Span { return x.At }

// Span covers the keyword and the number.
func (x *Ifindex) Span() Span { return x.At }

// Span covers the keyword and the number, if any.
func (x *Encap) Span() Span { return x.At }

// Span covers the keyword and the value.
func (x *PF) Span() Span { return x.At }

// Span covers the protocol, if any, the keywords and their values.
func (x *WLANType) Span() Span { return x.At }

// Span covers the protocol, if any, the keyword and its value.
func (x *WLANDir) Span() Span { return x.At }

// Span covers the keyword and the name, if any.
func (x *LLC) Span() Span { return x.At }

// Span is the keyword's place in the source.
func (x *ATMTest) Span() Span { return x.At }

// Span is the keyword's place in the source.
func (x *MTP2Test) Span() Span { return x.At }

// Span covers the keyword and its values.
func (x *FieldTest) Span() Span { return x.At }

// Span is the number's place in the source.
func (x *Num) Span() Span { return x.At }

// Span is the keyword's place in the source.
func (x *Len) Span() Span { return x.At }

// Span covers the protocol and the brackets.
func (x *Accessor) Span() Span { return x.At }

// Span covers both operands.
func (x *BinaryArith) Span() Span {
	end := x.Y.Span().End
	for b := x; ; {
		if b.start != 0 {
			return Span{b.start - 1, end}
		}
		left, ok := b.X.(*BinaryArith)
		if !ok {
			return Span{b.X.Span().Pos, end}
		}
		b = left
	}
}

// Span covers the operator and the operand.
func (x *Neg) Span() Span { return Span{x.OpPos.Pos, x.X.Span().End} }

// Span covers the parentheses.
func (x *ParenArith) Span() Span { return Span{x.L, x.R + 1} }
