package expr

// binding is how tightly each arithmetic operator binds. Those not in it, "%" and "^",
// have no precedence in libpcap's grammar, so that its parser always takes them and
// everything that follows as far as it is arithmetic: x % y * z is x % (y * z), and
// x * y % z is x * (y % z). Unary minus binds tighter than all others: -x * y is (-x) * y,
// yet -x % y is -(x % y).
var binding = [...]int{
	Or:  1,
	And: 2,
	Lsh: 3,
	Rsh: 3,
	Add: 4,
	Sub: 4,
	Mul: 5,
	Div: 5,
	Mod: 0,
	Xor: 0,
}

const bindingNeg = 6

// arithTail parses the operators that follow o, which begins at start, and bind at least
// as tightly as least.
func (p *parser) arithTail(o operand, start Pos, least int) operand {
	for p.tok.kind == tokArith {
		op := p.tok
		right := binding[op.val]
		if right != 0 {
			if right < least {
				break
			}
			right++
		} else if !p.enter() {
			return bad
		}
		p.next()
		pos := p.tok.pos
		y := p.primary(wantArith)
		if y.found != foundBad {
			y = p.arithTail(y, pos, right)
		}
		if right == 0 {
			p.leave()
		}
		if y.found == foundBad {
			return bad
		}
		o = operand{found: foundArith, a: &BinaryArith{Op: Op(op.val), X: o.a, Y: y.a, OpPos: op.span(), start: 1 + start}}
	}
	return o
}

// relation parses the comparison that follows x.
func (p *parser) relation(x Arith) operand {
	op := p.tok
	p.next()
	y := p.operand(wantArith)
	if y.found == foundBad {
		return bad
	}
	return operand{found: foundTerm, x: &Relation{Op: Op(op.val), X: x, Y: y.a, OpPos: op.span()}}
}

// arithPrimary parses what begins as only an Arith or a primitive with a protocol can;
// ok is false if there is no such thing.
func (p *parser) arithPrimary(w want) (o operand, ok bool) {
	t := p.tok
	switch {
	case t.kind == tokLen:
		p.next()
		return operand{found: foundArith, a: &Len{At: t.span()}}, true
	case t.kind == tokArith && Op(t.val) == Sub:
		return p.neg(), true
	case t.kind == tokProto:
		p.next()
		if p.tok.kind == tokLBrack {
			return p.accessor(&t), true
		}
		if w&wantTerm == 0 {
			p.unexpectedWord("\"[\"")
			p.skip()
			return bad, true
		}
		return p.afterProto(&t), true
	}
	return operand{}, false
}

// neg parses "-" and its operand.
func (p *parser) neg() operand {
	op := p.tok
	if !p.enter() {
		return bad
	}
	defer p.leave()
	p.next()
	pos := p.tok.pos
	x := p.primary(wantArith)
	if x.found != foundBad {
		x = p.arithTail(x, pos, bindingNeg)
	}
	if x.found == foundBad {
		return bad
	}
	return operand{found: foundArith, a: &Neg{X: x.a, OpPos: op.span()}}
}

// accessor parses the brackets that follow the protocol.
func (p *parser) accessor(proto *token) operand {
	open := p.tok
	if !p.enter() {
		return bad
	}
	defer p.leave()
	p.next()
	index := p.operand(wantArith)
	if index.found == foundBad {
		return bad
	}
	x := &Accessor{Proto: Proto(proto.val), ProtoSpan: proto.span(), Index: index.a}
	if p.tok.kind == tokColon {
		p.next()
		size, ok := p.number("a size of 1, 2 or 4")
		if !ok {
			return bad
		}
		x.Size = &size
	}
	if p.tok.kind != tokRBrack {
		p.unclosed(&open, "]")
		p.skip()
		return bad
	}
	x.At = Span{proto.pos, p.tok.end}
	p.next()
	return operand{found: foundArith, a: x}
}

// number parses a number; what names it. After an error it has skipped.
func (p *parser) number(what string) (n Number, ok bool) {
	if p.tok.kind != tokNumber {
		p.unexpectedWord(what)
		p.skip()
		return Number{}, false
	}
	n = p.numberOf(&p.tok)
	p.next()
	return n, true
}

func (p *parser) numberOf(t *token) Number {
	return Number{Value: t.num, Text: p.text(t), At: t.span()}
}

// parenNumber parses a number that may stand in parentheses, and drops those.
func (p *parser) parenNumber(what string) (n Number, ok bool) {
	if p.tok.kind != tokLParen {
		return p.number(what)
	}
	var open []token
	defer func() { p.depth -= len(open) }()
	for p.tok.kind == tokLParen {
		if !p.enter() {
			return Number{}, false
		}
		open = append(open, p.tok)
		p.next()
	}
	n, ok = p.number(what)
	for i := len(open) - 1; i >= 0; i-- {
		if p.tok.kind != tokRParen && ok {
			p.unclosed(&open[i], ")")
			p.skip()
			ok = false
		}
		if p.tok.kind == tokRParen {
			p.next()
		}
	}
	return n, ok
}

// idOf returns a number, in any parentheses, as an id.
func idOf(a Arith) Expr {
	switch a := a.(type) {
	case *ParenArith:
		return &Paren{X: idOf(a.X), L: a.L, R: a.R}
	case *Num:
		return &ID{Kind: IDNumber, Text: a.Text, Num: a.Value, At: a.At}
	}
	panic("expr: not a number in parentheses")
}
