// Package gen makes random filters and random packets for property tests.
//
// The filters are well-formed: each is in the language of pcap-filter(7) and compiles for
// the link type that it was made for, unless it asks for something that is not yet
// supported or can never match. The packets are made of real headers and of the filter's own
// numbers, so that tests on them are often true. Everything depends on the random
// source alone: the same seed gives the same filters and packets.
package gen

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/gofilter/gofilter/linktype"
)

// Options say what filters Expr makes. The zero value makes anything for Null.
type Options struct {
	LinkType linktype.Type
	// Depth bounds how deeply and, or, not and parentheses nest; 0 means 3.
	Depth int
	// Weights replaces the weight of kinds of primitive by name (see Primitives); 0 leaves
	// one out.
	Weights map[string]int
}

// A primitive is a row of the table of what filters are made of.
type primitive struct {
	name   string
	weight int
	only   func(linktype.Type) bool // nil: for every link type
	text   func(g *generator) string
}

// ethernet says which link types have Ethernet addresses and tags.
func ethernet(t linktype.Type) bool { return t == linktype.Ethernet }

// both says which link types carry both versions of IP behind a type field.
func typed(t linktype.Type) bool {
	return t != linktype.Raw && t != linktype.IPv4 && t != linktype.IPv6
}

// The productions, after pcap-filter(7).
var primitives = []primitive{
	{"proto", 10, nil, func(g *generator) string { return g.pick(protocols...) }},
	{"ip proto", 4, nil, func(g *generator) string {
		return g.pick("ip", "ip6") + " proto " + g.pick(`\tcp`, `\udp`, `\icmp`, "6", "17", "58", "132", "103", "51")
	}},
	{"ether proto", 4, typed, func(g *generator) string {
		return "ether proto " + g.pick(`\ip`, `\ip6`, `\arp`, "0x800", "0x86dd", "0x806", "0x8035", "0x88cc")
	}},
	{"host", 12, nil, func(g *generator) string {
		if g.rng.UintN(4) == 0 {
			return g.pick("", "ip6 ") + g.dir() + "host " + g.list(g.addr6)
		}
		return g.pick("", "", "ip ", "arp ", "rarp ") + g.dir() + "host " + g.list(g.addr4)
	}},
	{"net", 8, nil, func(g *generator) string {
		switch g.rng.UintN(4) {
		case 0:
			n := g.rng.IntN(129)
			return g.pick("", "ip6 ") + g.dir() + "net " + maskedPrefix6(g.addr6(), n)
		case 1:
			return g.pick("", "ip ", "arp ") + g.dir() + "net " + g.pick("10.0.0.0 mask 255.255.255.0", "10.0.0.0 mask 255.0.0.0", "224.0.0.0 mask 240.0.0.0")
		case 2:
			return g.pick("", "ip ") + g.dir() + "net " + g.pick("10", "10.0", "10.0.0", "192.0.2", "224")
		}
		return g.pick("", "ip ", "arp ") + g.dir() + "net " + maskedPrefix4(g.addr4(), g.rng.IntN(33))
	}},
	{"port", 12, nil, func(g *generator) string {
		return g.pick("", "", "tcp ", "udp ", "sctp ") + g.dir() + "port " + g.list(g.port)
	}},
	{"portrange", 5, nil, func(g *generator) string {
		a, b := g.rng.IntN(65536), g.rng.IntN(65536)
		if g.rng.UintN(2) == 0 {
			a, b = 20+g.rng.IntN(60), 53+g.rng.IntN(100)
		}
		return g.pick("", "tcp ", "udp ", "sctp ") + g.dir() + fmt.Sprintf("portrange %d-%d", a, b)
	}},
	{"ether host", 5, ethernet, func(g *generator) string { return "ether " + g.dir() + "host " + g.mac() }},
	{"cast", 4, nil, func(g *generator) string { return g.pick("ip multicast", "ip6 multicast") }},
	{"ether cast", 4, ethernet, func(g *generator) string {
		return g.pick("broadcast", "multicast", "ether broadcast", "ether multicast")
	}},
	{"vlan", 3, ethernet, func(g *generator) string { return g.pick("vlan", "vlan 100", "vlan 200", "vlan 300", "vlan 0") }},
	{"length", 4, nil, func(g *generator) string {
		return g.pick("less ", "greater ") + fmt.Sprint(g.rng.IntN(200))
	}},
	{"flags", 4, nil, func(g *generator) string {
		return g.pick("tcp[tcpflags] & tcp-syn != 0", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[13] = 2",
			"tcp[tcpflags] = tcp-syn|tcp-ack", "icmp[icmptype] = icmp-echo", "icmp[icmptype] != icmp-echoreply", "icmp[icmpcode] = 3")
	}},
	{"relation", 10, nil, func(g *generator) string {
		return g.arith(2) + " " + g.pick("=", "==", "!=", "<", "<=", ">", ">=") + " " + g.arith(1)
	}},
}

var protocols = []string{"ip", "ip6", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "pim", "ah", "esp"}

// Primitives returns the names of the kinds of primitive, for Options.Weights.
func Primitives() []string {
	names := make([]string, len(primitives))
	for i, p := range primitives {
		names[i] = p.name
	}
	return names
}

// Expr returns a filter.
func Expr(rng *rand.Rand, o Options) string {
	g := &generator{rng: rng, o: o}
	for i := range primitives {
		p := &primitives[i]
		w := p.weight
		if v, ok := o.Weights[p.name]; ok {
			w = v
		}
		if p.only == nil || p.only(o.LinkType) {
			for range w {
				g.table = append(g.table, p)
			}
		}
	}
	if len(g.table) == 0 {
		panic("gen: every primitive has weight 0")
	}
	depth := o.Depth
	if depth == 0 {
		depth = 3
	}
	return g.expr(depth)
}

type generator struct {
	rng   *rand.Rand
	o     Options
	table []*primitive // each as often as it weighs
}

func (g *generator) pick(choices ...string) string { return choices[g.rng.IntN(len(choices))] }

// expr returns a filter of at most that depth.
func (g *generator) expr(depth int) string {
	if depth > 0 {
		switch g.rng.UintN(8) {
		case 0, 1:
			return g.operand(depth-1) + g.pick(" and ", " && ") + g.operand(depth-1)
		case 2, 3:
			return g.operand(depth-1) + g.pick(" or ", " || ") + g.operand(depth-1)
		case 4:
			return g.pick("not ", "! ") + "(" + g.expr(depth-1) + ")"
		}
	}
	return g.table[g.rng.IntN(len(g.table))].text(g)
}

// operand returns one side of an and or an or. Without parentheses it may group
// differently and lend its qualifiers, which is as good a filter.
func (g *generator) operand(depth int) string {
	e := g.expr(depth)
	if g.rng.UintN(3) > 0 {
		return "(" + e + ")"
	}
	return e
}

func (g *generator) dir() string {
	return g.pick("", "", "src ", "dst ", "src or dst ", "src and dst ")
}

// list returns one thing, or several joined in parentheses.
func (g *generator) list(one func() string) string {
	if g.rng.UintN(5) > 0 {
		return one()
	}
	items := make([]string, 2+g.rng.IntN(3))
	for i := range items {
		items[i] = one()
	}
	return "(" + strings.Join(items, " or ") + ")"
}

func (g *generator) addr4() string {
	if g.rng.UintN(6) == 0 {
		return fmt.Sprintf("%d.%d.%d.%d", g.rng.IntN(256), g.rng.IntN(256), g.rng.IntN(256), g.rng.IntN(256))
	}
	return g.pick("10.0.0.10", "10.0.0.11", "10.0.0.1", "192.0.2.80", "10.0.0.255", "224.0.0.251")
}

func (g *generator) addr6() string {
	if g.rng.UintN(6) == 0 {
		return fmt.Sprintf("%x:%x::%x", 0x2000+g.rng.IntN(0x1000), g.rng.IntN(0x10000), g.rng.IntN(0x10000))
	}
	return g.pick("2001:db8::a", "2001:db8::b", "fe80::1", "2001:db8:80::80", "ff02::fb", "::1")
}

func (g *generator) mac() string {
	return g.pick("02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb")
}

func (g *generator) port() string {
	if g.rng.UintN(6) == 0 {
		return fmt.Sprint(g.rng.IntN(65536))
	}
	return g.pick("22", "53", "80", "443", "8080", "5353", "51022", "40053", "3868")
}

// number returns a constant as filters have them.
func (g *generator) number() string {
	switch g.rng.UintN(6) {
	case 0:
		return fmt.Sprintf("0x%x", g.rng.Uint32()>>g.rng.UintN(32))
	case 1:
		return g.pick("0x800", "0x86dd", "0xffff", "0x1fff", "0x0a00000a", "6", "17", "22", "80", "255")
	}
	return fmt.Sprint(g.rng.IntN(100))
}

// arith returns an arithmetic expression of at most that depth.
func (g *generator) arith(depth int) string {
	if depth == 0 {
		if g.rng.UintN(3) == 0 {
			return g.number()
		}
		return g.accessor(0)
	}
	switch g.rng.UintN(8) {
	case 0:
		return g.number()
	case 1:
		return "len"
	case 2:
		return "-" + g.accessor(0)
	case 3, 4:
		op := g.pick("+", "-", "*", "&", "|", "^")
		return "(" + g.arith(depth-1) + " " + op + " " + g.arith(depth-1) + ")"
	case 5:
		// Constants that are not 0, and shifts below 32, are what the language asks for.
		op := g.pick("/", "%", "<<", ">>")
		return "(" + g.accessor(depth-1) + " " + op + " " + fmt.Sprint(1+g.rng.IntN(31)) + ")"
	}
	return g.accessor(depth)
}

// accessor returns "proto[index:size]".
func (g *generator) accessor(depth int) string {
	names := []string{"ip", "ip", "tcp", "udp", "icmp", "ip6", "ip6"}
	if g.o.LinkType == linktype.Ethernet {
		names = append(names, "ether", "ether", "arp")
	}
	index := fmt.Sprint(g.rng.IntN(24))
	if depth > 0 && g.rng.UintN(4) == 0 {
		index = g.accessor(0) + " & 0x" + g.pick("7", "f", "3c")
	}
	return g.pick(names...) + "[" + index + g.pick("", ":1", ":2", ":4") + "]"
}
