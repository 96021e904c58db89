package packets

import (
	"encoding/binary"
	"net/netip"
)

// Ethernet puts an Ethernet II header in front of payload.
func Ethernet(dst, src MAC, etherType uint16, payload []byte) []byte {
	b := append(dst[:len(dst):len(dst)], src[:]...)
	b = be.AppendUint16(b, etherType)
	return append(b, payload...)
}

// Ethernet802 puts an 802.3 header (length instead of type) and an LLC header in
// front of payload. control is one byte (an unnumbered frame).
func Ethernet802(dst, src MAC, dsap, ssap, control uint8, payload []byte) []byte {
	return Ethernet(dst, src, uint16(3+len(payload)), join([]byte{dsap, ssap, control}, payload))
}

// SNAP puts the body of an LLC/SNAP frame (RFC 1042) in front of payload: organisation
// code and type. It goes inside Ethernet802 with both access points 0xaa, control 3.
func SNAP(oui uint32, etherType uint16, payload []byte) []byte {
	b := []byte{byte(oui >> 16), byte(oui >> 8), byte(oui)}
	return append(be.AppendUint16(b, etherType), payload...)
}

// VLAN puts the rest of an 802.1Q tag in front of payload: tag control information
// and the type of what follows. The tag's own type is the outer header's.
func VLAN(tci, etherType uint16, payload []byte) []byte {
	b := be.AppendUint16(nil, tci)
	return append(be.AppendUint16(b, etherType), payload...)
}

// MPLS puts one label stack entry (RFC 3032) in front of payload.
func MPLS(label uint32, bottom bool, payload []byte) []byte {
	w := label<<12 | 64
	if bottom {
		w |= 1 << 8
	}
	return append(be.AppendUint32(nil, w), payload...)
}

// PPPoE puts a PPPoE session header (RFC 2516) and a PPP protocol number in front of
// payload.
func PPPoE(session, pppProto uint16, payload []byte) []byte {
	b := []byte{0x11, 0}
	b = be.AppendUint16(b, session)
	b = be.AppendUint16(b, uint16(2+len(payload)))
	b = be.AppendUint16(b, pppProto)
	return append(b, payload...)
}

// ARP is an address resolution packet for IPv4 on Ethernet (RFC 826); op 1 asks, 2
// answers, 3 and 4 are RARP's (RFC 903).
func ARP(op uint16, srcMAC MAC, src netip.Addr, dstMAC MAC, dst netip.Addr) []byte {
	b := []byte{0, 1, 8, 0, 6, 4}
	b = be.AppendUint16(b, op)
	b = append(b, srcMAC[:]...)
	b = append(b, src.AsSlice()...)
	b = append(b, dstMAC[:]...)
	return append(b, dst.AsSlice()...)
}

// Address families as the BSD loopback header has them.
const (
	AFInet         = 2
	AFInet6OpenBSD = 24
	AFInet6FreeBSD = 28
	AFInet6Darwin  = 30
)

// Null puts the BSD loopback header in front of payload: the address family in the byte
// order of the host that captured.
func Null(order binary.ByteOrder, family uint32, payload []byte) []byte {
	b := make([]byte, 4, 4+len(payload))
	order.PutUint32(b, family)
	return append(b, payload...)
}

// PPP protocol numbers.
const (
	PPPIPv4 = 0x0021
	PPPIPv6 = 0x0057
	PPPLCP  = 0xc021
)

// PPP puts the HDLC address and control bytes and a protocol number in front of
// payload.
func PPP(pppProto uint16, payload []byte) []byte {
	b := []byte{0xff, 0x03}
	return append(be.AppendUint16(b, pppProto), payload...)
}

// SLL puts the Linux cooked header (LINKTYPE_LINUX_SLL) in front of payload. packetType
// is PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3 or OUTGOING 4.
func SLL(packetType uint16, addr MAC, etherType uint16, payload []byte) []byte {
	b := be.AppendUint16(nil, packetType)
	b = be.AppendUint16(b, 1) // ARPHRD_ETHER
	b = be.AppendUint16(b, uint16(len(addr)))
	b = append(b, addr[:]...)
	b = append(b, 0, 0)
	b = be.AppendUint16(b, etherType)
	return append(b, payload...)
}

// SLL2 puts the second Linux cooked header (LINKTYPE_LINUX_SLL2) in front of payload.
func SLL2(packetType uint8, ifIndex uint32, addr MAC, etherType uint16, payload []byte) []byte {
	b := be.AppendUint16(nil, etherType)
	b = append(b, 0, 0)
	b = be.AppendUint32(b, ifIndex)
	b = be.AppendUint16(b, 1) // ARPHRD_ETHER
	b = append(b, packetType, uint8(len(addr)))
	b = append(b, addr[:]...)
	b = append(b, 0, 0)
	return append(b, payload...)
}
