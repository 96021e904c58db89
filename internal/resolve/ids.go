package resolve

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
)

// id resolves a name, number or address under its qualifiers.
func (r *resolver) id(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	if q.undef {
		return r.fail(e.At, "%s has no qualifier; write what it is, such as \"host %s\" or \"port %s\"", quote(e), e.Text, e.Text)
	}
	if q.proto == expr.ProtoDECnet {
		return r.decnet(e, q, at)
	}
	switch e.Kind {
	case expr.IDName:
		return r.name(e, q, at)
	case expr.IDNumber:
		return r.number(e, q, at)
	case expr.IDAddr4:
		return r.addr4(e, q, at)
	case expr.IDPrefix4, expr.IDMask4:
		return r.net4(e, q, at)
	case expr.IDAddr6, expr.IDPrefix6:
		return r.net6(e, q, at)
	case expr.IDMAC48:
		return r.mac48(e, q, at)
	case expr.IDMAC8:
		return r.mac8(e, q, at)
	}
	panic("resolve: id " + e.Kind.String())
}

func quote(e *expr.ID) string { return "\"" + e.Text + "\"" }

// misfit refuses an id of a form that the qualifiers do not take.
func (r *resolver) misfit(e *expr.ID, q quals, form string) pred.Pred {
	typ := q.typ
	if typ == expr.TypeNone {
		typ = expr.TypeHost
	}
	return r.fail(e.At, "%q does not take %s, such as %s", typ, form, quote(e))
}

// ipDir refuses a direction that only 802.11 addresses have.
func (r *resolver) ipDir(d expr.Dir, at expr.Span) bool {
	switch d {
	case expr.DirNone, expr.DirSrc, expr.DirDst, expr.DirSrcOrDst, expr.DirSrcAndDst:
		return true
	}
	r.fail(at, "%q is a direction of 802.11 addresses only", d)
	return false
}

// hostProto refuses a protocol that has no IPv4 addresses to compare.
func (r *resolver) hostProto(q quals, at expr.Span, v4, v6 bool) bool {
	switch q.proto {
	case expr.ProtoNone:
		return true
	case expr.ProtoIP, expr.ProtoARP, expr.ProtoRARP:
		if v4 {
			return true
		}
	case expr.ProtoIP6:
		if v6 {
			return true
		}
	}
	form := "IPv4"
	if !v4 {
		form = "IPv6"
	}
	r.fail(at, "%q has no %s addresses; \"host\" and \"net\" go with ip, ip6, arp or rarp", q.proto, form)
	return false
}

// host4 tests IPv4 addresses in each header that has them.
func (r *resolver) host4(addrs []pred.Addr4, except bool, q quals, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.ipDir(q.dir, span) || !r.hostProto(q, span, true, false) {
		return invalid
	}
	one := func(num uint32) pred.Pred {
		if r.carries(num, span, at) == invalid {
			return invalid
		}
		return pred.Host4{At: at, Num: num, Dir: q.dir, Addrs: addrs, Except: except, Span: q.over(span)}
	}
	switch q.proto {
	case expr.ProtoIP:
		return one(proto.EtherIPv4)
	case expr.ProtoARP:
		return one(proto.EtherARP)
	case expr.ProtoRARP:
		return one(proto.EtherRARP)
	}
	ip := one(proto.EtherIPv4)
	if at.Labels > 0 || ip == invalid {
		return ip
	}
	return anyOf(ip, one(proto.EtherARP), one(proto.EtherRARP))
}

func (r *resolver) host6(addrs []pred.Addr6, except bool, q quals, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.ipDir(q.dir, span) || !r.hostProto(q, span, false, true) {
		return invalid
	}
	if r.carries(proto.EtherIPv6, span, at) == invalid {
		return invalid
	}
	return pred.Host6{At: at, Dir: q.dir, Addrs: addrs, Except: except, Span: q.over(span)}
}

// number resolves a bare number.
func (r *resolver) number(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	switch q.typ {
	case expr.TypeNone, expr.TypeHost, expr.TypeNet:
		if q.proto == expr.ProtoLink {
			return r.fail(e.At, "%s is not a link-layer address; it has six bytes, such as 00:11:22:33:44:55", quote(e))
		}
		a := pred.Addr4{Addr: e.Num, Mask: ^uint32(0)}
		if q.typ == expr.TypeNet {
			a = shiftNet(e.Num)
		}
		return r.host4([]pred.Addr4{a}, false, q, e.At, at)
	case expr.TypePort, expr.TypePortrange:
		if !r.portProto(q, e.At) || !r.atMost("port number", e.Num, 0xffff, e.At) {
			return invalid
		}
		return r.port(uint16(e.Num), uint16(e.Num), transportOf(q.proto), q, e.At, at)
	case expr.TypeProto:
		return r.proto(e.Num, q, e.At, at)
	case expr.TypeProtochain:
		return r.protochain(e.Num, q, q.over(e.At), at)
	}
	return r.misfit(e, q, "a number")
}

// suggest notes an error with what was probably meant.
func (r *resolver) suggest(at expr.Span, msg, meant string) pred.Pred {
	n := len(r.errs)
	r.fail(at, "%s", msg)
	if len(r.errs) > n {
		r.errs[n].Suggestion = meant
	}
	return invalid
}

// shiftNet makes an address and mask of a network number with its leading zero
// bytes left out: 10 is 10.0.0.0/8.
func shiftNet(n uint32) pred.Addr4 {
	a := pred.Addr4{Addr: n, Mask: ^uint32(0)}
	for a.Addr != 0 && a.Addr>>24 == 0 {
		a.Addr <<= 8
		a.Mask <<= 8
	}
	return a
}

// dotted reads one to four decimal parts joined by dots: the value, flush right,
// and its length in bits.
func dotted(s string) (v uint32, bits uint, ok bool) {
	for _, part := range strings.Split(s, ".") {
		n := uint32(0)
		for _, c := range []byte(part) {
			if c < '0' || c > '9' || n > 25 {
				return 0, 0, false
			}
			n = n*10 + uint32(c-'0')
		}
		if n > 255 {
			return 0, 0, false
		}
		v = v<<8 | n
		bits += 8
	}
	return v, bits, bits <= 32
}

// flush moves a value of so many bits to the left end of a word.
func flush(v uint32, bits uint) uint32 { return uint32(uint64(v) << (32 - bits)) }

func (r *resolver) dotted(s string, at expr.Span) (v uint32, bits uint, ok bool) {
	if v, bits, ok = dotted(s); !ok {
		r.fail(at, "invalid IPv4 address %q", s)
	}
	return
}

// addr4 resolves an IPv4 address, possibly with its last parts left out.
func (r *resolver) addr4(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	switch q.typ {
	case expr.TypeNone, expr.TypeHost, expr.TypeNet:
	default:
		return r.misfit(e, q, "an IPv4 address")
	}
	v, bits, ok := r.dotted(e.Text, e.At)
	if !ok {
		return invalid
	}
	if q.proto == expr.ProtoLink {
		return r.fail(e.At, "%s is not a link-layer address; it has six bytes, such as 00:11:22:33:44:55", quote(e))
	}
	a := pred.Addr4{Addr: flush(v, bits), Mask: flush(^uint32(0), bits)}
	return r.host4([]pred.Addr4{a}, false, q, e.At, at)
}

// net4 resolves an IPv4 network with a prefix length or a mask.
func (r *resolver) net4(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	form := "an IPv4 address and prefix length"
	if e.Kind == expr.IDMask4 {
		form = "an IPv4 address and netmask"
	}
	if q.typ != expr.TypeNet && q.typ != expr.TypeNone && q.typ != expr.TypeHost {
		return r.misfit(e, q, form)
	}
	text, _, _ := strings.Cut(e.Text, "/")
	v, bits, ok := r.dotted(text, e.At)
	if !ok {
		return invalid
	}
	var mask uint32
	if e.Kind == expr.IDMask4 {
		m, mbits, ok := r.dotted(e.Mask, e.At)
		if !ok {
			return invalid
		}
		mask = flush(m, mbits)
	} else {
		if !r.atMost("prefix length", e.Num, 32, e.At) {
			return invalid
		}
		mask = flush(^uint32(0)>>(32-e.Num), uint(e.Num))
	}
	a := pred.Addr4{Addr: flush(v, bits), Mask: mask}
	if a.Addr&^a.Mask != 0 {
		n := a.Addr & a.Mask
		prefix := fmt.Sprintf("net %d.%d.%d.%d", n>>24, n>>16&0xff, n>>8&0xff, n&0xff)
		if e.Kind == expr.IDMask4 {
			prefix += " mask " + e.Mask
		} else {
			prefix += fmt.Sprintf("/%d", e.Num)
		}
		return r.suggest(e.At, "address has bits set behind its prefix", prefix)
	}
	if q.typ != expr.TypeNet {
		return r.fail(e.At, "a prefix or mask makes a network; write \"net\" in front of it")
	}
	return r.host4([]pred.Addr4{a}, false, q, e.At, at)
}

// net6 resolves an IPv6 address or network.
func (r *resolver) net6(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	switch q.typ {
	case expr.TypeNone, expr.TypeHost, expr.TypeNet:
	default:
		return r.misfit(e, q, "an IPv6 address")
	}
	text, _, _ := strings.Cut(e.Text, "/")
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() {
		return r.fail(e.At, "invalid IPv6 address %q", text)
	}
	length := uint32(128)
	if e.Kind == expr.IDPrefix6 {
		length = e.Num
	}
	if !r.atMost("prefix length", length, 128, e.At) {
		return invalid
	}
	a := pred.Addr6{Addr: words(addr)}
	for i := range a.Mask {
		n := min(max(int(length)-32*i, 0), 32)
		a.Mask[i] = flush(^uint32(0)>>(32-n), uint(n))
		if a.Addr[i]&^a.Mask[i] != 0 {
			prefix, _ := addr.Prefix(int(length))
			return r.suggest(e.At, "address has bits set behind its prefix", "net "+prefix.String())
		}
	}
	if q.typ != expr.TypeNet && length != 128 {
		return r.fail(e.At, "a prefix or mask makes a network; write \"net\" in front of it")
	}
	return r.host6([]pred.Addr6{a}, false, q, e.At, at)
}

// words splits an IPv6 address into four words.
func words(a netip.Addr) (w [4]uint32) {
	b := a.As16()
	for i := range w {
		w[i] = uint32(b[4*i])<<24 | uint32(b[4*i+1])<<16 | uint32(b[4*i+2])<<8 | uint32(b[4*i+3])
	}
	return w
}

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
	if r.carries(proto.EtherDECnet, e.At, at) == invalid {
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

// transportOf returns the IP protocol that a port belongs to, 0 for any.
func transportOf(p expr.Proto) uint8 {
	if p == expr.ProtoNone {
		return 0
	}
	return protoRows[p].ip
}

// portProto refuses a protocol that has no ports.
func (r *resolver) portProto(q quals, at expr.Span) bool {
	switch q.proto {
	case expr.ProtoNone, expr.ProtoTCP, expr.ProtoUDP, expr.ProtoSCTP:
		return true
	}
	r.fail(at, "%q has no ports; %q goes with tcp, udp or sctp", q.proto, q.typ)
	return false
}

// port tests ports behind IPv6 and IPv4.
func (r *resolver) port(lo, hi uint16, num uint8, q quals, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.ipDir(q.dir, span) {
		return invalid
	}
	if r.carries(proto.EtherIPv6, span, at) == invalid {
		return invalid
	}
	if lo > hi {
		lo, hi = hi, lo
	}
	p := pred.Port{At: at, Version: 6, Num: num, Dir: q.dir, Ranges: []pred.PortRange{{Lo: lo, Hi: hi}}, Span: q.over(span)}
	p4 := p
	p4.Version = 4
	return pred.Or{X: p, Y: p4}
}

// protoLimits says how large a number behind "proto" may be.
var protoLimits = map[expr.Proto]struct {
	what  string
	limit uint32
}{
	expr.ProtoNone: {"IP protocol", 0xff},
	expr.ProtoIP:   {"IP protocol", 0xff},
	expr.ProtoIP6:  {"IP protocol", 0xff},
	expr.ProtoLink: {"EtherType", all}, // what the link type can say: see carries
	expr.ProtoISO:  {"ISO protocol", 0xff},
	expr.ProtoISIS: {"IS-IS PDU type", proto.ISISTypeMax},
}

// proto resolves a number behind "proto", which stands at id.
func (r *resolver) proto(num uint32, q quals, id expr.Span, at *pred.Layers) pred.Pred {
	limit, ok := protoLimits[q.proto]
	if !ok {
		return r.fail(id, "%q does not go with \"proto\"; ip, ip6, ether, iso and isis do", q.proto)
	}
	if !r.atMost(limit.what, num, limit.limit, id) {
		return invalid
	}
	span := q.over(id)
	switch q.proto {
	case expr.ProtoNone:
		return r.ipProto(num, true, true, span, at)
	case expr.ProtoIP:
		return r.ipProto(num, true, false, span, at)
	case expr.ProtoIP6:
		return r.ipProto(num, false, true, span, at)
	case expr.ProtoLink:
		return r.carries(num, span, at)
	case expr.ProtoISO:
		return r.isoProto(num, span, at)
	case expr.ProtoISIS:
		return r.isisType(num, span, at)
	}
	panic("resolve: proto " + q.proto.String())
}

// protochain resolves a number behind "protochain".
func (r *resolver) protochain(num uint32, q quals, span expr.Span, at *pred.Layers) pred.Pred {
	if q.proto != expr.ProtoNone && q.proto != expr.ProtoIP && q.proto != expr.ProtoIP6 {
		return r.fail(span, "%q does not go with \"protochain\"; ip and ip6 do", q.proto)
	}
	if !r.atMost("IP protocol", num, 0xff, span) {
		return invalid
	}
	if at.Payload.Var != pred.NoVar {
		return r.fail(span, "\"protochain\" is not supported behind headers of variable length")
	}
	one := func(version uint8) pred.Pred {
		return r.behind(version, pred.Chain{At: at, Version: version, Num: uint8(num), Span: span}, span, at)
	}
	switch q.proto {
	case expr.ProtoIP:
		return one(4)
	case expr.ProtoIP6:
		return one(6)
	}
	return anyOf(one(4), one(6))
}
