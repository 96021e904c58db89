package resolve

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
)

// A keyword of the protocol kind and what it means alone. A row has one of the
// numbers; the IS-IS rows list PDU types.
type protoRow struct {
	ether  uint32 // carried by the link layer under this EtherType or SAP
	ip     uint8  // carried by IP
	v4, v6 bool
	nlpid  uint8
	pdus   []uint8
	index  bool // may be indexed: proto[...]
}

var protoRows = map[expr.Proto]protoRow{
	expr.ProtoIP:     {ether: proto.EtherIPv4, index: true},
	expr.ProtoARP:    {ether: proto.EtherARP, index: true},
	expr.ProtoRARP:   {ether: proto.EtherRARP, index: true},
	expr.ProtoAtalk:  {ether: proto.EtherAtalk, index: true},
	expr.ProtoAARP:   {ether: proto.EtherAARP},
	expr.ProtoDECnet: {ether: proto.EtherDECnet, index: true},
	expr.ProtoSCA:    {ether: proto.EtherSCA, index: true},
	expr.ProtoLAT:    {ether: proto.EtherLAT, index: true},
	expr.ProtoMOPDL:  {ether: proto.EtherMOPDL, index: true},
	expr.ProtoMOPRC:  {ether: proto.EtherMOPRC, index: true},
	expr.ProtoIP6:    {ether: proto.EtherIPv6, index: true},

	expr.ProtoISO:     {ether: proto.SAPISO},
	expr.ProtoSTP:     {ether: proto.SAPBPDU},
	expr.ProtoIPX:     {ether: proto.SAPIPX},
	expr.ProtoNetBEUI: {ether: proto.SAPNetBEUI},

	expr.ProtoSCTP:  {ip: proto.IPSCTP, v4: true, v6: true, index: true},
	expr.ProtoTCP:   {ip: proto.IPTCP, v4: true, v6: true, index: true},
	expr.ProtoUDP:   {ip: proto.IPUDP, v4: true, v6: true, index: true},
	expr.ProtoAH:    {ip: proto.IPAH, v4: true, v6: true},
	expr.ProtoESP:   {ip: proto.IPESP, v4: true, v6: true},
	expr.ProtoPIM:   {ip: proto.IPPIM, v4: true, v6: true, index: true},
	expr.ProtoICMP:  {ip: proto.IPICMP, v4: true, index: true},
	expr.ProtoIGMP:  {ip: proto.IPIGMP, v4: true, index: true},
	expr.ProtoIGRP:  {ip: proto.IPIGRP, v4: true, index: true},
	expr.ProtoVRRP:  {ip: proto.IPVRRP, v4: true, index: true},
	expr.ProtoCARP:  {ip: proto.IPVRRP, v4: true, index: true},
	expr.ProtoICMP6: {ip: proto.IPICMPv6, v6: true, index: true},

	expr.ProtoESIS: {nlpid: proto.NLPIDESIS},
	expr.ProtoISIS: {nlpid: proto.NLPIDISIS},
	expr.ProtoCLNP: {nlpid: proto.NLPIDCLNP},

	expr.ProtoL1:   {pdus: []uint8{proto.ISISL1Hello, proto.ISISP2P, proto.ISISL1LSP, proto.ISISL1CSNP, proto.ISISL1PSNP}},
	expr.ProtoL2:   {pdus: []uint8{proto.ISISL2Hello, proto.ISISP2P, proto.ISISL2LSP, proto.ISISL2CSNP, proto.ISISL2PSNP}},
	expr.ProtoIIH:  {pdus: []uint8{proto.ISISL1Hello, proto.ISISL2Hello, proto.ISISP2P}},
	expr.ProtoLSP:  {pdus: []uint8{proto.ISISL1LSP, proto.ISISL2LSP}},
	expr.ProtoSNP:  {pdus: []uint8{proto.ISISL1CSNP, proto.ISISL2CSNP, proto.ISISL1PSNP, proto.ISISL2PSNP}},
	expr.ProtoCSNP: {pdus: []uint8{proto.ISISL1CSNP, proto.ISISL2CSNP}},
	expr.ProtoPSNP: {pdus: []uint8{proto.ISISL1PSNP, proto.ISISL2PSNP}},
}

// abbreviation resolves a protocol keyword that stands alone.
func (r *resolver) abbreviation(p expr.Proto, span expr.Span, at *pred.Layers) pred.Pred {
	row, ok := protoRows[p]
	switch {
	case !ok:
		return r.fail(span, "%q is no primitive by itself; it needs a qualifier and an id, or [...]", p)
	case row.ether != 0:
		return r.carries(row.ether, span, at)
	case row.ip != 0:
		return r.ipProto(uint32(row.ip), row.v4, row.v6, span, at)
	case row.nlpid != 0:
		return r.isoProto(uint32(row.nlpid), span, at)
	}
	ps := make([]pred.Pred, len(row.pdus))
	for i, n := range row.pdus {
		ps[i] = r.isisType(uint32(n), span, at)
	}
	return anyOf(ps...)
}

// carries checks that the link layer can say that it carries num.
func (r *resolver) carries(num uint32, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.canCarry(num, span, at) {
		return invalid
	}
	return pred.Carries{At: at, Num: num, Span: span}
}

// canCarry refuses a protocol that the link layer cannot tell.
func (r *resolver) canCarry(num uint32, span expr.Span, at *pred.Layers) bool {
	if at.Labels > 0 {
		if num != proto.EtherIPv4 && num != proto.EtherIPv6 {
			r.fail(span, "only IPv4 and IPv6 can be told behind an MPLS label")
			return false
		}
		return true
	}
	switch at.Link.Carries {
	case proto.CarriesNothing:
		r.fail(span, "it is not known how link type %s says which protocol it carries", at.LinkName())
		return false
	case proto.CarriesEther, proto.CarriesLLC, proto.CarriesWLAN, proto.CarriesSunATM, proto.CarriesSLL:
		if num <= proto.EtherMTU {
			if !r.atMost("LLC service access point", num, 0xff, span) {
				return false
			}
		} else if !r.atMost("EtherType", num, 0xffff, span) {
			return false
		}
	case proto.CarriesType16:
		if !r.atMost("EtherType", num, 0xffff, span) {
			return false
		}
	case proto.CarriesHDLC:
		if !r.atMost("HDLC protocol", num, 0xffff, span) {
			return false
		}
	case proto.CarriesPPP, proto.CarriesPPPBSDOS:
		if !r.atMost("PPP protocol", num, 0xffff, span) {
			return false
		}
	}
	return true
}

// ipProto tests the protocol that IPv4, IPv6 or either carries.
func (r *resolver) ipProto(num uint32, v4, v6 bool, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.atMost("IP protocol", num, 0xff, span) {
		return invalid
	}
	n := uint8(num)
	switch {
	case v4 && v6:
		return anyOf(r.behind(4, pred.IPProto{At: at, Version: 4, Num: n, Span: span}, span, at),
			r.behind(6, pred.IPProto{At: at, Version: 6, Num: n, Span: span}, span, at))
	case v4:
		return r.behind(4, pred.IPProto{At: at, Version: 4, Num: n, Span: span}, span, at)
	}
	return r.behind(6, pred.IPProto{At: at, Version: 6, Num: n, Span: span}, span, at)
}

// behind returns p where the link layer can carry IP of the version.
func (r *resolver) behind(version uint8, p pred.Pred, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.canCarry(etherOf(version), span, at) {
		return invalid
	}
	return p
}

// etherOf returns the EtherType of an IP version.
func etherOf(version uint8) uint32 {
	if version == 4 {
		return proto.EtherIPv4
	}
	return proto.EtherIPv6
}

func (r *resolver) isoProto(num uint32, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.atMost("ISO protocol", num, 0xff, span) {
		return invalid
	}
	if at.Link.Carries != proto.CarriesFrameRelay && !r.canCarry(proto.SAPISO, span, at) {
		return invalid
	}
	return pred.ISOProto{At: at, Num: uint8(num), Span: span}
}

func (r *resolver) isisType(num uint32, span expr.Span, at *pred.Layers) pred.Pred {
	if !r.atMost("IS-IS PDU type", num, proto.ISISTypeMax, span) {
		return invalid
	}
	if r.isoProto(proto.NLPIDISIS, span, at) == invalid {
		return invalid
	}
	return pred.ISISType{At: at, Num: uint8(num), Span: span}
}
