package packets

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"strings"
)

// TCP flags.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// TCP is a TCP header (RFC 9293). Window 0 means 64240.
type TCP struct {
	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            uint8
	Window           uint16
	Options          []byte // a multiple of 4 bytes, at most 40
}

// Bytes returns the header and payload, with the checksum for these addresses.
func (h TCP) Bytes(src, dst netip.Addr, payload []byte) []byte {
	if len(h.Options)%4 != 0 || len(h.Options) > 40 {
		panic("packets: TCP options of such a length cannot be")
	}
	window := h.Window
	if window == 0 {
		window = 64240
	}
	b := be.AppendUint16(nil, h.SrcPort)
	b = be.AppendUint16(b, h.DstPort)
	b = be.AppendUint32(b, h.Seq)
	b = be.AppendUint32(b, h.Ack)
	b = append(b, byte((20+len(h.Options))/4)<<4, h.Flags)
	b = be.AppendUint16(b, window)
	b = append(b, 0, 0, 0, 0)
	b = append(b, h.Options...)
	b = append(b, payload...)
	be.PutUint16(b[16:], fold16(sum16(pseudo(src, dst, ProtoTCP, len(b)), b)))
	return b
}

// UDP returns a UDP header (RFC 768) and payload, with the checksum for these addresses.
func UDP(src, dst netip.Addr, srcPort, dstPort uint16, payload []byte) []byte {
	b := be.AppendUint16(nil, srcPort)
	b = be.AppendUint16(b, dstPort)
	b = be.AppendUint16(b, uint16(8+len(payload)))
	b = append(b, 0, 0)
	b = append(b, payload...)
	sum := fold16(sum16(pseudo(src, dst, ProtoUDP, len(b)), b))
	if sum == 0 {
		sum = 0xffff
	}
	be.PutUint16(b[6:], sum)
	return b
}

// ICMP returns an ICMP message (RFC 792): rest is everything after the checksum.
func ICMP(typ, code uint8, rest []byte) []byte {
	b := append([]byte{typ, code, 0, 0}, rest...)
	be.PutUint16(b[2:], fold16(sum16(0, b)))
	return b
}

// ICMPv6 returns an ICMPv6 message (RFC 4443): rest is everything after the checksum.
func ICMPv6(src, dst netip.Addr, typ, code uint8, rest []byte) []byte {
	b := append([]byte{typ, code, 0, 0}, rest...)
	be.PutUint16(b[2:], fold16(sum16(pseudo(src, dst, ProtoICMPv6, len(b)), b)))
	return b
}

// Echo is the rest of an echo message of either ICMP.
func Echo(id, seq uint16, payload []byte) []byte {
	b := be.AppendUint16(nil, id)
	return append(be.AppendUint16(b, seq), payload...)
}

// IGMP returns an IGMPv2 message (RFC 2236).
func IGMP(typ, maxResp uint8, group netip.Addr) []byte {
	b := append([]byte{typ, maxResp, 0, 0}, group.AsSlice()...)
	be.PutUint16(b[2:], fold16(sum16(0, b)))
	return b
}

// PIMHello returns a PIM version 2 hello (RFC 7761 §4.9.2) with a holdtime option. The
// addresses matter to the checksum of PIM over IPv6 only.
func PIMHello(src, dst netip.Addr) []byte {
	b := []byte{0x20, 0, 0, 0, 0, 1, 0, 2, 0, 105}
	acc := uint32(0)
	if src.Is6() {
		acc = pseudo(src, dst, ProtoPIM, len(b))
	}
	be.PutUint16(b[2:], fold16(sum16(acc, b)))
	return b
}

// SCTP returns an SCTP header (RFC 9260) and one chunk of that type.
func SCTP(srcPort, dstPort uint16, tag uint32, chunk uint8, value []byte) []byte {
	b := be.AppendUint16(nil, srcPort)
	b = be.AppendUint16(b, dstPort)
	b = be.AppendUint32(b, tag)
	b = append(b, 0, 0, 0, 0, chunk, 0)
	b = be.AppendUint16(b, uint16(4+len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	// The checksum is CRC-32C, its least significant byte first.
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// DNS returns a query for the name's address (type 1 or 28), or with answers a response
// to it (RFC 1035).
func DNS(id uint16, name string, typ uint16, answers ...netip.Addr) []byte {
	flags := uint16(0x0100)
	if len(answers) > 0 {
		flags = 0x8180
	}
	b := be.AppendUint16(nil, id)
	b = be.AppendUint16(b, flags)
	b = be.AppendUint16(b, 1)
	b = be.AppendUint16(b, uint16(len(answers)))
	b = append(b, 0, 0, 0, 0)
	for _, label := range strings.Split(name, ".") {
		b = append(b, byte(len(label)))
		b = append(b, label...)
	}
	b = append(b, 0)
	b = be.AppendUint16(b, typ)
	b = be.AppendUint16(b, 1)
	for _, a := range answers {
		b = append(b, 0xc0, 12) // the name of the question
		b = be.AppendUint16(b, typ)
		b = be.AppendUint16(b, 1)
		b = be.AppendUint32(b, 300)
		b = be.AppendUint16(b, uint16(a.BitLen()/8))
		b = append(b, a.AsSlice()...)
	}
	return b
}
