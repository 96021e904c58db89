package lower

import (
	"slices"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// either expands a test that has a direction: src and dst make the test of one
// side each.
func (n *nodes) either(dir expr.Dir, src, dst func() *tree) *tree {
	switch dir {
	case expr.DirSrc:
		return src()
	case expr.DirDst:
		return dst()
	case expr.DirSrcAndDst:
		return n.and(src(), dst())
	case expr.DirNone, expr.DirSrcOrDst:
		return n.or(src(), dst())
	}
	panic("lower: direction " + dir.String())
}

// ipProto tests the protocol behind an IP header. Behind IPv6 it may also be named
// by a fragment header.
func (l *lowering) ipProto(p pred.IPProto) *tree {
	y, num := p.At, uint32(p.Num)
	if p.Version == 4 {
		return l.and(l.carries(y, proto.EtherIPv4), l.equal(y.Net().Plus(proto.IPv4Proto), ir.Byte, num))
	}
	next := y.Net().Plus(proto.IPv6Next)
	behindFragment := l.and(l.equal(next, ir.Byte, proto.IPFragment), l.equal(y.Net().Plus(proto.IPv6HdrLen), ir.Byte, num))
	return l.and(l.carries(y, proto.EtherIPv6), l.or(l.equal(next, ir.Byte, num), behindFragment))
}

// firstFragment tests that an IPv4 packet is whole or its first fragment: only
// that has a transport header.
func (l *lowering) firstFragment(y *pred.Layers) *tree {
	return l.not(l.testK(l.load(y.Net().Plus(proto.IPv4Frag), ir.Half), ir.Set, 0x1fff))
}

// ipv4HdrLen is the length of the IPv4 header plus the variable part of the
// offset where it starts: what lies behind it is at that plus the constant part.
func (l *lowering) ipv4HdrLen(y *pred.Layers) *num {
	n := l.arithK(ir.OpLsh, l.arithK(ir.OpAnd, l.load(y.Net(), ir.Byte), 0x0f), 2)
	if v := l.varPart(y.Payload); v != nil {
		n = l.arith(ir.OpAdd, n, v)
	}
	return n
}

// ipv6HdrLen is the same for IPv6, extension headers not counted.
func (l *lowering) ipv6HdrLen(y *pred.Layers) *num {
	if v := l.varPart(y.Payload); v != nil {
		return l.plus(v, proto.IPv6HdrLen)
	}
	return l.constant(proto.IPv6HdrLen)
}

// transport reads size bytes at off of the header behind IP.
func (l *lowering) transport(y *pred.Layers, version uint8, off uint32, size ir.Size) *num {
	if version == 4 {
		return l.loadAt(l.ipv4HdrLen(y), y.Net().Const+off, size)
	}
	return l.load(y.Net().Plus(proto.IPv6HdrLen+off), size)
}

// host4 tests the addresses of an IPv4, ARP or RARP header.
func (l *lowering) host4(p pred.Host4) *tree {
	carried := l.carries(p.At, p.Num)
	if carried == never {
		return never
	}
	src, dst := uint32(proto.ARPSrc), uint32(proto.ARPDst)
	if p.Num == proto.EtherIPv4 {
		src, dst = proto.IPv4Src, proto.IPv4Dst
	}
	side := func(off uint32) func() *tree {
		return func() *tree {
			o := p.At.Net().Plus(off)
			if len(p.Addrs) == 1 {
				return l.masked(o, ir.Word, p.Addrs[0].Mask, p.Addrs[0].Addr)
			}
			return l.addresses(l.load(o, ir.Word), p.Addrs)
		}
	}
	t := never
	if _, ok := oneSided(p.Dir); ok && l.gather {
		t = l.either(p.Dir, side(src), side(dst))
	} else {
		for _, a := range p.Addrs {
			one := func(off uint32) func() *tree {
				return func() *tree { return l.masked(p.At.Net().Plus(off), ir.Word, a.Mask, a.Addr) }
			}
			t = l.or(t, l.either(p.Dir, one(src), one(dst)))
		}
	}
	if p.Except {
		t = l.not(t)
	}
	return l.and(carried, t)
}

// host6 tests the addresses of an IPv6 header, first words first.
func (l *lowering) host6(p pred.Host6) *tree {
	carried := l.carries(p.At, proto.EtherIPv6)
	sides := func(addrs []pred.Addr6) *tree {
		side := func(off uint32) func() *tree {
			return func() *tree { return l.addresses6(p.At.Net().Plus(off), addrs) }
		}
		return l.either(p.Dir, side(proto.IPv6Src), side(proto.IPv6Dst))
	}
	t := never
	if _, ok := oneSided(p.Dir); ok && l.gather {
		t = sides(p.Addrs)
	} else {
		for i := range p.Addrs {
			t = l.or(t, sides(p.Addrs[i:i+1]))
		}
	}
	if p.Except {
		t = l.not(t)
	}
	return l.and(carried, t)
}

// addresses6 tests that the sixteen bytes at o are one of addrs. Those of one
// prefix length are looked for together.
func (l *lowering) addresses6(o pred.Offset, addrs []pred.Addr6) *tree {
	word := func(i int) *num { return l.load(o.Plus(4*uint32(i)), ir.Word) }
	if len(addrs) == 1 {
		t := always
		for i := range addrs[0].Addr {
			t = l.and(t, l.masked(o.Plus(4*uint32(i)), ir.Word, addrs[0].Mask[i], addrs[0].Addr[i]))
		}
		return t
	}
	var masks [][4]uint32
	byMask := make(map[[4]uint32][][]uint32)
	for _, a := range addrs {
		if byMask[a.Mask] == nil {
			masks = append(masks, a.Mask)
		}
		byMask[a.Mask] = append(byMask[a.Mask], slices.Clone(a.Addr[:]))
	}
	t := never
	for _, m := range masks {
		var words []*num
		for i := range m {
			switch m[i] {
			case 0:
			case ^uint32(0):
				words = append(words, word(i))
			default:
				words = append(words, l.arithK(ir.OpAnd, word(i), m[i]))
			}
		}
		if len(words) == 0 {
			return always
		}
		keys := byMask[m]
		for i := range keys {
			keys[i] = keys[i][:len(words)]
		}
		t = l.or(t, l.keys(words, keys))
	}
	return t
}

// portProtos are the protocols that have ports, in the order of the test.
var portProtos = [...]uint32{proto.IPTCP, proto.IPUDP, proto.IPSCTP}

// port tests the ports behind an IP header.
func (l *lowering) port(p pred.Port) *tree {
	side := func(off uint32) func() *tree {
		return func() *tree {
			if l.gather && len(p.Ranges) > 1 {
				return l.inPorts(l.transport(p.At, p.Version, off, ir.Half), p.Ranges)
			}
			t := never
			for _, r := range p.Ranges {
				n := func() *num { return l.transport(p.At, p.Version, off, ir.Half) }
				if r.Lo == r.Hi {
					t = l.or(t, l.testK(n(), ir.Eq, uint32(r.Lo)))
				} else {
					t = l.or(t, l.and(l.testK(n(), ir.Ge, uint32(r.Lo)), l.not(l.testK(n(), ir.Gt, uint32(r.Hi)))))
				}
			}
			return t
		}
	}
	return l.and(l.hasPorts(p), l.either(p.Dir, side(proto.SrcPort), side(proto.DstPort)))
}

// hasPorts tests that there is a header with ports, of the protocol asked for.
func (l *lowering) hasPorts(p pred.Port) *tree {
	y := p.At
	field, ether := y.Net().Plus(proto.IPv6Next), uint32(proto.EtherIPv6)
	if p.Version == 4 {
		field, ether = y.Net().Plus(proto.IPv4Proto), proto.EtherIPv4
	}
	carried := never
	for _, num := range portProtos {
		if p.Num == 0 || uint32(p.Num) == num {
			carried = l.or(carried, l.equal(field, ir.Byte, num))
		}
	}
	if p.Version == 4 {
		carried = l.and(carried, l.firstFragment(y))
	}
	return l.and(l.carries(y, ether), carried)
}

// chainDepth is how many extension headers headerChain steps over. A packet with
// more of them is taken not to match.
const chainDepth = 8

// chainVars returns the two variables of headerChain: the protocol that the last
// header named, and where what it named begins. All chains use the same two.
func (l *lowering) chainVars() (next, pos pred.Var) {
	if l.chainNext == pred.NoVar {
		l.chainNext, l.vars = pred.Var(l.vars), l.vars+2
	}
	return l.chainNext, l.chainNext + 1
}

// headerChain tests for a protocol behind any extension headers. The loop that a
// machine would need is written out chainDepth times. Lengths are RFC 8200's, in
// units of eight bytes behind the first, and for AH RFC 4302's, in units of four
// behind the first two.
func (l *lowering) headerChain(p pred.Chain) *tree {
	y := p.At
	next, pos := l.chainVars()
	start := y.Net().Const
	advance := func(unit, behind uint32) *tree {
		size := l.arithK(ir.OpMul, l.plus(l.loadAt(l.variable(pos), start+1, ir.Byte), behind), unit)
		return l.step(always,
			assign{next, l.loadAt(l.variable(pos), start, ir.Byte)},
			assign{pos, l.arith(ir.OpAdd, size, l.variable(pos))})
	}
	is := func(num uint32) *tree { return l.testK(l.variable(next), ir.Eq, num) }
	t := is(uint32(p.Num))
	for range chainDepth {
		over := l.and(is(proto.IPAH), advance(4, 2))
		if p.Version == 6 {
			options := l.anyOf(is(proto.IPHopByHop), is(proto.IPDstOpts), is(proto.IPRouting), is(proto.IPFragment))
			over = l.or(l.and(options, advance(8, 1)), over)
		}
		t = l.or(is(uint32(p.Num)), l.and(over, t))
	}
	if p.Version == 4 {
		t = l.step(t, assign{next, l.load(y.Net().Plus(proto.IPv4Proto), ir.Byte)}, assign{pos, l.ipv4HdrLen(y)})
		return l.and(l.carries(y, proto.EtherIPv4), t)
	}
	t = l.step(t, assign{next, l.load(y.Net().Plus(proto.IPv6Next), ir.Byte)}, assign{pos, l.ipv6HdrLen(y)})
	return l.and(l.carries(y, proto.EtherIPv6), t)
}

// decnet tests a DECnet address. A routing header is short or long, and each may
// be behind a padding byte; addresses are little-endian. A short header's
// destination is next to its flags and is compared with them.
func (l *lowering) decnet(y *pred.Layers, dir expr.Dir, addr uint32) *tree {
	const shortForm, longForm, pad = 0x02, 0x06, 0x81
	addr = swap16(addr)
	flags := y.Net().Plus(2)
	plain := func(form, off uint32) *tree {
		return l.and(l.masked(flags, ir.Byte, 0x07, form), l.equal(flags.Plus(off), ir.Half, addr))
	}
	padded := func(form, off uint32) *tree {
		return l.and(l.masked(flags, ir.Half, 0xff07, pad<<8|form), l.equal(flags.Plus(1+off), ir.Half, addr))
	}
	src := func() *tree {
		return l.anyOf(plain(shortForm, 3), padded(shortForm, 3), plain(longForm, 15), padded(longForm, 15))
	}
	dst := func() *tree {
		return l.anyOf(l.masked(flags, ir.Word, 0x07ffff00, shortForm<<24|addr<<8),
			l.masked(flags, ir.Word, 0xff07ffff, pad<<24|shortForm<<16|addr),
			plain(longForm, 7), padded(longForm, 7))
	}
	return l.and(l.carries(y, proto.EtherDECnet), l.either(dir, src, dst))
}
