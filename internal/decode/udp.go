package decode

import (
	"encoding/binary"

	"github.com/google/gopacket"
)

func (d *Decoder) udpLine(n *network, b []byte, length int) {
	if len(b) < 4 {
		d.addressesAnd(n, " ")
		d.cut("udp")
		return
	}
	sport, dport := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	d.ports(n, "udp", sport, dport)
	if len(b) < 8 {
		d.cut("udp")
		return
	}
	said := int(binary.BigEndian.Uint16(b[4:]))
	if said < 8 && said != 0 {
		d.printf("truncated-udplength %d", said)
		return
	}
	if said == 0 {
		said = length // a jumbogram
	}
	if length < 8 {
		d.cut("udp")
		return
	}
	b = b[:min(len(b), said)]
	if err := d.udp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		d.cut("udp")
		return
	}
	data := said - 8
	if d.opt.Quiet {
		d.printf("UDP, length %d", data)
		return
	}
	if d.opt.Verbose > 0 && !d.opt.NoChecksum && !n.part {
		sum := binary.BigEndian.Uint16(b[6:])
		switch {
		case sum == 0:
			d.text("[no cksum] ")
		case len(b) < said || (n.src.Is4() && d.opt.Verbose < 2):
		case transportChecksum(n, protoUDP, b) == 0:
			d.text("[udp sum ok] ")
		default:
			zeroed := append([]byte(nil), b...)
			zeroed[6], zeroed[7] = 0, 0
			d.printf("[bad udp cksum 0x%04x -> 0x%04x!] ", sum, transportChecksum(n, protoUDP, zeroed))
		}
	}
	payload := b[8:]
	if d.datagram(dport, payload, data) || d.datagram(sport, payload, data) {
		return
	}
	if said > length && !n.part {
		d.printf("UDP, bad length %d > %d", data, length-8)
		return
	}
	d.printf("UDP, length %d", data)
}

// datagram prints a payload by the protocol that has the port, and reports whether
// there is one.
func (d *Decoder) datagram(port uint16, b []byte, length int) bool {
	switch port {
	case 53:
		d.domain(b, length, false)
	case 5353:
		d.domain(b, length, true)
	case 67, 68:
		d.dhcp(b, length)
	case 123:
		d.ntp(b, length)
	case 4500:
		d.udpEncap(b, length)
	case 4789:
		d.vxlan(b, length)
	case 6081:
		d.geneve(b, length)
	default:
		return false
	}
	return true
}

// dhcp prints a BOOTP or DHCP message, RFC 951.
func (d *Decoder) dhcp(b []byte, length int) {
	if len(b) < 34 {
		d.text("BOOTP/DHCP")
		d.cut("bootp")
		return
	}
	op := name(map[uint8]string{1: "Request", 2: "Reply"}, b[0], "unknown (0x%02x)")
	d.printf("BOOTP/DHCP, %s", op)
	if b[1] == 1 && b[2] == 6 && b[0] == 1 {
		d.text(" from ")
		d.mac(b[28:34])
	}
	d.printf(", length %d", length)
}

// ntpModes are the words for an NTP packet's mode, RFC 5905.
var ntpModes = [8]string{"unspecified", "symmetric active", "symmetric passive", "Client", "Server", "Broadcast", "Control Message", "Private"}

func (d *Decoder) ntp(b []byte, length int) {
	if len(b) < 1 {
		d.cut("ntp")
		return
	}
	d.printf("NTPv%d, %s, length %d", b[0]>>3&7, ntpModes[b[0]&7], length)
}

// udpEncap prints IKE and ESP in UDP, RFC 3948.
func (d *Decoder) udpEncap(b []byte, length int) {
	switch {
	case length == 1 && len(b) == 1 && b[0] == 0xff:
		d.text("isakmp-nat-keep-alive")
	case len(b) < 4:
		d.cut("isakmp")
	case binary.BigEndian.Uint32(b) == 0:
		d.printf("NONESP-encap: isakmp, length %d", length-4)
	default:
		d.text("UDP-encap: ")
		d.esp(b, length)
	}
}
