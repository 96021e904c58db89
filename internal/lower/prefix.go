package lower

import (
	"fmt"

	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// withPrefix puts in front of t what finds the offsets that depend on the
// packet's link header, as far as t looks at them.
func (l *lowering) withPrefix(t *tree) *tree {
	link := l.filter.Outer.Link
	l.span = ir.Span{}
	if l.usesPayload {
		t = l.and(l.headerEnd(link), t)
	}
	if (l.usesHdr || l.usesPayload) && link.Prefix != proto.PrefixNone {
		t = l.and(l.prefixLen(link), t)
	}
	return t
}

// prefixLen sets VarHdr to the length of the pseudo-header. Each rule of
// proto.Prefix is one case.
func (l *lowering) prefixLen(link *proto.Link) *tree {
	set := func(n *num) *tree { return l.step(always, assign{pred.VarHdr, n}) }
	switch link.Prefix {
	case proto.PrefixPrism:
		// A file of this link type may have AVS headers; they begin with their version.
		avs := l.testK(l.arithK(ir.OpAnd, l.loadAt(nil, 0, ir.Word), 0xfffff000), ir.Eq, 0x80211000)
		return l.or(l.and(avs, set(l.loadAt(nil, 4, ir.Word))), set(l.constant(144)))
	case proto.PrefixAVS:
		return set(l.loadAt(nil, 4, ir.Word))
	case proto.PrefixLength16:
		return set(l.arith(ir.OpOr, l.loadAt(nil, 2, ir.Byte), l.arithK(ir.OpLsh, l.loadAt(nil, 3, ir.Byte), 8)))
	}
	panic(fmt.Sprintf("lower: prefix %d of link type %s", link.Prefix, link.Type))
}

// headerEnd sets VarPayload to the end of the link header. Each rule of
// proto.Header is one case.
func (l *lowering) headerEnd(link *proto.Link) *tree {
	set := func(n *num) *tree { return l.step(always, assign{pred.VarPayload, n}) }
	end := l.variable(pred.VarPayload)
	switch link.Header {
	case proto.HeaderPFLog:
		return set(l.arithK(ir.OpAnd, l.plus(l.loadAt(nil, 0, ir.Byte), 3), ^uint32(3)))
	case proto.HeaderWLAN:
		var hdr *num
		if link.Prefix != proto.PrefixNone {
			hdr = l.variable(pred.VarHdr)
		}
		fc := func() *num { return l.loadAt(hdr, 0, ir.Byte) }
		bit := func(n *num, bits uint32) *tree { return l.testK(n, ir.Set, bits) }
		qos := l.or(l.and(bit(fc(), proto.WLANQoS), set(l.plus(end, 2))), l.step(always))
		isData := l.and(bit(fc(), proto.WLANData), l.not(bit(fc(), proto.WLANCtl)))
		sized := l.and(isData, qos)
		if l.filter.Last.Link.Type == linktype.IEEE802_11Radiotap {
			sized = l.and(sized, l.or(l.and(l.radiotapPads(), set(l.arithK(ir.OpAnd, l.plus(end, 3), ^uint32(3)))), l.step(always)))
		}
		length := l.constant(24)
		if hdr != nil {
			length = l.plus(hdr, 24)
		}
		return l.step(l.or(sized, l.step(always)), assign{pred.VarPayload, length})
	}
	panic(fmt.Sprintf("lower: header %d of link type %s", link.Header, link.Type))
}

// radiotapPads tests the flag that says that the 802.11 header is padded to a
// multiple of four bytes: in the flags field, if that is present, behind the
// timestamp, if that is. A second word of presence bits would move them; then
// nothing is known.
func (l *lowering) radiotapPads() *tree {
	present := func(bit uint32) *tree { return l.testK(l.loadAt(nil, 4, ir.Word), ir.Set, swap32(bit)) }
	pads := func(off uint32) *tree { return l.testK(l.loadAt(nil, off, ir.Byte), ir.Set, 0x20) }
	const tsft, flags, extended = 1 << 0, 1 << 1, 1 << 31
	where := l.or(l.and(present(tsft), pads(16)), l.and(l.not(present(tsft)), pads(8)))
	return l.and(present(flags), l.and(l.not(present(extended)), where))
}
