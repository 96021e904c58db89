package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
)

func (d *Decoder) ipv6(b []byte, length int) {
	if len(b) < 40 {
		d.cut("ip6")
		return
	}
	if v := b[0] >> 4; v != 6 {
		d.printf("IP%d, wrong link-layer encapsulation (invalid)", v)
		return
	}
	if !d.opt.Link {
		d.text("IP6 ")
	}
	payload := int(binary.BigEndian.Uint16(b[4:]))
	if length < payload+40 {
		d.printf("truncated-ip6 - %d bytes missing!", payload+40-length)
	}
	if payload == 0 {
		payload = length - 40 // a jumbogram, or left to segmentation offload
	}
	b = b[:min(len(b), payload+40)]
	if err := d.ip6.DecodeFromBytes(b[:40], gopacket.NilDecodeFeedback); err != nil && d.ip6.Version != 6 {
		d.text("[bad IPv6 header]")
		return
	}
	if d.opt.Verbose > 0 {
		d.ipv6Verbose(b, payload)
	}
	src, _ := netip.AddrFromSlice(b[8:24])
	dst, _ := netip.AddrFromSlice(b[24:40])
	n := &network{src: src, dst: dst, proto: b[6], named: true}
	d.chain(n, b[40:], payload)
}

func (d *Decoder) ipv6Verbose(b []byte, payload int) {
	word := binary.BigEndian.Uint32(b)
	d.text("(")
	if class := word >> 20 & 0xff; class != 0 {
		d.printf("class 0x%02x, ", class)
	}
	if label := word & 0xfffff; label != 0 {
		d.printf("flowlabel 0x%05x, ", label)
	}
	d.printf("hlim %d, next-header %s (%d) payload length: %d) ", b[7], name(protos, b[6], "unknown"), b[6],
		binary.BigEndian.Uint16(b[4:]))
}

// chain prints IPv6 extension headers and then the transport header.
func (d *Decoder) chain(n *network, b []byte, length int) {
	for {
		switch n.proto {
		case protoHopByHop, protoDstOpts, protoRouting:
			d.addressesAnd(n, " ")
			word := map[uint8]string{protoHopByHop: "hbhopt", protoDstOpts: "dstopt", protoRouting: "rt6"}[n.proto]
			size := 8
			if len(b) >= 2 {
				size = (int(b[1]) + 1) * 8
			}
			whole := len(b) >= size
			if n.proto == protoRouting {
				d.routing(b[:min(size, len(b))])
			} else if whole {
				d.options(n.proto, b[:size])
			}
			if !whole {
				d.cut(word)
				return
			}
			first := n.proto == protoHopByHop
			n.proto = b[0]
			b, length = b[size:], length-size
			if len(b) == 0 && first {
				d.cut("ip6")
				return
			}
		case protoFragment:
			d.addressesAnd(n, " ")
			if len(b) < 8 {
				d.cut("frag")
				return
			}
			field := binary.BigEndian.Uint16(b[2:])
			id := binary.BigEndian.Uint32(b[4:])
			if d.opt.Verbose > 0 {
				d.printf("frag (0x%08x:%d|%d)", id, field&^7, length-8)
			} else {
				d.printf("frag (%d|%d)", field&^7, length-8)
			}
			if field&^7 != 0 {
				return
			}
			d.text(" ")
			n.part = true
			n.proto = b[0]
			b, length = b[8:], length-8
		case protoNone:
			d.addressesAnd(n, " ")
			d.text("no next header")
			return
		default:
			d.transport(n, b, length)
			return
		}
	}
}

// options prints a hop-by-hop or destination options header.
func (d *Decoder) options(proto uint8, h []byte) {
	if proto == protoHopByHop {
		d.text("HBH ")
	} else {
		d.text("DSTOPT ")
	}
	if d.opt.Verbose == 0 {
		return
	}
	for b := h[2:]; len(b) > 0; {
		if b[0] == 0 {
			d.text("(pad1)")
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			break
		}
		switch b[0] {
		case 1:
			d.text("(padn)")
		case 5:
			if b[1] >= 2 {
				d.printf("(rtalert: 0x%04x) ", binary.BigEndian.Uint16(b[2:]))
			}
		case 0xc2:
			if b[1] == 4 {
				d.printf("(jumbo: %d) ", binary.BigEndian.Uint32(b[2:]))
			}
		default:
			d.printf("(opt_type 0x%02x: len=%d)", b[0], b[1])
		}
		b = b[2+int(b[1]):]
	}
	d.text(" ")
}

// routing prints a routing header as far as it is in h.
func (d *Decoder) routing(h []byte) {
	if len(h) == 0 {
		return
	}
	d.text("RT6")
	if len(h) > 1 {
		d.printf(" (len=%d", h[1])
	}
	if len(h) > 2 {
		d.printf(", type=%d", h[2])
	}
	if len(h) > 3 {
		d.printf(", segleft=%d", h[3])
	}
	if len(h) < 5 {
		return
	}
	last := -1 // of the addresses; other types have none
	switch h[2] {
	case 0, 2:
		last = len(h)
	case 4: // RFC 8754
		last = int(h[4])
		d.printf(", last-entry=%d", last)
		if len(h) < 8 {
			return
		}
		if d.opt.Verbose > 0 {
			d.printf(", flags=0x%0x", h[5])
		}
		d.printf(", tag=%x", binary.BigEndian.Uint16(h[6:]))
	}
	for i, at := 0, 8; at+16 <= len(h) && i <= last; i, at = i+1, at+16 {
		a, _ := netip.AddrFromSlice(h[at : at+16])
		d.printf(", [%d]", i)
		d.host(a)
	}
	if len(h) == (int(h[1])+1)*8 {
		d.text(") ")
	}
}
