package expr

import (
	"math/rand/v2"
	"strings"
)

// A generator makes random filters as slices of words, following the grammar.
type generator struct {
	r     *rand.Rand
	words []string
	left  int // budget of nesting
}

func (g *generator) add(words ...string) { g.words = append(g.words, words...) }

func (g *generator) pick(words ...string) { g.add(words[g.r.IntN(len(words))]) }

// nest runs one of the functions, the first ones, which do not nest, when the budget is
// used up.
func (g *generator) nest(plain int, list ...func()) {
	n := len(list)
	if g.left <= 0 {
		n = plain
	}
	g.left--
	list[g.r.IntN(n)]()
}

// keywordOf adds one of the keywords of a kind.
func (g *generator) keywordOf(kind tokenKind) {
	var words []string
	for i := range keywords {
		if keywords[i].kind == kind {
			words = append(words, keywords[i].word)
		}
	}
	g.pick(words...)
}

func (g *generator) filter() {
	g.term()
	for g.r.IntN(2) == 0 {
		g.pick("and", "or", "&&", "||")
		if g.r.IntN(3) == 0 {
			g.id()
		} else {
			g.term()
		}
	}
}

func (g *generator) term() {
	g.nest(4,
		g.qualified, g.other, func() { g.keywordOf(tokProto) }, g.fieldTest,
		g.relation, g.relation, g.qualified,
		func() { g.pick("not", "!"); g.term() },
		func() { g.add("("); g.filter(); g.add(")") },
	)
}

func (g *generator) proto() {
	if g.r.IntN(2) == 0 {
		g.keywordOf(tokProto)
	}
}

func (g *generator) qualified() {
	g.proto()
	dir := func() {
		switch g.r.IntN(4) {
		case 0:
			g.add("src")
			g.pick("and", "or", "&&")
			g.add("dst")
		case 1:
			g.add("dst")
			g.pick("and", "or", "||")
			g.add("src")
		case 2:
			g.pick("src", "dst")
		default:
			g.keywordOf(tokDir)
		}
	}
	switch g.r.IntN(5) {
	case 0:
		dir()
	case 1:
		dir()
		g.keywordOf(tokType)
	case 2:
		g.keywordOf(tokType)
	case 3:
		g.keywordOf(tokProtoType)
	default:
		g.add("gateway")
	}
	g.id()
}

func (g *generator) number() {
	g.pick("0", "1", "22", "0x1f", "0777", "4294967295", "tcp-syn", "icmp6type", "tcpflags", "00", "0X0")
}

func (g *generator) name() {
	g.pick("www.example.org", "foo", `\tcp`, `\a/b:c`, "1-2", "em0", "10.1.2.3.4", "a_b", "0x", "beacon", `\`+"caf\u00e9")
}

func (g *generator) pnum() {
	g.nest(1, g.number, func() { g.add("("); g.pnum(); g.add(")") })
}

func (g *generator) id() {
	g.nest(3, g.pnum, g.nid, g.nid, func() { g.add("("); g.ids(); g.add(")") })
}

func (g *generator) ids() {
	if g.r.IntN(3) == 0 {
		g.nid()
		if g.r.IntN(2) == 0 {
			return
		}
	} else {
		g.pnum()
	}
	for {
		g.pick("and", "or", "&&", "||")
		g.id()
		if g.r.IntN(2) == 0 {
			return
		}
	}
}

func (g *generator) nid() {
	g.nest(6,
		g.name,
		func() { g.pick("10.1", "10.1.2", "10.1.2.3", "0x7f.0.0.1") },
		func() { g.add("10.1.0.0", "/"); g.number() },
		func() { g.add("10.1.0.0", "mask", "255.255.0.0") },
		func() { g.pick("::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "::1.2.3.4", "1::2:3:4:5:6:7", "fe80::") },
		func() {
			g.pick("00:11:22:33:44:55", "0-1-2-3-4-5", "0011.2233.4455", "001122334455", "a.b.c.d.e.f", "$1f", "$7")
		},
		func() { g.pick("::", "::1", "2001:db8::1"); g.add("/"); g.number() },
		func() { g.pick("not", "!"); g.id() },
	)
}

func (g *generator) relation() {
	g.arith()
	g.pick("=", "==", "!=", "<", "<=", ">", ">=")
	g.arith()
}

func (g *generator) arith() {
	g.nest(2,
		g.number,
		func() { g.pick("len", "length") },
		func() {
			g.keywordOf(tokProto)
			g.add("[")
			g.arith()
			if g.r.IntN(2) == 0 {
				g.add(":")
				g.number()
			}
			g.add("]")
		},
		func() {
			g.arith()
			g.pick("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")
			g.arith()
		},
		func() {
			g.arith()
			g.pick("%", "^", "&", "*", "-")
			g.arith()
		},
		func() { g.add("-"); g.arith() },
		func() { g.add("("); g.arith(); g.add(")") },
	)
}

func (g *generator) fieldTest() {
	g.keywordOf(tokField)
	switch g.r.IntN(3) {
	case 0:
		g.number()
	case 1:
		g.pick("=", "==", "!=", "<", "<=", ">", ">=")
		g.number()
	default:
		g.add("(")
		g.number()
		for g.r.IntN(2) == 0 {
			g.pick("or", "||")
			g.number()
		}
		g.add(")")
	}
}

func (g *generator) nameOrNumber() {
	if g.r.IntN(2) == 0 {
		g.name()
	} else {
		g.number()
	}
}

func (g *generator) other() {
	switch g.r.IntN(12) {
	case 0:
		g.proto()
		g.keywordOf(tokCast)
	case 1:
		g.keywordOf(tokLength)
		g.number()
	case 2:
		g.add("byte")
		g.number()
		g.pick("&", "|", "<", ">", "=", "==")
		g.number()
	case 3:
		g.keywordOf(tokDirection)
	case 4:
		g.add("ifindex")
		g.number()
	case 5:
		g.keywordOf(tokEncap)
		if g.words[len(g.words)-1] != "pppoed" && g.r.IntN(2) == 0 {
			g.pnum()
		}
	case 6:
		switch g.r.IntN(4) {
		case 0:
			g.pick("on", "ifname", "rset", "ruleset", "reason", "action")
			g.name()
		case 1:
			g.pick("rnr", "srnr", "rulenum", "subrulenum", "reason")
			g.number()
		case 2:
			g.add("llc")
			g.pick("rnr", "i", "rulenum", "ui")
		default:
			g.add("llc")
		}
	case 7:
		g.proto()
		g.add("type")
		g.nameOrNumber()
		if g.r.IntN(2) == 0 {
			g.add("subtype")
			g.nameOrNumber()
		}
	case 8:
		g.proto()
		g.add("subtype")
		g.name()
	case 9:
		g.proto()
		g.keywordOf(tokWLANDir)
		g.nameOrNumber()
	case 10:
		g.keywordOf(tokATM)
	default:
		g.keywordOf(tokMTP2)
	}
}

// randomFilter returns the words of a random filter.
func randomFilter(r *rand.Rand) []string {
	g := generator{r: r, left: 4 + r.IntN(12)}
	g.filter()
	return g.words
}

// spoil changes a few words, so that what comes out is rarely a filter, but nearly one.
func spoil(r *rand.Rand, words []string) []string {
	words = append([]string(nil), words...)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(words) + 1)
		switch r.IntN(5) {
		case 0: // leave out
			if i < len(words) && len(words) > 1 {
				words = append(words[:i], words[i+1:]...)
			}
		case 1: // put in
			words = append(words[:i], append([]string{randomWord(r)}, words[i:]...)...)
		case 2: // exchange two
			if j := r.IntN(len(words)); i < len(words) {
				words[i], words[j] = words[j], words[i]
			}
		case 3: // replace
			if i < len(words) {
				words[i] = randomWord(r)
			}
		case 4: // parentheses
			j := i + r.IntN(len(words)+1-i)
			words = append(words[:j], append([]string{")"}, words[j:]...)...)
			words = append(words[:i], append([]string{"("}, words[i:]...)...)
		}
	}
	return words
}

var signs = strings.Fields("( ) ( ) [ ] : + - * / % & | ^ << >> = == != < <= > >= ! && || and or not 1 2 foo 10.1.2.3 ::1 $1 0:1:2:3:4:5")

func randomWord(r *rand.Rand) string {
	if r.IntN(2) == 0 {
		return signs[r.IntN(len(signs))]
	}
	return keywords[r.IntN(len(keywords))].word
}

// randomSoup returns words in no order.
func randomSoup(r *rand.Rand) []string {
	words := make([]string, 1+r.IntN(8))
	for i := range words {
		words[i] = randomWord(r)
	}
	return words
}
