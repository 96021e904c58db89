package lower

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// vlan tests for a tag that is in the metadata or in the bytes. In the second
// case all that follows lies four bytes on; as in libpcap that is so from the
// moment that the metadata have no tag, whether or not the bytes have one.
func (l *lowering) vlan(p pred.VLAN) *tree {
	y := p.At
	inMeta := func() *tree { return l.testK(l.num(num{op: ir.OpMeta, meta: ir.MetaVLANPresent}), ir.Eq, 1) }
	inBytes := l.anyOf(l.carries(y, proto.Ether8021Q), l.carries(y, proto.Ether8021AD), l.carries(y, proto.EtherQinQ))
	move := func(v pred.Var) assign { return assign{v, l.plus(l.variable(v), proto.VLANTagLen)} }
	t := l.or(inMeta(), l.step(inBytes, move(p.After.Payload.Var), move(p.After.Proto.Var)))
	if !p.HasID {
		return t
	}
	tag := l.num(num{op: ir.OpMeta, meta: ir.MetaVLANTag})
	id := l.or(l.and(inMeta(), l.testK(l.arithK(ir.OpAnd, tag, 0x0fff), ir.Eq, p.ID)),
		l.and(l.not(inMeta()), l.masked(y.Net(), ir.Half, 0x0fff, p.ID)))
	return l.and(t, id)
}

// tunnel tests for a Geneve or VXLAN header behind UDP, and sets where the frame
// inside it has what.
func (l *lowering) tunnel(p pred.Tunnel) *tree {
	y, z := p.At, p.After
	// While the header is looked for, the payload's variable holds the length of
	// the IP header.
	udp := func(version uint8, hdrLen *num) *tree {
		number := uint16(proto.VXLANPort)
		mask, flags := ^uint32(0), uint32(0x08) // RFC 7348: the I flag and no other
		if p.Geneve {
			number = proto.GenevePort
			mask, flags = 0xc0, 0 // RFC 8926: version 0
		}
		port := pred.Port{At: y, Version: version, Num: proto.IPUDP, Dir: expr.DirDst, Ranges: []pred.PortRange{{Lo: number, Hi: number}}}
		first := l.transport(y, version, 8, ir.Byte)
		if mask != ^uint32(0) {
			first = l.arithK(ir.OpAnd, first, mask)
		}
		t := l.and(l.port(port), l.testK(first, ir.Eq, flags))
		if p.HasVNI {
			vni := l.arithK(ir.OpAnd, l.transport(y, version, 12, ir.Word), 0xffffff00)
			t = l.and(t, l.testK(vni, ir.Eq, p.VNI<<8))
		}
		return l.and(t, l.step(always, assign{z.Payload.Var, hdrLen}))
	}
	found := l.or(udp(4, l.ipv4HdrLen(y)), udp(6, l.ipv6HdrLen(y)))
	start := l.plus(l.variable(z.Payload.Var), y.Net().Const+8)
	if p.Geneve {
		return l.and(found, l.geneveOffsets(z, start))
	}
	return l.and(found, l.step(always,
		assign{z.Hdr.Var, l.plus(start, 8)},
		assign{z.Proto.Var, l.plus(l.variable(z.Hdr.Var), 12)},
		assign{z.Payload.Var, l.plus(l.variable(z.Hdr.Var), 14)}))
}

// geneveOffsets sets the offsets behind a Geneve header, whose options have a
// length of six bits in words. What follows is a frame, or anything else that has
// an EtherType: then that is the header's own, and there is no link header.
func (l *lowering) geneveOffsets(z *pred.Layers, start *num) *tree {
	at := l.variable(z.Payload.Var)
	options := l.arithK(ir.OpMul, l.arithK(ir.OpAnd, l.loadAt(at, 0, ir.Byte), 0x3f), 4)
	isFrame := l.testK(l.loadAt(at, 2, ir.Half), ir.Eq, proto.EtherTEB)
	frame := l.step(always,
		assign{z.Proto.Var, l.plus(l.variable(z.Hdr.Var), 12)},
		assign{z.Payload.Var, l.plus(l.variable(z.Hdr.Var), 14)})
	bare := l.step(always, assign{z.Payload.Var, l.variable(z.Hdr.Var)})
	return l.step(l.or(l.and(isFrame, frame), bare),
		assign{z.Payload.Var, start},
		assign{z.Proto.Var, l.plus(at, 2)},
		assign{z.Hdr.Var, l.arith(ir.OpAdd, l.plus(options, 8), at)})
}
