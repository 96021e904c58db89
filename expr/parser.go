// Package expr is the syntax of capture filters as pcap-filter(7) has it: scanner,
// parser, tree, printer, and errors with a place.
//
// It knows what may stand where, and not what it means: whether a qualifier fits an id, a
// name exists, or an address is in range is for those who use the tree.
package expr

import "strconv"

// Parse returns the tree of the filter src. A filter without any word, which accepts every
// packet, has the tree nil. The error is an ErrorList.
//
// The language is that of libpcap 1.11: a text is a syntax error here if it is one there.
func Parse(src string) (Expr, error) {
	if len(src) > MaxSource {
		e := &Error{
			Span: Span{MaxSource, MaxSource},
			Code: CodeLimit,
			Msg:  "the filter has " + strconv.Itoa(len(src)) + " bytes; the limit is " + strconv.Itoa(MaxSource),
		}
		return nil, ErrorList{e.Locate(src)}
	}
	p := parser{scanner: scanner{src: src}}
	p.next()
	var x Expr
	if p.tok.kind != tokEOF {
		first := p.one(p.operand(wantTerm), wantTerm)
		x = p.list(first, wantTerm|wantID, nil)
	}
	if len(p.errs) > 0 {
		for _, e := range p.errs {
			e.Locate(src)
		}
		return nil, p.errs.Err()
	}
	return x, nil
}

// A parser is a recursive-descent parser with one token of lookahead. The grammar in
// pcap-filter's sources is LALR(1), and leaves open until late what a parenthesis
// encloses: a filter, ids, or a number. So an operand is parsed with the set of what the
// place wants, and says which of those it is.
type parser struct {
	scanner
	tok         token // not yet parsed
	prev, prev2 token // the last two parsed
	depth       int
	stopped     bool // a limit was exceeded, or there are MaxErrors errors
}

// want is a set of what may stand at a place.
type want uint8

const (
	wantTerm    want = 1 << iota // a primitive, or a filter in parentheses
	wantID                       // an id, or ids in parentheses
	wantFirstID                  // the first id in parentheses, which has none of its own around it
	wantArith                    // a number for each packet
)

// found says what an operand is.
type found uint8

const (
	foundTerm   found = iota
	foundID           // an id, but not one that foundNumber covers
	foundNumber       // a number, in any parentheses: an id as well as an Arith
	foundArith        // another Arith
	foundBad          // there was an error
)

// An operand has x set for foundTerm and foundID, a for foundNumber and foundArith.
type operand struct {
	found found
	x     Expr
	a     Arith
}

// bad stands for what could not be parsed. A tree with it in it is never handed out.
var bad = operand{found: foundBad, x: &ID{}, a: &Num{}}

func (p *parser) next() {
	p.prev2, p.prev = p.prev, p.tok
	if p.stopped {
		p.off = len(p.src)
	}
	p.tok = p.scanner.next()
	if len(p.errs) >= MaxErrors {
		p.stopped = true
	}
}

func (p *parser) text(t *token) string { return p.src[t.pos:t.end] }

// enter and leave count the depth of nesting.
func (p *parser) enter() bool {
	if p.depth >= MaxDepth {
		if !p.stopped {
			p.fail(&Error{Span: p.tok.span(), Code: CodeLimit,
				Msg: "nested deeper than " + strconv.Itoa(MaxDepth) + ", which is the limit"})
		}
		p.stop()
		return false
	}
	p.depth++
	return true
}

func (p *parser) leave() { p.depth-- }

// stop ends parsing: all that follows is the end of the source.
func (p *parser) stop() {
	p.stopped = true
	p.off = len(p.src)
	p.tok = token{kind: tokEOF, pos: Pos(p.off), end: Pos(p.off)}
}

// list parses the "and" and "or" that follow x, with their operands, up to the
// parenthesis that closes open, or if that is nil to the end of the source. w is what the
// operands may be.
func (p *parser) list(x Expr, w want, open *token) Expr {
	for {
		x = p.chain(x, w)
		switch {
		case p.tok.kind == tokEOF:
			if open != nil {
				p.unclosed(open, ")")
			}
			return x
		case p.tok.kind == tokRParen && open != nil:
			return x
		case p.tok.kind == tokRParen:
			p.unopened()
			p.next()
		default:
			p.unexpectedAfter(w, open)
			p.skip()
		}
	}
}

// chain parses any number of "and" and "or" with their operands, in a loop: a filter
// may have hundreds of thousands.
func (p *parser) chain(x Expr, w want) Expr {
	if p.tok.kind != tokAnd && p.tok.kind != tokOr {
		return x
	}
	start := 1 + x.Span().Pos
	for p.tok.kind == tokAnd || p.tok.kind == tokOr {
		op := p.tok
		p.next()
		y := p.one(p.operand(w), w)
		x = &Binary{Op: Op(op.val), X: x, Y: y, OpPos: op.span(), start: start}
	}
	return x
}

// one returns the operand as an Expr, for a place that wants w.
func (p *parser) one(o operand, w want) Expr {
	switch o.found {
	case foundNumber:
		if w&wantID != 0 {
			return idOf(o.a)
		}
		p.noRelation(o)
		return bad.x
	case foundArith:
		p.noRelation(o)
		return bad.x
	}
	return o.x
}

// operand parses one operand of "and" and "or", or of an arithmetic operator if w is
// wantArith alone. After an error it has skipped to where parsing may go on.
func (p *parser) operand(w want) operand {
	start := p.tok.pos
	o := p.primary(w)
	if w&(wantTerm|wantArith) == 0 || o.found != foundNumber && o.found != foundArith {
		return o
	}
	if p.tok.kind == tokArith {
		o = p.arithTail(o, start, 0)
	}
	if w&wantTerm != 0 && p.tok.kind == tokRel && o.found != foundBad {
		return p.relation(o.a)
	}
	return o
}

// primary parses an operand up to the first operator.
func (p *parser) primary(w want) operand {
	t := p.tok
	switch t.kind {
	case tokLParen:
		return p.group(w)
	case tokNumber:
		p.next()
		if w == wantID {
			return operand{found: foundID, x: &ID{Kind: IDNumber, Text: p.text(&t), Num: t.num, At: t.span()}}
		}
		return operand{found: foundNumber, a: &Num{Number: p.numberOf(&t)}}
	case tokNot:
		if w&(wantTerm|wantID|wantFirstID) != 0 {
			return p.not(w)
		}
	case tokID, tokAddr4, tokAddr6, tokMAC48, tokMAC8:
		if w&(wantID|wantFirstID) != 0 {
			return p.id()
		}
	default:
		if w&(wantTerm|wantArith) != 0 {
			if o, ok := p.arithPrimary(w); ok {
				return o
			}
		}
		if w&wantTerm != 0 {
			if o, ok := p.primitive(); ok {
				return o
			}
		}
	}
	p.unexpected(w)
	p.skip()
	return bad
}

// not parses "not" and what it negates.
func (p *parser) not(w want) operand {
	op := p.tok
	if !p.enter() {
		return bad
	}
	defer p.leave()
	p.next()
	inner := w & wantTerm
	if w&(wantID|wantFirstID) != 0 {
		inner |= wantID
	}
	o := p.operand(inner)
	if o.found == foundBad {
		return bad
	}
	kind := foundID
	if o.found == foundTerm {
		kind = foundTerm
	}
	return operand{found: kind, x: &Not{X: p.one(o, inner), OpPos: op.span()}}
}

// group parses an operand that begins with a parenthesis.
func (p *parser) group(w want) operand {
	open := p.tok
	if !p.enter() {
		return bad
	}
	defer p.leave()
	p.next()
	var inner want
	if w&wantTerm != 0 {
		inner |= wantTerm | wantArith
	}
	if w&wantID != 0 {
		inner |= wantFirstID
	}
	if w&wantArith != 0 {
		inner |= wantArith
	}
	open.val = uint8(inner)
	o := p.operand(inner)
	switch o.found {
	case foundTerm:
		return p.closeGroup(foundTerm, &open, p.list(o.x, wantTerm|wantID, &open))
	case foundID:
		return p.closeGroup(foundID, &open, p.list(p.one(o, wantID), wantID, &open))
	case foundBad:
		p.list(bad.x, wantTerm|wantID, &open)
		p.closeGroup(foundTerm, &open, bad.x)
		return bad
	}
	if o.found == foundNumber && inner&wantFirstID != 0 && (p.tok.kind == tokAnd || p.tok.kind == tokOr) {
		return p.closeGroup(foundID, &open, p.list(p.one(o, wantID), wantID, &open))
	}
	if p.tok.kind != tokRParen {
		p.unexpectedInGroup(o, inner, &open)
		p.skip()
		p.list(bad.x, wantTerm|wantID, &open)
		p.closeGroup(foundTerm, &open, bad.x)
		return bad
	}
	paren := &ParenArith{X: o.a, L: open.pos, R: p.tok.pos}
	p.next()
	return operand{found: o.found, a: paren}
}

// closeGroup parses the parenthesis behind x. If there is none that has been reported.
func (p *parser) closeGroup(kind found, open *token, x Expr) operand {
	if p.tok.kind != tokRParen {
		return bad
	}
	paren := &Paren{X: x, L: open.pos, R: p.tok.pos}
	p.next()
	return operand{found: kind, x: paren}
}

// skip goes forward to where an operand may have ended: "and", "or" or a closing
// parenthesis, past those in parentheses, or the end.
func (p *parser) skip() {
	for depth := 0; ; p.next() {
		switch p.tok.kind {
		case tokEOF:
			return
		case tokLParen:
			depth++
		case tokRParen:
			if depth == 0 {
				return
			}
			depth--
		case tokAnd, tokOr:
			if depth == 0 {
				return
			}
		}
	}
}
