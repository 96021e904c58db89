package ebpfgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gofilter/gofilter/ir"
)

// FormatC returns a function in C that does what the program of [Generate] does for the linear part of
// a packet, for people to read. It is
//
//	static inline unsigned int name(struct __sk_buff *ctx, const unsigned char *data, const unsigned char *data_end)
//
// with the target's context; for [Inline] there is none. It returns 1 for accept and 0 for
// reject. It compiles for eBPF behind linux/bpf.h. Bytes beyond data_end, and those beyond the first
// 64 KiB, are taken to be beyond the packet's end.
//
// The error is an *UnsupportedError, or says that name is no C identifier.
func FormatC(f *ir.Func, t Target, name string) (string, error) {
	if t.target == nil {
		return "", &UnsupportedError{Target: "none", What: "no target was given"}
	}
	if err := t.fits(f); err != nil {
		return "", err
	}
	if !cName(name) {
		return "", fmt.Errorf("%q is no C identifier", name)
	}
	c := &csource{f: f, t: t, name: name, uses: make([]int, len(f.Values)), named: make(map[ir.BlockID]bool)}
	c.count()
	for id := range f.Blocks {
		c.block(ir.BlockID(id))
	}
	return c.text(), nil
}

// cName reports whether s can be the name of a function.
func cName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// A csource is a function in C under construction.
type csource struct {
	f     *ir.Func
	t     Target
	name  string
	uses  []int               // of each value
	named map[ir.BlockID]bool // blocks that a goto names
	lines []string
	span  ir.Span // of the last words
	point bool    // a pointer is needed
	swap  bool    // ntohs is needed
}

// contextOf are the names of the contexts and of their members, by the target's row.
var contextOf = []struct {
	row     *context
	name    string
	members map[ir.Meta]string
}{
	{&skb, "struct __sk_buff", map[ir.Meta]string{
		ir.MetaPacketType: "pkt_type", ir.MetaProtocol: "protocol", ir.MetaVLANPresent: "vlan_present",
		ir.MetaVLANTag: "vlan_tci", ir.MetaVLANProto: "vlan_proto", ir.MetaIfIndex: "ifindex",
	}},
	{&xdpMD, "struct xdp_md", map[ir.Meta]string{ir.MetaIfIndex: "ingress_ifindex"}},
}

// context returns the name and the members of the target's context; "" if it has none.
func (c *csource) context() (name string, members map[ir.Meta]string) {
	if c.t.inline != nil {
		return "", nil
	}
	for _, row := range contextOf {
		if row.row.data == c.t.ctx.data && row.row.end == c.t.ctx.end {
			return row.name, row.members
		}
	}
	panic("ebpfgen: no C name for the context of target " + c.t.name)
}

// count finds how often values are used, and which blocks a goto names.
func (c *csource) count() {
	for id := range c.f.Blocks {
		b := c.f.Block(ir.BlockID(id))
		for _, v := range b.Values {
			for _, x := range c.f.Value(v).Args {
				c.uses[x]++
			}
		}
		if b.Kind == ir.KindIf {
			c.uses[b.X]++
			c.uses[b.Y]++
		}
		for _, way := range b.Succ[:b.NumSucc()] {
			for _, x := range way.Args {
				c.uses[x]++
			}
		}
	}
}

func (c *csource) emit(format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf("\t"+format, args...))
}

// block emits a block. Its label is put before it later, if something names it.
func (c *csource) block(id ir.BlockID) {
	b := c.f.Block(id)
	c.lines = append(c.lines, blockName(id)+":;")
	for _, v := range b.Values {
		c.value(v)
	}
	c.words(b.Span)
	next := id + 1
	switch b.Kind {
	case ir.KindAccept:
		c.emit("return 1;")
	case ir.KindReject:
		c.emit("return 0;")
	case ir.KindJump:
		c.way(&b.Succ[ir.True], next, "")
	case ir.KindIf:
		x, y := c.operand(b.X), c.operand(b.Y)
		yes, no := &b.Succ[ir.True], &b.Succ[ir.False]
		if yes.To == next && len(yes.Args) == 0 {
			c.emit("if (%s) {", fmt.Sprintf(negationsC[b.Cond], x, y))
			c.way(no, ir.NoBlock, "\t")
			c.emit("}")
			return
		}
		c.emit("if (%s) {", fmt.Sprintf(comparisonsC[b.Cond], x, y))
		c.way(yes, ir.NoBlock, "\t")
		c.emit("}")
		c.way(no, next, "")
	default:
		panic("ebpfgen: block of kind " + b.Kind.String())
	}
}

// way emits the way along an edge; next is the block that follows in the text.
func (c *csource) way(e *ir.Edge, next ir.BlockID, indent string) {
	to := c.f.Block(e.To)
	for i, p := range to.Params {
		c.emit("%sv%d = %s;", indent, p, c.operand(e.Args[i]))
	}
	switch {
	case e.To == next:
	case len(to.Values) == 0 && to.Kind == ir.KindAccept:
		c.emit("%sreturn 1;", indent)
	case len(to.Values) == 0 && to.Kind == ir.KindReject:
		c.emit("%sreturn 0;", indent)
	default:
		c.named[e.To] = true
		c.emit("%sgoto %s;", indent, blockName(e.To))
	}
}

// Conditions, what holds when they do not, and operations in C.
var (
	comparisonsC = map[ir.Cond]string{ir.Eq: "%s == %s", ir.Gt: "%s > %s", ir.Ge: "%s >= %s", ir.Set: "%s & %s"}
	negationsC   = map[ir.Cond]string{ir.Eq: "%s != %s", ir.Gt: "%s <= %s", ir.Ge: "%s < %s", ir.Set: "!(%s & %s)"}
	operatorsC   = map[ir.Op]string{
		ir.OpAdd: "+", ir.OpSub: "-", ir.OpMul: "*", ir.OpDiv: "/", ir.OpMod: "%",
		ir.OpAnd: "&", ir.OpOr: "|", ir.OpXor: "^", ir.OpLsh: "<<", ir.OpRsh: ">>",
	}
)

// operand returns a value as C.
func (c *csource) operand(id ir.ValueID) string {
	k, ok := c.f.IsConst(id)
	switch {
	case !ok:
		return fmt.Sprintf("v%d", id)
	case k < 10:
		return fmt.Sprintf("%du", k)
	}
	return fmt.Sprintf("%#xu", k)
}

// words emits the filter's words for what follows, where they change.
func (c *csource) words(s ir.Span) {
	if s == c.span || s.Pos < 0 || s.Pos >= s.End || s.End > int32(len(c.f.Source)) {
		return
	}
	c.span = s
	c.emit("/* %s */", commentC(Words{Text: c.f.Source[s.Pos:s.End]}.String()))
}

// commentC returns s as it can stand in a comment.
func commentC(s string) string {
	return strings.NewReplacer("*/", "* /", "/*", "/ *").Replace(s)
}

// value emits the computation of a value.
func (c *csource) value(id ir.ValueID) {
	v := c.f.Value(id)
	if c.uses[id] == 0 && !c.f.CanFault(id) {
		return
	}
	c.words(v.Span)
	x := func(i int) string { return c.operand(v.Args[i]) }
	switch v.Op {
	case ir.OpLoad:
		c.load(id, v)
	case ir.OpLen:
		if c.t.inline == nil && c.t.ctx.length >= 0 {
			c.emit("v%d = ctx->len;", id)
		} else {
			c.emit("v%d = data_end - data;", id)
		}
	case ir.OpMeta:
		_, members := c.context()
		text := "ctx->" + members[v.Meta]
		if c.t.ctx.meta[v.Meta].network {
			c.swap = true
			text = c.name + "_ntohs(" + text + ")"
		}
		c.emit("v%d = %s;", id, text)
	case ir.OpNeg:
		c.emit("v%d = 0u - %s;", id, x(0))
	case ir.OpDiv, ir.OpMod:
		if _, ok := c.f.IsConst(v.Args[1]); ok && !c.f.CanFault(id) {
			c.emit("v%d = %s %s %s;", id, x(0), operatorsC[v.Op], x(1))
			return
		}
		c.emit("if (%s == 0)", x(1))
		c.emit("\treturn 0;")
		c.emit("v%d = %s ? %s %s %s : 0;", id, x(1), x(0), operatorsC[v.Op], x(1))
	case ir.OpLsh, ir.OpRsh:
		if k, ok := c.f.IsConst(v.Args[1]); ok && k < 32 {
			c.emit("v%d = %s %s %s;", id, x(0), operatorsC[v.Op], x(1))
			return
		}
		c.emit("v%d = %s < 32 ? %s %s (%s & 31) : 0;", id, x(1), x(0), operatorsC[v.Op], x(1))
	default:
		sign, ok := operatorsC[v.Op]
		if !ok {
			panic("ebpfgen: no C for " + v.Op.String())
		}
		c.emit("v%d = %s %s %s;", id, x(0), sign, x(1))
	}
}

// load emits the load of a field, which ends the function where it is beyond the end.
func (c *csource) load(id ir.ValueID, v *ir.Value) {
	base, from := "data", uint64(v.K)
	to := from + uint64(v.Size)
	k, constant := c.f.IsConst(v.Args[0])
	if constant {
		from, to = from+uint64(k), to+uint64(k)
	}
	if to > maxPacketOffset {
		c.emit("return 0; /* beyond %d bytes */", maxPacketOffset)
		return
	}
	if v.Args[0] != ir.None && !constant {
		base, c.point = "p", true
		c.emit("at = v%d;", v.Args[0])
		c.emit("%s_opaque(at);", c.name)
		c.emit("if (at > %d)", maxPacketOffset-to)
		c.emit("\treturn 0;")
		c.emit("p = data + at;")
		c.emit("%s_opaque(p);", c.name)
	}
	c.emit("if (%s + %d > data_end)", base, to)
	c.emit("\treturn 0;")
	if c.uses[id] == 0 {
		return
	}
	var parts []string
	for i := range uint64(v.Size) {
		part := fmt.Sprintf("%s[%d]", base, from+i)
		if shift := 8 * (uint64(v.Size) - 1 - i); shift > 0 {
			part = fmt.Sprintf("(unsigned int)%s << %d", part, shift)
		}
		parts = append(parts, part)
	}
	c.emit("v%d = %s;", id, strings.Join(parts, " | "))
}

// text returns the whole function.
func (c *csource) text() string {
	var s strings.Builder
	if c.swap {
		fmt.Fprintf(&s, "#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__\n#define %[1]s_ntohs(x) __builtin_bswap16(x)\n#else\n#define %[1]s_ntohs(x) (x)\n#endif\n\n", c.name)
	}
	if c.point {
		s.WriteString("/* The verifier wants to see an offset and a pointer tested that the compiler would otherwise know, or make anew. */\n")
		fmt.Fprintf(&s, "#define %s_opaque(x) asm volatile(\"\" : \"+r\"(x))\n\n", c.name)
	}
	if c.f.Source != "" {
		fmt.Fprintf(&s, "/* %s */\n", commentC(oneLine(c.f.Source)))
	}
	fmt.Fprintf(&s, "static inline __attribute__((always_inline))\nunsigned int %s(", c.name)
	if context, _ := c.context(); context != "" {
		fmt.Fprintf(&s, "%s *ctx, ", context)
	}
	s.WriteString("const unsigned char *data, const unsigned char *data_end)\n{\n")
	if c.point {
		s.WriteString("\tconst unsigned char *p;\n\tunsigned long at;\n")
	}
	for names := range slices.Chunk(c.variables(), 12) {
		fmt.Fprintf(&s, "\tunsigned int %s;\n", strings.Join(names, ", "))
	}
	s.WriteByte('\n')
	at := ir.BlockID(0)
	for _, line := range c.lines {
		if !strings.HasPrefix(line, "\t") { // a label
			if c.named[at] {
				s.WriteString(line + "\n")
			}
			at++
			continue
		}
		s.WriteString(line + "\n")
	}
	s.WriteString("}\n")
	return s.String()
}

// variables returns the names of the values that have one, in order.
func (c *csource) variables() []string {
	var names []string
	for id := 1; id < len(c.f.Values); id++ {
		v := c.f.Value(ir.ValueID(id))
		if v.Op != ir.OpConst && (c.uses[id] > 0 || v.Op == ir.OpParam || v.Op == ir.OpDiv || v.Op == ir.OpMod) {
			names = append(names, fmt.Sprintf("v%d", id))
		}
	}
	return names
}
