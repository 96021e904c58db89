package lower

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// How many tests a list must have to be written once for several protocols: choosing
// where to look costs a few tests as well. Behind IPv6 and IPv4 the last tests of two
// lists become one (see opt's merge), so that there is less to spare.
const (
	shareAt      = 3
	sharePortsAt = 4
)

// A span32 is a range of numbers, both ends included.
type span32 struct{ lo, hi uint32 }

// normal sorts ranges and joins those that overlap or touch.
func normal(spans []span32) []span32 {
	slices.SortFunc(spans, func(a, b span32) int { return cmp.Compare(a.lo, b.lo) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && (out[n-1].hi == ^uint32(0) || s.lo <= out[n-1].hi+1) {
			out[n-1].hi = max(out[n-1].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

// prefixLen returns the length of the prefix that a range is, if it is one.
func (s span32) prefixLen() (n int, ok bool) {
	diff := s.lo ^ s.hi
	if diff&(diff+1) != 0 || s.lo&diff != 0 {
		return 0, false
	}
	return 32 - bits.Len32(diff), true
}

// among tests that n lies in one of the ranges. Prefixes of one length are compared
// as equals under a mask where there are several of them.
func (l *lowering) among(n *num, width int, spans []span32) *tree {
	spans = normal(spans)
	if len(spans) == 1 && spans[0].lo == 0 && spans[0].hi == ^uint32(0)>>(32-width) {
		return always
	}
	const ranges = 33        // the group of what is compared as ranges
	var count, start [35]int // by group: a prefix length, or ranges
	group := func(s span32) int {
		if length, ok := s.prefixLen(); ok {
			return length
		}
		return ranges
	}
	for _, s := range spans {
		count[group(s)]++
	}
	// Of few prefixes of one length each is a range, and so are the numbers where there are ranges.
	moved := [ranges + 1]bool{ranges: true}
	for length := range 32 {
		moved[length] = count[length] < 3 || width < 32
		if moved[length] {
			count[ranges] += count[length]
			count[length] = 0
		}
	}
	if moved[32] = count[ranges] > 0; moved[32] {
		count[ranges] += count[32]
		count[32] = 0
	}
	for i := range ranges + 1 {
		start[i+1] = start[i] + count[i]
	}
	arms := make([]arm, len(spans))
	at := start
	for _, s := range spans {
		g, a := group(s), arm{s.lo, s.hi, always}
		if moved[g] {
			g = ranges
		} else {
			a.hi = a.lo
		}
		arms[at[g]] = a
		at[g]++
	}
	t := never
	for length := 32; length >= 0; length-- {
		if count[length] == 0 {
			continue
		}
		v := n
		if length < 32 {
			v = l.arithK(ir.OpAnd, n, ^uint32(0)<<(32-length))
		}
		t = l.or(t, l.tree(tree{kind: treeSwitch, a: v, arms: arms[start[length]:start[length+1]:start[length+1]], span: l.span}))
	}
	if count[ranges] > 0 {
		t = l.or(t, l.tree(tree{kind: treeSwitch, a: n, arms: arms[start[ranges]:], span: l.span}))
	}
	return t
}

// addresses tests that n is one of addrs. A mask with holes is no range.
func (l *lowering) addresses(n *num, addrs []pred.Addr4) *tree {
	spans := make([]span32, 0, len(addrs))
	holes := never
	for _, a := range addrs {
		if host := ^a.Mask; host&(host+1) == 0 {
			spans = append(spans, span32{a.Addr, a.Addr | host})
		} else {
			holes = l.or(holes, l.testK(l.arithK(ir.OpAnd, n, a.Mask), ir.Eq, a.Addr))
		}
	}
	if len(spans) == 0 {
		return holes
	}
	return l.or(l.among(n, 32, spans), holes)
}

// keys tests that the words are those of one of the keys, word by word: the first
// word leads to the keys that begin with it.
func (l *lowering) keys(words []*num, keys [][]uint32) *tree {
	slices.SortFunc(keys, slices.Compare)
	keys = slices.CompactFunc(keys, slices.Equal)
	var arms []arm
	for i := 0; i < len(keys); {
		j := i + 1
		for j < len(keys) && keys[j][0] == keys[i][0] {
			j++
		}
		sub := always
		if len(words) > 1 {
			rest := make([][]uint32, 0, j-i)
			for _, k := range keys[i:j] {
				rest = append(rest, k[1:])
			}
			sub = l.keys(words[1:], rest)
		}
		arms = append(arms, arm{keys[i][0], keys[i][0], sub})
		i = j
	}
	return l.tree(tree{kind: treeSwitch, a: words[0], arms: arms, span: l.span})
}

// told reports whether the link layer tells what it carries, so that of several
// protocols one at most is there. Juniper's headers do not: each test of a protocol
// holds, and what follows is looked at as each of them in turn.
func told(y *pred.Layers) bool {
	return y.Labels > 0 || y.Link.Carries != proto.CarriesJuniper
}

// family4 tests the addresses of IPv4, ARP and RARP headers with one list, where
// the three tests at the front of terms are that. n is how many terms it stands for, 0
// where it does not.
func (l *lowering) family4(terms []pred.Pred) (t *tree, n int) {
	if len(terms) < 3 {
		return nil, 0
	}
	ip, ok := terms[0].(pred.Host4)
	if !ok || len(ip.Addrs) < shareAt || ip.Num != proto.EtherIPv4 || ip.Except {
		return nil, 0
	}
	for i, num := range []uint32{proto.EtherARP, proto.EtherRARP} {
		h, ok := terms[1+i].(pred.Host4)
		if !ok || h.At != ip.At || h.Num != num || h.Dir != ip.Dir || !slices.Equal(h.Addrs, ip.Addrs) {
			return nil, 0
		}
	}
	if _, ok := oneSided(ip.Dir); !ok {
		return nil, 0
	}
	y := ip.At
	if !told(y) {
		return nil, 0
	}
	l.at(ip.Span)
	arp := l.or(l.carries(y, proto.EtherARP), l.carries(y, proto.EtherRARP))
	if arp == never {
		return nil, 0
	}
	side := func(inIP, inARP uint32) func() *tree {
		return func() *tree {
			return l.tree(tree{kind: treeSelect, span: l.span, x: l.addresses(chosen, ip.Addrs), alts: []alternative{
				{l.carries(y, proto.EtherIPv4), l.load(y.Net().Plus(inIP), ir.Word)},
				{l.or(l.carries(y, proto.EtherARP), l.carries(y, proto.EtherRARP)), l.load(y.Net().Plus(inARP), ir.Word)},
			}})
		}
	}
	return l.either(ip.Dir, side(proto.IPv4Src, proto.ARPSrc), side(proto.IPv4Dst, proto.ARPDst)), 3
}

// ports tests the ports behind IPv6 and IPv4 with one list, where the two tests at
// the front of terms are that.
func (l *lowering) ports(terms []pred.Pred) (t *tree, n int) {
	if len(terms) < 2 {
		return nil, 0
	}
	p6, ok6 := terms[0].(pred.Port)
	p4, ok4 := terms[1].(pred.Port)
	if !ok6 || !ok4 || portTests(p6.Ranges) < sharePortsAt || p6.Version != 6 || p4.Version != 4 || p6.At != p4.At ||
		p6.Num != p4.Num || p6.Dir != p4.Dir || !slices.Equal(p6.Ranges, p4.Ranges) {
		return nil, 0
	}
	if _, ok := oneSided(p6.Dir); !ok || !told(p6.At) {
		return nil, 0
	}
	l.at(p6.Span)
	if l.carries(p6.At, proto.EtherIPv6) == never || l.carries(p6.At, proto.EtherIPv4) == never {
		return nil, 0
	}
	side := func(off uint32) func() *tree {
		return func() *tree {
			return l.tree(tree{kind: treeSelect, span: l.span, x: l.inPorts(chosen, p6.Ranges), alts: []alternative{
				{l.hasPorts(p6), l.transport(p6.At, 6, off, ir.Half)},
				{l.hasPorts(p4), l.transport(p4.At, 4, off, ir.Half)},
			}})
		}
	}
	return l.either(p6.Dir, side(proto.SrcPort), side(proto.DstPort)), 2
}

// portTests counts the comparisons that inPorts makes.
func portTests(ranges []pred.PortRange) int {
	n := 0
	for _, r := range ranges {
		n++
		if r.Lo != r.Hi {
			n++
		}
	}
	return n
}

// inPorts tests that n is in one of the ranges.
func (l *lowering) inPorts(n *num, ranges []pred.PortRange) *tree {
	spans := make([]span32, len(ranges))
	for i, r := range ranges {
		spans[i] = span32{uint32(r.Lo), uint32(r.Hi)}
	}
	return l.among(n, 16, spans)
}
