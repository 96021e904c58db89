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
	inMeta := func() *tree { return l.testK(&num{op: ir.OpMeta, meta: ir.MetaVLANPresent}, ir.Eq, 1) }
	inBytes := anyOf(l.carries(y, proto.Ether8021Q), l.carries(y, proto.Ether8021AD), l.carries(y, proto.EtherQinQ))
	move := func(v pred.Var) assign { return assign{v, plus(variable(v), proto.VLANTagLen)} }
	t := or(inMeta(), step(inBytes, move(p.After.Payload.Var), move(p.After.Proto.Var)))
	if !p.HasID {
		return t
	}
	tag := &num{op: ir.OpMeta, meta: ir.MetaVLANTag}
	id := or(and(inMeta(), l.testK(arithK(ir.OpAnd, tag, 0x0fff), ir.Eq, p.ID)),
		and(not(inMeta()), l.masked(y.Net(), ir.Half, 0x0fff, p.ID)))
	return and(t, id)
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
			first = arithK(ir.OpAnd, first, mask)
		}
		t := and(l.port(port), l.testK(first, ir.Eq, flags))
		if p.HasVNI {
			vni := arithK(ir.OpAnd, l.transport(y, version, 12, ir.Word), 0xffffff00)
			t = and(t, l.testK(vni, ir.Eq, p.VNI<<8))
		}
		return and(t, step(always, assign{z.Payload.Var, hdrLen}))
	}
	found := or(udp(4, l.ipv4HdrLen(y)), udp(6, l.ipv6HdrLen(y)))
	start := plus(variable(z.Payload.Var), y.Net().Const+8)
	if p.Geneve {
		return and(found, l.geneveOffsets(z, start))
	}
	return and(found, step(always,
		assign{z.Hdr.Var, plus(start, 8)},
		assign{z.Proto.Var, plus(variable(z.Hdr.Var), 12)},
		assign{z.Payload.Var, plus(variable(z.Hdr.Var), 14)}))
}

// geneveOffsets sets the offsets behind a Geneve header, whose options have a
// length of six bits in words. What follows is a frame, or anything else that has
// an EtherType: then that is the header's own, and there is no link header.
func (l *lowering) geneveOffsets(z *pred.Layers, start *num) *tree {
	at := variable(z.Payload.Var)
	options := arithK(ir.OpMul, arithK(ir.OpAnd, loadAt(at, 0, ir.Byte), 0x3f), 4)
	isFrame := l.testK(loadAt(at, 2, ir.Half), ir.Eq, proto.EtherTEB)
	frame := step(always,
		assign{z.Proto.Var, plus(variable(z.Hdr.Var), 12)},
		assign{z.Payload.Var, plus(variable(z.Hdr.Var), 14)})
	bare := step(always, assign{z.Payload.Var, variable(z.Hdr.Var)})
	return step(or(and(isFrame, frame), bare),
		assign{z.Payload.Var, start},
		assign{z.Proto.Var, plus(at, 2)},
		assign{z.Hdr.Var, arith(ir.OpAdd, plus(options, 8), at)})
}
