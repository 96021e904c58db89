package packets

import (
	"encoding/binary"
	"net/netip"

	"github.com/gofilter/gofilter/linktype"
)

// The stations of the captures' network, 10.0.0.0/24 and 2001:db8::/64.
var (
	macA = MAC{0x02, 0, 0, 0, 0, 0x0a}
	macB = MAC{0x02, 0, 0, 0, 0, 0x0b}
	macR = MAC{0x02, 0, 0, 0, 0, 0x01} // the router

	a4 = netip.MustParseAddr("10.0.0.10")
	b4 = netip.MustParseAddr("10.0.0.11")
	r4 = netip.MustParseAddr("10.0.0.1")
	x4 = netip.MustParseAddr("192.0.2.80") // far away
	a6 = netip.MustParseAddr("2001:db8::a")
	b6 = netip.MustParseAddr("2001:db8::b")
	r6 = netip.MustParseAddr("fe80::1")
	x6 = netip.MustParseAddr("2001:db8:80::80")

	all4   = netip.MustParseAddr("255.255.255.255")
	cast4  = netip.MustParseAddr("10.0.0.255")
	mdns4  = netip.MustParseAddr("224.0.0.251")
	hosts4 = netip.MustParseAddr("224.0.0.1")
	pim4   = netip.MustParseAddr("224.0.0.13")
	mdns6  = netip.MustParseAddr("ff02::fb")
	hosts6 = netip.MustParseAddr("ff02::1")
	pim6   = netip.MustParseAddr("ff02::d")
	zero4  = netip.MustParseAddr("0.0.0.0")
)

// EtherTypeOf returns the EtherType of an IP packet, by its version.
func EtherTypeOf(ip []byte) uint16 {
	if ip[0]>>4 == 6 {
		return EtherIPv6
	}
	return EtherIPv4
}

// MulticastMAC returns the Ethernet address that a multicast group has (RFC 1112 §6.4, RFC
// 2464 §7).
func MulticastMAC(group netip.Addr) MAC {
	b := group.AsSlice()
	if group.Is4() {
		return MAC{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	return MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// frames collects packets and remembers nothing else.
type frames []Packet

// add appends packets that were captured whole.
func (f *frames) add(data ...[]byte) {
	for _, d := range data {
		*f = append(*f, Packet{Data: d, WireLen: len(d)})
	}
}

// ab and ba put an IP packet between stations A and B into an Ethernet frame.
func ab(ip []byte) []byte { return Ethernet(macB, macA, EtherTypeOf(ip), ip) }
func ba(ip []byte) []byte { return Ethernet(macA, macB, EtherTypeOf(ip), ip) }

// tcpSession adds a connection from A, with what talk says in it, to f.
func tcpSession(f *frames, client, server netip.Addr, sport, dport uint16, talk func(*Session)) {
	s := Session{
		Client: Endpoint{Addr: client, Port: sport},
		Server: Endpoint{Addr: server, Port: dport},
		Emit: func(ip []byte, fromClient bool) {
			if fromClient {
				f.add(ab(ip))
			} else {
				f.add(ba(ip))
			}
		},
	}
	s.Open()
	talk(&s)
}

func sshTalk(s *Session) {
	s.Say(false, []byte("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"))
	s.Say(true, []byte("SSH-2.0-OpenSSH_9.6\r\n"))
	for i, n := range []int{1016, 536, 48, 44, 84, 36, 36} {
		// A binary packet: its length, then what cannot be read.
		data := join(be.AppendUint32(nil, uint32(n-4)), []byte{6}, Text(n-5))
		s.Say(i%2 == 0, data)
	}
	s.Close()
}

func webTalk(s *Session) {
	s.Say(true, []byte("GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: gofilter\r\n\r\n"))
	s.Say(false, append([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n"), Text(1000)...))
	s.Say(false, Text(400))
	s.Say(true, []byte("POST /form HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 3\r\n\r\na=b"))
	s.Say(false, []byte("HTTP/1.1 204 No Content\r\n\r\n"))
	s.Close()
}

func tlsTalk(s *Session) {
	s.Say(true, join([]byte{0x16, 3, 1, 0, 197, 1, 0, 0, 193, 3, 3}, Text(191)))
	s.Say(false, join([]byte{0x16, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3}, Text(116)))
	s.Say(true, join([]byte{0x17, 3, 3, 0, 64}, Text(64)))
	s.Reset()
}

func ssh() frames {
	var f frames
	tcpSession(&f, a4, b4, 51022, 22, sshTalk)
	tcpSession(&f, a6, b6, 51023, 22, sshTalk)
	return f
}

func web() frames {
	var f frames
	tcpSession(&f, a4, x4, 51080, 80, webTalk)
	tcpSession(&f, a6, x6, 51081, 80, webTalk)
	tcpSession(&f, a4, x4, 51443, 443, tlsTalk)
	tcpSession(&f, a4, b4, 51088, 8080, webTalk)
	return f
}

// udp returns a UDP datagram in IP of either version.
func udp(src, dst netip.Addr, sport, dport uint16, payload []byte) []byte {
	return IP(src, dst, ProtoUDP, sport, UDP(src, dst, sport, dport, payload))
}

func dns() frames {
	var f frames
	const name = "www.example.org"
	for i, typ := range []uint16{1, 28} {
		answer := []netip.Addr{x4, x6}[i]
		id, port := uint16(0x2000+i), uint16(40053+i)
		f.add(ab(udp(a4, r4, port, 53, DNS(id, name, typ))))
		f.add(ba(udp(r4, a4, 53, port, DNS(id, name, typ, answer))))
		f.add(ab(udp(a6, b6, port, 53, DNS(id, name, typ))))
		f.add(ba(udp(b6, a6, 53, port, DNS(id, name, typ, answer))))
	}
	f.add(Ethernet(MulticastMAC(mdns4), macA, EtherIPv4, udp(a4, mdns4, 5353, 5353, DNS(0, "printer.local", 1))))
	f.add(Ethernet(MulticastMAC(mdns6), macA, EtherIPv6, udp(a6, mdns6, 5353, 5353, DNS(0, "printer.local", 28))))
	tcpSession(&f, a4, r4, 41053, 53, func(s *Session) {
		q := DNS(0x3000, name, 1)
		s.Say(true, join(be.AppendUint16(nil, uint16(len(q))), q))
		r := DNS(0x3000, name, 1, x4)
		s.Say(false, join(be.AppendUint16(nil, uint16(len(r))), r))
		s.Close()
	})
	return f
}

// extended returns IPv6 packets with extension headers in front of TCP, UDP and ICMPv6.
func extended() [][]byte {
	v6 := func(next uint8, payload []byte) []byte { return IPv6{Src: a6, Dst: b6, Next: next}.Bytes(payload) }
	tcp := TCP{SrcPort: 51022, DstPort: 22, Seq: 1, Flags: SYN}.Bytes(a6, b6, nil)
	dgram := UDP(a6, b6, 40053, 53, DNS(0x2002, "a.example", 28))
	big := UDP(a6, b6, 40000, 4000, Text(1400))
	echo := ICMPv6(a6, b6, 128, 0, Echo(1, 1, Text(16)))
	return [][]byte{
		v6(ProtoHopByHop, Options6(ProtoTCP, 6, tcp)),
		v6(ProtoHopByHop, Options6(ProtoUDP, 14, dgram)),
		v6(ProtoDstOpts, Options6(ProtoTCP, 6, tcp)),
		v6(ProtoRouting, Routing6(ProtoTCP, b6, tcp)),
		v6(ProtoHopByHop, Options6(ProtoRouting, 6, Routing6(ProtoDstOpts, b6, Options6(ProtoTCP, 6, tcp)))),
		v6(ProtoHopByHop, Options6(ProtoICMPv6, 6, echo)),
		v6(ProtoAH, AH(ProtoTCP, 0x100, 1, tcp)),
		v6(ProtoAH, AH(ProtoDstOpts, 0x100, 2, Options6(ProtoUDP, 6, dgram))),
		v6(ProtoFragment, Fragment6(ProtoUDP, 0, true, 7, big[:1232])),
		v6(ProtoFragment, Fragment6(ProtoUDP, 1232/8, false, 7, big[1232:])),
		v6(ProtoFragment, Fragment6(ProtoTCP, 0, false, 8, tcp)), // an atomic fragment, RFC 6946
		v6(ProtoHopByHop, Options6(ProtoFragment, 6, Fragment6(ProtoUDP, 0, true, 9, big[:64]))),
		v6(ProtoESP, ESP(0x200, 1, 60)),
		v6(ProtoNoNext, nil),
	}
}

func ip6() frames {
	var f frames
	f.add(ab(IP(a6, b6, ProtoTCP, 1, TCP{SrcPort: 51022, DstPort: 22, Flags: SYN}.Bytes(a6, b6, nil))))
	f.add(ab(udp(a6, x6, 40053, 53, DNS(0x2001, "b.example", 28))))
	for _, ip := range extended() {
		f.add(ab(ip))
	}
	return f
}

func vlan() frames {
	var f frames
	tcp := IP(a4, b4, ProtoTCP, 1, TCP{SrcPort: 51022, DstPort: 22, Flags: SYN}.Bytes(a4, b4, nil))
	tcp6 := IP(a6, b6, ProtoTCP, 1, TCP{SrcPort: 51080, DstPort: 80, Flags: SYN}.Bytes(a6, b6, nil))
	query := udp(a4, r4, 40053, 53, DNS(0x2003, "c.example", 1))
	arp := ARP(1, macA, a4, MAC{}, b4)
	tagged := func(tpid, tci, etherType uint16, payload []byte) []byte {
		return Ethernet(macB, macA, tpid, VLAN(tci, etherType, payload))
	}
	f.add(
		tagged(EtherVLAN, 100, EtherIPv4, tcp),
		tagged(EtherVLAN, 100, EtherIPv6, tcp6),
		tagged(EtherVLAN, 100, EtherIPv4, query),
		tagged(EtherVLAN, 100, EtherARP, arp),
		tagged(EtherVLAN, 5<<13|200, EtherIPv4, tcp),
		tagged(EtherVLAN, 7<<13|1<<12|200, EtherIPv6, tcp6),
		tagged(EtherVLAN, 0, EtherIPv4, tcp), // a priority tag
		tagged(EtherVLAN, 4095, EtherIPv4, query),
		tagged(EtherQinQ, 300, EtherVLAN, VLAN(100, EtherIPv4, tcp)),
		tagged(EtherQinQ, 300, EtherVLAN, VLAN(200, EtherIPv6, tcp6)),
		tagged(EtherVLAN, 100, EtherVLAN, VLAN(200, EtherIPv4, query)),
		tagged(EtherQinQ91, 300, EtherVLAN, VLAN(100, EtherARP, arp)),
		tagged(EtherQinQ, 300, EtherIPv4, tcp),
		tagged(EtherVLAN, 1, EtherVLAN, VLAN(2, EtherVLAN, VLAN(3, EtherIPv4, tcp))),
		ab(tcp), ab(tcp6),
	)
	return f
}

func fragments() frames {
	var f frames
	h := IPv4{Src: a4, Dst: b4, Proto: ProtoUDP, ID: 0x4242}
	for _, ip := range h.Fragments(UDP(a4, b4, 40000, 53, Text(3000)), 1480) {
		f.add(ab(ip))
	}
	h.Proto, h.ID = ProtoTCP, 0x4243
	seg := TCP{SrcPort: 51022, DstPort: 22, Flags: ACK | PSH, Seq: 9}.Bytes(a4, b4, Text(60))
	for _, ip := range h.Fragments(seg, 24) {
		f.add(ab(ip))
	}
	h.Proto, h.ID = ProtoICMP, 0x4244
	for _, ip := range h.Fragments(ICMP(8, 0, Echo(2, 1, Text(2000))), 1480) {
		f.add(ab(ip))
	}
	h.Proto, h.ID, h.DF = ProtoUDP, 0x4245, true
	f.add(ab(h.Bytes(UDP(a4, b4, 40000, 53, Text(20)))))
	return f
}

// optioned returns IPv4 packets with options in front of TCP and UDP.
func optioned() [][]byte {
	options := [][]byte{
		{1, 1, 1, 0},
		{0x94, 4, 0, 0}, // router alert, RFC 2113
		append([]byte{7, 39, 4}, make([]byte, 37)...), // record route, then end
		{0x44, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0},      // timestamps
	}
	var all [][]byte
	for i, o := range options {
		h := IPv4{Src: a4, Dst: b4, ID: uint16(i), Options: o, Proto: ProtoTCP}
		all = append(all, h.Bytes(TCP{SrcPort: 51022, DstPort: 22, Flags: SYN, Options: []byte{2, 4, 5, 0xb4}}.Bytes(a4, b4, nil)))
		h.Proto = ProtoUDP
		all = append(all, h.Bytes(UDP(a4, b4, 40053, 53, DNS(uint16(i), "d.example", 1))))
	}
	return all
}

func ipOptions() frames {
	var f frames
	for _, ip := range optioned() {
		f.add(ab(ip))
	}
	return f
}

func arp() frames {
	var f frames
	f.add(
		Ethernet(Broadcast, macA, EtherARP, ARP(1, macA, a4, MAC{}, b4)),
		Ethernet(macA, macB, EtherARP, ARP(2, macB, b4, macA, a4)),
		Ethernet(Broadcast, macB, EtherARP, ARP(1, macB, b4, MAC{}, b4)),    // gratuitous
		Ethernet(Broadcast, macA, EtherARP, ARP(1, macA, zero4, MAC{}, a4)), // a probe
		Ethernet(Broadcast, macA, EtherRARP, ARP(3, macA, zero4, macA, zero4)),
		Ethernet(macA, macR, EtherRARP, ARP(4, macR, r4, macA, a4)),
	)
	return f
}

func icmp() frames {
	var f frames
	v4 := func(src, dst netip.Addr, msg []byte) []byte { return IP(src, dst, ProtoICMP, 1, msg) }
	v6 := func(src, dst netip.Addr, typ, code uint8, rest []byte) []byte {
		return IPv6{Src: src, Dst: dst, Next: ProtoICMPv6, HopLimit: 255}.Bytes(ICMPv6(src, dst, typ, code, rest))
	}
	query := udp(a4, b4, 40053, 53, DNS(1, "e.example", 1))
	query6 := udp(a6, b6, 40053, 53, DNS(1, "e.example", 28))
	zero := make([]byte, 4)
	f.add(
		ab(v4(a4, b4, ICMP(8, 0, Echo(1, 1, Text(56))))),
		ba(v4(b4, a4, ICMP(0, 0, Echo(1, 1, Text(56))))),
		ba(v4(b4, a4, ICMP(3, 3, join(zero, query[:28])))),
		ba(v4(r4, a4, ICMP(11, 0, join(zero, query[:28])))),
		ba(v4(r4, a4, ICMP(5, 1, join(b4.AsSlice(), query[:28])))),
		ba(v4(r4, a4, ICMP(3, 4, join([]byte{0, 0, 5, 0}, query[:28])))),
		ab(v6(a6, b6, 128, 0, Echo(1, 1, Text(56)))),
		ba(v6(b6, a6, 129, 0, Echo(1, 1, Text(56)))),
		ba(v6(b6, a6, 1, 4, join(zero, query6))),
		ba(v6(b6, a6, 2, 0, join([]byte{0, 0, 5, 0}, query6))),
	)
	solicited := netip.MustParseAddr("ff02::1:ff00:b")
	f.add(
		Ethernet(MulticastMAC(solicited), macA, EtherIPv6, v6(a6, solicited, 135, 0, join(zero, b6.AsSlice(), []byte{1, 1}, macA[:]))),
		ba(v6(b6, a6, 136, 0, join([]byte{0x60, 0, 0, 0}, b6.AsSlice(), []byte{2, 1}, macB[:]))),
		Ethernet(MulticastMAC(hosts6), macR, EtherIPv6, v6(r6, hosts6, 134, 0, []byte{64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0})),
		// A multicast listener report goes behind a router alert (RFC 3810 §5).
		Ethernet(MulticastMAC(mdns6), macA, EtherIPv6, IPv6{Src: a6, Dst: mdns6, Next: ProtoHopByHop, HopLimit: 1}.Bytes(
			join([]byte{ProtoICMPv6, 0, 5, 2, 0, 0, 1, 0}, ICMPv6(a6, mdns6, 131, 0, join(zero, mdns6.AsSlice()))))),
	)
	return f
}

func multicast() frames {
	var f frames
	igmp := func(dst netip.Addr, typ uint8, group netip.Addr) []byte {
		return Ethernet(MulticastMAC(dst), macA, EtherIPv4,
			IPv4{Src: a4, Dst: dst, Proto: ProtoIGMP, TTL: 1, Options: []byte{0x94, 4, 0, 0}}.Bytes(IGMP(typ, 100, group)))
	}
	f.add(
		igmp(hosts4, 0x11, zero4),
		igmp(mdns4, 0x16, mdns4),
		igmp(hosts4, 0x17, mdns4),
		Ethernet(MulticastMAC(pim4), macR, EtherIPv4, IPv4{Src: r4, Dst: pim4, Proto: ProtoPIM, TTL: 1}.Bytes(PIMHello(r4, pim4))),
		Ethernet(MulticastMAC(pim6), macR, EtherIPv6, IPv6{Src: r6, Dst: pim6, Next: ProtoPIM, HopLimit: 1}.Bytes(PIMHello(r6, pim6))),
		Ethernet(MulticastMAC(mdns4), macA, EtherIPv4, udp(a4, mdns4, 5353, 5353, DNS(0, "printer.local", 1))),
		Ethernet(MulticastMAC(mdns6), macA, EtherIPv6, udp(a6, mdns6, 5353, 5353, DNS(0, "printer.local", 28))),
		Ethernet(Broadcast, macA, EtherIPv4, udp(a4, cast4, 138, 138, Text(40))),
		Ethernet(Broadcast, macA, EtherIPv4, udp(zero4, all4, 5000, 5001, Text(64))),
		Ethernet(Broadcast, macA, EtherIPv4, udp(a4, zero4, 5000, 5001, Text(8))),                                                         // the old broadcast address
		Ethernet(MAC{0x01, 0x80, 0xc2, 0, 0, 0x0e}, macA, 0x88cc, []byte{2, 7, 4, 2, 0, 0, 0, 0, 0x0a, 4, 2, 7, 'a', 6, 2, 0, 120, 0, 0}), // LLDP
	)
	return f
}

func sctp() frames {
	var f frames
	init := join(be.AppendUint32(nil, 0x01020304), be.AppendUint32(nil, 65536), []byte{0, 10, 0, 10}, be.AppendUint32(nil, 1))
	data := join(be.AppendUint32(nil, 1), []byte{0, 1, 0, 0, 0, 0, 0, 46}, Text(20))
	for _, pair := range [][2]netip.Addr{{a4, b4}, {a6, b6}} {
		a, b := pair[0], pair[1]
		f.add(ab(IP(a, b, ProtoSCTP, 1, SCTP(36412, 3868, 0, 1, init))))
		f.add(ba(IP(b, a, ProtoSCTP, 1, SCTP(3868, 36412, 0x01020304, 2, init))))
		f.add(ab(IP(a, b, ProtoSCTP, 2, SCTP(36412, 3868, 0x05060708, 0, data))))
	}
	return f
}

func ipsec() frames {
	var f frames
	tcp4 := TCP{SrcPort: 51022, DstPort: 22, Flags: SYN}.Bytes(a4, b4, nil)
	inner := IP(a4, x4, ProtoTCP, 5, TCP{SrcPort: 51080, DstPort: 80, Flags: SYN}.Bytes(a4, x4, nil))
	f.add(
		ab(IP(a4, b4, ProtoAH, 1, AH(ProtoTCP, 0x100, 1, tcp4))),
		ab(IP(a4, b4, ProtoAH, 2, AH(ProtoIPv4, 0x100, 2, inner))),
		ab(IP(a4, b4, ProtoAH, 3, AH(ProtoESP, 0x100, 3, ESP(0x200, 1, 60)))),
		ab(IP(a4, b4, ProtoESP, 4, ESP(0x200, 2, 60))),
		ab(IP(a6, b6, ProtoAH, 5, AH(ProtoTCP, 0x100, 4, TCP{SrcPort: 51022, DstPort: 22, Flags: SYN}.Bytes(a6, b6, nil)))),
		ab(IP(a6, b6, ProtoESP, 6, ESP(0x200, 3, 60))),
		// IKE past address translation: UDP 4500 with and without the marker (RFC 3948).
		ab(udp(a4, x4, 4500, 4500, ESP(0x200, 4, 40))),
		ab(udp(a4, x4, 4500, 4500, []byte{0xff})),
	)
	return f
}

func tunnels() frames {
	var f frames
	inner := IP(a4, x4, ProtoTCP, 5, TCP{SrcPort: 51080, DstPort: 80, Flags: SYN}.Bytes(a4, x4, nil))
	inner6 := IP(a6, x6, ProtoTCP, 5, TCP{SrcPort: 51080, DstPort: 80, Flags: SYN}.Bytes(a6, x6, nil))
	f.add(
		ab(IP(r4, x4, ProtoIPv4, 1, inner)),
		ab(IP(r4, x4, ProtoIPv6, 2, inner6)),
		ab(IP(b6, x6, ProtoIPv4, 3, inner)),
		ab(IP(r4, x4, ProtoGRE, 4, join([]byte{0, 0, 8, 0}, inner))),
		Ethernet(macB, macA, EtherMPLS, MPLS(1000, true, inner)),
		Ethernet(macB, macA, EtherMPLS, MPLS(1000, false, MPLS(2000, true, inner6))),
		Ethernet(macB, macA, EtherPPPoES, PPPoE(0x11, PPPIPv4, inner)),
		Ethernet(macB, macA, EtherPPPoES, PPPoE(0x11, PPPIPv6, inner6)),
		Ethernet(macB, macA, EtherPPPoED, []byte{0x11, 0x09, 0, 0, 0, 4, 1, 1, 0, 0}),
		ab(udp(r4, x4, 40000, 4789, join([]byte{8, 0, 0, 0, 0, 0, 42, 0}, ab(inner)))),       // VXLAN
		ab(udp(r4, x4, 40000, 6081, join([]byte{0, 0, 0x65, 0x58, 0, 0, 42, 0}, ab(inner)))), // Geneve
	)
	return f
}

func llc() frames {
	var f frames
	ip := udp(a4, b4, 40053, 53, DNS(1, "f.example", 1))
	bpdu := make([]byte, 35)
	f.add(
		Ethernet802(MAC{0x01, 0x80, 0xc2, 0, 0, 0}, macR, 0x42, 0x42, 3, bpdu),
		Ethernet802(macB, macA, 0xaa, 0xaa, 3, SNAP(0, EtherIPv4, ip)),
		Ethernet802(macB, macA, 0xaa, 0xaa, 3, SNAP(0, EtherARP, ARP(1, macA, a4, MAC{}, b4))),
		Ethernet802(MAC{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}, macR, 0xaa, 0xaa, 3, SNAP(0x0c, 0x2000, []byte{2, 180, 0, 0, 0, 1, 0, 5, 'r'})),
		Ethernet802(macB, macA, 0xfe, 0xfe, 3, []byte{0x83, 20, 1, 0, 16, 1, 0, 0}),
		Ethernet802(macB, macA, 0xf0, 0xf0, 3, Text(30)),
		Ethernet(macB, macA, EtherLoop, make([]byte, 46)),
	)
	return f
}

// IPPackets returns one IP packet of each kind that the captures have, for link layers
// that carry IP and little else.
func IPPackets() [][]byte {
	all := [][]byte{
		IP(a4, b4, ProtoTCP, 1, TCP{SrcPort: 51022, DstPort: 22, Flags: SYN}.Bytes(a4, b4, nil)),
		IP(b4, a4, ProtoTCP, 2, TCP{SrcPort: 22, DstPort: 51022, Flags: SYN | ACK}.Bytes(b4, a4, nil)),
		IP(a4, x4, ProtoTCP, 3, TCP{SrcPort: 51080, DstPort: 80, Flags: PSH | ACK}.Bytes(a4, x4, []byte("GET / HTTP/1.0\r\n\r\n"))),
		IP(a6, b6, ProtoTCP, 4, TCP{SrcPort: 51022, DstPort: 22, Flags: SYN}.Bytes(a6, b6, nil)),
		udp(a4, r4, 40053, 53, DNS(1, "g.example", 1)),
		udp(r4, a4, 53, 40053, DNS(1, "g.example", 1, x4)),
		udp(a6, b6, 40053, 53, DNS(1, "g.example", 28)),
		udp(a4, mdns4, 5353, 5353, DNS(0, "printer.local", 1)),
		udp(a6, mdns6, 5353, 5353, DNS(0, "printer.local", 28)),
		udp(a4, cast4, 138, 138, Text(40)),
		IP(a4, b4, ProtoICMP, 5, ICMP(8, 0, Echo(1, 1, Text(16)))),
		IP(a6, b6, ProtoICMPv6, 6, ICMPv6(a6, b6, 128, 0, Echo(1, 1, Text(16)))),
		IP(a4, b4, ProtoSCTP, 7, SCTP(36412, 3868, 0, 10, Text(8))),
		IP(a4, b4, ProtoAH, 8, AH(ProtoTCP, 0x100, 1, TCP{SrcPort: 51022, DstPort: 22, Flags: SYN}.Bytes(a4, b4, nil))),
		IP(a4, b4, ProtoESP, 9, ESP(0x200, 2, 20)),
		IPv4{Src: r4, Dst: pim4, Proto: ProtoPIM, TTL: 1}.Bytes(PIMHello(r4, pim4)),
		IPv4{Src: a4, Dst: hosts4, Proto: ProtoIGMP, TTL: 1, Options: []byte{0x94, 4, 0, 0}}.Bytes(IGMP(0x11, 100, zero4)),
	}
	all = append(all, IPv4{Src: a4, Dst: b4, Proto: ProtoUDP, ID: 3}.Fragments(UDP(a4, b4, 40000, 53, Text(60)), 40)...)
	all = append(all, optioned()[:4]...)
	return append(all, extended()[:6]...)
}

// wrap returns the IP packets of either or one version behind a link-layer header.
func wrap(version byte, header func(i int, ip []byte) []byte) frames {
	var f frames
	for i, ip := range IPPackets() {
		if version == 0 || ip[0]>>4 == version {
			f.add(header(i, ip))
		}
	}
	return f
}

// bare is the link layer that is none.
func bare(_ int, ip []byte) []byte { return ip }

// null returns the loopback header's writer for a host with that byte order and that
// number for IPv6.
func null(order binary.ByteOrder, inet6 uint32) func(int, []byte) []byte {
	return func(_ int, ip []byte) []byte {
		if ip[0]>>4 == 6 {
			return Null(order, inet6, ip)
		}
		return Null(order, AFInet, ip)
	}
}

func sll(i int, ip []byte) []byte {
	return SLL(uint16(i%5), macA, EtherTypeOf(ip), ip)
}

func sll2(i int, ip []byte) []byte {
	return SLL2(uint8(i%5), uint32(1+i%3), macA, EtherTypeOf(ip), ip)
}

func ppp(_ int, ip []byte) []byte {
	if ip[0]>>4 == 6 {
		return PPP(PPPIPv6, ip)
	}
	return PPP(PPPIPv4, ip)
}

// cut returns the packet cut after every number of bytes from none to all.
func cut(data []byte) frames {
	f := make(frames, 0, len(data)+1)
	for n := 0; n <= len(data); n++ {
		f = append(f, Packet{Data: data[:n], WireLen: len(data)})
	}
	return f
}

// lan returns some of everything, as a port of a switch might see it.
func lan() frames {
	parts := []frames{ssh()[:18], web()[:20], dns(), arp(), icmp(), vlan()[:4], multicast()[:6], ip6()[:6]}
	var f frames
	for more := true; more; {
		more = false
		for i, p := range parts {
			if len(p) > 0 {
				f, parts[i], more = append(f, p[0]), p[1:], true
			}
		}
	}
	return f
}

// Captures returns all captures of testdata/pcaps.
func Captures() []Capture {
	const (
		eth  = linktype.Ethernet
		sll1 = linktype.LinuxSLL
	)
	little, big := binary.ByteOrder(binary.LittleEndian), binary.ByteOrder(binary.BigEndian)

	tcp4 := optioned()[0]
	tcp6 := extended()[4]
	tagged := Ethernet(macB, macA, EtherQinQ, VLAN(300, EtherVLAN, VLAN(100, EtherIPv4, tcp4)))
	dgram := udp(a4, r4, 40053, 53, DNS(1, "h.example", 1))

	sllPackets := wrap(0, sll)
	sllPackets.add(SLL(1, macA, EtherARP, ARP(1, macA, a4, MAC{}, b4)), SLL(0, macA, EtherVLAN, VLAN(100, EtherIPv4, tcp4)))
	sll2Packets := wrap(0, sll2)
	sll2Packets.add(SLL2(1, 2, macA, EtherARP, ARP(1, macA, a4, MAC{}, b4)), SLL2(0, 2, macA, EtherVLAN, VLAN(100, EtherIPv4, tcp4)))
	pppPackets := wrap(0, ppp)
	pppPackets.add(PPP(PPPLCP, []byte{9, 1, 0, 8, 1, 2, 3, 4}))

	return []Capture{
		{"lan", "some of everything on Ethernet", eth, little, lan()},
		{"ssh", "an ssh session over IPv4 and one over IPv6", eth, little, ssh()},
		{"web", "HTTP over IPv4 and IPv6, TLS, HTTP on port 8080", eth, little, web()},
		{"dns", "DNS over UDP and TCP, multicast DNS", eth, little, dns()},
		{"ip6", "IPv6 with and without extension headers", eth, little, ip6()},
		{"vlan", "802.1Q, QinQ and priority tags", eth, little, vlan()},
		{"fragments", "IPv4 fragments of UDP, TCP and ICMP", eth, little, fragments()},
		{"ip-options", "IPv4 options before TCP and UDP", eth, little, ipOptions()},
		{"arp", "ARP and RARP", eth, little, arp()},
		{"icmp", "ICMP and ICMPv6, neighbour discovery", eth, little, icmp()},
		{"multicast", "IGMP, PIM, broadcast and multicast", eth, little, multicast()},
		{"sctp", "SCTP over IPv4 and IPv6", eth, little, sctp()},
		{"ipsec", "AH and ESP", eth, little, ipsec()},
		{"tunnels", "IP in IP, GRE, MPLS, PPPoE, VXLAN, Geneve", eth, little, tunnels()},
		{"llc", "802.3 with LLC and SNAP", eth, little, llc()},
		{"raw", "IP of both versions without a link layer", linktype.Raw, little, wrap(0, bare)},
		{"ipv4", "IPv4 without a link layer", linktype.IPv4, little, wrap(4, bare)},
		{"ipv6", "IPv6 without a link layer", linktype.IPv6, little, wrap(6, bare)},
		{"null-little", "BSD loopback of a little-endian host (FreeBSD)", linktype.Null, little, wrap(0, null(little, AFInet6FreeBSD))},
		{"null-big", "BSD loopback of a big-endian host (Darwin)", linktype.Null, big, wrap(0, null(big, AFInet6Darwin))},
		{"loop", "OpenBSD loopback", linktype.Loop, little, wrap(0, null(big, AFInet6OpenBSD))},
		{"linux-sll", "Linux cooked, version 1", sll1, little, sllPackets},
		{"linux-sll2", "Linux cooked, version 2", linktype.LinuxSLL2, little, sll2Packets},
		{"ppp", "PPP in HDLC-like framing", linktype.PPP, little, pppPackets},
		{"cut-tcp4", "TCP over IPv4 with options, cut at every length", eth, little, cut(ab(tcp4))},
		{"cut-udp4", "UDP over IPv4, cut at every length", eth, little, cut(ab(dgram))},
		{"cut-tcp6", "TCP over IPv6 behind three extension headers, cut at every length", eth, little, cut(ab(tcp6))},
		{"cut-arp", "ARP, cut at every length", eth, little, cut(Ethernet(Broadcast, macA, EtherARP, ARP(1, macA, a4, MAC{}, b4)))},
		{"cut-vlan", "TCP behind two tags, cut at every length", eth, little, cut(tagged)},
		{"cut-llc", "UDP in 802.3 and SNAP, cut at every length", eth, little, cut(Ethernet802(macB, macA, 0xaa, 0xaa, 3, SNAP(0, EtherIPv4, dgram)))},
		{"cut-raw", "UDP over IPv4 without a link layer, cut at every length", linktype.Raw, little, cut(dgram)},
		{"cut-null", "UDP over IPv4 on a loopback, cut at every length", linktype.Null, big, cut(Null(big, AFInet, dgram))},
		{"cut-sll", "UDP over IPv4 in a Linux cooked packet, cut at every length", sll1, little, cut(SLL(0, macA, EtherIPv4, dgram))},
		{"cut-ppp", "UDP over IPv4 in PPP, cut at every length", linktype.PPP, little, cut(PPP(PPPIPv4, dgram))},
	}
}
