package expr

import (
	"net/netip"
	"unicode/utf8"
)

// A scanner divides a source text into tokens, on demand. Of all rules that match at a
// place the longest match counts, and of equally long ones the first, in this order:
// keyword, sign, ARCnet address, MAC-48 address, number, dotted numbers, IPv6 address,
// malformed MAC-48 address, named constant, name, escaped name. Letters and digits,
// dots, and dashes and underscores inside, make one word: "len-4" is a name.
//
// What it refuses it reports once, and goes on behind it.
type scanner struct {
	src   string
	off   int
	errs  ErrorList
	quiet bool // look ahead without reporting
}

// Character classes.
const (
	charSpace = 1 << iota // between words
	charWord              // may stand in a name
	charAlnum             // may begin a name
	charDigit
	charHex
)

var charClass = func() (class [256]uint8) {
	for _, c := range []byte(" \r\n\t") {
		class[c] = charSpace
	}
	for _, c := range []byte("-_.") {
		class[c] = charWord
	}
	for c := 'a'; c <= 'z'; c++ {
		class[c] = charWord | charAlnum
		class[c-'a'+'A'] = charWord | charAlnum
	}
	for c := '0'; c <= '9'; c++ {
		class[c] = charWord | charAlnum | charDigit | charHex
	}
	for _, c := range []byte("abcdefABCDEF") {
		class[c] |= charHex
	}
	return class
}()

// next returns the next token. At the end of the source it is tokEOF, again and again.
func (s *scanner) next() token {
	refused := false
	for {
		for s.off < len(s.src) && charClass[s.src[s.off]]&charSpace != 0 {
			s.off++
		}
		start := s.off
		if start == len(s.src) {
			return token{kind: tokEOF, refused: refused, pos: Pos(start), end: Pos(start)}
		}
		t := token{kind: tokEOF, refused: refused, pos: Pos(start)}
		if charClass[s.src[start]]&charAlnum != 0 {
			s.word(&t)
		} else {
			s.sign(&t)
		}
		if t.kind == tokEOF {
			s.refuse()
			refused = true
			continue
		}
		s.off = int(t.end)
		return t
	}
}

// word scans what begins with a letter or a digit, or with the colons of an IPv6 address.
func (s *scanner) word(t *token) {
	start := int(t.pos)
	end := start + 1
	for end < len(s.src) && charClass[s.src[end]]&charWord != 0 {
		end++
	}
	if end < len(s.src) && s.src[end] == ':' && charClass[s.src[start]]&charHex != 0 && s.colons(t) {
		return
	}
	for end > start+1 && (s.src[end-1] == '-' || s.src[end-1] == '_') {
		end--
	}
	t.end = Pos(end)
	word := s.src[start:end]
	if charClass[word[0]]&charDigit == 0 {
		if row := keywordIndex[word]; row != nil {
			t.kind, t.val, t.num = row.kind, row.val, row.num
			return
		}
	}
	switch {
	case isMAC(word):
		t.kind = tokMAC48
	case charClass[word[0]]&charDigit == 0:
		t.kind = tokID
	case matchNumber(word, 0) == len(word):
		t.kind = tokNumber
		value, fault := parseNumber(word)
		if fault != "" {
			t.refused = true
			s.report(&Error{Span: t.span(), Code: CodeNumber, Word: word, Msg: fault})
		}
		t.num = value
	case isDotted(word):
		t.kind = tokAddr4
	default:
		t.kind = tokID
	}
}

// colons scans an address with colons in it, if there is one at t.pos, and reports
// whether there was.
func (s *scanner) colons(t *token) bool {
	start := int(t.pos)
	mac, addr6, bad := matchMAC(s.src, start), matchAddr6(s.src, start), matchBadMAC(s.src, start)
	switch {
	case mac > max(addr6, bad):
		t.kind, t.end = tokMAC48, Pos(mac)
	case addr6 > 0 && addr6 >= bad:
		t.kind, t.end = tokAddr6, Pos(addr6)
		word := s.src[start:addr6]
		if _, err := netip.ParseAddr(word); err != nil {
			t.refused = true
			s.report(&Error{Span: t.span(), Code: CodeAddress, Word: word,
				Msg: "malformed IPv6 address " + quote(word)})
		}
	case bad > 0:
		t.kind, t.end = tokMAC48, Pos(bad)
		// What follows without a space is part of the same slip.
		for int(t.end) < len(s.src) && charClass[s.src[t.end]]&charHex != 0 {
			t.end++
		}
		word := s.src[start:t.end]
		t.refused = true
		s.report(&Error{Span: t.span(), Code: CodeAddress, Word: word,
			Msg: "malformed address " + quote(word), Hint: "a MAC address has six groups, an IPv6 address eight or a \"::\""})
	default:
		return false
	}
	return true
}

// sign scans what begins with another character; it leaves t.kind as it is for one
// that nothing begins with.
func (s *scanner) sign(t *token) {
	rest := s.src[t.pos:]
	second := byte(0)
	if len(rest) > 1 {
		second = rest[1]
	}
	one := func(kind tokenKind, val Op) { t.kind, t.val, t.end = kind, uint8(val), t.pos+1 }
	two := func(kind tokenKind, val Op) { t.kind, t.val, t.end = kind, uint8(val), t.pos+2 }
	switch rest[0] {
	case '(':
		one(tokLParen, 0)
	case ')':
		one(tokRParen, 0)
	case '[':
		one(tokLBrack, 0)
	case ']':
		one(tokRBrack, 0)
	case '+':
		one(tokArith, Add)
	case '-':
		one(tokArith, Sub)
	case '*':
		one(tokArith, Mul)
	case '/':
		one(tokArith, Div)
	case '%':
		one(tokArith, Mod)
	case '^':
		one(tokArith, Xor)
	case ':':
		if second != ':' || !s.colons(t) {
			one(tokColon, 0)
		}
	case '&':
		if second == '&' {
			two(tokAnd, And)
		} else {
			one(tokArith, And)
		}
	case '|':
		if second == '|' {
			two(tokOr, Or)
		} else {
			one(tokArith, Or)
		}
	case '=':
		if second == '=' {
			two(tokRel, Eq)
		} else {
			one(tokRel, Eq)
		}
	case '!':
		if second == '=' {
			two(tokRel, Ne)
		} else {
			one(tokNot, 0)
		}
	case '<':
		switch second {
		case '=':
			two(tokRel, Le)
		case '<':
			two(tokArith, Lsh)
		default:
			one(tokRel, Lt)
		}
	case '>':
		switch second {
		case '=':
			two(tokRel, Ge)
		case '>':
			two(tokArith, Rsh)
		default:
			one(tokRel, Gt)
		}
	case '$':
		if n := matchHex(rest, 1, 2); n > 1 {
			t.kind, t.end = tokMAC8, t.pos+Pos(n)
		}
	case '\\':
		n := 1
		for n < len(rest) && !endsEscape(rest[n]) {
			n++
		}
		if n > 1 {
			t.kind, t.escaped, t.end = tokID, true, t.pos+Pos(n)
		}
	}
}

// endsEscape reports whether c ends an escaped name. NUL cannot stand in a filter.
func endsEscape(c byte) bool {
	switch c {
	case ' ', '!', '(', ')', '\n', '\t', 0:
		return true
	}
	return false
}

// refuse reports what stands at s.off, a character that no word begins with, and goes
// behind it. A run of characters beyond ASCII is reported as one.
func (s *scanner) refuse() {
	start := s.off
	e := &Error{Code: CodeCharacter}
	r, size := utf8.DecodeRuneInString(s.src[start:])
	s.off += size
	if r >= utf8.RuneSelf {
		for s.off < len(s.src) && s.src[s.off] >= utf8.RuneSelf {
			s.off++
		}
	}
	e.Span = Span{Pos(start), Pos(s.off)}
	e.Word = s.src[start:s.off]
	e.Msg = "illegal character " + quote(e.Word)
	if r >= utf8.RuneSelf && size < len(e.Word) {
		e.Msg = "illegal characters " + quote(e.Word)
	}
	e.Hint = characterHint(r, s.src[s.off:])
	s.report(e)
}

func (s *scanner) report(e *Error) {
	if !s.quiet {
		s.errs.Add(e)
	}
}
