package proto

import "github.com/gofilter/gofilter/linktype"

// Directions, by the header that tells.
var (
	slipDirection    = &Direction{Off: 0, Size: 1, InMask: ^uint32(0), In: 0, OutMask: ^uint32(0), Out: 1}
	pppdDirection    = &Direction{Off: 0, Size: 1, InMask: ^uint32(0), In: 0, OutMask: ^uint32(0), Out: 1}
	ipnetDirection   = &Direction{Off: 2, Size: 2, InMask: ^uint32(0), In: 2, OutMask: ^uint32(0), Out: 1}
	sllDirection     = &Direction{Off: 0, Size: 2, OutMask: ^uint32(0), Out: 4}
	sll2Direction    = &Direction{Off: 10, Size: 1, OutMask: ^uint32(0), Out: 4}
	pflogDirection   = &Direction{Off: 60, Size: 1, InMask: ^uint32(0), In: 1, OutMask: ^uint32(0), Out: 2}
	juniperDirection = &Direction{Off: 3, Size: 1, InMask: 0x01, In: 1, OutMask: 0x01, Out: 0}
	brcmDirection    = &Direction{Off: 12, Size: 1, InMask: 0xe0, In: 0, OutMask: 0xe0, Out: 0x20}
	dsaDirection     = &Direction{Off: 12, Size: 1, InMask: 0x40, In: 0, OutMask: 0xc0, Out: 0x40}
)

const (
	linktypePage = "https://www.tcpdump.org/linktypes.html"
	etherMPLS    = EtherMPLS
)

// links has a row for each link type whose header is known.
var links = []Link{
	// Ethernet and what looks like it.
	{Type: linktype.Ethernet, Carries: CarriesEther, Proto: 12, Payload: 14, NLNoSNAP: 3, Addresses: Address48, Src: 6, LLC: LLCEther, VLAN: true, MPLS: etherMPLS, Source: "IEEE 802.3 clause 3"},
	{Type: linktype.NetAnalyzer, Carries: CarriesEther, Hdr: 4, Proto: 16, Payload: 18, NLNoSNAP: 3, Addresses: Address48, Src: 6, VLAN: true, MPLS: etherMPLS, Source: linktypePage},
	{Type: linktype.NetAnalyzerTransparent, Carries: CarriesEther, Hdr: 12, Proto: 24, Payload: 26, NLNoSNAP: 3, Addresses: Address48, Src: 6, VLAN: true, MPLS: etherMPLS, Source: linktypePage},
	{Type: linktype.DSATagBRCM, Carries: CarriesEther, Proto: 16, Payload: 18, NLNoSNAP: 3, Addresses: Address48, Src: 6, LLC: LLCEther, VLAN: true, MPLS: etherMPLS, Direction: brcmDirection, Source: linktypePage},
	{Type: linktype.DSATagDSA, Carries: CarriesEther, Proto: 16, Payload: 18, NLNoSNAP: 3, Addresses: Address48, Src: 6, LLC: LLCEther, VLAN: true, MPLS: etherMPLS, Direction: dsaDirection, Source: linktypePage},

	// The other LANs.
	{Type: linktype.FDDI, Carries: CarriesLLC, Proto: 13, Payload: 13, NL: 8, NLNoSNAP: 3, Addresses: Address48, Src: 7, Dst: 1, LLC: LLCAlways, Source: "ISO 9314-2; RFC 1188"},
	{Type: linktype.TokenRing, Carries: CarriesLLC, Proto: 14, Payload: 14, NL: 8, NLNoSNAP: 3, Addresses: Address48, Src: 8, Dst: 2, LLC: LLCAlways, Source: "IEEE 802.5; RFC 1042"},
	{Type: linktype.ArcnetBSD, Carries: CarriesARCnet, Proto: 2, Payload: 6, Addresses: Address8, Src: 0, Dst: 1, Group8: true, Source: "RFC 1201"},
	{Type: linktype.ArcnetLinux, Carries: CarriesARCnet, Proto: 4, Payload: 8, Addresses: Address8, Src: 0, Dst: 1, Group8: true, Source: "RFC 1201; " + linktypePage},
	{Type: linktype.IPOverFC, Carries: CarriesLLC, Proto: 16, Payload: 16, NL: 8, NLNoSNAP: 3, Addresses: Address48, Src: 10, Dst: 2, Source: "RFC 2625"},
	{Type: linktype.AppleIPOverIEEE1394, Carries: CarriesType16, Proto: 16, Payload: 18, Source: "RFC 2734; " + linktypePage},
	{Type: linktype.LocalTalk, Carries: CarriesLocalTalk, Proto: Unset, Source: linktypePage},
	{Type: linktype.BACnetMSTP, Proto: Unset, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Addresses: Address8, Src: 4, Dst: 3, Broadcast8: 0xff, Source: "ASHRAE 135 clause 9"},

	// 802.11, bare and behind radio headers.
	{Type: linktype.IEEE802_11, Carries: CarriesWLAN, Proto: 24, Header: HeaderWLAN, NL: 8, NLNoSNAP: 3, Addresses: AddressWLAN, LLC: LLCWLAN, VLAN: true, Source: "IEEE 802.11 clause 9.2"},
	{Type: linktype.IEEE802_11Prism, Carries: CarriesWLAN, Proto: 24, Prefix: PrefixPrism, Header: HeaderWLAN, NL: 8, NLNoSNAP: 3, Addresses: AddressWLAN, Radio: true, LLC: LLCWLAN, VLAN: true, Source: linktypePage},
	{Type: linktype.IEEE802_11AVS, Carries: CarriesWLAN, Proto: 24, Prefix: PrefixAVS, Header: HeaderWLAN, NL: 8, NLNoSNAP: 3, Addresses: AddressWLAN, Radio: true, LLC: LLCWLAN, VLAN: true, Source: linktypePage},
	{Type: linktype.IEEE802_11Radiotap, Carries: CarriesWLAN, Proto: 24, Prefix: PrefixLength16, Header: HeaderWLAN, NL: 8, NLNoSNAP: 3, Addresses: AddressWLAN, Radio: true, LLC: LLCWLAN, VLAN: true, Source: "https://www.radiotap.org/"},
	{Type: linktype.PPI, Carries: CarriesWLAN, Proto: 24, Prefix: PrefixLength16, Header: HeaderWLAN, NL: 8, NLNoSNAP: 3, Addresses: AddressWLAN, LLC: LLCWLAN, Source: linktypePage},

	// ATM.
	{Type: linktype.ATMRFC1483, Carries: CarriesLLC, NL: 8, NLNoSNAP: 3, LLC: LLCAlways, Source: "RFC 2684"},
	{Type: linktype.ATMCLIP, Carries: CarriesLLC, NL: 8, NLNoSNAP: 3, Source: "RFC 2225; " + linktypePage},
	{Type: linktype.SunATM, Carries: CarriesSunATM, Proto: 4, Payload: 4, NL: 8, NLNoSNAP: 3, LLC: LLCSunATM, Source: linktypePage},

	// IP with nothing, or next to nothing, in front.
	{Type: linktype.Raw, Carries: CarriesIPVersion, Proto: Unset, Source: linktypePage},
	{Type: linktype.IPv4, Carries: CarriesIPv4, Proto: Unset, Source: linktypePage},
	{Type: linktype.IPv6, Carries: CarriesIPv6, Proto: Unset, Source: linktypePage},
	{Type: linktype.SLIP, Carries: CarriesIPVersion, Proto: Unset, Payload: 16, Direction: slipDirection, Source: "RFC 1055; " + linktypePage},
	{Type: linktype.SLIPBSDOS, Carries: CarriesIPVersion, Proto: Unset, Payload: 24, Source: linktypePage},
	{Type: linktype.Null, Carries: CarriesAF, Payload: 4, Source: linktypePage},
	{Type: linktype.Loop, Carries: CarriesAFNetwork, Payload: 4, Source: linktypePage},
	{Type: linktype.Enc, Carries: CarriesAF, Payload: 12, Source: linktypePage},
	{Type: linktype.PFLog, Carries: CarriesPFLog, Header: HeaderPFLog, Direction: pflogDirection, Source: linktypePage},
	{Type: linktype.PFSync, Proto: Unset, Payload: 4, Source: linktypePage},
	{Type: linktype.IPNET, Carries: CarriesIPNET, Proto: 1, Payload: 24, NLNoSNAP: Unset, Direction: ipnetDirection, Source: linktypePage},
	{Type: linktype.SymantecFirewall, Carries: CarriesType16, Proto: 6, Payload: 44, Source: linktypePage},

	// Linux cooked capture.
	{Type: linktype.LinuxSLL, Carries: CarriesSLL, Proto: 14, Payload: 16, Direction: sllDirection, Source: "https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html"},
	{Type: linktype.LinuxSLL2, Carries: CarriesType16, Proto: 0, Payload: 20, Direction: sll2Direction, IfIndex: 4, Source: "https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html"},

	// Serial lines.
	{Type: linktype.PPP, Carries: CarriesPPP, Proto: 2, Payload: 4, MPLS: PPPMPLS, Source: "RFC 1661, RFC 1662"},
	{Type: linktype.PPPPppd, Carries: CarriesPPP, Proto: 2, Payload: 4, Direction: pppdDirection, Source: linktypePage},
	{Type: linktype.PPPSerial, Carries: CarriesPPP, Proto: 2, Payload: 4, Source: "RFC 1662; " + linktypePage},
	{Type: linktype.PPPEther, Carries: CarriesPPP, Proto: 6, Payload: 8, Source: "RFC 2516"},
	{Type: linktype.PPPBSDOS, Carries: CarriesPPPBSDOS, Proto: 5, Payload: 24, Source: linktypePage},
	{Type: linktype.CHDLC, Carries: CarriesHDLC, Proto: 2, Payload: 4, MPLS: etherMPLS, Source: "RFC 1547 section 4.3.1"},
	{Type: linktype.NetBSDHDLC, Carries: CarriesHDLC, Proto: 2, Payload: 4, MPLS: etherMPLS, Source: linktypePage},
	{Type: linktype.FrameRelay, Carries: CarriesFrameRelay, Proto: Unset, Source: "RFC 2427"},
	{Type: linktype.MFR, Proto: Unset, NL: 4, Source: "FRF.16.1"},

	// SS7.
	{Type: linktype.MTP2, Proto: Unset, Payload: Unset, NL: Unset, NLNoSNAP: Unset, SS7: &SS7{LI: 2, LIHSL: 4, SIO: 3, OPC: 4, DPC: 4, SLS: 7}, Source: "ITU-T Q.703"},
	{Type: linktype.MTP2WithPhdr, Proto: Unset, Payload: Unset, NL: Unset, NLNoSNAP: Unset, SS7: &SS7{LI: 6, LIHSL: 8, SIO: 7, OPC: 8, DPC: 8, SLS: 11}, Source: "ITU-T Q.703; " + linktypePage},
	{Type: linktype.ERF, Proto: Unset, Payload: Unset, NL: Unset, NLNoSNAP: Unset, SS7: &SS7{LI: 22, LIHSL: 24, SIO: 23, OPC: 24, DPC: 24, SLS: 27}, Source: "ITU-T Q.703; Endace ERF types"},

	// Juniper.
	{Type: linktype.JuniperMFR, Carries: CarriesJuniper, Proto: 4, Payload: 4, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperMLFR, Carries: CarriesJuniper, Proto: 4, Payload: 4, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperMLPPP, Carries: CarriesJuniper, Proto: 4, Payload: 4, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperPPP, Carries: CarriesJuniper, Proto: 4, Payload: 4, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperCHDLC, Carries: CarriesJuniper, Proto: 4, Payload: 4, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperFrameRelay, Carries: CarriesJuniper, Proto: 4, Payload: 4, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperATM1, Carries: CarriesJuniper, Proto: 4, Payload: 4, NLNoSNAP: 10, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperATM2, Carries: CarriesJuniper, Proto: 8, Payload: 8, NLNoSNAP: 10, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperPPPoE, Carries: CarriesJuniper, Proto: 16, Payload: 14, NL: 18, NLNoSNAP: 21, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperEther, Carries: CarriesJuniper, Proto: 16, Payload: 14, NL: 18, NLNoSNAP: 21, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperPPPoEATM, Carries: CarriesJuniper, Proto: 4, Payload: 6, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperGGSN, Carries: CarriesJuniper, Proto: 6, Payload: 12, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperES, Carries: CarriesJuniper, Proto: 6, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperMonitor, Carries: CarriesJuniper, Proto: 12, Payload: 12, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperServices, Carries: CarriesJuniper, Proto: 12, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperVP, Carries: CarriesJuniper, Proto: 18, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperST, Carries: CarriesJuniper, Proto: 18, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperISM, Carries: CarriesJuniper, Proto: 8, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperVS, Carries: CarriesJuniper, Proto: 8, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperSRXE2E, Carries: CarriesJuniper, Proto: 8, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperFibreChannel, Carries: CarriesJuniper, Proto: 8, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
	{Type: linktype.JuniperATMCEMIC, Carries: CarriesJuniper, Proto: 8, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Direction: juniperDirection, Source: linktypePage},
}
