package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// maxValues bounds the number of a value in a text, and so the memory that
// reading one takes.
const maxValues = 1 << 20

// Parse reads the text form. It checks the form only; what it returns may break
// the laws, see [Func.Check]. Errors name the line.
//
// Values keep their numbers. Constants get numbers that the text does not
// mention.
func Parse(text string) (f *Func, err error) {
	p := parser{f: new(Func), mentioned: make(map[ValueID]bool)}
	defer func() {
		if e := recover(); e != nil {
			se, ok := e.(syntaxError)
			if !ok {
				panic(e)
			}
			f, err = nil, fmt.Errorf("ir: line %d: %s", p.lineNo, string(se))
		}
	}()
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		p.lineNo = i + 1
		p.scan(line)
		p.mention()
	}
	p.f.Values = make([]Value, p.last+1)
	for i, line := range lines {
		p.lineNo = i + 1
		p.scan(line)
		p.line()
	}
	if !p.header {
		p.fail("no func line")
	}
	p.ended()
	return p.f, nil
}

type syntaxError string

type parser struct {
	f         *Func
	lineNo    int
	header    bool
	tok       []string
	span      Span
	mentioned map[ValueID]bool
	last      ValueID // highest number mentioned
	free      ValueID // all numbers up to here are taken
	consts    map[uint32]ValueID
}

func (p *parser) fail(format string, args ...any) {
	panic(syntaxError(fmt.Sprintf(format, args...)))
}

// scan splits a line into words, quoted strings and marks, and reads the span
// in its comment.
func (p *parser) scan(line string) {
	p.tok, p.span = p.tok[:0], Span{}
	for i := 0; i < len(line); {
		c := line[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\r':
			i++
			continue
		case c == ';':
			p.comment(line[i+1:])
			return
		case wordByte(c):
			for i < len(line) && wordByte(line[i]) {
				i++
			}
		case c == '"':
			q, err := strconv.QuotedPrefix(line[i:])
			if err != nil {
				p.fail("string does not end")
			}
			i += len(q)
		case strings.HasPrefix(line[i:], "->"), strings.HasPrefix(line[i:], "<-"):
			i += 2
		case strings.IndexByte("=:,()[]+", c) >= 0:
			i++
		default:
			p.fail("unexpected %q", rune(c))
		}
		p.tok = append(p.tok, line[start:i])
	}
}

func (p *parser) comment(s string) {
	head, _, _ := strings.Cut(strings.TrimLeft(s, " \t"), " ")
	pos, end, ok := strings.Cut(head, ":")
	if !ok {
		return
	}
	a, err1 := strconv.ParseUint(pos, 10, 31)
	b, err2 := strconv.ParseUint(end, 10, 31)
	if err1 == nil && err2 == nil {
		p.span = Span{int32(a), int32(b)}
	}
}

// mention notes the numbers of all values of a line.
func (p *parser) mention() {
	for _, s := range p.tok {
		if id, ok := ref('v', s); ok {
			if id >= maxValues {
				p.fail("%s: values are numbered below %d", s, maxValues)
			}
			p.mentioned[ValueID(id)] = true
			p.last = max(p.last, ValueID(id))
		}
	}
}

// ref reads a letter with a decimal number.
func ref(letter byte, s string) (n int32, ok bool) {
	if len(s) < 2 || s[0] != letter || s[1] == '0' && len(s) > 2 {
		return 0, false
	}
	u, err := strconv.ParseUint(s[1:], 10, 31)
	return int32(u), err == nil
}

func (p *parser) line() {
	switch {
	case len(p.tok) == 0:
		return
	case !p.header:
		p.fn()
		p.header = true
	default:
		if b, ok := ref('b', p.tok[0]); ok {
			p.block(b)
		} else {
			p.statement()
		}
	}
	if len(p.tok) > 0 {
		p.fail("unexpected %q", p.tok[0])
	}
}

func (p *parser) peek() string {
	if len(p.tok) == 0 {
		return ""
	}
	return p.tok[0]
}

func (p *parser) next() string {
	s := p.peek()
	if s == "" {
		p.fail("line ends too early")
	}
	p.tok = p.tok[1:]
	return s
}

func (p *parser) want(s string) {
	if got := p.next(); got != s {
		p.fail("unexpected %q, want %q", got, s)
	}
}

func (p *parser) accept(s string) bool {
	if p.peek() != s {
		return false
	}
	p.tok = p.tok[1:]
	return true
}

func (p *parser) fn() {
	p.want("func")
	p.want("linktype")
	p.want("=")
	p.f.LinkType = p.next()
	if p.f.LinkType[0] == '"' {
		p.f.LinkType = p.unquote(p.f.LinkType)
	} else if !wordByte(p.f.LinkType[0]) {
		p.fail("unexpected %q, want a link type", p.f.LinkType)
	}
	p.want("view")
	p.want("=")
	p.f.View = View(p.name("view", viewNames[:], 0))
	p.want("snaplen")
	p.want("=")
	p.f.Snaplen = p.number()
	p.f.Source = p.unquote(p.next())
}

func (p *parser) unquote(s string) string {
	u, err := strconv.Unquote(s)
	if err != nil {
		p.fail("unexpected %q, want a string", s)
	}
	return u
}

// name reads one of the names from index first on and returns its index.
func (p *parser) name(what string, names []string, first int) int {
	s := p.next()
	for i := first; i < len(names); i++ {
		if names[i] == s {
			return i
		}
	}
	p.fail("unknown %s %q", what, s)
	return 0
}

func (p *parser) number() uint32 {
	s := p.next()
	u, err := strconv.ParseUint(s, 0, 32)
	if err != nil || strings.Contains(s, "_") {
		p.fail("unexpected %q, want a number below 2^32", s)
	}
	return uint32(u)
}

func (p *parser) block(b int32) {
	p.next()
	if int(b) != len(p.f.Blocks) {
		p.fail("b%d stands where b%d should", b, len(p.f.Blocks))
	}
	p.ended()
	p.f.AddBlock()
	if p.accept("(") {
		for !p.accept(")") {
			p.define(Value{Op: OpParam})
		}
	}
	p.want(":")
	if p.accept("<-") {
		for len(p.tok) > 0 {
			p.target()
		}
	}
}

// ended: the block before has its way out.
func (p *parser) ended() {
	if n := len(p.f.Blocks); n > 0 && p.f.Blocks[n-1].Kind == KindInvalid {
		p.fail("b%d has no way out yet", n-1)
	}
}

// define reads a value's name and puts v there, at the end of the block.
func (p *parser) define(v Value) ValueID {
	s := p.next()
	n, ok := ref('v', s)
	if !ok || n == 0 {
		p.fail("unexpected %q, want a value", s)
	}
	id := ValueID(n)
	if p.f.Values[id].Op != OpInvalid {
		p.fail("v%d is defined twice", id)
	}
	b := len(p.f.Blocks) - 1
	blk := &p.f.Blocks[b]
	v.Block = BlockID(b)
	p.f.Values[id] = v
	if v.Op == OpParam {
		blk.Params = append(blk.Params, id)
	} else {
		blk.Values = append(blk.Values, id)
	}
	return id
}

func (p *parser) statement() {
	if len(p.f.Blocks) == 0 {
		p.fail("unexpected %q before the first block", p.tok[0])
	}
	blk := &p.f.Blocks[len(p.f.Blocks)-1]
	if blk.Kind != KindInvalid {
		p.fail("unexpected %q after the way out of b%d", p.tok[0], len(p.f.Blocks)-1)
	}
	switch p.peek() {
	case "jump":
		p.next()
		blk.Kind = KindJump
		blk.Succ[True] = p.edge()
	case "if":
		p.next()
		blk.Cond = Cond(p.name("condition", condNames[:], 1))
		blk.X, blk.Y = p.operand(), p.operand()
		p.want("->")
		blk.Succ[True] = p.edge()
		p.want(",")
		blk.Succ[False] = p.edge()
		blk.Kind = KindIf
	case "accept":
		p.next()
		blk.Kind = KindAccept
	case "reject":
		p.next()
		blk.Kind = KindReject
	default:
		id := p.define(Value{Op: OpLen}) // the operation follows
		p.want("=")
		v := p.operation()
		v.Block, v.Span = p.f.Values[id].Block, p.span
		p.f.Values[id] = v
		return
	}
	blk.Span = p.span
}

func (p *parser) operation() Value {
	s := p.next()
	for op := OpInvalid + 1; op < numOps; op++ {
		if ops[op].name != s || op == OpConst || op == OpParam || op == OpLoad {
			continue
		}
		v := Value{Op: op}
		if op == OpMeta {
			v.Meta = p.meta()
		}
		for i := range op.Arity() {
			v.Args[i] = p.operand()
		}
		return v
	}
	v := Value{Op: OpLoad}
	switch s {
	case "load8":
		v.Size = Byte
	case "load16":
		v.Size = Half
	case "load32":
		v.Size = Word
	default:
		p.fail("unknown operation %q", s)
	}
	p.want("[")
	if _, ok := ref('v', p.peek()); ok || len(p.tok) > 1 && p.tok[1] == "+" {
		v.Args[0] = p.operand()
		if p.accept("+") {
			v.K = p.number()
		}
	} else {
		v.K = p.number()
	}
	p.want("]")
	return v
}

func (p *parser) meta() Meta {
	s := p.next()
	for m, name := range metaNames {
		if name == s {
			return m
		}
	}
	p.fail("unknown metadatum %q", s)
	return 0
}

func (p *parser) target() BlockID {
	s := p.next()
	b, ok := ref('b', s)
	if !ok {
		p.fail("unexpected %q, want a block", s)
	}
	return BlockID(b)
}

func (p *parser) edge() Edge {
	e := Edge{To: p.target()}
	if p.accept("(") {
		for !p.accept(")") {
			e.Args = append(e.Args, p.operand())
		}
	}
	return e
}

// operand reads a use: a value or the number of a constant.
func (p *parser) operand() ValueID {
	if n, ok := ref('v', p.peek()); ok {
		p.next()
		return ValueID(n)
	}
	k := p.number()
	if id, ok := p.consts[k]; ok {
		return id
	}
	if p.consts == nil {
		p.consts = make(map[uint32]ValueID)
	}
	for p.free++; p.free <= p.last; p.free++ {
		if !p.mentioned[p.free] {
			p.f.Values[p.free] = Value{Op: OpConst, K: k, Block: NoBlock}
			p.consts[k] = p.free
			return p.free
		}
	}
	id := p.f.add(Value{Op: OpConst, K: k, Block: NoBlock})
	p.consts[k] = id
	return id
}
