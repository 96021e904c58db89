package lower

import (
	"fmt"

	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// carries tests that the link layer carries num: an EtherType, or, up to
// proto.EtherMTU, an LLC service access point. Each rule of proto.Carries is one
// case.
func (l *lowering) carries(y *pred.Layers, num uint32) *tree {
	if y.Labels > 0 {
		return l.behindLabels(y, num)
	}
	switch y.Link.Carries {
	case proto.CarriesEther:
		return l.and(l.aroundEther(y), l.ether(y, num))
	case proto.CarriesLLC:
		return l.llc(y, num)
	case proto.CarriesWLAN:
		return l.and(l.wlanData(y), l.llc(y, num))
	case proto.CarriesSunATM:
		return l.and(l.sunATM(y, proto.ATMTypeLLC), l.llc(y, num))
	case proto.CarriesSLL:
		return l.cooked(y, num)
	case proto.CarriesType16:
		return l.equal(y.Proto, ir.Half, num)
	case proto.CarriesHDLC:
		if num == proto.SAPISO {
			num |= proto.SAPISO << 8
		}
		return l.equal(y.Proto, ir.Half, num)
	case proto.CarriesPPP:
		return l.equal(y.Proto, ir.Half, proto.PPPType(num))
	case proto.CarriesPPPBSDOS:
		if num == proto.EtherIPv4 {
			return l.anyOf(l.equal(y.Proto, ir.Half, proto.PPPIPv4), l.equal(y.Proto, ir.Half, proto.PPPVJC), l.equal(y.Proto, ir.Half, proto.PPPVJU))
		}
		return l.equal(y.Proto, ir.Half, proto.PPPType(num))
	case proto.CarriesIPVersion:
		return l.ipVersion(y.Hdr, num)
	case proto.CarriesIPv4:
		return known(num == proto.EtherIPv4)
	case proto.CarriesIPv6:
		return known(num == proto.EtherIPv6)
	case proto.CarriesAF:
		return l.family(y.Hdr, ir.Word, num, familyEither)
	case proto.CarriesAFNetwork:
		return l.family(y.Hdr, ir.Word, num, familyNetwork)
	case proto.CarriesPFLog:
		return l.family(y.Hdr.Plus(proto.PFLogAF.Off), ir.Byte, num, familyNetwork)
	case proto.CarriesARCnet:
		if id, ok := proto.ARCnetType(num); ok {
			return l.equal(y.Proto, ir.Byte, id)
		}
		return never
	case proto.CarriesLocalTalk:
		return known(num == proto.EtherAtalk)
	case proto.CarriesFrameRelay:
		return l.frameRelay(y, num)
	case proto.CarriesJuniper:
		return l.masked(y.Hdr, ir.Word, 0xffffff00, 0x4d474300) // "MGC"
	case proto.CarriesIPNET:
		switch num {
		case proto.EtherIPv4:
			return l.equal(y.Proto, ir.Byte, proto.IPNETINET)
		case proto.EtherIPv6:
			return l.equal(y.Proto, ir.Byte, proto.IPNETINET6)
		}
		return never
	}
	panic(fmt.Sprintf("lower: rule %d of link type %s", y.Link.Carries, y.LinkName()))
}

func known(b bool) *tree {
	if b {
		return always
	}
	return never
}

// aroundEther tests what a LAN emulation header must be for an Ethernet frame to
// follow. Inside Geneve and VXLAN the step has tested all there is.
func (l *lowering) aroundEther(y *pred.Layers) *tree {
	if y.Tunnel || y.Prev.Carries != proto.CarriesSunATM {
		return always
	}
	// LAN emulation control frames have 0xff00 where data frames have the sender's ID.
	return l.not(l.equal(y.PrevHdr.Plus(proto.ATMPayload), ir.Half, 0xff00))
}

// isFrame tests that what is at y is an Ethernet frame at all, for tests of its
// addresses: behind Geneve there may be a bare network header.
func (l *lowering) isFrame(y *pred.Layers) *tree {
	if y.Tunnel {
		return l.not(l.test(l.varPart(y.Hdr), ir.Eq, l.varPart(y.Payload)))
	}
	return l.aroundEther(y)
}

// snap tests a SNAP header behind LLC: organisation code and EtherType.
func (l *lowering) snap(y *pred.Layers, org, ether uint32) *tree {
	b := []byte{proto.SAPSNAP, proto.SAPSNAP, 3, byte(org >> 16), byte(org >> 8), byte(org), byte(ether >> 8), byte(ether)}
	return l.bytes(y.Payload, b)
}

// appleOrg is the organisation code that AppleTalk's SNAP headers have; AARP's have 0.
const appleOrg = 0x080007

func snapOrg(ether uint32) uint32 {
	if ether == proto.EtherAtalk {
		return appleOrg
	}
	return 0
}

// ether tests an Ethernet header: the field is an EtherType, or up to
// proto.EtherMTU a length, and LLC follows.
func (l *lowering) ether(y *pred.Layers, num uint32) *tree {
	isLength := func() *tree { return l.not(l.testK(l.load(y.Proto, ir.Half), ir.Gt, proto.EtherMTU)) }
	switch num {
	case proto.SAPISO, proto.SAPIP, proto.SAPNetBEUI:
		return l.and(isLength(), l.equal(y.Payload, ir.Half, num<<8|num))
	case proto.SAPIPX:
		// Four encapsulations: EtherType, 802.2, raw 802.3 (its checksum is 0xffff), SNAP.
		inLength := l.anyOf(l.equal(y.Payload, ir.Byte, proto.SAPIPX), l.equal(y.Payload, ir.Half, 0xffff))
		inLength = l.or(l.snap(y, 0, proto.EtherIPX), inLength)
		return l.or(l.equal(y.Proto, ir.Half, proto.EtherIPX), l.and(isLength(), inLength))
	case proto.EtherAtalk, proto.EtherAARP:
		return l.or(l.equal(y.Proto, ir.Half, num), l.and(isLength(), l.snap(y, snapOrg(num), num)))
	}
	if num <= proto.EtherMTU {
		return l.and(isLength(), l.equal(y.Proto.Plus(2), ir.Byte, num))
	}
	return l.equal(y.Proto, ir.Half, num)
}

// llc tests an LLC header, and the SNAP header behind it where num is an EtherType.
func (l *lowering) llc(y *pred.Layers, num uint32) *tree {
	switch num {
	case proto.SAPIP, proto.SAPISO, proto.SAPNetBEUI:
		return l.equal(y.Payload, ir.Half, num<<8|num)
	case proto.EtherAtalk:
		return l.snap(y, appleOrg, num)
	}
	if num <= proto.EtherMTU {
		return l.equal(y.Payload, ir.Byte, num)
	}
	return l.equal(y.Payload.Plus(6), ir.Half, num)
}

// cooked tests a Linux cooked header: the field is an EtherType, or says that an
// LLC header or raw 802.3 IPX follows.
func (l *lowering) cooked(y *pred.Layers, num uint32) *tree {
	is8022 := func() *tree { return l.equal(y.Proto, ir.Half, proto.SLL8022) }
	switch num {
	case proto.SAPISO, proto.SAPIP, proto.SAPNetBEUI:
		return l.and(is8022(), l.equal(y.Payload, ir.Half, num<<8|num))
	case proto.SAPIPX:
		in8022 := l.and(is8022(), l.or(l.equal(y.Payload, ir.Byte, proto.SAPIPX), l.snap(y, 0, proto.EtherIPX)))
		return l.or(l.equal(y.Proto, ir.Half, proto.EtherIPX), l.or(l.equal(y.Proto, ir.Half, proto.SLL8023), in8022))
	case proto.EtherAtalk, proto.EtherAARP:
		return l.or(l.equal(y.Proto, ir.Half, num), l.and(is8022(), l.snap(y, snapOrg(num), num)))
	}
	if num <= proto.EtherMTU {
		return l.and(is8022(), l.equal(y.Hdr.Plus(y.Payload.Const), ir.Byte, num))
	}
	return l.equal(y.Proto, ir.Half, num)
}

// sunATM tests the traffic type of a SunATM pseudo-header.
func (l *lowering) sunATM(y *pred.Layers, typ uint32) *tree {
	return l.masked(y.Hdr.Plus(proto.ATMProto), ir.Byte, 0x0f, typ)
}

// ipVersion tests the version nibble of an IP header.
func (l *lowering) ipVersion(o pred.Offset, num uint32) *tree {
	switch num {
	case proto.EtherIPv4:
		return l.masked(o, ir.Byte, 0xf0, 0x40)
	case proto.EtherIPv6:
		return l.masked(o, ir.Byte, 0xf0, 0x60)
	}
	return never
}

// behindLabels tests for IP behind the last MPLS label, which has the
// bottom-of-stack bit (RFC 3032).
func (l *lowering) behindLabels(y *pred.Layers, num uint32) *tree {
	last := l.set(y.Net().Plus(^uint32(proto.MPLSEntry-1)).Plus(2), 1)
	return l.and(last, l.ipVersion(y.Net(), num))
}

func (l *lowering) frameRelay(y *pred.Layers, num uint32) *tree {
	switch num {
	case proto.EtherIPv4:
		return l.frameRelayNLPID(y, proto.NLPIDIPv4)
	case proto.EtherIPv6:
		return l.frameRelayNLPID(y, proto.NLPIDIPv6)
	case proto.SAPISO:
		return l.anyOf(l.frameRelayNLPID(y, proto.NLPIDCLNP), l.frameRelayNLPID(y, proto.NLPIDESIS), l.frameRelayNLPID(y, proto.NLPIDISIS))
	}
	return never
}

// frameRelayNLPID tests the control field and NLPID behind a two-byte address.
func (l *lowering) frameRelayNLPID(y *pred.Layers, nlpid uint32) *tree {
	return l.equal(y.Hdr.Plus(2), ir.Half, 0x0300|nlpid)
}

// How an address family is stored.
type familyOrder uint8

const (
	familyNetwork familyOrder = iota // in network order, or in one byte
	familyEither                     // in the recording host's order
)

// family tests a BSD address family. In a savefile any system may have written
// it, so IPv6 has three numbers, and a field in host order two forms.
func (l *lowering) family(o pred.Offset, size ir.Size, num uint32, order familyOrder) *tree {
	var numbers []uint32
	switch {
	case num == proto.EtherIPv4:
		numbers = []uint32{proto.AFINET}
	case num == proto.EtherIPv6 && l.order == Live:
		numbers = []uint32{proto.AFINET6Linux}
	case num == proto.EtherIPv6:
		numbers = []uint32{proto.AFINET6BSD, proto.AFINET6FreeBSD, proto.AFINET6Darwin}
	default:
		return never
	}
	t := never
	add := func(swap bool) {
		for _, n := range numbers {
			if swap {
				n = swap32(n)
			}
			t = l.or(t, l.equal(o, size, n))
		}
	}
	switch {
	case order == familyNetwork:
		add(false)
	case l.order == Live:
		add(true)
	default:
		add(l.order == Swapped)
		add(l.order != Swapped)
	}
	return t
}

func swap16(v uint32) uint32 { return v>>8&0xff | v<<8&0xff00 }
func swap32(v uint32) uint32 { return swap16(v)<<16 | swap16(v>>16) }

// hasLLC tests that a frame has an LLC header.
func (l *lowering) hasLLC(y *pred.Layers) *tree {
	switch y.Link.LLC {
	case proto.LLCAlways:
		return always
	case proto.LLCEther:
		isLength := l.not(l.testK(l.load(y.Proto, ir.Half), ir.Gt, proto.EtherMTU))
		return l.and(isLength, l.not(l.equal(y.Payload, ir.Half, 0xffff)))
	case proto.LLCWLAN:
		return l.wlanData(y)
	case proto.LLCSunATM:
		return l.sunATM(y, proto.ATMTypeLLC)
	}
	panic("lower: llc on link type " + y.LinkName())
}

// isoProto tests the network layer protocol identifier.
func (l *lowering) isoProto(y *pred.Layers, num uint8) *tree {
	switch y.Link.Carries {
	case proto.CarriesFrameRelay:
		return l.frameRelayNLPID(y, uint32(num))
	case proto.CarriesHDLC:
		return l.and(l.carries(y, proto.SAPISO<<8|proto.SAPISO), l.equal(y.NetNoSNAP().Plus(1), ir.Byte, uint32(num)))
	}
	return l.and(l.carries(y, proto.SAPISO), l.equal(y.NetNoSNAP(), ir.Byte, uint32(num)))
}

// isisType tests the PDU type of an IS-IS header.
func (l *lowering) isisType(p pred.ISISType) *tree {
	off := uint32(4)
	if p.At.Link.Carries == proto.CarriesHDLC {
		off = 5 // behind a padding byte
	}
	return l.and(l.isoProto(p.At, proto.NLPIDISIS), l.masked(p.At.NetNoSNAP().Plus(off), ir.Byte, proto.ISISTypeMax, uint32(p.Num)))
}
