package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// maxLength8023 is the greatest value of an Ethernet type field that is a length,
// IEEE 802.3 clause 3.2.6.
const maxLength8023 = 1500

// EtherTypes that are followed further, IEEE 802 numbers registry.
const (
	typeIPv4     = 0x0800
	typeARP      = 0x0806
	typeTEB      = 0x6558
	typeRARP     = 0x8035
	typeVLAN     = 0x8100
	typeIPv6     = 0x86dd
	typeMPLS     = 0x8847
	typeMPLSMany = 0x8848
	typePPPoED   = 0x8863
	typePPPoES   = 0x8864
	typeQinQ     = 0x88a8
	typeLLDP     = 0x88cc
	typeVLAN9100 = 0x9100
	typeVLAN9200 = 0x9200
)

// etherTypes are the words for EtherTypes.
var etherTypes = map[uint16]string{
	typeIPv4: "IPv4", typeARP: "ARP", typeRARP: "Reverse ARP", typeIPv6: "IPv6",
	typeVLAN: "802.1Q", typeQinQ: "802.1Q-QinQ", typeVLAN9100: "802.1Q-9100", typeVLAN9200: "802.1Q-9200",
	typeMPLS: "MPLS unicast", typeMPLSMany: "MPLS multicast", typePPPoED: "PPPoE D", typePPPoES: "PPPoE S",
	0x8809: "Slow Protocols", 0x888e: "EAPOL", typeLLDP: "LLDP", 0x88f7: "PTP", 0x9000: "Loopback",
	0x809b: "Appletalk", 0x80f3: "Appletalk ARP", 0x8137: "IPX", 0x880b: "PPP", typeTEB: "TEB",
	0x88e5: "MACSEC", 0x8902: "CFM", 0x88a2: "AoE",
}

// isVLAN reports whether a frame of EtherType typ has a VLAN tag here.
func isVLAN(typ uint16) bool {
	switch typ {
	case typeVLAN, typeQinQ, typeVLAN9100, typeVLAN9200:
		return true
	}
	return false
}

// etherType prints what an EtherType says b is. macs are the frame's destination
// and source, where it has them.
func (d *Decoder) etherType(typ uint16, b []byte, length int, macs []byte) {
	if d.depth++; d.depth > maxDepth {
		d.text("[nested too deep]")
		return
	}
	defer func() { d.depth-- }()
	switch typ {
	case typeIPv4:
		d.ipv4(b, length)
	case typeIPv6:
		d.ipv6(b, length)
	case typeARP, typeRARP:
		d.arpLine(b, length)
	case typeMPLS, typeMPLSMany:
		d.mpls(b, length)
	case typeLLDP:
		d.printf("LLDP, length %d", length)
	case typePPPoED, typePPPoES:
		d.pppoe(typ, b)
	case typeTEB:
		if len(b) < ethernetSize {
			d.cut("ether")
			return
		}
		d.ethernetFrame(b, length)
	default:
		d.unnamed(typ, b, length, macs)
	}
}

// unnamed prints a frame whose EtherType is not followed further.
func (d *Decoder) unnamed(typ uint16, b []byte, length int, macs []byte) {
	if !d.opt.Link {
		if macs != nil {
			d.mac(macs[6:12])
			d.text(" > ")
			d.mac(macs[:6])
			d.text(", ")
		}
		d.printf("ethertype %s (0x%04x), length %d: ", name(etherTypes, typ, "Unknown"), typ, length+len(macs)+len(macs)/6)
	}
	d.unknown(b)
}

// unknown prints the bytes of a payload that nothing is known of, unless a dump
// follows anyway.
func (d *Decoder) unknown(b []byte) {
	if d.opt.Dump == DumpNone {
		d.hex(b, "\n\t", true)
	}
}

// Service access points of the 802.2 header, ISO/IEC 8802-2 and its registry.
var saps = map[uint8]string{
	0x00: "Null", 0x06: "IP", 0x42: "STP", 0xaa: "SNAP", 0xe0: "IPX", 0xf0: "NetBeui", 0xfe: "OSI", 0xff: "Global",
}

// llc prints an 802.2 header and what follows it, and returns the header's length.
func (d *Decoder) llc(b []byte, length int, macs []byte) int {
	if len(b) < 3 || length < 3 {
		d.cut("llc")
		d.unknown(b)
		return 0
	}
	dsap, ssap, control := b[0], b[1], b[2]
	if d.opt.Link {
		d.printf("LLC, dsap %s (0x%02x) %s, ssap %s (0x%02x) %s, ctrl 0x%02x: ",
			name(saps, dsap&^1, "Unknown"), dsap, [2]string{"Individual", "Group"}[dsap&1],
			name(saps, ssap&^1, "Unknown"), ssap&^1, [2]string{"Command", "Response"}[ssap&1], control)
	}
	switch {
	case dsap == 0xaa && ssap == 0xaa && control == 3:
		return 3 + d.snap(b[3:], length-3, macs)
	case dsap == 0x42 && ssap == 0x42:
		d.printf("STP, length %d", length-3)
		return 3
	}
	if !d.opt.Link {
		if macs != nil {
			d.mac(macs[6:12])
			d.text(" > ")
			d.mac(macs[:6])
			d.text(" ")
		}
		d.text(name(saps, ssap&^1, "Unknown SAP 0x%02x") + " ")
		if ssap&^1 != dsap&^1 {
			d.text("> " + name(saps, dsap&^1, "Unknown SAP 0x%02x") + " ")
		}
	}
	if control == 3 {
		d.printf("Unnumbered, ui, Flags [%s], length %d", [2]string{"Command", "Response"}[ssap&1], length)
	} else {
		d.printf("ctrl 0x%02x, length %d", control, length)
	}
	d.unknown(b)
	return 3
}

// Organizations of a SNAP header.
var ouis = map[uint32]string{0: "Ethernet", 0x00000c: "Cisco", 0x0000f8: "Cisco bridged", 0x0080c2: "RFC2684", 0x080007: "Appletalk"}

func (d *Decoder) snap(b []byte, length int, macs []byte) int {
	if len(b) < 5 {
		d.cut("snap")
		return len(b)
	}
	oui := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	typ := binary.BigEndian.Uint16(b[3:])
	if d.opt.Link {
		word := "ethertype " + name(etherTypes, typ, "Unknown")
		if oui != 0 {
			word = "pid Unknown"
		}
		d.printf("oui %s (0x%06x), %s (0x%04x), length %d: ", name(ouis, oui, "Unknown"), oui, word, typ, length-5)
	}
	if oui == 0 || oui == 0x0000f8 {
		d.etherType(typ, b[5:], length-5, macs)
		return 5
	}
	if !d.opt.Link {
		d.printf("SNAP, oui %s (0x%06x), pid 0x%04x, length %d", name(ouis, oui, "Unknown"), oui, typ, length-5)
	}
	d.unknown(b[5:])
	return 5
}

// arpOps are the words for an ARP or RARP packet's operation, RFC 826 and 903.
var arpOps = map[uint16]string{1: "Request", 2: "Reply", 3: "Reverse Request", 4: "Reverse Reply", 8: "Inverse Request", 9: "Inverse Reply"}

func (d *Decoder) arpLine(b []byte, length int) {
	if len(b) < 8 || len(b) < 8+2*int(b[4])+2*int(b[5]) {
		d.cut("arp")
		return
	}
	if err := d.arp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		d.cut("arp")
		return
	}
	a := &d.arp
	if !d.opt.Link {
		d.text("ARP, ")
	}
	ethernet := a.AddrType == layers.LinkTypeEthernet && a.HwAddressSize == 6 && a.Protocol == layers.EthernetTypeIPv4 && a.ProtAddressSize == 4
	if !ethernet || d.opt.Verbose > 0 {
		d.printf("%s (len %d), %s (len %d), ", hardware(a.AddrType), a.HwAddressSize,
			name(etherTypes, uint16(a.Protocol), "Unknown (0x%04x)"), a.ProtAddressSize)
	}
	op := name(arpOps, a.Operation, "oper-%d")
	if !ethernet {
		d.printf("%s, length %d", op, length)
		return
	}
	sender, _ := netip.AddrFromSlice(a.SourceProtAddress)
	target, _ := netip.AddrFromSlice(a.DstProtAddress)
	d.text(op)
	switch a.Operation {
	case 1:
		d.text(" who-has ")
		d.host(target)
		if !allZero(a.DstHwAddress) && !allOnes(a.DstHwAddress) {
			d.text(" (")
			d.mac(a.DstHwAddress)
			d.text(")")
		}
		d.text(" tell ")
		d.host(sender)
	case 2:
		d.text(" ")
		d.host(sender)
		d.text(" is-at ")
		d.mac(a.SourceHwAddress)
	case 3:
		d.text(" who-is ")
		d.mac(a.DstHwAddress)
		d.text(" tell ")
		d.mac(a.SourceHwAddress)
	case 4:
		d.text(" ")
		d.mac(a.DstHwAddress)
		d.text(" at ")
		d.host(target)
	}
	d.printf(", length %d", length)
}

// hardware returns the words for an ARP hardware type.
func hardware(t layers.LinkType) string {
	if t == layers.LinkTypeEthernet {
		return "Ethernet"
	}
	return "Unknown Hardware (" + itoa(int(t)) + ")"
}

func allZero(b []byte) bool { return allAre(b, 0) }
func allOnes(b []byte) bool { return allAre(b, 0xff) }

func allAre(b []byte, c byte) bool {
	for _, x := range b {
		if x != c {
			return false
		}
	}
	return true
}

// mpls prints a label stack, RFC 3032, and what is under it.
func (d *Decoder) mpls(b []byte, length int) {
	if len(b) < 4 {
		d.cut("mpls")
		return
	}
	d.text("MPLS")
	between := ""
	for {
		if len(b) < 4 {
			d.cut("mpls")
			return
		}
		label := binary.BigEndian.Uint32(b)
		b, length = b[4:], length-4
		d.printf("%s (label %d, tc %d", between, label>>12, label>>9&7)
		if label&0x100 != 0 {
			d.text(", [S]")
		}
		d.printf(", ttl %d)", label&0xff)
		if d.opt.Verbose > 0 {
			between = "\n\t"
		}
		if label&0x100 != 0 {
			break
		}
	}
	if len(b) == 0 {
		return
	}
	if between == "" {
		between = " "
	}
	switch b[0] >> 4 {
	case 4:
		d.text(between)
		d.ipv4(b, length)
	case 6:
		d.text(between)
		d.ipv6(b, length)
	default:
		d.printf(", length %d", length)
	}
}

// pppoeCodes are the words for a PPPoE packet's code, RFC 2516.
var pppoeCodes = map[uint8]string{0x09: "PADI", 0x07: "PADO", 0x19: "PADR", 0x65: "PADS", 0xa7: "PADT"}

func (d *Decoder) pppoe(typ uint16, b []byte) {
	if len(b) < 6 {
		d.cut("pppoe")
		return
	}
	code, session := b[1], binary.BigEndian.Uint16(b[2:])
	length := int(binary.BigEndian.Uint16(b[4:]))
	d.text("PPPoE ")
	if code != 0 {
		d.text(name(pppoeCodes, code, "PAD-%02x"))
	}
	if session != 0 {
		d.printf(" [ses 0x%x]", session)
	}
	b = b[6:]
	if typ == typePPPoED {
		d.printf(", length %d", length)
		return
	}
	d.text(" ")
	if len(b) < 2 {
		d.cut("ppp")
		return
	}
	d.pppPayload(binary.BigEndian.Uint16(b), b[2:], length-2, length)
}
