package expr

import (
	"fmt"
	"strconv"
)

// Format returns x in canonical form: one space between words, the first of the words
// that mean the same ("and", "not", "ether", "="), numbers, addresses and names as they
// were written. Parse gives an equal tree for it. A tree that Parse cannot have made,
// since it needs parentheses that are not there, is printed with them.
// For nil, the filter that accepts everything, it returns the empty string.
func Format(x Expr) string {
	if x == nil {
		return ""
	}
	return string(appendExpr(nil, x))
}

// FormatArith is Format for numbers.
func FormatArith(x Arith) string { return string(appendArith(nil, x)) }

func appendExpr(b []byte, x Expr) []byte {
	// A chain of "and" and "or" is deep on the left: its nodes wait in a slice.
	var chain []*Binary
	for {
		bin, ok := x.(*Binary)
		if !ok {
			break
		}
		chain = append(chain, bin)
		x = bin.X
	}
	b = appendOperand(b, x)
	for i := len(chain) - 1; i >= 0; i-- {
		b = append(b, ' ')
		b = append(b, chain[i].Op.String()...)
		b = append(b, ' ')
		b = appendOperand(b, chain[i].Y)
	}
	return b
}

// appendOperand prints one operand of "and", "or", "not" or qualifiers.
func appendOperand(b []byte, x Expr) []byte {
	switch x := x.(type) {
	case *Binary:
		b = append(b, '(')
		b = appendExpr(b, x)
		return append(b, ')')
	case *Not:
		b = append(b, "not "...)
		return appendOperand(b, x.X)
	case *Paren:
		b = append(b, '(')
		b = appendExpr(b, x.X)
		return append(b, ')')
	case *Qualified:
		b = appendWords(b, x.Quals.Proto.String(), x.Quals.Dir.String(), x.Quals.Type.String())
		return appendOperand(b, x.X)
	case *ID:
		return appendID(b, x)
	case *ProtoTest:
		return append(b, x.Proto.String()...)
	case *Relation:
		b = appendArith(b, x.X)
		b = append(b, ' ')
		b = append(b, x.Op.String()...)
		b = append(b, ' ')
		return appendArith(b, x.Y)
	case *Cast:
		b = appendWords(b, x.Proto.String())
		return append(b, pick(x.Multicast, "multicast", "broadcast")...)
	case *Length:
		b = appendWords(b, pick(x.Greater, "greater", "less"))
		return appendNumber(b, &x.Num)
	case *Byte:
		b = appendWords(b, "byte")
		b = appendNumber(b, &x.Index)
		b = append(b, ' ')
		b = append(b, x.Op.Symbol()...)
		b = append(b, ' ')
		return appendNumber(b, &x.Value)
	case *Direction:
		return append(b, pick(x.Outbound, "outbound", "inbound")...)
	case *Ifindex:
		b = appendWords(b, "ifindex")
		return appendNumber(b, &x.Num)
	case *Encap:
		b = append(b, x.Kind.String()...)
		if x.Num == nil {
			return b
		}
		b = append(b, ' ')
		return appendNumber(b, x.Num)
	case *PF:
		b = appendWords(b, x.Field.String())
		if x.Num != nil {
			return appendNumber(b, x.Num)
		}
		return appendName(b, x.Name)
	case *WLANType:
		b = appendWords(b, x.Proto.String())
		if x.Type != nil {
			b = appendWords(b, "type")
			b = appendNameOrNumber(b, x.Type)
		}
		if x.Type != nil && x.Subtype != nil {
			b = append(b, ' ')
		}
		if x.Subtype != nil {
			b = appendWords(b, "subtype")
			b = appendNameOrNumber(b, x.Subtype)
		}
		return b
	case *WLANDir:
		b = appendWords(b, x.Proto.String(), "dir")
		return appendNameOrNumber(b, &x.Dir)
	case *LLC:
		b = append(b, "llc"...)
		switch x.Name {
		case "":
			return b
		case "rnr": // a keyword, which "llc" takes nevertheless
			return append(b, " rnr"...)
		}
		b = append(b, ' ')
		return appendName(b, x.Name)
	case *ATMTest:
		return append(b, x.Kind.String()...)
	case *MTP2Test:
		return append(b, x.Kind.String()...)
	case *FieldTest:
		return appendFieldTest(b, x)
	}
	panic(fmt.Sprintf("expr: Format of %T", x))
}

func appendFieldTest(b []byte, x *FieldTest) []byte {
	b = appendWords(b, x.Field.String())
	if x.Op != Eq {
		b = appendWords(b, x.Op.String())
	}
	list := x.List || len(x.Values) > 1
	if list {
		b = append(b, '(')
	}
	for i := range x.Values {
		if i > 0 {
			b = append(b, " or "...)
		}
		b = appendNumber(b, &x.Values[i])
	}
	if list {
		b = append(b, ')')
	}
	return b
}

func appendID(b []byte, x *ID) []byte {
	switch x.Kind {
	case IDName:
		if x.Escaped {
			b = append(b, '\\')
			return append(b, x.Text...)
		}
		return appendName(b, x.Text)
	case IDNumber:
		return appendNumber(b, &Number{Value: x.Num, Text: x.Text})
	case IDPrefix4, IDPrefix6:
		b = append(b, x.Text...)
		b = append(b, '/')
		return strconv.AppendUint(b, uint64(x.Num), 10)
	case IDMask4:
		b = append(b, x.Text...)
		b = append(b, " mask "...)
		return append(b, x.Mask...)
	case IDMAC8:
		b = append(b, '$')
		return append(b, x.Text...)
	case IDAddr4, IDAddr6, IDMAC48:
		return append(b, x.Text...)
	}
	panic(fmt.Sprintf("expr: Format of an ID of kind %v", x.Kind))
}

// appendName prints a name, with a backslash if without one it would be another token.
func appendName(b []byte, s string) []byte {
	scan := scanner{src: s, quiet: true}
	if t := scan.next(); t.kind != tokID || t.escaped || t.pos != 0 || int(t.end) != len(s) {
		b = append(b, '\\')
	}
	return append(b, s...)
}

// appendNumber prints n as it was written, in decimal if that is not known.
func appendNumber(b []byte, n *Number) []byte {
	if n.Text != "" {
		return append(b, n.Text...)
	}
	return strconv.AppendUint(b, uint64(n.Value), 10)
}

func appendNameOrNumber(b []byte, v *NameOrNumber) []byte {
	if v.Name != "" {
		return appendName(b, v.Name)
	}
	return strconv.AppendUint(b, uint64(v.Num), 10)
}

// appendWords prints those words that are not empty, with a space behind each.
func appendWords(b []byte, words ...string) []byte {
	for _, w := range words {
		if w != "" {
			b = append(b, w...)
			b = append(b, ' ')
		}
	}
	return b
}

func pick(second bool, yes, no string) string {
	if second {
		return yes
	}
	return no
}

func appendArith(b []byte, x Arith) []byte {
	var chain []*BinaryArith
	for {
		bin, ok := x.(*BinaryArith)
		if !ok {
			break
		}
		chain = append(chain, bin)
		x = bin.X
		if needsParenLeft(bin) {
			break
		}
	}
	switch x := x.(type) {
	case *BinaryArith:
		b = appendParenArith(b, x)
	case *Num:
		b = appendNumber(b, &x.Number)
	case *Len:
		b = append(b, "len"...)
	case *Accessor:
		b = append(b, x.Proto.String()...)
		b = append(b, '[')
		b = appendArith(b, x.Index)
		if x.Size != nil {
			b = append(b, ':')
			b = appendNumber(b, x.Size)
		}
		b = append(b, ']')
	case *Neg:
		left := len(chain) > 0 && needsParenLeft(chain[len(chain)-1])
		if left {
			b = append(b, '(')
		}
		b = append(b, '-')
		if y, ok := x.X.(*BinaryArith); ok && binding[y.Op] != 0 {
			b = appendParenArith(b, y)
		} else {
			b = appendArith(b, x.X)
		}
		if left {
			b = append(b, ')')
		}
	case *ParenArith:
		b = appendParenArith(b, x.X)
	default:
		panic(fmt.Sprintf("expr: FormatArith of %T", x))
	}
	for i := len(chain) - 1; i >= 0; i-- {
		b = append(b, ' ')
		b = append(b, chain[i].Op.Symbol()...)
		b = append(b, ' ')
		if y, ok := chain[i].Y.(*BinaryArith); ok && needsParenRight(chain[i].Op, y.Op) {
			b = appendParenArith(b, y)
		} else {
			b = appendArith(b, chain[i].Y)
		}
	}
	return b
}

func appendParenArith(b []byte, x Arith) []byte {
	b = append(b, '(')
	b = appendArith(b, x)
	return append(b, ')')
}

// needsParenRight reports whether the right operand of op, with the operator y, would be
// parsed as something else without parentheses.
func needsParenRight(op, y Op) bool {
	return binding[op] != 0 && binding[y] != 0 && binding[y] <= binding[op]
}

// needsParenLeft reports whether the left operand of x would be parsed as something else
// without parentheses.
func needsParenLeft(x *BinaryArith) bool {
	switch left := x.X.(type) {
	case *BinaryArith:
		return binding[x.Op] == 0 || binding[left.Op] < binding[x.Op] || takesAll(left.Y)
	case *Neg:
		return binding[x.Op] == 0 || takesAll(left.X)
	}
	return false
}

// takesAll reports whether x ends in the operand of "%" or "^", to which all that follows
// would belong.
func takesAll(x Arith) bool {
	for {
		switch y := x.(type) {
		case *BinaryArith:
			if binding[y.Op] == 0 {
				return true
			}
			x = y.Y
		case *Neg:
			x = y.X
		default:
			return false
		}
	}
}
