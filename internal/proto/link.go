// Package proto holds what the compiler knows of protocols, as rows: link types
// and where their headers have what, numbers that one protocol knows another by,
// and the names of values. Each table names its source; nothing here decides.
package proto

import "github.com/gofilter/gofilter/linktype"

// Carries is the rule by which a link type's header says what it carries.
type Carries uint8

// The rules. Each is one method of package lower.
const (
	CarriesNothing    Carries = iota // no rule is known: protocols cannot be tested
	CarriesEther                     // EtherType, or a length and an LLC header (IEEE 802.3 clause 3.2.6)
	CarriesLLC                       // an LLC header (IEEE 802.2), SNAP where an EtherType is meant (RFC 1042)
	CarriesWLAN                      // as CarriesLLC, in 802.11 data frames only
	CarriesSunATM                    // as CarriesLLC, where the pseudo-header says LLC
	CarriesSLL                       // EtherType, or an 802.2/802.3 code of Linux's cooked header
	CarriesType16                    // a 16-bit EtherType and nothing else
	CarriesHDLC                      // a 16-bit Cisco protocol number, OSI as 0xfefe
	CarriesPPP                       // PPP protocol number (RFC 1661)
	CarriesPPPBSDOS                  // as CarriesPPP, where compressed TCP (RFC 1144) counts as IPv4
	CarriesIPVersion                 // IP, told by its version nibble
	CarriesIPv4                      // IPv4 always
	CarriesIPv6                      // IPv6 always
	CarriesAF                        // BSD address family in 32 bits, byte order of the recording host
	CarriesAFNetwork                 // BSD address family in 32 bits, network order
	CarriesPFLog                     // BSD address family in the pflog header's second byte
	CarriesARCnet                    // ARCnet protocol ID (RFC 1201, RFC 1051)
	CarriesLocalTalk                 // AppleTalk always
	CarriesFrameRelay                // NLPID (RFC 2427)
	CarriesJuniper                   // Juniper's magic number is all that is tested
	CarriesIPNET                     // address family of Solaris' ipnet header
)

// Prefix is the rule for the length of a pseudo-header in front of the link
// header proper.
type Prefix uint8

// The rules. Each is one method of package lower.
const (
	PrefixNone     Prefix = iota
	PrefixPrism           // 144 bytes, or an AVS header behind the same link type, told by its cookie
	PrefixAVS             // big-endian length at 4
	PrefixLength16        // little-endian 16-bit length at 2: radiotap, PPI
)

// Header is the rule for where the link header ends.
type Header uint8

// The rules.
const (
	HeaderFixed Header = iota // at Link.Payload
	HeaderWLAN                // 802.11: 24 bytes, 26 with QoS, padded where radiotap says so
	HeaderPFLog               // the header's first byte, rounded up to a multiple of 4
)

// Addresses is the form of a link type's station addresses.
type Addresses uint8

// The forms.
const (
	AddressNone Addresses = iota
	Address48             // six bytes at Link.Src and Link.Dst
	AddressWLAN           // 802.11: which of four fields is which depends on the frame
	Address8              // one byte at Link.Src and Link.Dst
)

// LLC is how the keyword llc is decided.
type LLC uint8

// The ways.
const (
	LLCNone   LLC = iota // not on this link type
	LLCAlways            // each frame has an LLC header
	LLCEther             // a length instead of an EtherType, and no raw 802.3 IPX
	LLCWLAN              // data frames
	LLCSunATM            // the pseudo-header says LLC
)

// A Direction says where a header tells received from sent packets: Size bytes
// at Off of the link header, under Mask, equal In or Out.
type Direction struct {
	Off, Size uint32
	InMask    uint32 // mask for inbound; 0: inbound is "not Out"
	In        uint32
	OutMask   uint32
	Out       uint32
}

// SS7 gives the offsets of MTP2 and MTP3 fields in bytes from the start of the
// packet (ITU-T Q.703, Q.704).
type SS7 struct {
	LI, LIHSL, SIO, OPC, DPC, SLS uint32
}

// Unset is an offset that the link type does not have. Sums with it wrap, as in
// libpcap, which tests such places on a few Juniper types.
const Unset = 0xffffffff

// A Link is what the compiler knows of a link type. Offsets are in bytes.
type Link struct {
	Type      linktype.Type
	Carries   Carries
	Hdr       uint32 // start of the link header, behind a pseudo-header of fixed length
	Proto     uint32 // the field that says what is carried, from the start of the packet (of the header behind a Prefix)
	Payload   uint32 // end of the link header, from the start of the packet
	NL        uint32 // network header behind Payload, with LLC and SNAP in between where there are
	NLNoSNAP  uint32 // the same where only LLC is in between
	Prefix    Prefix
	Header    Header
	Addresses Addresses
	Src, Dst  uint32 // station addresses, from the start of the link header
	Radio     bool   // the pseudo-header tells of the radio, and may be indexed
	// The broadcast address of one byte, and whether it is also that of all groups.
	Broadcast8 uint8
	Group8     bool
	LLC        LLC
	VLAN       bool   // vlan can be tested
	MPLS       uint32 // number that MPLS is carried under; 0: mpls cannot be tested
	Direction  *Direction
	IfIndex    uint32 // four bytes with the interface's index, from the start of the link header; 0: there are none
	SS7        *SS7
	Source     string
}

// Variable reports whether the link header starts or ends at no fixed place.
func (l *Link) Variable() bool { return l.Prefix != PrefixNone || l.Header != HeaderFixed }

// LinkOf returns the row for t. A link type of which nothing is known, but its
// number, has a row too: one on which only lengths and bytes can be tested.
// ok is false for a number that is no link type.
func LinkOf(t linktype.Type) (l *Link, ok bool) {
	if i, ok := linkIndex[t]; ok {
		return &links[i], true
	}
	if t.Known() {
		return &Link{Type: t, Proto: Unset, Payload: Unset, NL: Unset, NLNoSNAP: Unset, Source: "none"}, true
	}
	return nil, false
}

// Links returns the rows of link types whose headers are known.
func Links() []Link { return links }

var linkIndex = func() map[linktype.Type]int {
	m := make(map[linktype.Type]int, len(links))
	for i := range links {
		m[links[i].Type] = i
	}
	return m
}()
