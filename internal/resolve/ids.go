package resolve

import (
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
		if !r.canCarry(num, span, at) {
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
	if !r.canCarry(proto.EtherIPv6, span, at) {
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
	if !r.canCarry(proto.EtherIPv6, span, at) {
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
