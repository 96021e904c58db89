package pred

import (
	"fmt"
	"strings"

	"github.com/gofilter/gofilter/expr"
)

// String prints the tree with its connectives in front: (and x y).

func (p And) String() string { return list("and", p) }
func (p Or) String() string  { return list("or", p) }
func (p Not) String() string { return "(not " + p.X.String() + ")" }
func (p Bool) String() string {
	if p.Value {
		return "true"
	}
	return "false"
}

// list prints a chain of one connective flat. Chains are deep on the left side.
func list(word string, p Pred) string {
	var terms []string
	for {
		switch q := p.(type) {
		case And:
			if word == "and" {
				terms = append(terms, q.Y.String())
				p = q.X
				continue
			}
		case Or:
			if word == "or" {
				terms = append(terms, q.Y.String())
				p = q.X
				continue
			}
		}
		break
	}
	var b strings.Builder
	b.WriteString("(" + word + " " + p.String())
	for i := len(terms) - 1; i >= 0; i-- {
		b.WriteString(" " + terms[i])
	}
	b.WriteString(")")
	return b.String()
}

func (p Carries) String() string { return fmt.Sprintf("carries(%s %#x)", p.At.LinkName(), p.Num) }
func (p IPProto) String() string { return fmt.Sprintf("ip%d-proto(%d)", p.Version, p.Num) }
func (p Chain) String() string   { return fmt.Sprintf("ip%d-chain(%d)", p.Version, p.Num) }
func (p ISOProto) String() string {
	return fmt.Sprintf("iso-proto(%#x)", p.Num)
}
func (p ISISType) String() string { return fmt.Sprintf("isis-type(%d)", p.Num) }
func (p HasLLC) String() string   { return "has-llc" }

func side(d expr.Dir) string {
	if d == expr.DirNone {
		d = expr.DirSrcOrDst
	}
	return strings.ReplaceAll(d.String(), " ", "-")
}

func except(b bool) string {
	if b {
		return "not "
	}
	return ""
}

func (p Host4) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "host4(%#x %s %s", p.Num, side(p.Dir), except(p.Except))
	for i, a := range p.Addrs {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "%08x/%08x", a.Addr, a.Mask)
	}
	b.WriteString(")")
	return b.String()
}

func (p Host6) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "host6(%s %s", side(p.Dir), except(p.Except))
	for i, a := range p.Addrs {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "%08x/%08x", a.Addr, a.Mask)
	}
	b.WriteString(")")
	return b.String()
}

func (p Port) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "port(ip%d %d %s", p.Version, p.Num, side(p.Dir))
	for _, r := range p.Ranges {
		fmt.Fprintf(&b, " %d-%d", r.Lo, r.Hi)
	}
	b.WriteString(")")
	return b.String()
}
func (p MAC48) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mac(%s", side(p.Dir))
	for _, a := range p.Addrs {
		fmt.Fprintf(&b, " %x", a)
	}
	b.WriteString(")")
	return b.String()
}

func (p MAC8) String() string   { return fmt.Sprintf("mac8(%s %x)", side(p.Dir), p.Addr) }
func (p Group) String() string  { return "group" }
func (p DECnet) String() string { return fmt.Sprintf("decnet(%s %#x)", side(p.Dir), p.Addr) }

var baseNames = [...]string{"packet", "link", "llc", "net", "label"}

func (p Field) String() string {
	return fmt.Sprintf("field(%s+%d:%d & %#x %s %#x)", baseNames[p.Base], p.Off, p.Size, p.Mask, p.Cond, p.Value)
}
func (p Metadata) String() string { return fmt.Sprintf("meta(%s %s %d)", p.Meta, p.Cond, p.Value) }
func (p Length) String() string   { return fmt.Sprintf("len(%s %d)", p.Cond, p.Value) }
func (p Relation) String() string {
	if p.Negate {
		return fmt.Sprintf("(not-%s %s %s)", p.Cond, p.X, p.Y)
	}
	return fmt.Sprintf("(%s %s %s)", p.Cond, p.X, p.Y)
}

func (p VLAN) String() string {
	if p.HasID {
		return fmt.Sprintf("vlan(%d)", p.ID)
	}
	return "vlan"
}

func (p Tunnel) String() string {
	word := "vxlan"
	if p.Geneve {
		word = "geneve"
	}
	if p.HasVNI {
		return fmt.Sprintf("%s(%d)", word, p.VNI)
	}
	return word
}

func (n Const) String() string  { return fmt.Sprintf("%d", n.Value) }
func (n Len) String() string    { return "len" }
func (n Access) String() string { return fmt.Sprintf("%s[%s:%d]", n.Proto, n.Index, n.Size) }
func (n Arith) String() string  { return fmt.Sprintf("(%s %s %s)", n.Op, n.X, n.Y) }
func (n Neg) String() string    { return fmt.Sprintf("(neg %s)", n.X) }
