package ir

import (
	"io"
	"strconv"
	"strings"
)

// The text form, for reading and for [Parse]:
//
//	func linktype=EN10MB view=file snaplen=262144 "ip and udp dst port 53"
//	b0:
//		v1 = load16 [12]
//		if eq v1 0x800 -> b1, b4            ; 0:2 ip
//	b1: <- b0
//		v2 = load8 [14]                     ; 7:22 udp dst port 53
//		...
//		v5 = load16 [v4+16]
//		if eq v5 53 -> b3(v5 0x10), b4
//	b3(v6 v7): <- b1 b2
//		accept
//
// A constant stands as its number. A comment that starts with "pos:end" is the
// Span of its line, the words after it are for the reader, as are the blocks
// after "<-".

// String returns the text form of f.
func (f *Func) String() string {
	var t printer
	t.f = f
	t.fn()
	return t.buf.String()
}

// WriteTo writes the text form of f to w.
func (f *Func) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, f.String())
	return int64(n), err
}

// Words returns the part of the source that s spans, "" for the zero Span or one
// that lies outside.
func (f *Func) Words(s Span) string {
	if s.Pos < 0 || s.End < s.Pos || int(s.End) > len(f.Source) {
		return ""
	}
	return f.Source[s.Pos:s.End]
}

// FormatValue returns the definition of a value: "v7 = load16 [v6+16]".
func (f *Func) FormatValue(id ValueID) string {
	t := printer{f: f}
	t.value(id)
	return t.buf.String()
}

// FormatOperand returns a value as an operand: "v7", or the number of a
// constant.
func (f *Func) FormatOperand(id ValueID) string {
	t := printer{f: f}
	t.operand(id, false)
	return t.buf.String()
}

// FormatWay returns the way out of a block: "if eq v7 22 -> b3, b4".
func (f *Func) FormatWay(b BlockID) string {
	t := printer{f: f}
	t.way(&f.Blocks[b])
	return t.buf.String()
}

type printer struct {
	f   *Func
	buf strings.Builder
}

func (t *printer) add(s ...string) {
	for _, s := range s {
		t.buf.WriteString(s)
	}
}

func (t *printer) fn() {
	f := t.f
	t.add("func linktype=", word(f.LinkType), " view=", f.View.String(),
		" snaplen=", strconv.FormatUint(uint64(f.Snaplen), 10), " ", strconv.Quote(f.Source), "\n")
	from := make([][]BlockID, len(f.Blocks))
	for b := range f.Blocks {
		for _, to := range f.Blocks[b].targets() {
			if to < 0 || int(to) >= len(from) {
				continue
			}
			if n := len(from[to]); n == 0 || from[to][n-1] != BlockID(b) {
				from[to] = append(from[to], BlockID(b))
			}
		}
	}
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		t.add(block(BlockID(b)))
		t.list(blk.Params)
		t.add(":")
		if len(from[b]) > 0 {
			t.add(" <-")
			for _, p := range from[b] {
				t.add(" ", block(p))
			}
		}
		t.add("\n")
		for _, id := range blk.Values {
			t.line(f.Values[id].Span, func() { t.value(id) })
		}
		t.line(blk.Span, func() { t.way(blk) })
	}
}

// targets is NumSucc for a printer, which must also show what is wrong.
func (b *Block) targets() []BlockID {
	switch b.Kind {
	case KindIf:
		return []BlockID{b.Succ[True].To, b.Succ[False].To}
	case KindJump:
		return []BlockID{b.Succ[True].To}
	}
	return nil
}

// line prints an indented line with its span in a column of its own.
func (t *printer) line(s Span, text func()) {
	t.add("\t")
	start := t.buf.Len()
	text()
	if s != (Span{}) {
		for t.buf.Len() < start+36 {
			t.add(" ")
		}
		t.add("; ", strconv.Itoa(int(s.Pos)), ":", strconv.Itoa(int(s.End)))
		if words := t.f.Words(s); words != "" {
			t.add(" ", strings.Map(printable, words))
		}
	}
	t.add("\n")
}

func printable(r rune) rune {
	if strconv.IsPrint(r) {
		return r
	}
	return ' '
}

func (t *printer) value(id ValueID) {
	v := &t.f.Values[id]
	t.add("v", strconv.Itoa(int(id)), " = ", v.Op.String())
	switch v.Op {
	case OpConst:
		t.add(" ", number(v.K, false))
	case OpLoad:
		t.add(strconv.Itoa(8*int(v.Size)), " [")
		switch {
		case v.Args[0] == None:
			t.add(strconv.FormatUint(uint64(v.K), 10))
		case v.K == 0:
			t.operand(v.Args[0], false)
		default:
			t.operand(v.Args[0], false)
			t.add("+", strconv.FormatUint(uint64(v.K), 10))
		}
		t.add("]")
	case OpMeta:
		t.add(" ", v.Meta.String())
	default:
		mask := v.Op == OpAnd || v.Op == OpOr || v.Op == OpXor
		for _, a := range v.Args[:v.Op.Arity()] {
			t.add(" ")
			t.operand(a, mask)
		}
	}
}

func (t *printer) way(b *Block) {
	switch b.Kind {
	case KindJump:
		t.add("jump ")
		t.edge(&b.Succ[True])
	case KindIf:
		t.add("if ", b.Cond.String(), " ")
		t.operand(b.X, b.Cond == Set)
		t.add(" ")
		t.operand(b.Y, b.Cond == Set)
		t.add(" -> ")
		t.edge(&b.Succ[True])
		t.add(", ")
		t.edge(&b.Succ[False])
	default:
		t.add(b.Kind.String())
	}
}

func (t *printer) edge(e *Edge) {
	t.add(block(e.To))
	t.list(e.Args)
}

func (t *printer) list(ids []ValueID) {
	for i, id := range ids {
		if i == 0 {
			t.add("(")
		} else {
			t.add(" ")
		}
		t.operand(id, false)
	}
	if len(ids) > 0 {
		t.add(")")
	}
}

// operand prints a use. mask asks for a constant in hexadecimal.
func (t *printer) operand(id ValueID, mask bool) {
	if id > 0 && int(id) < len(t.f.Values) {
		if k, ok := t.f.IsConst(id); ok {
			t.add(number(k, mask))
			return
		}
	}
	t.add("v", strconv.Itoa(int(id)))
}

func number(k uint32, hex bool) string {
	if k < 10 || k < 256 && !hex {
		return strconv.FormatUint(uint64(k), 10)
	}
	return "0x" + strconv.FormatUint(uint64(k), 16)
}

func block(b BlockID) string { return "b" + strconv.Itoa(int(b)) }

// word returns s as it is where the scanner reads it as one token, else quoted.
func word(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !wordByte(byte(r)) || r > 127 }) {
		return strconv.Quote(s)
	}
	return s
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
