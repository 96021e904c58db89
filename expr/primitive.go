package expr

// id parses an id that is not a number.
func (p *parser) id() operand {
	t := p.tok
	x := &ID{Text: p.text(&t), At: t.span()}
	p.next()
	switch t.kind {
	case tokID:
		x.Kind = IDName
		if t.escaped {
			x.Escaped, x.Text = true, x.Text[1:]
		}
	case tokMAC48:
		x.Kind = IDMAC48
	case tokMAC8:
		x.Kind, x.Text = IDMAC8, x.Text[1:]
	case tokAddr4:
		x.Kind = IDAddr4
		switch {
		case p.isSlash():
			return p.prefix(x, IDPrefix4)
		case p.tok.kind == tokMask:
			return p.mask(x)
		}
	case tokAddr6:
		x.Kind = IDAddr6
		if p.isSlash() {
			return p.prefix(x, IDPrefix6)
		}
	default:
		panic("expr: token is no id")
	}
	return operand{found: foundID, x: x}
}

func (p *parser) isSlash() bool { return p.tok.kind == tokArith && Op(p.tok.val) == Div }

// prefix parses "/" and the length that make x a prefix.
func (p *parser) prefix(x *ID, kind IDKind) operand {
	p.next()
	n, ok := p.number("a prefix length")
	if !ok {
		return bad
	}
	x.Kind, x.Num, x.At.End = kind, n.Value, n.At.End
	return operand{found: foundID, x: x}
}

// mask parses "mask" and its address.
func (p *parser) mask(x *ID) operand {
	p.next()
	if p.tok.kind != tokAddr4 {
		p.unexpectedWord("a netmask like 255.255.255.0")
		p.skip()
		return bad
	}
	x.Kind, x.Mask, x.At.End = IDMask4, p.text(&p.tok), p.tok.end
	p.next()
	return operand{found: foundID, x: x}
}

// afterProto parses what follows a protocol other than brackets.
func (p *parser) afterProto(proto *token) operand {
	if o, ok := p.qualified(proto); ok {
		return o
	}
	return operand{found: foundTerm, x: &ProtoTest{Proto: Proto(proto.val), At: proto.span()}}
}

// primitive parses a primitive that begins with neither an id nor a protocol nor a
// number; ok is false if there is none.
func (p *parser) primitive() (o operand, ok bool) {
	if o, ok := p.qualified(nil); ok {
		return o, true
	}
	t := p.tok
	var x Expr
	switch t.kind {
	case tokLength:
		p.next()
		n, ok := p.number("a length in bytes")
		if !ok {
			return bad, true
		}
		x = &Length{Greater: t.val == 1, Num: n, At: Span{t.pos, n.At.End}}
	case tokByte:
		return p.byteTest(), true
	case tokDirection:
		p.next()
		x = &Direction{Outbound: t.val == 1, At: t.span()}
	case tokIfindex:
		p.next()
		n, ok := p.number("an interface number")
		if !ok {
			return bad, true
		}
		x = &Ifindex{Num: n, At: Span{t.pos, n.At.End}}
	case tokEncap:
		return p.encap(), true
	case tokPF:
		return p.pf(), true
	case tokLLC:
		p.next()
		llc := &LLC{At: t.span()}
		if p.tok.kind == tokID || p.tok.kind == tokPF && PFField(p.tok.val) == PFRulenum {
			llc.Name, llc.NameSpan, llc.At.End = p.name(&p.tok), p.tok.span(), p.tok.end
			if p.tok.kind == tokPF {
				llc.Name = "rnr"
			}
			p.next()
		}
		x = llc
	case tokATM:
		p.next()
		x = &ATMTest{Kind: ATMKind(t.val), At: t.span()}
	case tokMTP2:
		p.next()
		x = &MTP2Test{Kind: MTP2Kind(t.val), At: t.span()}
	case tokField:
		return p.fieldTest(), true
	default:
		return operand{}, false
	}
	return operand{found: foundTerm, x: x}, true
}

// name returns a name without its backslash.
func (p *parser) name(t *token) string {
	if t.escaped {
		return p.src[t.pos+1 : t.end]
	}
	return p.text(t)
}

// qualified parses a primitive that may have a protocol in front, behind that protocol;
// proto is nil if there was none. ok is false if there is no such primitive.
func (p *parser) qualified(proto *token) (o operand, ok bool) {
	t := p.tok
	start := t.pos
	var q Qualifiers
	if proto != nil {
		start = proto.pos
		q.Proto, q.ProtoSpan = Proto(proto.val), proto.span()
	}
	switch t.kind {
	case tokSrc, tokDst, tokDir:
		if !p.direction(&q) {
			return bad, true
		}
		if p.tok.kind == tokType {
			q.Type, q.TypeSpan = Type(p.tok.val), p.tok.span()
			p.next()
		}
	case tokType, tokProtoType:
		q.Type, q.TypeSpan = Type(t.val), t.span()
		p.next()
	case tokGateway:
		q.Type, q.TypeSpan = TypeGateway, t.span()
		p.next()
	case tokCast:
		p.next()
		return operand{found: foundTerm, x: &Cast{Proto: q.Proto, Multicast: t.val == 1, At: Span{start, t.end}}}, true
	case tokWLANType, tokSubtype:
		return p.wlanType(q.Proto, start), true
	case tokWLANDir:
		p.next()
		dir, ok := p.nameOrNumber("a direction: nods, tods, fromds, dstods or a number")
		if !ok {
			return bad, true
		}
		return operand{found: foundTerm, x: &WLANDir{Proto: q.Proto, Dir: dir, At: Span{start, dir.At.End}}}, true
	default:
		return operand{}, false
	}
	id := p.operand(wantID)
	if id.found == foundBad {
		return bad, true
	}
	return operand{found: foundTerm, x: &Qualified{Quals: q, X: p.one(id, wantID)}}, true
}

// direction parses a direction qualifier. After an error it has skipped.
func (p *parser) direction(q *Qualifiers) bool {
	t := p.tok
	q.DirSpan = t.span()
	p.next()
	var other tokenKind
	switch t.kind {
	case tokDir:
		q.Dir = Dir(t.val)
		return true
	case tokSrc:
		q.Dir, other = DirSrc, tokDst
	case tokDst:
		q.Dir, other = DirDst, tokSrc
	}
	switch p.tok.kind {
	case tokOr:
		q.Dir = DirSrcOrDst
	case tokAnd:
		q.Dir = DirSrcAndDst
	default:
		return true
	}
	p.next()
	if p.tok.kind != other {
		missing := "\"dst\""
		if other == tokSrc {
			missing = "\"src\""
		}
		p.unexpectedWord(missing)
		p.skip()
		return false
	}
	q.DirSpan.End = p.tok.end
	p.next()
	return true
}

// byteTest parses "byte Index Op Value".
func (p *parser) byteTest() operand {
	x := &Byte{At: p.tok.span()}
	p.next()
	var ok bool
	if x.Index, ok = p.number("an index in bytes"); !ok {
		return bad
	}
	op := Op(p.tok.val)
	switch {
	case p.tok.kind == tokArith && (op == And || op == Or), p.tok.kind == tokRel && (op == Lt || op == Gt || op == Eq):
	default:
		p.unexpectedWord("\"=\"", "\"<\"", "\">\"", "\"&\"", "\"|\"")
		p.skip()
		return bad
	}
	x.Op, x.OpPos = op, p.tok.span()
	p.next()
	if x.Value, ok = p.number("a value"); !ok {
		return bad
	}
	x.At.End = x.Value.At.End
	return operand{found: foundTerm, x: x}
}

// encap parses a keyword for an encapsulation with its number, if any.
func (p *parser) encap() operand {
	x := &Encap{Kind: EncapKind(p.tok.val), At: p.tok.span()}
	p.next()
	if x.Kind != EncapPPPoED && (p.tok.kind == tokNumber || p.tok.kind == tokLParen) {
		n, ok := p.parenNumber("a number")
		if !ok {
			return bad
		}
		x.Num, x.At.End = &n, p.prev.end
	}
	return operand{found: foundTerm, x: x}
}

// pf parses a test of a field that BSD's packet filter logs.
func (p *parser) pf() operand {
	x := &PF{Field: PFField(p.tok.val), At: p.tok.span()}
	p.next()
	takesName, takesNumber, what := true, false, "a name"
	switch x.Field {
	case PFIfname:
		what = "an interface name"
	case PFRuleset:
		what = "a ruleset name"
	case PFRulenum, PFSubrulenum:
		takesName, takesNumber, what = false, true, "a rule number"
	case PFReason:
		takesNumber, what = true, "a reason name or number"
	case PFAction:
		what = "an action name"
	}
	x.ValueSpan = p.tok.span()
	switch {
	case p.tok.kind == tokID && takesName:
		x.Name = p.name(&p.tok)
	case p.tok.kind == tokNumber && takesNumber:
		n := p.numberOf(&p.tok)
		x.Num = &n
	default:
		p.unexpectedWord(what)
		p.skip()
		return bad
	}
	x.At.End = p.tok.end
	p.next()
	return operand{found: foundTerm, x: x}
}

// wlanType parses "type T", "type T subtype S" or "subtype S".
func (p *parser) wlanType(proto Proto, start Pos) operand {
	x := &WLANType{Proto: proto}
	if p.tok.kind == tokWLANType {
		p.next()
		v, ok := p.nameOrNumber("a frame type: mgt, ctl, data or a number")
		if !ok {
			return bad
		}
		x.Type = &v
		if p.tok.kind != tokSubtype {
			x.At = Span{start, v.At.End}
			return operand{found: foundTerm, x: x}
		}
	}
	p.next()
	var v NameOrNumber
	var ok bool
	if x.Type == nil {
		// A number alone would not say of which type it is.
		if p.tok.kind != tokID {
			p.unexpectedWord("a frame subtype name")
			p.skip()
			return bad
		}
	}
	if v, ok = p.nameOrNumber("a frame subtype name or number"); !ok {
		return bad
	}
	x.Subtype = &v
	x.At = Span{start, v.At.End}
	return operand{found: foundTerm, x: x}
}

// nameOrNumber parses a name or a number; what names it. After an error it has skipped.
func (p *parser) nameOrNumber(what string) (v NameOrNumber, ok bool) {
	switch p.tok.kind {
	case tokID:
		v = NameOrNumber{Name: p.name(&p.tok), At: p.tok.span()}
	case tokNumber:
		v = NameOrNumber{Num: p.tok.num, At: p.tok.span()}
	default:
		p.unexpectedWord(what)
		p.skip()
		return v, false
	}
	p.next()
	return v, true
}

// fieldTest parses a test of an ATM or MTP3 field.
func (p *parser) fieldTest() operand {
	x := &FieldTest{Field: Field(p.tok.val), Op: Eq, At: p.tok.span()}
	p.next()
	switch p.tok.kind {
	case tokLParen:
		open := p.tok
		x.List = true
		for {
			p.next()
			n, ok := p.number("a number")
			if !ok {
				if p.tok.kind == tokRParen {
					p.next()
				}
				return bad
			}
			x.Values = append(x.Values, n)
			if p.tok.kind != tokOr {
				break
			}
		}
		if p.tok.kind != tokRParen {
			p.unclosed(&open, ")")
			p.skip()
			if p.tok.kind == tokRParen {
				p.next()
			}
			return bad
		}
		p.next()
		x.At.End = p.prev.end
		return operand{found: foundTerm, x: x}
	case tokRel:
		x.Op = Op(p.tok.val)
		p.next()
	}
	n, ok := p.number("a number, a comparison or a list like (1 or 2)")
	if !ok {
		return bad
	}
	x.Values = []Number{n}
	x.At.End = n.At.End
	return operand{found: foundTerm, x: x}
}
