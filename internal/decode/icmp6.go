package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// icmp6Names are the words for ICMPv6 types, IANA's registry.
var icmp6Names = map[uint8]string{
	1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 4: "parameter problem", 128: "echo request",
	129: "echo reply", 130: "multicast listener query", 131: "multicast listener report", 132: "multicast listener done",
	133: "router solicitation", 134: "router advertisement", 135: "neighbor solicitation", 136: "neighbor advertisement",
	137: "redirect", 138: "router renumbering", 139: "node information query", 140: "node information reply",
	143: "multicast listener report v2",
}

var icmp6Unreachables = map[uint8]string{
	0: "unreachable route", 1: "unreachable prohibited", 2: "beyond scope", 3: "unreachable address", 4: "unreachable port",
}

func (d *Decoder) icmp6(n *network, b []byte, length int) {
	var h layers.ICMPv6
	if h.DecodeFromBytes(b, gopacket.NilDecodeFeedback) != nil {
		d.text("ICMP6")
		d.cut("icmp6")
		return
	}
	if d.opt.Verbose > 0 && !d.opt.NoChecksum && len(b) == length && !n.part {
		if transportChecksum(n, protoICMP6, b) == 0 {
			d.text("[icmp6 sum ok] ")
		} else {
			zeroed := append([]byte(nil), b...)
			zeroed[2], zeroed[3] = 0, 0
			d.printf("[bad icmp6 cksum 0x%04x -> 0x%04x!] ", h.Checksum, transportChecksum(n, protoICMP6, zeroed))
		}
	}
	typ, code := h.TypeCode.Type(), h.TypeCode.Code()
	d.text("ICMP6, " + name(icmp6Names, typ, "unknown icmp6 type (%d)"))
	body := b[4:]
	word := func() uint32 {
		if len(body) < 4 {
			return 0
		}
		return binary.BigEndian.Uint32(body)
	}
	switch typ {
	case 1:
		d.text(", " + name(icmp6Unreachables, code, "unknown unreach code (%d)"))
		d.unreachable6(code, body)
	case 2:
		d.printf(", mtu %d", word())
	case 3:
		d.text(name(map[uint8]string{0: " in-transit", 1: " in reassembly"}, code, ", code %d"))
	case 4:
		d.text(name(map[uint8]string{0: ", erroneous", 1: ", next header", 2: ", option"}, code, ", code-#%d"))
		d.printf(" - octet %d", word())
	case 128, 129:
		if len(body) < 4 {
			d.cut("icmp6")
			return
		}
		d.printf(", id %d, seq %d", word()>>16, word()&0xffff)
	case 130, 131, 132:
		if len(body) >= 20 {
			a, _ := netip.AddrFromSlice(body[4:20])
			d.printf("max resp delay: %d addr: ", word()>>16)
			d.host(a)
		}
	case 135, 136:
		if len(body) >= 20 {
			a, _ := netip.AddrFromSlice(body[4:20])
			d.text([2]string{", who has ", ", tgt is "}[typ-135])
			d.host(a)
		}
	case 137:
		if len(body) >= 36 {
			to, _ := netip.AddrFromSlice(body[4:20])
			dst, _ := netip.AddrFromSlice(body[20:36])
			d.text(", ")
			d.host(dst)
			d.text(" to ")
			d.host(to)
		}
	case 143:
		d.printf(", %d group record(s)", word()&0xffff)
	}
	if d.opt.Verbose == 0 { // else it stands in the IPv6 header's part of the line
		d.printf(", length %d", length)
	}
}

// unreachable6 prints which destination of the packet inside was not reached.
func (d *Decoder) unreachable6(code uint8, body []byte) {
	if len(body) < 44 {
		return
	}
	inner := body[4:]
	dst, _ := netip.AddrFromSlice(inner[24:40])
	if code != 4 {
		if code <= 3 {
			d.text(" ")
			d.host(dst)
		}
		return
	}
	proto := ""
	switch inner[6] {
	case protoTCP:
		proto = "tcp"
	case protoUDP:
		proto = "udp"
	}
	d.text(", ")
	d.host(dst)
	if proto == "" || len(inner) < 44 {
		d.printf(" protocol %d unreachable", inner[6])
		return
	}
	d.text(" " + proto + " port ")
	d.port(proto, binary.BigEndian.Uint16(inner[42:]))
}
