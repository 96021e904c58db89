package decode

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// ICMP types, RFC 792 and RFC 950.
const (
	icmpEchoReply    = 0
	icmpUnreachable  = 3
	icmpSourceQuench = 4
	icmpRedirect     = 5
	icmpEcho         = 8
	icmpTimeExceeded = 11
	icmpParameter    = 12
)

var icmpNames = map[uint8]string{
	icmpSourceQuench: "source quench", 9: "router advertisement", 10: "router solicitation",
	13: "time stamp query", 14: "time stamp reply", 15: "information request", 16: "information reply", 17: "address mask request",
	18: "address mask reply",
}

// icmpUnreachables are the sentences for codes that name only the destination.
var icmpUnreachables = map[uint8]string{
	0: "net %s unreachable", 1: "host %s unreachable", 5: "%s unreachable - source route failed", 6: "net %s unreachable - unknown",
	7: "host %s unreachable - unknown", 8: "%s unreachable - source host isolated", 9: "net %s unreachable - admin prohibited",
	10: "host %s unreachable - admin prohibited", 11: "net %s unreachable - tos prohibited",
	12: "host %s unreachable - tos prohibited", 13: "host %s unreachable - admin prohibited filter",
	14: "host %s unreachable - host precedence violation", 15: "host %s unreachable - precedence cutoff",
}

var icmpRedirects = map[uint8]string{0: "redirect %s to net %s", 1: "redirect %s to host %s", 2: "redirect-tos %s to net %s", 3: "redirect-tos %s to host %s"}

func (d *Decoder) icmp(n *network, b []byte, length int) {
	var h layers.ICMPv4
	if h.DecodeFromBytes(b, gopacket.NilDecodeFeedback) != nil {
		d.text("ICMP")
		d.cut("icmp")
		return
	}
	d.text("ICMP ")
	typ, code := h.TypeCode.Type(), h.TypeCode.Code()
	switch typ {
	case icmpEcho:
		d.printf("echo request, id %d, seq %d", h.Id, h.Seq)
	case icmpEchoReply:
		d.printf("echo reply, id %d, seq %d", h.Id, h.Seq)
	case icmpUnreachable:
		d.text(d.unreachable(code, h.Seq, b))
	case icmpRedirect:
		a, _ := netip.AddrFromSlice(b[4:8])
		if format, ok := icmpRedirects[code]; ok && len(b) >= 28 {
			d.printf(format, d.hostString(b[24:28]), a)
		} else {
			d.printf("redirect-#%d", code)
		}
	case icmpTimeExceeded:
		d.text(name(map[uint8]string{0: "time exceeded in-transit", 1: "ip reassembly time exceeded"}, code, "time exceeded-#%d"))
	case icmpParameter:
		if code == 0 {
			d.printf("parameter problem - octet %d", b[4])
		} else {
			d.printf("parameter problem - code %d", code)
		}
	default:
		d.text(name(icmpNames, typ, "type-#%d"))
	}
	d.printf(", length %d", length)
	if d.opt.Verbose == 0 || d.opt.Quiet {
		return
	}
	if !d.opt.NoChecksum && len(b) == length && !n.part {
		if sum := checksum(b, 0); sum != 0 {
			d.printf(" (wrong icmp cksum %x (->%x)!)", h.Checksum, checksum(b, ^uint32(h.Checksum)&0xffff))
		}
	}
	switch typ {
	case icmpUnreachable, icmpSourceQuench, icmpRedirect, icmpTimeExceeded, icmpParameter:
		// The packet that the message is about.
		if len(b) < 9 || d.depth >= maxDepth {
			return
		}
		inner := b[8:]
		d.text("\n\t")
		wire := len(inner)
		if len(inner) >= 4 {
			wire = int(binary.BigEndian.Uint16(inner[2:]))
		}
		d.ipv4(inner, wire)
	}
}

// hostString returns an IPv4 address or its name.
func (d *Decoder) hostString(b []byte) string {
	a, _ := netip.AddrFromSlice(b)
	if d.opt.Names != nil {
		if s := d.opt.Names.Host(a); s != "" {
			return s
		}
	}
	return a.String()
}

// unreachable returns the sentence for an unreachable destination: b is the whole
// message, which holds the packet that was not delivered; mtu is of the link that
// it did not fit.
func (d *Decoder) unreachable(code uint8, mtu uint16, b []byte) string {
	if len(b) < 28 {
		return "unreachable [|icmp]"
	}
	inner := b[8:]
	dst := d.hostString(inner[16:20])
	switch code {
	case 2:
		return dst + " protocol " + itoa(int(inner[9])) + " unreachable"
	case 3:
		hlen := int(inner[0]&15) * 4
		if len(inner) < hlen+4 || hlen < 20 {
			return dst + " unreachable [|icmp]"
		}
		port := itoa(int(binary.BigEndian.Uint16(inner[hlen+2:])))
		proto := "protocol " + itoa(int(inner[9]))
		switch inner[9] {
		case protoTCP:
			proto = "tcp"
		case protoUDP:
			proto = "udp"
		}
		if d.opt.Names != nil {
			if s := d.opt.Names.Port(proto, binary.BigEndian.Uint16(inner[hlen+2:])); s != "" {
				port = s
			}
		}
		return dst + " " + proto + " port " + port + " unreachable"
	case 4:
		if mtu != 0 {
			return dst + " unreachable - need to frag (mtu " + itoa(int(mtu)) + ")"
		}
		return dst + " unreachable - need to frag"
	}
	if format, ok := icmpUnreachables[code]; ok {
		return fmt.Sprintf(format, dst)
	}
	return dst + " unreachable - #" + itoa(int(code))
}
