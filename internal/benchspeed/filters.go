package main

import (
	"fmt"
	"net/netip"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/internal/packets"
	"github.com/gofilter/gofilter/ir"
)

// A filter is a row of the table of everyday filters.
type filter struct {
	name, text string
	counts     bool // held to the limits
	frame      func(i int) []byte
}

// framesEach is the number of packets that a filter is measured with.
const framesEach = 24

var (
	macA = packets.MAC{0x02, 0, 0, 0, 0, 0x0a}
	macB = packets.MAC{0x02, 0, 0, 0, 0, 0x0b}
)

// addr returns the i-th address of a block of many.
func addr(block byte, i int) netip.Addr {
	return netip.AddrFrom4([4]byte{block, 16, byte(i >> 8), byte(i + 1)})
}

func ether4(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	ip := packets.IPv4{Src: src, Dst: dst, Proto: proto, DF: true, ID: 7}
	return packets.Ethernet(macB, macA, packets.EtherIPv4, ip.Bytes(payload))
}

func tcp4(src, dst netip.Addr, sport, dport uint16, flags uint8, n int) []byte {
	return ether4(src, dst, packets.ProtoTCP, packets.TCP{SrcPort: sport, DstPort: dport, Flags: flags}.Bytes(src, dst, make([]byte, n)))
}

func udp4(src, dst netip.Addr, sport, dport uint16, n int) []byte {
	return ether4(src, dst, packets.ProtoUDP, packets.UDP(src, dst, sport, dport, make([]byte, n)))
}

// high returns the i-th port of a client.
func high(i int) uint16 { return uint16(32768 + 97*i) }

var (
	server = netip.MustParseAddr("10.0.0.1")
	local  = func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, byte(i), byte(2 * i)}) }
)

var filters = []filter{
	{"ip and tcp port", "ip and tcp port 22", false, func(i int) []byte {
		return tcp4(addr(172, i), addr(10, i), high(i), 22, packets.ACK, 10*i)
	}},
	{"tcp/udp port", "udp port 53", true, func(i int) []byte {
		if i%2 == 0 {
			return udp4(addr(172, i), server, high(i), 53, 30+i)
		}
		return udp4(server, addr(172, i), 53, high(i), 80+i)
	}},
	{"host and port", "host 10.0.0.1 and tcp port 80", true, func(i int) []byte {
		if i%2 == 0 {
			return tcp4(addr(172, i), server, high(i), 80, packets.ACK, 10*i)
		}
		return tcp4(server, addr(172, i), 80, high(i), packets.ACK, 20*i)
	}},
	{"net and port", "src net 192.168.0.0/16 and tcp dst port 443", true, func(i int) []byte {
		return tcp4(local(i), addr(10, i), high(i), 443, packets.ACK, 10*i)
	}},
	{"flags", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", true, func(i int) []byte {
		return tcp4(local(i), addr(10, i), high(i), 443, []uint8{packets.SYN, packets.SYN | packets.ACK, packets.FIN | packets.ACK}[i%3], 0)
	}},
	{"payload offset", "tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)", true, func(i int) []byte {
		if i%2 == 0 {
			return tcp4(addr(172, i), server, high(i), 80, packets.ACK|packets.PSH, 1+10*i)
		}
		return tcp4(server, addr(172, i), 80, high(i), packets.ACK, 1+20*i)
	}},
	{"vlan and ip6", "vlan and ip6 and udp portrange 1000-2000", true, func(i int) []byte {
		src, dst := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
		sport, dport := high(i), uint16(1000+10*i)
		if i%2 == 1 {
			sport, dport = dport, sport
		}
		ip := packets.IPv6{Src: src, Dst: dst, Next: packets.ProtoUDP}.Bytes(packets.UDP(src, dst, sport, dport, make([]byte, 10+i)))
		return packets.Ethernet(macB, macA, packets.EtherVLAN, packets.VLAN(uint16(1+i), packets.EtherIPv6, ip))
	}},
	{"50 hosts", hosts(), true, func(i int) []byte {
		if i%2 == 0 {
			return tcp4(host(2*i), addr(172, i), high(i), 443, packets.ACK, 10*i)
		}
		return udp4(addr(172, i), host(2*i), 53, high(i), 10*i)
	}},
	{"not", "host 10.0.0.1 and not port 22", true, func(i int) []byte {
		if i%2 == 0 {
			return tcp4(addr(172, i), server, high(i), 80, packets.ACK, 10*i)
		}
		return udp4(server, addr(172, i), 53, high(i), 20*i)
	}},
}

// host returns the i-th address of the list of hosts.
func host(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 0, byte((i + 1) % 16), byte(5 * (i + 1))})
}

func hosts() string {
	text := ""
	for i := range 50 {
		if i > 0 {
			text += " or "
		}
		text += "host " + host(i).String()
	}
	return text
}

// passing returns packets that the filter accepts.
func (f *filter) passing() [][]byte {
	list := make([][]byte, framesEach)
	for i := range list {
		list[i] = f.frame(i)
	}
	return list
}

// others returns packets that no filter of the table looks at twice: LLDP.
func others() [][]byte {
	list := make([][]byte, framesEach)
	for i := range list {
		list[i] = packets.Ethernet(macB, macA, 0x88cc, make([]byte, 46+i))
	}
	return list
}

// verify runs programs on the packets and reports a verdict that is wrong.
func (f *filter) verify(progs [][]bpf.RawInstruction) error {
	for n, p := range progs {
		for i, pkt := range f.passing() {
			if cbpfvm.Run(cbpfvm.Linux, p, pkt, &ir.Metadata{Len: uint32(len(pkt))}) == 0 {
				return fmt.Errorf("%q: program %d rejects packet %d", f.text, n, i)
			}
		}
		for i, pkt := range others() {
			if cbpfvm.Run(cbpfvm.Linux, p, pkt, &ir.Metadata{Len: uint32(len(pkt))}) != 0 {
				return fmt.Errorf("%q: program %d accepts packet %d", f.text, n, i)
			}
		}
	}
	return nil
}
