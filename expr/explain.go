package expr

import (
	"strconv"
	"strings"
)

// fail reports e, unless it only follows from an error before it: one at a place where
// there is one already, or about a word that the scanner refused or that stands behind
// such text.
func (p *parser) fail(e *Error) {
	if p.follows(e.Pos) {
		return
	}
	e.Word = p.src[e.Pos:e.End]
	p.errs.Add(e)
}

// follows reports whether an error at pos would only follow from one before it.
func (p *parser) follows(pos Pos) bool {
	if len(p.errs) == 0 {
		return false
	}
	if p.stopped || p.tok.refused && pos >= p.tok.pos {
		return true
	}
	for _, e := range p.errs {
		if e.Pos <= pos && pos < max(e.End, e.Pos+1) {
			return true
		}
	}
	return false
}

// here returns the place of the current token; the end of the filter is directly behind
// its last word.
func (p *parser) here() Span {
	if p.tok.kind == tokEOF && p.prev.end > 0 {
		return Span{p.prev.end, p.prev.end}
	}
	return p.tok.span()
}

// found describes the current token.
func (p *parser) found() string {
	switch {
	case p.tok.kind == tokEOF:
		return "found the end"
	case p.isKeyword():
		return "found the keyword " + quote(p.text(&p.tok))
	}
	return "found " + quote(p.text(&p.tok))
}

// after describes the token in front of the current one, empty at the start.
func (p *parser) after() string {
	if p.prev.end == 0 {
		return ""
	}
	return " after " + quote(p.text(&p.prev))
}

// isKeyword reports whether the current token is a reserved word.
func (p *parser) isKeyword() bool {
	t := &p.tok
	return t.kind != tokEOF && t.kind != tokID && t.kind != tokNumber && charClass[p.src[t.pos]]&charAlnum != 0 &&
		keywordIndex[p.text(t)] != nil
}

// unexpectedWord reports that the current token is none of expected.
func (p *parser) unexpectedWord(expected ...string) {
	e := &Error{Span: p.here(), Code: CodeUnexpected, Expected: expected}
	e.Msg = "expected " + alternatives(expected) + p.after() + ", " + p.found()
	p.wrongOperator(e)
	p.fail(e)
}

// unexpected reports that no operand of the wanted set begins with the current token.
func (p *parser) unexpected(w want) {
	t := &p.tok
	switch {
	case t.kind == tokRParen && p.prev.kind == tokLParen:
		p.fail(&Error{Span: Span{p.prev.pos, t.end}, Code: CodeUnexpected, Expected: p.expected(w),
			Msg: "nothing between the parentheses"})
		return
	case t.kind == tokRParen && p.prev.end == 0:
		p.unopened()
		return
	case t.kind == tokID && w&wantTerm != 0:
		p.unknown()
		return
	case w&wantTerm != 0 && (t.kind == tokAddr4 || t.kind == tokAddr6 || t.kind == tokMAC48):
		word := p.text(t)
		kind := "host "
		if t.kind == tokMAC48 {
			kind = "ether host "
		}
		p.fail(&Error{Span: t.span(), Code: CodeUnexpected, Expected: p.expected(w), Suggestion: kind + word,
			Msg: "expected a primitive" + p.after() + ", found the address " + quote(word)})
		return
	}
	e := &Error{Span: p.here(), Code: CodeUnexpected, Expected: p.expected(w)}
	e.Msg = "expected " + alternatives(e.Expected) + p.after() + ", " + p.found()
	switch {
	case p.wrongOperator(e):
	case t.kind == tokID:
		if e.Hint = dashHint(p.text(t)); e.Hint == "" {
			e.Suggestion = suggest(p.text(t), kindSet(tokNumber, tokLen, tokProto))
		}
	case w&wantID != 0 && w&wantTerm == 0 && p.isKeyword() && !kindSet(tokAnd, tokOr, tokNot).has(t.kind):
		e.Suggestion = `\` + p.text(t)
	case w&wantID != 0 && t.kind == tokRel && p.prev.kind == tokType:
		e.Hint = "no operator stands between " + quote(p.text(&p.prev)) + " and its value"
		if op := Op(t.val); Type(p.prev.val) == TypePort && op != Eq && op != Ne {
			e.Hint = `a range is written like "portrange 1024-65535"`
		}
	}
	p.fail(e)
}

// expected lists what can stand at a place that wants w.
func (p *parser) expected(w want) []string {
	switch {
	case w&wantTerm != 0:
		return []string{"a primitive"}
	case w&wantArith != 0:
		return []string{"a number", `"len"`, "a field like ip[0]"}
	case w&(wantID|wantFirstID) == 0:
		return []string{"a number"}
	}
	switch p.prev.kind {
	case tokSrc, tokDst, tokDir:
		return []string{"host", "net", "port", "portrange", "an id"}
	case tokType, tokProtoType:
		switch Type(p.prev.val) {
		case TypeHost:
			return []string{"a host name", "an address"}
		case TypeNet:
			return []string{"a network name", "an address"}
		case TypePort:
			return []string{"a port name", "a number"}
		case TypePortrange:
			return []string{"a range of ports"}
		case TypeProto, TypeProtochain:
			return []string{"a protocol name", "a number"}
		}
	case tokGateway:
		return []string{"a host name"}
	}
	return []string{"an id"}
}

// afterProto are the kinds of tokens that make the word in front of them a protocol.
var afterProto = kindSet(tokSrc, tokDst, tokDir, tokType, tokProtoType, tokGateway, tokCast,
	tokWLANType, tokSubtype, tokWLANDir, tokLBrack)

// afterQualifier are the kinds of tokens that make the word in front of them a qualifier.
var afterQualifier = kindSet(tokID, tokNumber, tokAddr4, tokAddr6, tokMAC48, tokMAC8)

// primitiveWords are the kinds of keywords that a primitive begins with.
var primitiveWords = kindSet(tokProto, tokSrc, tokDst, tokDir, tokType, tokProtoType, tokGateway,
	tokWLANType, tokSubtype, tokWLANDir, tokLength, tokByte, tokCast, tokNot, tokLen, tokDirection,
	tokIfindex, tokEncap, tokLLC, tokATM, tokMTP2, tokField, tokPF)

// unknown reports the current token, a name where a primitive should begin.
func (p *parser) unknown() {
	ahead := scanner{src: p.src, off: int(p.tok.end), quiet: true}
	next := ahead.next()
	p.fail(p.unknownWord(&p.tok, next.kind))
}

// unknownWord returns the error that the name t, with a token of the kind next behind it,
// is not the keyword that it should be.
func (p *parser) unknownWord(t *token, next tokenKind) *Error {
	word := p.text(t)
	e := &Error{Span: t.span(), Code: CodeUnknown, Msg: "unknown word " + quote(word), Expected: []string{"a primitive"}}
	switch {
	case afterProto.has(next):
		e.Msg = "unknown protocol " + quote(word)
		e.Suggestion = suggest(word, kindSet(tokProto))
	case afterQualifier.has(next):
		e.Suggestion = suggest(word, primitiveWords)
	default:
		e.Suggestion = suggest(word, kindSet(tokProto))
		if e.Suggestion != "" {
			e.Msg = "unknown protocol " + quote(word)
			break
		}
		e.Suggestion = suggest(word, primitiveWords)
	}
	if hint := dashHint(word); hint != "" {
		e.Suggestion, e.Hint = "", hint
	}
	if e.Suggestion != "" || e.Hint != "" {
		return e
	}
	e.Hint = displayHint(word)
	if e.Hint == "" && !afterProto.has(next) && !afterQualifier.has(next) {
		e.Hint = `a name needs a qualifier in front of it, like "host" or "port"`
	}
	return e
}

// unexpectedAfter reports that the current token cannot follow an operand. w is what
// operands may be here, open the parenthesis around them or nil.
func (p *parser) unexpectedAfter(w want, open *token) {
	t := &p.tok
	if p.blamePrevious(w, open) {
		return
	}
	e := &Error{Span: p.here(), Code: CodeUnexpected, Expected: []string{`"and"`, `"or"`}}
	if open != nil {
		e.Expected = append(e.Expected, `")"`)
		e.Partner = open.span()
	}
	if t.kind == tokRBrack {
		e.Code, e.Msg = CodeUnopened, `"]" without a "["`
		p.fail(e)
		return
	}
	candidates := kindSet(tokAnd, tokOr)
	if p.prev.kind == tokProto {
		e.Expected = append([]string{"a qualifier"}, e.Expected...)
		candidates |= kindSet(tokSrc, tokDst, tokType, tokProtoType, tokGateway, tokCast)
	}
	e.Msg = "expected " + alternatives(e.Expected) + p.after() + ", " + p.found()
	switch {
	case t.kind == tokArith && (Op(t.val) == And || Op(t.val) == Or):
		e.Code = CodeOperator
		e.Msg = quote(p.text(t)) + " stands between numbers, not between primitives"
		e.Suggestion = Op(t.val).String()
	case t.kind == tokID && !t.escaped:
		e.Suggestion = suggest(p.text(t), candidates)
	}
	if e.Suggestion == "" {
		e.Hint = p.afterHint()
	}
	p.fail(e)
}

// blamePrevious reports the name in front of the current token, if it was taken for an id
// and the current token shows that it was meant for a keyword.
func (p *parser) blamePrevious(w want, open *token) bool {
	if p.prev.kind != tokID || p.prev.escaped {
		return false
	}
	word := p.text(&p.prev)
	switch p.prev2.kind {
	case tokSrc, tokDst, tokDir:
		s := suggest(word, kindSet(tokType))
		if s == "" || !afterQualifier.has(p.tok.kind) {
			return false
		}
		expected := []string{"host", "net", "port", "portrange"}
		p.fail(&Error{Span: p.prev.span(), Code: CodeUnknown, Expected: expected, Suggestion: s,
			Msg: "expected " + alternatives(expected) + " after " + quote(p.text(&p.prev2)) + ", found " + quote(word)})
		return true
	case tokAnd, tokOr, tokNot, tokLParen:
		if open != nil && p.prev2.kind == tokLParen {
			w = want(open.val)
		}
		if w&wantTerm == 0 {
			return false
		}
		e := p.unknownWord(&p.prev, p.tok.kind)
		if afterProto.has(p.tok.kind) || e.Suggestion != "" && afterQualifier.has(p.tok.kind) ||
			p.tok.kind == tokRel && displayHint(word) != "" {
			p.fail(e)
			return true
		}
	}
	return false
}

// unexpectedInGroup reports that the current token cannot follow o, a number or an Arith
// that the parenthesis open has in front of it.
func (p *parser) unexpectedInGroup(o operand, inner want, open *token) {
	e := &Error{Span: p.here(), Code: CodeUnexpected, Partner: open.span()}
	switch {
	case p.tok.kind == tokEOF:
		p.unclosed(open, ")")
		return
	case inner&wantTerm != 0 && (o.found == foundArith || inner&wantFirstID == 0):
		p.noRelation(o)
		return
	case inner&wantFirstID != 0:
		e.Expected = []string{`"and"`, `"or"`, `")"`}
	default:
		e.Expected = []string{"an operator", `")"`}
	}
	e.Msg = "expected " + alternatives(e.Expected) + p.after() + ", " + p.found()
	p.wrongOperator(e)
	p.fail(e)
}

// noRelation reports that o is a number where a primitive is wanted, and skips.
func (p *parser) noRelation(o operand) {
	at := o.a.Span()
	e := &Error{Span: at, Code: CodeUnexpected, Expected: []string{"a comparison"}}
	word := p.src[at.Pos:at.End]
	n, single := o.a.(*Num)
	switch {
	case p.tok.kind == tokEOF, p.tok.kind == tokAnd, p.tok.kind == tokOr, p.tok.kind == tokRParen:
		e.Msg = quote(word) + " is a number, and nothing compares it"
		if single && n.Text[0] <= '9' && n.Value <= 0xffff {
			e.Suggestion = "port " + n.Text
		}
	default:
		e.Span = p.here()
		e.Msg = "expected a comparison after " + quote(word) + ", " + p.found()
		p.wrongOperator(e)
	}
	p.fail(e)
	p.skip()
}

// unclosed reports that closer should stand here, for the opening one.
func (p *parser) unclosed(open *token, closer string) {
	if p.follows(p.here().Pos) {
		return // before the position of open is counted, which takes time
	}
	line, col := position(p.src, open.pos)
	e := &Error{Span: p.here(), Code: CodeUnclosed, Partner: open.span(), Expected: []string{quote(closer)}}
	e.Msg = "expected " + quote(closer) + " for the " + quote(p.text(open)) + " at " +
		strconv.Itoa(line) + ":" + strconv.Itoa(col) + ", " + p.found()
	if p.tok.kind != tokEOF {
		e.Code = CodeUnexpected
		p.wrongOperator(e)
	}
	p.fail(e)
}

// unopened reports the current token, a closing parenthesis without a partner.
func (p *parser) unopened() {
	p.fail(&Error{Span: p.tok.span(), Code: CodeUnopened, Msg: `")" without a "("`})
}

// alternatives joins words as in "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// quote returns s in quotes, shortened, with what cannot be printed escaped.
func quote(s string) string { return strconv.Quote(shorten(s)) }

// shorten returns s, or the beginning and the end of it if it is long.
func shorten(s string) string {
	const most, tail = 48, 12
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-tail-3], "") + "..." + strings.ToValidUTF8(s[len(s)-tail:], "")
}
