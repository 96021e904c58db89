package decode

import (
	"encoding/binary"

	"github.com/gofilter/gofilter/linktype"
)

// linkRows say what prints the packets of a link type. Each returns the length of
// the link header in bytes.
var linkRows = map[linktype.Type]func(d *Decoder, p *Packet) int{
	linktype.Ethernet:  (*Decoder).ethernet,
	linktype.LinuxSLL:  (*Decoder).sll,
	linktype.LinuxSLL2: (*Decoder).sll2,
	linktype.Null:      (*Decoder).null,
	linktype.Loop:      (*Decoder).loop,
	linktype.PPP:       (*Decoder).ppp,
	linktype.Raw:       (*Decoder).raw,
	linktype.IPv4:      (*Decoder).raw,
	linktype.IPv6:      (*Decoder).raw,
}

// link prints a packet from its first byte on and returns the length of the link
// header.
func (d *Decoder) link(p *Packet) int {
	if row, ok := linkRows[p.LinkType]; ok {
		return row(d, p)
	}
	// Nothing is known of what follows.
	d.printf("%v, length %d", p.LinkType, p.Len)
	if d.opt.Dump == DumpNone {
		d.hex(p.Data, "\n\t", true)
	}
	return 0
}

// Sizes of link headers in bytes.
const (
	ethernetSize = 14
	sllSize      = 16
	sll2Size     = 20
	familySize   = 4
)

// wire returns the length on the wire of what is left of p after n bytes.
func wire(p *Packet, n int) int { return int(p.Len) - n }

func (d *Decoder) ethernet(p *Packet) int {
	b := p.Data
	if len(b) < ethernetSize {
		d.cut("ether")
		return len(b)
	}
	return d.ethernetFrame(b, int(p.Len))
}

// ethernetFrame prints an Ethernet frame of length bytes on the wire.
func (d *Decoder) ethernetFrame(b []byte, length int) int {
	macs := b[:12]
	typ := binary.BigEndian.Uint16(b[12:])
	if d.opt.Link {
		d.mac(macs[6:12])
		d.text(" > ")
		d.mac(macs[:6])
		d.text(", ")
		if typ <= maxLength8023 {
			d.printf("802.3, length %d: ", typ)
		} else if d.opt.Quiet {
			d.printf("%s, length %d: ", name(etherTypes, typ, "Unknown Ethertype (0x%04x)"), length)
		} else {
			d.printf("ethertype %s (0x%04x), length %d: ", name(etherTypes, typ, "Unknown"), typ, length)
		}
	}
	n := ethernetSize
	for isVLAN(typ) {
		if len(b) < n+4 {
			d.cut("vlan")
			return len(b)
		}
		tci := binary.BigEndian.Uint16(b[n:])
		typ = binary.BigEndian.Uint16(b[n+2:])
		n += 4
		if d.opt.Link {
			d.vlan(tci)
			if typ > maxLength8023 {
				if d.opt.Quiet {
					d.text(name(etherTypes, typ, "Unknown Ethertype (0x%04x)") + ", ")
				} else {
					d.printf("ethertype %s (0x%04x), ", name(etherTypes, typ, "Unknown"), typ)
				}
			}
		}
	}
	if typ <= maxLength8023 {
		return n + d.llc(b[n:], min(int(typ), length-n), macs)
	}
	d.etherType(typ, b[n:], length-n, macs)
	return n
}

// vlan prints a tag's control information.
func (d *Decoder) vlan(tci uint16) {
	d.printf("vlan %d, p %d", tci&0xfff, tci>>13)
	if tci&0x1000 != 0 {
		d.text(", DEI")
	}
	d.text(", ")
}

// packetTypes are the words for the packet type of a Linux cooked header
// (PACKET_* in linux/if_packet.h).
var packetTypes = map[uint16]string{0: "In", 1: "B", 2: "M", 3: "P", 4: "Out"}

func (d *Decoder) sll(p *Packet) int {
	b := p.Data
	if len(b) < sllSize {
		d.cut("sll")
		return len(b)
	}
	typ := binary.BigEndian.Uint16(b[14:])
	if d.opt.Link {
		d.printf("%3s ", name(packetTypes, binary.BigEndian.Uint16(b), "?"))
		if n := binary.BigEndian.Uint16(b[4:]); n > 0 {
			d.mac(b[6 : 6+min(n, 8)])
			d.text(" ")
		}
		d.cookedType(typ, int(p.Len))
	}
	return sllSize + d.cooked(typ, b[sllSize:], wire(p, sllSize))
}

func (d *Decoder) sll2(p *Packet) int {
	b := p.Data
	if len(b) < sll2Size {
		d.cut("sll2")
		return len(b)
	}
	index := binary.BigEndian.Uint32(b[4:])
	ifname := ""
	if d.opt.IfName != nil {
		ifname = d.opt.IfName(int(index))
	}
	if ifname == "" {
		ifname = "?"
	}
	d.printf("%-5s %-3s ", ifname, name(packetTypes, uint16(b[10]), "?"))
	typ := binary.BigEndian.Uint16(b)
	if d.opt.Link {
		d.printf("ifindex %d ", index)
		if n := b[11]; n > 0 {
			d.mac(b[12 : 12+min(n, 8)])
			d.text(" ")
		}
		d.cookedType(typ, int(p.Len))
	}
	return sll2Size + d.cooked(typ, b[sll2Size:], wire(p, sll2Size))
}

// cookedType prints a cooked header's protocol.
func (d *Decoder) cookedType(typ uint16, length int) {
	if d.opt.Quiet {
		return
	}
	if typ <= maxLength8023 {
		d.printf("ethertype %s (0x%04x), length %d: ", name(cookedTypes, typ, "Unknown"), typ, length)
		return
	}
	d.printf("ethertype %s (0x%04x), length %d: ", name(etherTypes, typ, "Unknown"), typ, length)
}

// cookedTypes are the protocols of a cooked header that are no EtherTypes
// (ETH_P_* in linux/if_ether.h).
var cookedTypes = map[uint16]string{1: "802.3", 4: "802.2"}

// cooked prints what follows a cooked header and returns the length of its VLAN
// tags.
func (d *Decoder) cooked(typ uint16, b []byte, length int) (tags int) {
	for isVLAN(typ) {
		if len(b) < 4 {
			d.cut("vlan")
			return tags
		}
		tci := binary.BigEndian.Uint16(b)
		typ = binary.BigEndian.Uint16(b[2:])
		b, length, tags = b[4:], length-4, tags+4
		if d.opt.Link {
			d.vlan(tci)
		}
		if typ > maxLength8023 && !d.opt.Quiet {
			d.printf("ethertype %s, ", name(etherTypes, typ, "0x%04x"))
		}
	}
	if typ == 4 {
		d.llc(b, length, nil)
	} else {
		d.etherType(typ, b, length, nil)
	}
	return tags
}

// families are the BSD address family numbers that mean a network protocol; the
// systems disagree on IPv6's.
var families = map[uint32]string{2: "IPv4", 24: "IPv6", 28: "IPv6", 30: "IPv6", 7: "OSI", 23: "IPX", 16: "AppleTalk"}

// null prints a BSD loopback header. The family is in the byte order of the host
// that captured, which nothing says; a number too large for one is in the other.
func (d *Decoder) null(p *Packet) int {
	if len(p.Data) < familySize {
		d.cut("null")
		return len(p.Data)
	}
	family := binary.LittleEndian.Uint32(p.Data)
	if family&0xffff0000 != 0 {
		family = family>>24 | family>>8&0xff00 | family<<8&0xff0000 | family<<24
	}
	return d.family(p, family)
}

func (d *Decoder) loop(p *Packet) int {
	if len(p.Data) < familySize {
		d.cut("null")
		return len(p.Data)
	}
	return d.family(p, binary.BigEndian.Uint32(p.Data))
}

func (d *Decoder) family(p *Packet, family uint32) int {
	word := name(families, family, "unknown")
	if d.opt.Link {
		if d.opt.Quiet {
			d.text(word)
		} else {
			d.printf("AF %s (%d)", word, family)
		}
		d.printf(", length %d: ", p.Len)
	}
	b, length := p.Data[familySize:], wire(p, familySize)
	switch word {
	case "IPv4":
		d.ipv4(b, length)
	case "IPv6":
		d.ipv6(b, length)
	default:
		if !d.opt.Link {
			d.printf("AF %s (%d), length %d: ", word, family, p.Len)
		}
		d.unknown(b)
	}
	return familySize
}

// raw prints a packet that begins with IP.
func (d *Decoder) raw(p *Packet) int {
	if d.opt.Link {
		d.text("ip: ")
	}
	d.ip(p.Data, int(p.Len))
	return 0
}

// PPP protocol numbers, RFC 1661 and its registry.
var pppProtos = map[uint16]string{
	0x0021: "IP", 0x0057: "IP6", 0x8021: "IPCP", 0x8057: "IP6CP", 0xc021: "LCP", 0xc023: "PAP",
	0xc223: "CHAP", 0xc025: "LQR", 0x80fd: "CCP", 0x0281: "MPLS", 0x002b: "IPX", 0x003d: "MLPPP",
}

// ppp prints a PPP frame, with or without address and control field.
func (d *Decoder) ppp(p *Packet) int {
	b := p.Data
	n := 0
	if len(b) < 4 {
		d.cut("ppp")
		return len(b)
	}
	if b[0] == 0xff && b[1] == 0x03 {
		n = 2
	}
	proto := binary.BigEndian.Uint16(b[n:])
	n += 2
	d.pppPayload(proto, b[n:], wire(p, n), int(p.Len))
	return n
}

// pppPayload prints what a PPP frame of frame bytes carries.
func (d *Decoder) pppPayload(proto uint16, b []byte, length, frame int) {
	if d.opt.Link {
		d.printf("%s (0x%04x), length %d: ", name(pppProtos, proto, "unknown"), proto, frame)
	}
	switch proto {
	case 0x0021:
		d.ipv4(b, length)
	case 0x0057:
		d.ipv6(b, length)
	case 0x0281:
		d.mpls(b, length)
	default:
		d.printf("%s, length %d", name(pppProtos, proto, "unknown PPP protocol (0x%04x)"), length+2)
	}
}
