package resolve

import (
	"strings"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
)

// mac48 resolves a six-byte station address.
func (r *resolver) mac48(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	if q.proto != expr.ProtoLink || (q.typ != expr.TypeHost && q.typ != expr.TypeNone) {
		return r.fail(e.At, "%s is a link-layer address; write \"ether host\" in front of it", quote(e))
	}
	addr, ok := parseMAC48(e.Text)
	if !ok {
		return r.fail(e.At, "invalid link-layer address %s", quote(e))
	}
	return r.station(addr, q.dir, "ether host", q.over(e.At), at)
}

// parseMAC48 reads six bytes in hex: separated by colons, dots or dashes, as
// three groups of four digits, or as twelve digits.
func parseMAC48(s string) (addr [6]byte, ok bool) {
	sep := ""
	if i := strings.IndexAny(s, ":.-"); i >= 0 {
		sep = s[i : i+1]
	}
	var parts []string
	switch {
	case sep == "" && len(s) == 12:
		for i := 0; i < 12; i += 2 {
			parts = append(parts, s[i:i+2])
		}
	case sep == "." && strings.Count(s, ".") == 2:
		for _, g := range strings.Split(s, ".") {
			if len(g) != 4 {
				return addr, false
			}
			parts = append(parts, g[:2], g[2:])
		}
	case sep != "":
		parts = strings.Split(s, sep)
	}
	if len(parts) != 6 {
		return addr, false
	}
	for i, p := range parts {
		n, ok := hexByte(p)
		if !ok {
			return addr, false
		}
		addr[i] = n
	}
	return addr, true
}

// hexByte reads one or two hex digits.
func hexByte(s string) (n uint8, ok bool) {
	if len(s) == 0 || len(s) > 2 {
		return 0, false
	}
	for _, c := range []byte(strings.ToLower(s)) {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | (c - '0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | (c - 'a' + 10)
		default:
			return 0, false
		}
	}
	return n, true
}

func hasAddresses(l *proto.Link) bool {
	return l.Addresses == proto.Address48 || l.Addresses == proto.AddressWLAN
}

// station tests a six-byte station address.
func (r *resolver) station(addr [6]byte, dir expr.Dir, keyword string, span expr.Span, at *pred.Layers) pred.Pred {
	switch at.Link.Addresses {
	case proto.Address48:
		if !r.ipDir(dir, span) {
			return invalid
		}
	case proto.AddressWLAN:
	default:
		return r.notOn(keyword, span, at, hasAddresses)
	}
	return pred.MAC48{At: at, Dir: dir, Addrs: [][6]byte{addr}, Span: span}
}

// mac8 resolves a one-byte station address.
func (r *resolver) mac8(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	if !r.ipDir(q.dir, e.At) {
		return invalid
	}
	if q.typ != expr.TypeHost && q.typ != expr.TypeNone {
		return r.misfit(e, q, "an ARCnet address")
	}
	if q.proto != expr.ProtoLink {
		return r.fail(e.At, "\"$%s\" is a link-layer address; write \"link host\" in front of it", e.Text)
	}
	n, ok := hexByte(e.Text)
	if !ok {
		return r.fail(e.At, "invalid ARCnet address \"$%s\"", e.Text)
	}
	return r.oneByte(n, q.dir, "link host", q.over(e.At), at)
}

func (r *resolver) oneByte(n uint8, dir expr.Dir, keyword string, span expr.Span, at *pred.Layers) pred.Pred {
	if at.Link.Addresses != proto.Address8 {
		return r.notOn(keyword, span, at, func(l *proto.Link) bool { return l.Addresses == proto.Address8 })
	}
	return pred.MAC8{At: at, Dir: dir, Addr: n, Span: span}
}

// decnet resolves an id under "decnet": area and node joined by a dot.
func (r *resolver) decnet(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	if !r.ipDir(q.dir, e.At) {
		return invalid
	}
	if q.typ != expr.TypeHost && q.typ != expr.TypeNone {
		return r.fail(e.At, "\"decnet\" does not go with %q, only with \"host\"", q.typ)
	}
	area, node, ok := strings.Cut(e.Text, ".")
	a, okA := decimal(area, 63)
	n, okN := decimal(node, 1023)
	if e.Kind != expr.IDAddr4 || !ok || !okA || !okN {
		return r.fail(e.At, "invalid DECnet address %s; it is area (0 to 63), a dot, node (0 to 1023)", quote(e))
	}
	if !r.canCarry(proto.EtherDECnet, e.At, at) {
		return invalid
	}
	return pred.DECnet{At: at, Dir: q.dir, Addr: uint16(a<<10 | n), Span: q.over(e.At)}
}

// decimal reads a decimal number that is at most limit.
func decimal(s string, limit uint32) (n uint32, ok bool) {
	if s == "" {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + uint32(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}
