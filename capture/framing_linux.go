package capture

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A framing is what has to be done to the kernel's bytes to make them the bytes of
// the link type.
type framing uint8

const (
	framingPlain    framing = iota // nothing
	framingEthernet                // put the VLAN tag back
	framingSLL                     // put a cooked header of version 1 in front
	framingSLL2                    // version 2
	framingCAN                     // byte order and flags
)

// Lengths in bytes, and the offset of the EtherType in an Ethernet header.
const (
	vlanTagLen      = 4  // IEEE 802.1Q clause 9: TPID and TCI
	etherTypeOffset = 12 // IEEE 802.3 clause 3.1.1
	sllLen          = 16 // LINKTYPE_LINUX_SLL
	sll2Len         = 20 // LINKTYPE_LINUX_SLL2
)

// tpidCustomer is the TPID where the kernel names none.
const tpidCustomer = 0x8100

// insertTag moves the addresses of an Ethernet header, which start 4 bytes into
// b, to its start and writes p's tag behind them.
func insertTag(b []byte, p *Packet) {
	copy(b, b[vlanTagLen:vlanTagLen+etherTypeOffset])
	binary.BigEndian.PutUint16(b[etherTypeOffset:], p.TPID)
	binary.BigEndian.PutUint16(b[etherTypeOffset+2:], p.TCI)
}

// cook writes a cooked header at the end of room, the part of the frame before
// the network layer, and returns its length. A VLAN tag becomes part of the
// packet again: the header's protocol is the TPID, and the TCI and the protocol
// inside follow, as they do on Ethernet.
//
// The ring was made with headroom for it, so that it does not reach back to addr.
func (f framing) cook(room []byte, p *Packet, addr *unix.RawSockaddrLinklayer) int {
	be := binary.BigEndian
	n, protocol := 0, p.Protocol
	if p.Tagged {
		n = vlanTagLen
		tag := room[len(room)-n:]
		be.PutUint16(tag, p.TCI)
		be.PutUint16(tag[2:], p.Protocol)
		protocol = p.TPID
	}
	if f == framingSLL2 {
		n += sll2Len
		b := room[len(room)-n:]
		be.PutUint16(b, protocol)
		be.PutUint16(b[2:], 0)
		be.PutUint32(b[4:], uint32(addr.Ifindex))
		be.PutUint16(b[8:], addr.Hatype)
		b[10], b[11] = addr.Pkttype, addr.Halen
		copy(b[12:20], addr.Addr[:])
		return n
	}
	n += sllLen
	b := room[len(room)-n:]
	be.PutUint16(b, uint16(addr.Pkttype))
	be.PutUint16(b[2:], addr.Hatype)
	be.PutUint16(b[4:], uint16(addr.Halen))
	copy(b[6:14], addr.Addr[:])
	be.PutUint16(b[14:], protocol)
	return n
}

// EtherTypes of CAN frames (linux/if_ether.h), and flags in them (linux/can.h).
const (
	protoCAN   = 0x000c
	protoCANFD = 0x000d
	protoCANXL = 0x000e

	canfdFDF = 0x04 // in the byte at 5
	canxlXLF = 0x80 // in the byte at 4
)

// fixCAN turns a SocketCAN frame from the machine's byte order into that of
// LINKTYPE_CAN_SOCKETCAN, and makes its flags say what kind of frame it is.
func fixCAN(b []byte, protocol uint16) {
	if len(b) < 8 {
		return
	}
	switch protocol {
	case protoCAN:
		b[4] &^= canxlXLF
		b[5] &^= canfdFDF
	case protoCANFD:
		b[4] &^= canxlXLF
		b[5] |= canfdFDF
	case protoCANXL:
		b[4] |= canxlXLF
	}
	// The first word, identifier or priority, is big-endian in a file; what else
	// a CAN XL header holds is little-endian.
	binary.BigEndian.PutUint32(b, binary.NativeEndian.Uint32(b))
	if b[4]&canxlXLF != 0 {
		binary.LittleEndian.PutUint16(b[6:], binary.NativeEndian.Uint16(b[6:]))
		if len(b) >= 12 {
			binary.LittleEndian.PutUint32(b[8:], binary.NativeEndian.Uint32(b[8:]))
		}
	}
}
