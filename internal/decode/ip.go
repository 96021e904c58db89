package decode

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/google/gopacket"
)

// A network is what the layers above IP need of it.
type network struct {
	src, dst netip.Addr
	proto    uint8 // of what comes next
	named    bool  // the addresses have not been printed yet
	part     bool  // a fragment: not all of the payload is here
}

// IP protocol numbers that are followed further, IANA's registry.
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoIGMP     = 2
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoESP      = 50
	protoAH       = 51
	protoICMP6    = 58
	protoNone     = 59
	protoDstOpts  = 60
	protoPIM      = 103
	protoIPComp   = 108
	protoVRRP     = 112
	protoSCTP     = 132
	protoMobility = 135
	protoUDPLite  = 136
)

// protos are the words for IP protocols in a verbose line.
var protos = map[uint8]string{
	protoHopByHop: "Options", protoICMP: "ICMP", protoIGMP: "IGMP", protoIPv4: "IPIP", protoTCP: "TCP",
	8: "EGP", 9: "IGRP", protoUDP: "UDP", 33: "DCCP", protoIPv6: "IPv6", protoRouting: "Routing",
	protoFragment: "Fragment", 46: "RSVP", protoGRE: "GRE", protoESP: "ESP", protoAH: "AH", 55: "Mobile IP",
	protoICMP6: "ICMPv6", 88: "EIGRP", 89: "OSPF", protoPIM: "PIM", protoIPComp: "Compressed IP", protoVRRP: "VRRP",
	113: "PGM", protoSCTP: "SCTP", protoMobility: "Mobility",
}

func itoa(n int) string { return strconv.Itoa(n) }

// ip prints a packet whose first four bits say which IP it is.
func (d *Decoder) ip(b []byte, length int) {
	if len(b) == 0 {
		d.cut("ip")
		return
	}
	if b[0]>>4 == 6 {
		d.ipv6(b, length)
		return
	}
	d.ipv4(b, length)
}

// Flags of the fragment field of an IPv4 header.
const (
	flagMore     = 0x2000
	flagDont     = 0x4000
	flagEvil     = 0x8000
	fragmentMask = 0x1fff
)

func (d *Decoder) ipv4(b []byte, length int) {
	if len(b) == 0 {
		d.cut("ip")
		return
	}
	if v := b[0] >> 4; v != 4 {
		if v == 6 {
			d.text("IP6, wrong link-layer encapsulation")
		} else {
			d.printf("IP%d", v)
		}
		d.text(" (invalid)")
		return
	}
	if !d.opt.Link {
		d.text("IP ")
	}
	if len(b) < 20 {
		d.cut("ip")
		return
	}
	hlen := int(b[0]&15) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case hlen < 20:
		d.printf("bad-hlen %d", hlen)
		return
	case len(b) < hlen:
		d.printf(" [remaining caplen(%d) < header length(%d)]", len(b), hlen)
		d.cut("ip")
		return
	case length < total:
		d.printf("truncated-ip - %d bytes missing! ", total-length)
	case total < hlen && total != 0:
		d.printf("bad-len %d", total)
		return
	case total == 0:
		total = length // left to segmentation offload
	}
	b = b[:min(len(b), max(total, hlen))]
	if err := d.ip4.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		d.text("[bad IP header]")
		return
	}
	if d.opt.Verbose > 0 {
		d.ipv4Verbose(b[:hlen], total)
	}
	frag := binary.BigEndian.Uint16(b[6:])
	src, _ := netip.AddrFromSlice(b[12:16])
	dst, _ := netip.AddrFromSlice(b[16:20])
	n := &network{src: src, dst: dst, proto: b[9], named: true, part: frag&(flagMore|fragmentMask) != 0}
	if frag&fragmentMask != 0 {
		d.addresses(n)
		if word := d.protoName(n.proto); word != "" {
			d.text(" " + word)
		} else {
			d.printf(" ip-proto-%d", n.proto)
		}
		return
	}
	d.transport(n, b[hlen:], total-hlen)
}

// protoName returns the name of an IP protocol where names are wanted.
func (d *Decoder) protoName(proto uint8) string {
	if d.opt.Names == nil {
		return ""
	}
	return d.opt.Names.Proto(proto)
}

// ipv4Verbose prints the fields of the header h in parentheses.
func (d *Decoder) ipv4Verbose(h []byte, total int) {
	ip := &d.ip4
	d.printf("(tos 0x%x", ip.TOS)
	if ecn := ip.TOS & 3; ecn != 0 {
		d.text([4]string{"", ",ECT(1)", ",ECT(0)", ",CE"}[ecn])
	}
	if ip.TTL >= 1 {
		d.printf(", ttl %d", ip.TTL)
	}
	frag := binary.BigEndian.Uint16(h[6:])
	d.printf(", id %d, offset %d, flags [", ip.Id, int(frag&fragmentMask)*8)
	comma := ""
	for _, flag := range []struct {
		bit  uint16
		word string
	}{{flagMore, "+"}, {flagDont, "DF"}, {flagEvil, "rsvd"}} {
		if frag&flag.bit != 0 {
			d.text(comma + flag.word)
			comma = ", "
		}
	}
	if comma == "" {
		d.text("none")
	}
	d.printf("], proto %s (%d), length %d", name(protos, uint8(ip.Protocol), "unknown"), uint8(ip.Protocol), total)
	if len(h) > 20 {
		d.text(", options (")
		d.ipv4Options(h[20:])
		d.text(")")
	}
	if !d.opt.NoChecksum {
		if sum := checksum(h, 0); sum != 0 {
			have := binary.BigEndian.Uint16(h[10:])
			d.printf(", bad cksum %x (->%x)!", have, checksum(h, ^uint32(have)&0xffff))
		}
	}
	d.text(")\n    ")
}

// ipv4OptionNames are the words for IPv4 options, RFC 791 and IANA's registry.
var ipv4OptionNames = map[uint8]string{
	0: "EOL", 1: "NOP", 68: "timestamp", 130: "security", 7: "RR", 137: "SSRR", 131: "LSRR", 148: "RA", 152: "upstream",
}

func (d *Decoder) ipv4Options(b []byte) {
	sep := ""
	for len(b) > 0 {
		kind := b[0]
		d.text(sep + name(ipv4OptionNames, kind, "unknown %d"))
		sep = ","
		if kind == 0 {
			return
		}
		if kind == 1 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			d.text(" [bad length]")
			return
		}
		n := int(b[1])
		switch kind {
		case 7, 131, 137:
			for at := 3; at+4 <= n; at += 4 {
				a, _ := netip.AddrFromSlice(b[at : at+4])
				d.text(" ")
				d.host(a)
				if n >= 3 && at == int(b[2])-1 && kind != 7 {
					d.text(",")
				}
			}
		case 148:
			if n >= 4 && binary.BigEndian.Uint16(b[2:]) != 0 {
				d.printf(" value %d", binary.BigEndian.Uint16(b[2:]))
			}
		}
		b = b[n:]
	}
}

// addresses prints "source > destination:" once a packet.
func (d *Decoder) addresses(n *network) {
	if !n.named {
		return
	}
	n.named = false
	d.host(n.src)
	d.text(" > ")
	d.host(n.dst)
	d.text(":")
}

// addressesAnd prints addresses, where that is still to do, with after behind
// them.
func (d *Decoder) addressesAnd(n *network, after string) {
	if n.named {
		d.addresses(n)
		d.text(after)
	}
}

// ports prints the two ends of a transport connection and a colon: with their
// addresses unless those stand there already.
func (d *Decoder) ports(n *network, proto string, src, dst uint16) {
	if n.named {
		d.host(n.src)
		d.text(".")
	}
	d.port(proto, src)
	d.text(" > ")
	if n.named {
		d.host(n.dst)
		d.text(".")
	}
	d.port(proto, dst)
	d.text(": ")
	n.named = false
}

// transport prints what an IP header's protocol says b is.
func (d *Decoder) transport(n *network, b []byte, length int) {
	if d.depth++; d.depth > maxDepth {
		d.text("[nested too deep]")
		return
	}
	defer func() { d.depth-- }()
	switch n.proto {
	case protoTCP:
		d.tcpLine(n, b, length)
		return
	case protoUDP:
		d.udpLine(n, b, length)
		return
	case protoSCTP:
		d.sctpLine(n, b, length)
		return
	}
	d.addressesAnd(n, " ")
	switch n.proto {
	case protoICMP:
		d.icmp(n, b, length)
	case protoICMP6:
		d.icmp6(n, b, length)
	case protoIGMP:
		d.igmp(b, length)
	case protoIPv4:
		d.ipv4(b, length)
	case protoIPv6:
		d.ipv6(b, length)
	case protoGRE:
		d.gre(b, length)
	case protoESP:
		d.esp(b, length)
	case protoAH:
		d.ah(n, b, length)
	case protoPIM:
		d.pim(b, length)
	case protoIPComp:
		d.ipcomp(b)
	case protoVRRP:
		d.vrrp(b, length)
	case protoHopByHop, protoDstOpts, protoRouting, protoFragment:
		if n.src.Is6() {
			d.chain(n, b, length)
			return
		}
		fallthrough
	default:
		if word := d.protoName(n.proto); word != "" {
			d.printf(" %s %d", word, length)
		} else {
			d.printf(" ip-proto-%d %d", n.proto, length)
		}
	}
}

// checksum returns the Internet checksum of b, RFC 1071, with sum added.
func checksum(b []byte, sum uint32) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
		sum = sum&0xffff + sum>>16
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	sum = sum&0xffff + sum>>16
	sum = sum&0xffff + sum>>16
	return ^uint16(sum)
}

// transportChecksum returns the checksum over the pseudo header and b.
func transportChecksum(n *network, proto uint8, b []byte) uint16 {
	sum := uint32(proto) + uint32(len(b))>>16 + uint32(len(b))&0xffff
	for _, a := range []netip.Addr{n.src, n.dst} {
		sum += uint32(^checksum(a.AsSlice(), 0))
	}
	return checksum(b, sum)
}
