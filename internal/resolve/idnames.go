package resolve

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
)

// maxAddresses is how many addresses of one family a name may have.
const maxAddresses = 100

// name resolves a word under its qualifiers.
func (r *resolver) name(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	switch q.typ {
	case expr.TypeNet:
		n, ok := r.network(e)
		if !ok {
			return invalid
		}
		return r.host4([]pred.Addr4{shiftNet(n)}, false, q, e.At, at)
	case expr.TypeNone, expr.TypeHost:
		if q.proto == expr.ProtoLink {
			addr, ok := r.ether(e, "ether host", at)
			if !ok {
				return invalid
			}
			return r.station(addr, q.dir, "ether host", q.over(e.At), at)
		}
		return r.hostByName(e, q, q, false, at)
	case expr.TypePort:
		if !r.portProto(q, e.At) {
			return invalid
		}
		n, num, ok := r.portName(e.Text, e.At)
		if !ok {
			return invalid
		}
		if num, ok = r.portFits(num, q, e.Text, e.At); !ok {
			return invalid
		}
		return r.port(n, n, num, q, e.At, at)
	case expr.TypePortrange:
		return r.portrange(e, q, at)
	case expr.TypeGateway:
		return r.gateway(e, q, at)
	case expr.TypeProto:
		n, ok := r.protocol(e, q)
		if !ok {
			return invalid
		}
		return r.proto(n, q, e.At, at)
	case expr.TypeProtochain:
		n, ok := r.protocol(e, q)
		if !ok {
			return invalid
		}
		return r.protochain(n, q, q.over(e.At), at)
	}
	panic("resolve: type " + q.typ.String())
}

// noNames is why a name is unknown where there is nobody to ask.
const noNames = "no name database is in use, only numbers"

// nobodyKnows explains a name that there is nobody to ask about.
func (r *resolver) nobodyKnows(kind string, e *expr.ID) {
	r.refuse(e.At, fmt.Sprintf("unknown %s %s", kind, quote(e)), noNames)
}

// lookupFailed explains what a database answered.
func (r *resolver) lookupFailed(kind, name string, at expr.Span, err error) {
	if errors.Is(err, ErrUnknown) {
		where := strings.TrimSuffix(strings.TrimSuffix(err.Error(), ErrUnknown.Error()), ": ")
		r.refuse(at, fmt.Sprintf("unknown %s %q", kind, name), where)
		return
	}
	r.fail(at, "cannot look up %s %q: %v", kind, name, err)
}

// network looks up a network's number.
func (r *resolver) network(e *expr.ID) (n uint32, ok bool) {
	if r.cfg.Names == nil {
		r.nobodyKnows("network", e)
		return 0, false
	}
	n, err := r.cfg.Names.Network(e.Text)
	if err != nil {
		r.lookupFailed("network", e.Text, e.At, err)
		return 0, false
	}
	return n, true
}

// ether looks up a station address.
func (r *resolver) ether(e *expr.ID, keyword string, at *pred.Layers) (addr [6]byte, ok bool) {
	if !hasAddresses(at.Link) {
		r.notOn(keyword, e.At, at, hasAddresses)
		return addr, false
	}
	if r.cfg.Names == nil {
		r.nobodyKnows("link-layer host", e)
		return addr, false
	}
	addr, err := r.cfg.Names.Ether(e.Text)
	if err != nil {
		r.lookupFailed("link-layer host", e.Text, e.At, err)
		return addr, false
	}
	return addr, true
}

// hostByName tests all addresses that a name has. The qualifiers may differ for
// the two families.
func (r *resolver) hostByName(e *expr.ID, q4, q6 quals, except bool, at *pred.Layers) pred.Pred {
	addrs, ok := r.host(e)
	if !ok {
		return invalid
	}
	var a4 []pred.Addr4
	var a6 []pred.Addr6
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			b := a.As4()
			a4 = append(a4, pred.Addr4{Addr: uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]), Mask: ^uint32(0)})
		} else {
			a6 = append(a6, pred.Addr6{Addr: words(a), Mask: [4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}})
		}
	}
	if len(a4) > maxAddresses || len(a6) > maxAddresses {
		return r.fail(e.At, "%s has more than %d addresses of one family", quote(e), maxAddresses)
	}
	var ps []pred.Pred
	if len(a4) > 0 && q4.proto != expr.ProtoIP6 {
		ps = append(ps, r.host4(a4, except, q4, e.At, at))
	}
	if len(a6) > 0 && q6.proto != expr.ProtoIP && q6.proto != expr.ProtoARP && q6.proto != expr.ProtoRARP {
		ps = append(ps, r.host6(a6, except, q6, e.At, at))
	}
	if len(ps) == 0 {
		return r.fail(e.At, "%s has no address of the family that %q asks for", quote(e), q4.proto)
	}
	return anyOf(ps...)
}

// host looks up a host's addresses, sorted so that the program does not depend on
// the order of the answer.
func (r *resolver) host(e *expr.ID) ([]netip.Addr, bool) {
	if a, err := netip.ParseAddr(e.Text); err == nil && a.Zone() == "" {
		return []netip.Addr{a}, true
	}
	if r.cfg.Names == nil {
		r.nobodyKnows("host", e)
		return nil, false
	}
	addrs, err := r.cfg.Names.Host(e.Text)
	if err != nil {
		r.lookupFailed("host", e.Text, e.At, err)
		return nil, false
	}
	addrs = slices.Clone(addrs)
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs), true
}

// gateway tests for packets that a router forwarded: its station address, and
// none of its IP addresses.
func (r *resolver) gateway(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	switch q.proto {
	case expr.ProtoNone, expr.ProtoIP, expr.ProtoARP, expr.ProtoRARP:
	default:
		return r.fail(e.At, "%q does not go with \"gateway\"; ip, arp and rarp do", q.proto)
	}
	if at.Labels > 0 {
		return r.fail(e.At, "\"gateway\" cannot be used behind an MPLS label")
	}
	if at.Tunnel {
		return r.fail(e.At, "\"gateway\" cannot be used inside Geneve or VXLAN")
	}
	addr, ok := r.ether(e, "gateway", at)
	if !ok {
		return invalid
	}
	q4, q6 := q, q
	q4.dir, q6.dir = expr.DirSrcOrDst, expr.DirSrcOrDst
	q6.proto = expr.ProtoIP // a router's IPv6 addresses are left out
	return pred.And{X: r.station(addr, expr.DirSrcOrDst, "gateway", q.over(e.At), at), Y: r.hostByName(e, q4, q6, true, at)}
}

// protocol looks up a word behind "proto" or "protochain".
func (r *resolver) protocol(e *expr.ID, q quals) (n uint32, ok bool) {
	switch q.proto {
	case expr.ProtoNone, expr.ProtoIP, expr.ProtoIP6:
		if r.cfg.Names != nil {
			n, err := r.cfg.Names.Protocol(e.Text)
			if err == nil {
				return uint32(n), true
			}
			if !errors.Is(err, ErrUnknown) {
				r.lookupFailed("IP protocol", e.Text, e.At, err)
				return 0, false
			}
		}
		if n, ok := proto.Exact(proto.IPProtoNames, e.Text); ok {
			return n, true
		}
	case expr.ProtoLink:
		if n, ok := proto.Exact(proto.EtherTypeNames, e.Text); ok {
			return n, true
		}
	case expr.ProtoISO:
		if n, ok := proto.Exact(proto.NLPIDNames, e.Text); ok {
			return n, true
		}
	}
	words := q.typ.String()
	if q.proto != expr.ProtoNone {
		words = q.proto.String() + " " + words
	}
	r.fail(e.At, "unknown protocol %s behind %q", quote(e), words)
	return 0, false
}

// portName looks a service up over TCP and UDP. num is the IP protocol that it
// belongs to, 0 where both have it under the same number; where the numbers
// differ, TCP's is taken.
func (r *resolver) portName(name string, at expr.Span) (port uint16, num uint8, ok bool) {
	if n, ok := decimal(name, 0xffff); ok {
		return uint16(n), 0, true
	}
	if r.cfg.Names == nil {
		r.refuse(at, fmt.Sprintf("unknown port %q", name), noNames)
		return 0, 0, false
	}
	tcp, errT := r.cfg.Names.Port(name, "tcp")
	udp, errU := r.cfg.Names.Port(name, "udp")
	for _, err := range []error{errT, errU} {
		if err != nil && !errors.Is(err, ErrUnknown) {
			r.lookupFailed("port", name, at, err)
			return 0, 0, false
		}
	}
	switch {
	case errT == nil && errU == nil && tcp == udp:
		return tcp, 0, true
	case errT == nil:
		return tcp, proto.IPTCP, true
	case errU == nil:
		return udp, proto.IPUDP, true
	}
	r.lookupFailed("port", name, at, errT)
	return 0, 0, false
}

// portFits checks the protocol of a named port against the qualifier, and returns
// the one to test.
func (r *resolver) portFits(num uint8, q quals, name string, at expr.Span) (uint8, bool) {
	want := transportOf(q.proto)
	if want == 0 {
		return num, true
	}
	if num != 0 && num != want {
		has := "tcp"
		if num == proto.IPUDP {
			has = "udp"
		}
		r.fail(at, "port %q is a %s port, not %s", name, has, q.proto)
		return 0, false
	}
	return want, true
}

// portrange resolves "lo-hi", each a number or a name.
func (r *resolver) portrange(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	if !r.portProto(q, e.At) {
		return invalid
	}
	lo, hi, ok := strings.Cut(e.Text, "-")
	switch {
	case !ok:
		return r.fail(e.At, "port range %s contains no hyphen; for one port write \"port\"", quote(e))
	case strings.Contains(hi, "-"):
		return r.fail(e.At, "port range %s contains more than one hyphen", quote(e))
	case lo == "":
		return r.fail(e.At, "port range %s has no starting port", quote(e))
	case hi == "":
		return r.fail(e.At, "port range %s has no ending port", quote(e))
	}
	p1, num, ok := r.rangeEnd(lo, e.At)
	if !ok {
		return invalid
	}
	p2, num2, ok := r.rangeEnd(hi, e.At)
	if !ok {
		return invalid
	}
	if num != num2 {
		num = 0
	}
	if num, ok = r.portFits(num, q, e.Text, e.At); !ok {
		return invalid
	}
	return r.port(p1, p2, num, q, e.At, at)
}

// rangeEnd resolves one end of a port range.
func (r *resolver) rangeEnd(s string, at expr.Span) (port uint16, num uint8, ok bool) {
	n, isNumber, err := expr.ParseNumber(s)
	if !isNumber {
		return r.portName(s, at)
	}
	if err != nil {
		r.fail(at, "%v", err)
		return 0, 0, false
	}
	if !r.atMost("port number", n, 0xffff, at) {
		return 0, 0, false
	}
	return uint16(n), 0, true
}
