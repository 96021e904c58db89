package expr

import "strings"

// afterHint returns advice about the current token, which cannot follow the operand in
// front of it, or "".
func (p *parser) afterHint() string {
	t, prev := &p.tok, &p.prev
	word := p.text(prev)
	switch {
	case t.kind == tokRel && prev.kind == tokProto:
		return "a field is written like " + word + "[0]"
	case t.kind == tokColon && (prev.kind == tokAddr4 || prev.kind == tokAddr6):
		return `an address with a port is written "host A and port P"`
	case t.kind == tokArith && Op(t.val) == Div && prev.kind == tokNumber:
		return "a prefix has a dot; write " + quote(word+".0/...")
	case p.prev2.kind == tokType && Type(p.prev2.val) == TypePortrange && prev.kind == tokNumber:
		return "a range is one word, like 1024-65535"
	case afterQualifier.has(t.kind) && afterQualifier.has(prev.kind):
		return "alternatives are written with \"or\""
	case primitiveWords.has(t.kind):
		return `is an "and" missing?`
	}
	return ""
}

// displayHint returns advice about a word that is a field of a display filter, else "".
func displayHint(word string) string {
	head, _, dotted := strings.Cut(word, ".")
	if row := keywordIndex[head]; dotted && row != nil && row.kind == tokProto {
		return "display filters are another language; see pcap-filter(7)"
	}
	return ""
}

// dashHint returns advice about a word that is a subtraction without spaces, else "".
func dashHint(word string) string {
	head, tail, dash := strings.Cut(word, "-")
	row := keywordIndex[head]
	if dash && (row != nil && row.kind == tokLen || matchNumber(head, 0) == len(head)) {
		return "a dash inside a word is part of it; write " + quote(head+" - "+tail)
	}
	return ""
}

// characterHint returns how r, which is illegal, probably got into a filter; rest is what
// follows it.
func characterHint(r rune, rest string) string {
	switch r {
	case '\'', '"', '`':
		return "a quote that the shell left in the filter?"
	case '“', '”', '‘', '’', '«', '»':
		return "a typographic quote; use plain ones, for the shell"
	case '\u00a0', '\u2007', '\u202f':
		return "a no-break space; use a plain one"
	case '–', '—', '−':
		return "a typographic dash; use \"-\""
	case '$', '{', '}':
		return "a variable that the shell did not expand?"
	case '\\':
		if rest != "" && (rest[0] == '(' || rest[0] == ')' || rest[0] == '!') {
			return "inside quotes " + quote(rest[:1]) + " needs no backslash"
		}
		return "a backslash stands directly in front of a name"
	case ',', ';':
		return "alternatives are written with \"or\""
	}
	return ""
}

// wrongOperators are signs in a row that people write for an operator.
var wrongOperators = map[string]string{
	"=<": "<=", "=>": ">=", "===": "=", "<>": "!=", "!==": "!=", "=!": "!=", "=!=": "!=",
	"==>": ">=", "==<": "<=", "<==": "<=", ">==": ">=", "=>=": ">=", "=<=": "<=", "!!=": "!=",
	"<<<": "<<", ">>>": ">>", "&&&": "and", "|||": "or",
}

// wrongOperator turns e into an error about an operator, if the current token and the one
// directly in front of it are signs that people write for an operator.
func (p *parser) wrongOperator(e *Error) bool {
	if p.tok.kind == tokEOF || p.prev.end != p.tok.pos {
		return false
	}
	meant, ok := wrongOperators[p.src[p.prev.pos:p.tok.end]]
	if !ok {
		return false
	}
	e.Code, e.Span, e.Expected = CodeOperator, Span{p.prev.pos, p.tok.end}, nil
	e.Msg = "unknown operator " + quote(p.src[p.prev.pos:p.tok.end])
	e.Suggestion = meant
	return true
}
