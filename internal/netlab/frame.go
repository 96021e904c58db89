package netlab

import (
	"encoding/binary"
	"net"
	"net/netip"
)

// UDP4 returns an Ethernet frame with an IPv4 UDP datagram in it, checksums
// right, ports in host order.
func UDP4(dst, src net.HardwareAddr, to, from netip.AddrPort, payload []byte) []byte {
	const ether, ip, udp = 14, 20, 8
	b := make([]byte, ether+ip+udp+len(payload))
	copy(b, dst)
	copy(b[6:], src)
	be := binary.BigEndian
	be.PutUint16(b[12:], 0x0800)
	h := b[ether:]
	h[0] = 0x45
	be.PutUint16(h[2:], uint16(ip+udp+len(payload)))
	h[8], h[9] = 64, 17
	copy(h[12:], from.Addr().AsSlice())
	copy(h[16:], to.Addr().AsSlice())
	be.PutUint16(h[10:], ^sum(0, h[:ip]))
	u := h[ip:]
	be.PutUint16(u, from.Port())
	be.PutUint16(u[2:], to.Port())
	be.PutUint16(u[4:], uint16(udp+len(payload)))
	copy(u[udp:], payload)
	pseudo := uint32(17) + uint32(len(u))
	check := ^sum(pseudo+uint32(sum(0, h[12:20])), u)
	if check == 0 {
		check = 0xffff // RFC 768: 0 means "no checksum"
	}
	be.PutUint16(u[6:], check)
	return b
}

// Tag returns a copy of an Ethernet frame with a VLAN tag put in front of its
// EtherType. tpid is 0x8100 or 0x88a8; tci holds PCP, DEI and VID.
func Tag(frame []byte, tpid, tci uint16) []byte {
	b := make([]byte, 0, len(frame)+4)
	b = append(b, frame[:12]...)
	b = binary.BigEndian.AppendUint16(b, tpid)
	b = binary.BigEndian.AppendUint16(b, tci)
	return append(b, frame[12:]...)
}

// sum adds b to the one's complement sum acc (RFC 1071).
func sum(acc uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		acc += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		acc += uint32(b[0]) << 8
	}
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return uint16(acc)
}
