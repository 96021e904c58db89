package proto

// EtherTypes (IEEE 802 numbers registry), as link types know protocols.
const (
	EtherNS     = 0x0600
	EtherIPv4   = 0x0800
	EtherARP    = 0x0806
	EtherMOPDL  = 0x6001
	EtherMOPRC  = 0x6002
	EtherDECnet = 0x6003
	EtherLAT    = 0x6004
	EtherSCA    = 0x6007
	EtherTEB    = 0x6558 // transparent Ethernet bridging
	EtherRARP   = 0x8035
	EtherAtalk  = 0x809b
	EtherAARP   = 0x80f3
	Ether8021Q  = 0x8100
	EtherIPX    = 0x8137
	EtherIPv6   = 0x86dd
	EtherSlow   = 0x8809
	EtherMPLS   = 0x8847
	EtherPPPoED = 0x8863
	EtherPPPoES = 0x8864
	Ether8021AD = 0x88a8
	EtherLLDP   = 0x88cc
	EtherLoop   = 0x9000
	EtherQinQ   = 0x9100 // the tag of bridges older than 802.1ad

	// EtherMTU is the largest value of the field that is a length and not an
	// EtherType (IEEE 802.3 clause 3.2.6).
	EtherMTU = 1500
)

// LLC service access points (IEEE 802.2).
const (
	SAPIP      = 0x06
	SAPBPDU    = 0x42
	SAPSNAP    = 0xaa
	SAPIPX     = 0xe0
	SAPNetBEUI = 0xf0
	SAPISO     = 0xfe
)

// PPP protocol numbers (IANA).
const (
	PPPIPv4   = 0x0021
	PPPOSI    = 0x0023
	PPPNS     = 0x0025
	PPPDECnet = 0x0027
	PPPAtalk  = 0x0029
	PPPIPX    = 0x002b
	PPPVJC    = 0x002d
	PPPVJU    = 0x002f
	PPPBPDU   = 0x0031
	PPPIPv6   = 0x0057
	PPPMPLS   = 0x0281
)

// IP protocol numbers (IANA).
const (
	IPHopByHop = 0
	IPICMP     = 1
	IPIGMP     = 2
	IPTCP      = 6
	IPIGRP     = 9
	IPUDP      = 17
	IPRouting  = 43
	IPFragment = 44
	IPESP      = 50
	IPAH       = 51
	IPICMPv6   = 58
	IPNoNext   = 59
	IPDstOpts  = 60
	IPPIM      = 103
	IPVRRP     = 112 // and CARP
	IPSCTP     = 132
)

// Network layer protocol identifiers (ISO/IEC TR 9577).
const (
	NLPIDCLNP = 0x81
	NLPIDESIS = 0x82
	NLPIDISIS = 0x83
	NLPIDIPv6 = 0x8e
	NLPIDIPv4 = 0xcc
)

// IS-IS PDU types (ISO/IEC 10589 clause 9).
const (
	ISISL1Hello = 15
	ISISL2Hello = 16
	ISISP2P     = 17
	ISISL1LSP   = 18
	ISISL2LSP   = 20
	ISISL1CSNP  = 24
	ISISL2CSNP  = 25
	ISISL1PSNP  = 26
	ISISL2PSNP  = 27

	ISISTypeMax = 0x1f // the type field has five bits
)

// BSD address families by system; IPv4 is 2 everywhere.
const (
	AFINET         = 2
	AFINET6Linux   = 10
	AFINET6BSD     = 24 // NetBSD, OpenBSD, BSD/OS
	AFINET6FreeBSD = 28
	AFINET6Darwin  = 30

	IPNETINET  = 2 // Solaris ipnet(4)
	IPNETINET6 = 26
)

// ARCnet protocol IDs (RFC 1201; IPv6: RFC 2497).
var arcnetType = map[uint32]uint32{
	EtherIPv4: 212, EtherARP: 213, EtherRARP: 214, EtherAtalk: 221, EtherIPv6: 0xc4,
}

// ARCnetType returns the ARCnet protocol ID for an EtherType.
func ARCnetType(ether uint32) (id uint32, ok bool) {
	id, ok = arcnetType[ether]
	return
}

// pppType is how PPP calls what others know by an EtherType or a SAP.
var pppType = map[uint32]uint32{
	EtherIPv4: PPPIPv4, EtherIPv6: PPPIPv6, EtherDECnet: PPPDECnet, EtherAtalk: PPPAtalk,
	EtherNS: PPPNS, SAPISO: PPPOSI, SAPBPDU: PPPBPDU, SAPIPX: PPPIPX,
}

// PPPType returns the PPP protocol number for an EtherType or SAP; a number that
// PPP has no other name for is returned as it is.
func PPPType(n uint32) uint32 {
	if p, ok := pppType[n]; ok {
		return p
	}
	return n
}

// Codes in the protocol field of a Linux cooked header that are no EtherTypes
// (linux/if_ether.h).
const (
	SLL8023 = 1
	SLL8022 = 4
)

// UDP destination ports of tunnels (RFC 8926, RFC 7348).
const (
	GenevePort = 6081
	VXLANPort  = 4789
)

// Offsets in bytes from the start of the header named.
const (
	IPv4Frag    = 6
	IPv4Proto   = 9
	IPv4Src     = 12
	IPv4Dst     = 16
	IPv6Next    = 6
	IPv6Src     = 8
	IPv6Dst     = 24
	IPv6HdrLen  = 40
	ARPSrc      = 14 // IPv4 over a six-byte link layer (RFC 826); RARP has the same form
	ARPDst      = 24
	SrcPort     = 0
	DstPort     = 2
	MPLSEntry   = 4
	VLANTagLen  = 4
	PPPoEHdrLen = 6
)

// 802.11 frame control bits (IEEE 802.11 clause 9.2.4.1), by byte.
const (
	WLANTypeMask    = 0x0c
	WLANSubtypeMask = 0xf0
	WLANCtl         = 0x04
	WLANData        = 0x08
	WLANQoS         = 0x80
	WLANSubtypeCTS  = 0xc0
	WLANSubtypeACK  = 0xd0

	WLANDirMask = 0x03
	WLANToDS    = 0x01
	WLANFromDS  = 0x02
)

// SunATM pseudo-header (LINKTYPE_SUNATM).
const (
	ATMProto    = 0
	ATMVPI      = 1
	ATMVCI      = 2
	ATMPayload  = 4
	ATMTypeLANE = 1
	ATMTypeLLC  = 2
	ATMMsgType  = 5 // offset of the message type in a Q.2931 message
)

// Q.2931 message types.
const (
	Q2931CallProceeding = 0x02
	Q2931Setup          = 0x05
	Q2931Connect        = 0x07
	Q2931ConnectAck     = 0x0f
	Q2931Release        = 0x4d
	Q2931ReleaseDone    = 0x5a
)

// PFLog gives the offset and size in bytes of a field of the pflog header.
type PFLogField struct{ Off, Size uint32 }

// Fields of the pflog header (LINKTYPE_PFLOG).
var (
	PFLogAF      = PFLogField{1, 1}
	PFLogAction  = PFLogField{2, 1}
	PFLogReason  = PFLogField{3, 1}
	PFLogIfname  = PFLogField{4, 16}
	PFLogRuleset = PFLogField{20, 16}
	PFLogRulenr  = PFLogField{36, 4}
	PFLogSubrule = PFLogField{40, 4}
)
