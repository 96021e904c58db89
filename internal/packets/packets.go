// Package packets builds packets byte by byte, with valid lengths and checksums,
// and the captures of testdata/pcaps from them.
//
// Each header is a function or a struct with a Bytes method that takes what the
// header carries and returns both. Numbers are in host order, addresses as netip
// and MAC have them. Nothing is random and nothing depends on the clock: the same
// calls give the same bytes.
package packets

import (
	"encoding/binary"
	"net/netip"
)

// be appends numbers in network byte order.
var be = binary.BigEndian

// MAC is an Ethernet address.
type MAC [6]byte

// Broadcast is the Ethernet address that every station takes.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// EtherTypes (IEEE 802 numbers).
const (
	EtherIPv4   = 0x0800
	EtherARP    = 0x0806
	EtherRARP   = 0x8035
	EtherVLAN   = 0x8100
	EtherIPv6   = 0x86dd
	EtherMPLS   = 0x8847
	EtherPPPoED = 0x8863
	EtherPPPoES = 0x8864
	EtherQinQ   = 0x88a8
	EtherQinQ91 = 0x9100
	EtherLoop   = 0x9000
)

// IP protocol numbers (IANA protocol-numbers).
const (
	ProtoHopByHop = 0
	ProtoICMP     = 1
	ProtoIGMP     = 2
	ProtoIPv4     = 4
	ProtoTCP      = 6
	ProtoUDP      = 17
	ProtoIPv6     = 41
	ProtoRouting  = 43
	ProtoFragment = 44
	ProtoGRE      = 47
	ProtoESP      = 50
	ProtoAH       = 51
	ProtoICMPv6   = 58
	ProtoNoNext   = 59
	ProtoDstOpts  = 60
	ProtoPIM      = 103
	ProtoVRRP     = 112
	ProtoSCTP     = 132
)

// sum16 adds b to an Internet checksum in progress (RFC 1071).
func sum16(acc uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		acc += uint32(be.Uint16(b))
	}
	if len(b) == 1 {
		acc += uint32(b[0]) << 8
	}
	return acc
}

// fold16 ends an Internet checksum.
func fold16(acc uint32) uint16 {
	for acc > 0xffff {
		acc = acc&0xffff + acc>>16
	}
	return ^uint16(acc)
}

// pseudo starts the checksum of an upper layer with the pseudo-header of RFC 793
// §3.1 or RFC 8200 §8.1, which sum to the same form. n is the length of that
// layer in bytes.
func pseudo(src, dst netip.Addr, proto uint8, n int) uint32 {
	acc := sum16(0, src.AsSlice())
	acc = sum16(acc, dst.AsSlice())
	return acc + uint32(proto) + uint32(n)
}

// join puts parts one after the other into a new slice.
func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// Text returns n bytes of readable payload.
func Text(n int) []byte {
	const line = "the quick brown fox jumps over the lazy dog 0123456789\r\n"
	b := make([]byte, n)
	for i := range b {
		b[i] = line[i%len(line)]
	}
	return b
}
