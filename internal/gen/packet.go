package gen

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/gofilter/gofilter/internal/packets"
	"github.com/gofilter/gofilter/linktype"
)

// A Packet is the captured bytes of a packet and how long it was on the wire.
type Packet struct {
	Data    []byte
	WireLen int
}

// A Bias is what a filter's packets are made of: the values that it compares with.
type Bias struct {
	Numbers []uint32
	Addrs   []netip.Addr
	MACs    []packets.MAC
}

var (
	macs    = regexp.MustCompile(`\b[0-9a-fA-F]{1,2}(?:[:-][0-9a-fA-F]{1,2}){5}\b`)
	addrs6  = regexp.MustCompile(`[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*`)
	addrs4  = regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`)
	numbers = regexp.MustCompile(`\b(?:0[xX][0-9a-fA-F]+|\d+)\b`)
)

// BiasOf collects the values in a filter's text.
func BiasOf(expr string) Bias {
	var b Bias
	expr = macs.ReplaceAllStringFunc(expr, func(s string) string {
		var m packets.MAC
		for i, p := range strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '-' }) {
			v, err := strconv.ParseUint(p, 16, 8)
			if err != nil {
				panic(err)
			}
			m[i] = byte(v)
		}
		b.MACs = append(b.MACs, m)
		return " "
	})
	for _, re := range []*regexp.Regexp{addrs6, addrs4} {
		expr = re.ReplaceAllStringFunc(expr, func(s string) string {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return s
			}
			b.Addrs = append(b.Addrs, a)
			return " "
		})
	}
	for _, s := range numbers.FindAllString(expr, -1) {
		if v, err := strconv.ParseUint(s, 0, 32); err == nil {
			b.Numbers = append(b.Numbers, uint32(v))
		}
	}
	return b
}

// maker makes the parts of one packet.
type maker struct {
	rng  *rand.Rand
	bias Bias
}

// Random returns a packet of the link type: mostly real headers around the values of
// bias, sometimes with bytes changed, sometimes cut, now and then noise.
func Random(rng *rand.Rand, t linktype.Type, bias Bias) Packet {
	m := &maker{rng, bias}
	var data []byte
	if rng.UintN(16) == 0 {
		data = m.noise(rng.IntN(120))
	} else {
		data = m.link(t)
	}
	for range rng.UintN(3) {
		m.disturb(data)
	}
	p := Packet{Data: data, WireLen: len(data)}
	switch rng.UintN(6) {
	case 0:
		p.Data = data[:rng.IntN(len(data)+1)]
	case 1:
		p.WireLen += rng.IntN(1500)
	}
	return p
}

func (m *maker) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.rng.Uint32())
	}
	return b
}

// disturb changes a few bytes, mostly to one of the filter's numbers or a neighbour of it.
func (m *maker) disturb(b []byte) {
	if len(b) == 0 {
		return
	}
	at := m.rng.IntN(len(b))
	if len(m.bias.Numbers) == 0 || m.rng.UintN(4) == 0 {
		b[at] = byte(m.rng.Uint32())
		return
	}
	v := m.number()
	switch {
	case v <= 0xff || at+2 > len(b):
		b[at] = byte(v)
	case v <= 0xffff || at+4 > len(b):
		binary.BigEndian.PutUint16(b[at:], uint16(v))
	default:
		binary.BigEndian.PutUint32(b[at:], v)
	}
}

// number returns one of the filter's numbers or a neighbour of one, or any.
func (m *maker) number() uint32 {
	if len(m.bias.Numbers) == 0 {
		return m.rng.Uint32() >> m.rng.UintN(32)
	}
	v := m.bias.Numbers[m.rng.IntN(len(m.bias.Numbers))]
	switch m.rng.UintN(6) {
	case 0:
		return v + 1
	case 1:
		return v - 1
	}
	return v
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

func (m *maker) mac() packets.MAC {
	if len(m.bias.MACs) > 0 && m.rng.UintN(2) == 0 {
		return pick(m.rng, m.bias.MACs...)
	}
	return pick(m.rng, packets.MAC{2, 0, 0, 0, 0, 0x0a}, packets.MAC{2, 0, 0, 0, 0, 0x0b}, packets.Broadcast, packets.MAC{1, 0, 0x5e, 0, 0, 0xfb})
}

// addr returns an address of 4 or 16 bytes.
func (m *maker) addr(is6 bool) netip.Addr {
	if m.rng.UintN(3) > 0 {
		for range 4 {
			if len(m.bias.Addrs) > 0 {
				if a := pick(m.rng, m.bias.Addrs...); a.Is6() == is6 {
					return a
				}
			}
		}
	}
	if is6 {
		return pick(m.rng, netip.MustParseAddr("2001:db8::a"), netip.MustParseAddr("2001:db8::b"), netip.MustParseAddr("ff02::fb"))
	}
	return pick(m.rng, netip.MustParseAddr("10.0.0.10"), netip.MustParseAddr("10.0.0.11"), netip.MustParseAddr("10.0.0.255"), netip.MustParseAddr("224.0.0.251"))
}

func (m *maker) port() uint16 {
	if m.rng.UintN(2) == 0 {
		return uint16(m.number())
	}
	return pick[uint16](m.rng, 22, 53, 80, 443, 8080, 51022, 40053)
}

// transport returns an IP protocol number and a header of it.
func (m *maker) transport(src, dst netip.Addr) (uint8, []byte) {
	payload := packets.Text(m.rng.IntN(40))
	switch m.rng.UintN(10) {
	case 0, 1, 2:
		return packets.ProtoTCP, packets.TCP{SrcPort: m.port(), DstPort: m.port(), Flags: uint8(m.rng.Uint32())}.Bytes(src, dst, payload)
	case 3, 4, 5:
		return packets.ProtoUDP, packets.UDP(src, dst, m.port(), m.port(), payload)
	case 6:
		return packets.ProtoSCTP, packets.SCTP(m.port(), m.port(), 1, 0, payload)
	case 7:
		if src.Is6() {
			return packets.ProtoICMPv6, packets.ICMPv6(src, dst, uint8(128+m.rng.UintN(10)), 0, packets.Echo(1, 2, payload))
		}
		return packets.ProtoICMP, packets.ICMP(uint8(m.rng.UintN(13)), uint8(m.rng.UintN(4)), packets.Echo(1, 2, payload))
	case 8:
		next, inner := m.transport(src, dst)
		return packets.ProtoAH, packets.AH(next, 1, 2, inner)
	}
	return uint8(m.number()), payload
}

// ip returns an IP packet of either version, sometimes with options, extension headers or as a
// fragment.
func (m *maker) ip(is6 bool) []byte {
	src, dst := m.addr(is6), m.addr(is6)
	proto, payload := m.transport(src, dst)
	if !is6 {
		h := packets.IPv4{Src: src, Dst: dst, Proto: proto, TOS: uint8(m.rng.Uint32()), ID: uint16(m.rng.Uint32())}
		if m.rng.UintN(4) == 0 {
			h.Options = make([]byte, 4*m.rng.IntN(11))
		}
		switch m.rng.UintN(8) {
		case 0:
			h.FragOff = uint16(m.rng.UintN(0x2000))
		case 1:
			h.MF = true
		case 2:
			h.DF = true
		}
		return h.Bytes(payload)
	}
	for range m.rng.UintN(3) {
		switch m.rng.UintN(6) {
		case 0:
			proto, payload = packets.ProtoHopByHop, packets.Options6(proto, 6, payload)
		case 1:
			proto, payload = packets.ProtoDstOpts, packets.Options6(proto, 14, payload)
		case 2:
			proto, payload = packets.ProtoRouting, packets.Routing6(proto, dst, payload)
		case 3:
			proto, payload = packets.ProtoFragment, packets.Fragment6(proto, uint16(m.rng.UintN(2)*100), m.rng.UintN(2) == 0, 7, payload)
		}
	}
	return packets.IPv6{Src: src, Dst: dst, Next: proto}.Bytes(payload)
}

// network returns an EtherType and a packet of it.
func (m *maker) network() (uint16, []byte) {
	switch m.rng.UintN(12) {
	case 0:
		return pick[uint16](m.rng, packets.EtherARP, packets.EtherRARP),
			packets.ARP(uint16(1+m.rng.UintN(4)), m.mac(), m.addr(false), m.mac(), m.addr(false))
	case 1:
		return uint16(m.number()), m.noise(m.rng.IntN(64))
	case 2, 3, 4:
		return packets.EtherIPv6, m.ip(true)
	}
	return packets.EtherIPv4, m.ip(false)
}

// link returns a packet of the link type, or of IP without a link layer for one that it has no
// header of.
func (m *maker) link(t linktype.Type) []byte {
	typ, payload := m.network()
	is6 := typ == packets.EtherIPv6
	switch t {
	case linktype.Ethernet:
		for range m.rng.UintN(8) / 6 * (1 + m.rng.UintN(2)) {
			tci := uint16(m.number()) & 0xfff
			payload = packets.VLAN(tci|uint16(m.rng.UintN(8))<<13, typ, payload)
			typ = pick[uint16](m.rng, packets.EtherVLAN, packets.EtherQinQ, packets.EtherQinQ91)
		}
		if m.rng.UintN(16) == 0 {
			return packets.Ethernet802(m.mac(), m.mac(), 0xaa, 0xaa, 3, packets.SNAP(0, typ, payload))
		}
		return packets.Ethernet(m.mac(), m.mac(), typ, payload)
	case linktype.LinuxSLL:
		return packets.SLL(uint16(m.rng.UintN(5)), m.mac(), typ, payload)
	case linktype.LinuxSLL2:
		return packets.SLL2(uint8(m.rng.UintN(5)), 1+uint32(m.rng.UintN(4)), m.mac(), typ, payload)
	case linktype.PPP:
		proto := uint16(packets.PPPIPv4)
		if is6 {
			proto = packets.PPPIPv6
		}
		return packets.PPP(proto, m.ip(is6))
	case linktype.Null, linktype.Loop:
		order := binary.ByteOrder(binary.BigEndian)
		if t == linktype.Null && m.rng.UintN(2) == 0 {
			order = binary.LittleEndian
		}
		family := uint32(packets.AFInet)
		if is6 {
			family = pick[uint32](m.rng, packets.AFInet6OpenBSD, packets.AFInet6FreeBSD, packets.AFInet6Darwin)
		}
		return packets.Null(order, family, m.ip(is6))
	case linktype.IPv4:
		return m.ip(false)
	case linktype.IPv6:
		return m.ip(true)
	}
	return m.ip(is6)
}

// Seeds returns packets of the link type that between them have every header that the captures of
// testdata have; for a link type that these lack, bare IP packets and Ethernet frames.
func Seeds(t linktype.Type) [][]byte {
	var seeds, other [][]byte
	for _, c := range packets.Captures() {
		if strings.HasPrefix(c.Name, "cut-") || c.Name == "lan" {
			continue
		}
		for _, p := range c.Packets {
			switch c.LinkType {
			case t:
				seeds = append(seeds, p.Data)
			case linktype.Raw:
				other = append(other, p.Data)
			}
		}
	}
	if len(seeds) == 0 {
		return other
	}
	return seeds
}
