package resolve

import (
	"fmt"
	"strings"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// all is the mask that keeps every bit.
const all = ^uint32(0)

// cast resolves broadcast and multicast.
func (r *resolver) cast(e *expr.Cast, at *pred.Layers) pred.Pred {
	if e.Multicast {
		return r.multicast(e, at)
	}
	switch e.Proto {
	case expr.ProtoNone, expr.ProtoLink:
		switch {
		case at.Link.Addresses == proto.Address8 && at.Link.Type == linkBACnet:
			return r.oneByte(0xff, expr.DirDst, "broadcast", e.At, at)
		case at.Link.Addresses == proto.Address8:
			return r.oneByte(0, expr.DirDst, "broadcast", e.At, at)
		}
		return r.station([6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, expr.DirDst, "broadcast", e.At, at)
	case expr.ProtoIP:
		if !r.cfg.Netmask.Is4() {
			return r.refuse(e.At, "\"ip broadcast\" needs the interface's netmask, which is not known", "--netmask gives it")
		}
		m := r.cfg.Netmask.As4()
		host := ^(uint32(m[0])<<24 | uint32(m[1])<<16 | uint32(m[2])<<8 | uint32(m[3]))
		dst := pred.Field{At: at, Base: pred.BaseNet, Off: proto.IPv4Dst, Size: 4, Mask: host, Cond: ir.Eq, Span: e.At}
		ones := dst
		ones.Value = host
		return pred.And{X: r.carries(proto.EtherIPv4, e.At, at), Y: pred.Or{X: dst, Y: ones}}
	}
	return r.fail(e.At, "%q does not go with \"broadcast\"; ether and ip do", e.Proto)
}

func (r *resolver) multicast(e *expr.Cast, at *pred.Layers) pred.Pred {
	switch e.Proto {
	case expr.ProtoNone, expr.ProtoLink:
		switch {
		case at.Link.Addresses == proto.Address48, at.Link.Addresses == proto.AddressWLAN:
			return pred.Group{At: at, Span: e.At}
		case at.Link.Addresses == proto.Address8 && at.Link.Type != linkBACnet:
			return r.oneByte(0, expr.DirDst, "multicast", e.At, at) // ARCnet has broadcast only
		}
		return r.notOn("multicast", e.At, at, hasAddresses)
	case expr.ProtoIP:
		dst := pred.Field{At: at, Base: pred.BaseNet, Off: proto.IPv4Dst, Size: 1, Mask: 0xf0, Cond: ir.Eq, Value: 0xe0, Span: e.At}
		return pred.And{X: r.carries(proto.EtherIPv4, e.At, at), Y: dst}
	case expr.ProtoIP6:
		dst := pred.Field{At: at, Base: pred.BaseNet, Off: proto.IPv6Dst, Size: 1, Mask: all, Cond: ir.Eq, Value: 0xff, Span: e.At}
		return pred.And{X: r.carries(proto.EtherIPv6, e.At, at), Y: dst}
	}
	return r.fail(e.At, "%q does not go with \"multicast\"; ether, ip and ip6 do", e.Proto)
}

// compare returns the test "field op value"; Op is one of the six comparisons.
func compare(f pred.Field, op expr.Op, value uint32) pred.Pred {
	cond, negate := condOf(op)
	f.Cond, f.Value = cond, value
	if negate {
		return pred.Not{X: f}
	}
	return f
}

// condOf turns a comparison into one of the conditions, or the negation of one.
func condOf(op expr.Op) (c ir.Cond, negate bool) {
	switch op {
	case expr.Eq:
		return ir.Eq, false
	case expr.Gt:
		return ir.Gt, false
	case expr.Ge:
		return ir.Ge, false
	case expr.Ne:
		return ir.Eq, true
	case expr.Le:
		return ir.Gt, true
	case expr.Lt:
		return ir.Ge, true
	}
	panic("resolve: comparison " + op.String())
}

// byteTest resolves "byte index op value".
func (r *resolver) byteTest(e *expr.Byte, at *pred.Layers) pred.Pred {
	if !r.atMost("byte value", e.Value.Value, 0xff, e.Value.At) {
		return invalid
	}
	f := pred.Field{At: at, Base: pred.BaseLink, Off: e.Index.Value, Size: 1, Mask: all, Span: e.At}
	switch {
	case e.Op == expr.And:
		f.Cond, f.Value = ir.Set, e.Value.Value
		return f
	case e.Op == expr.Or && e.Value.Value != 0:
		f.Cond = ir.Ge // any value that can be read: the result of | has bits of its own
		return f
	case e.Op == expr.Or:
		return compare(f, expr.Ne, 0)
	}
	return compare(f, e.Op, e.Value.Value)
}

// direction resolves inbound and outbound.
func (r *resolver) direction(e *expr.Direction, at *pred.Layers) pred.Pred {
	keyword := "inbound"
	if e.Outbound {
		keyword = "outbound"
	}
	d := at.Link.Direction
	if d == nil {
		if !r.hasMetadata() {
			return r.refuse(e.At, fmt.Sprintf("%q is not in saved packets of link type %s, only known in a live capture", keyword, at.LinkName()),
				validOn(func(l *proto.Link) bool { return l.Direction != nil }))
		}
		// PACKET_OUTGOING is 4 (linux/if_packet.h).
		out := pred.Metadata{Meta: ir.MetaPacketType, Cond: ir.Eq, Value: 4, Span: e.At}
		if e.Outbound {
			return out
		}
		return pred.Not{X: out}
	}
	f := pred.Field{At: at, Base: pred.BaseLink, Off: d.Off, Size: d.Size, Mask: d.OutMask, Cond: ir.Eq, Value: d.Out, Span: e.At}
	switch {
	case e.Outbound:
		return f
	case d.InMask == 0:
		return pred.Not{X: f}
	}
	f.Mask, f.Value = d.InMask, d.In
	return f
}

// hasMetadata reports whether packets come with metadata where the filter runs.
func (r *resolver) hasMetadata() bool {
	switch r.cfg.View {
	case ir.ViewSocket, ir.ViewTC, ir.ViewCgroup:
		return true
	}
	return false
}

func (r *resolver) ifindex(e *expr.Ifindex, at *pred.Layers) pred.Pred {
	if at.Link.Type == linkSLL2 {
		return pred.Field{At: at, Base: pred.BaseLink, Off: 4, Size: 4, Mask: all, Cond: ir.Eq, Value: e.Num.Value, Span: e.At}
	}
	if !r.hasMetadata() {
		return r.refuse(e.At, fmt.Sprintf("\"ifindex\" is not in saved packets of link type %s, only known in a live capture", at.LinkName()),
			"valid on "+linkSLL2.String())
	}
	return pred.Metadata{Meta: ir.MetaIfIndex, Cond: ir.Eq, Value: e.Num.Value, Span: e.At}
}

// pf resolves the tests of a pflog header.
func (r *resolver) pf(e *expr.PF, at *pred.Layers) pred.Pred {
	if at.Link.Carries != proto.CarriesPFLog {
		return r.notOn(e.Field.String(), e.At, at, func(l *proto.Link) bool { return l.Carries == proto.CarriesPFLog })
	}
	num := func(f proto.PFLogField, v uint32) pred.Pred {
		return pred.Field{At: at, Base: pred.BaseLink, Off: f.Off, Size: f.Size, Mask: all, Cond: ir.Eq, Value: v, Span: e.At}
	}
	named := func(f proto.PFLogField, names []proto.Name) pred.Pred {
		if e.Num != nil {
			return num(f, e.Num.Value)
		}
		v, ok := proto.LookupName(names, e.Name)
		if !ok {
			return r.unknownValue(e.Field.String(), e.Name, e.ValueSpan, names)
		}
		return num(f, v)
	}
	switch e.Field {
	case expr.PFIfname:
		return r.pfString(e, proto.PFLogIfname, at)
	case expr.PFRuleset:
		return r.pfString(e, proto.PFLogRuleset, at)
	case expr.PFRulenum:
		return num(proto.PFLogRulenr, e.Num.Value)
	case expr.PFSubrulenum:
		return num(proto.PFLogSubrule, e.Num.Value)
	case expr.PFReason:
		return named(proto.PFLogReason, proto.PFReasons)
	case expr.PFAction:
		return named(proto.PFLogAction, proto.PFActions)
	}
	panic("resolve: " + e.Field.String())
}

// pfString compares the first bytes of a name in a pflog header, from its end to
// its start.
func (r *resolver) pfString(e *expr.PF, f proto.PFLogField, at *pred.Layers) pred.Pred {
	if n := uint32(len(e.Name)); n >= f.Size {
		return r.fail(e.ValueSpan, "%q has more than the %d characters that a pflog header holds", e.Name, f.Size-1)
	}
	return bytesEqual(pred.Field{At: at, Base: pred.BaseLink, Off: f.Off, Span: e.At}, []byte(e.Name))
}

// bytesEqual compares a run of bytes with the widest loads, last bytes first, as
// the words of an address differ most at its end.
func bytesEqual(f pred.Field, b []byte) pred.Pred {
	var p pred.Pred
	f.Mask, f.Cond = all, ir.Eq
	base := f.Off
	for n := uint32(len(b)); n > 0; {
		f.Size = 1
		if n >= 4 {
			f.Size = 4
		} else if n >= 2 {
			f.Size = 2
		}
		n -= f.Size
		f.Off, f.Value = base+n, 0
		for _, c := range b[n : n+f.Size] {
			f.Value = f.Value<<8 | uint32(c)
		}
		if p == nil {
			p = f
		} else {
			p = pred.And{X: p, Y: f}
		}
	}
	return p
}

// unknownValue refuses a name, with the nearest known one.
func (r *resolver) unknownValue(what, name string, at expr.Span, names []proto.Name) pred.Pred {
	words := make([]string, len(names))
	for i := range names {
		words[i] = names[i].Name
	}
	r.fail(at, "unknown %s %q", what, name)
	if n := len(r.errs); r.errs[n-1].Span == at {
		r.errs[n-1].Suggestion = expr.Nearest(name, words)
	}
	return invalid
}

// isWLAN reports whether the link header is an 802.11 one.
func isWLAN(l *proto.Link) bool { return l.Addresses == proto.AddressWLAN }

// wlanType resolves "type" and "subtype".
func (r *resolver) wlanType(e *expr.WLANType, at *pred.Layers) pred.Pred {
	var value, mask uint32
	switch {
	case e.Type != nil:
		typ, ok := r.nameOrNumber(e.Type, "802.11 type", proto.WLANTypes, proto.WLANTypeMask)
		if !ok {
			return invalid
		}
		value, mask = typ, proto.WLANTypeMask
		if e.Subtype == nil {
			break
		}
		mask |= proto.WLANSubtypeMask
		if e.Subtype.Name == "" {
			if e.Subtype.Num&^proto.WLANSubtypeMask != 0 {
				return r.fail(e.Subtype.At, "invalid 802.11 subtype %#02x", e.Subtype.Num)
			}
			value |= e.Subtype.Num
			break
		}
		sub, ok := proto.WLANSubtype(typ, e.Subtype.Name)
		if !ok {
			return r.unknownValue("802.11 subtype", e.Subtype.Name, e.Subtype.At, proto.WLANSubtypeNames())
		}
		value |= sub
	default:
		typ, sub, ok := proto.WLANTypeOfSubtype(e.Subtype.Name)
		if !ok {
			return r.unknownValue("802.11 subtype", e.Subtype.Name, e.Subtype.At, proto.WLANSubtypeNames())
		}
		value, mask = typ|sub, proto.WLANTypeMask|proto.WLANSubtypeMask
	}
	if !isWLAN(at.Link) {
		return r.notOn("type", e.At, at, isWLAN)
	}
	return pred.Field{At: at, Base: pred.BaseLink, Off: 0, Size: 1, Mask: mask, Cond: ir.Eq, Value: value, Span: e.At}
}

// nameOrNumber resolves a value that may be given either way.
func (r *resolver) nameOrNumber(v *expr.NameOrNumber, what string, names []proto.Name, mask uint32) (n uint32, ok bool) {
	if v.Name == "" {
		if v.Num&^mask != 0 {
			r.fail(v.At, "invalid %s %#02x", what, v.Num)
			return 0, false
		}
		return v.Num, true
	}
	if n, ok = proto.LookupName(names, v.Name); !ok {
		r.unknownValue(what, v.Name, v.At, names)
	}
	return n, ok
}

func (r *resolver) wlanDir(e *expr.WLANDir, at *pred.Layers) pred.Pred {
	n, ok := r.nameOrNumber(&e.Dir, "802.11 direction", proto.WLANDirs, proto.WLANDirMask)
	if !ok {
		return invalid
	}
	if !isWLAN(at.Link) {
		return r.notOn("dir", e.At, at, isWLAN)
	}
	return pred.Field{At: at, Base: pred.BaseLink, Off: 1, Size: 1, Mask: proto.WLANDirMask, Cond: ir.Eq, Value: n, Span: e.At}
}

// llc resolves "llc" and its types.
func (r *resolver) llc(e *expr.LLC, at *pred.Layers) pred.Pred {
	if at.Link.LLC == proto.LLCNone {
		return r.notOn("llc", e.At, at, func(l *proto.Link) bool { return l.LLC != proto.LLCNone })
	}
	has := pred.HasLLC{At: at, Span: e.At}
	control := pred.Field{At: at, Base: pred.BaseLLC, Off: 2, Size: 1, Cond: ir.Eq, Span: e.At}
	if e.Name == "" {
		return has
	}
	// The formats and commands of the control field, IEEE 802.2 clause 5.4.
	for _, row := range llcFormats {
		if strings.EqualFold(row.name, e.Name) {
			control.Mask, control.Value, control.Cond = row.mask, row.value, row.cond
			if row.negate {
				return pred.And{X: has, Y: pred.Not{X: control}}
			}
			return pred.And{X: has, Y: control}
		}
	}
	v, ok := proto.LookupName(proto.LLCSupervisory, e.Name)
	control.Mask = 0x0f
	if !ok {
		v, ok = proto.LookupName(proto.LLCUnnumbered, e.Name)
		control.Mask = 0xef
	}
	if !ok {
		names := append([]proto.Name{{Name: "i"}, {Name: "s"}, {Name: "u"}}, proto.LLCSupervisory...)
		return r.unknownValue("LLC type", e.Name, e.NameSpan, append(names, proto.LLCUnnumbered...))
	}
	control.Value = v
	return pred.And{X: has, Y: control}
}

var llcFormats = []struct {
	name        string
	mask, value uint32
	cond        ir.Cond
	negate      bool
}{
	{"i", all, 0x01, ir.Set, true}, // information: bit 0 clear
	{"s", 0x03, 0x01, ir.Eq, false},
	{"u", 0x03, 0x03, ir.Eq, false},
}

// mtp2 resolves the kinds of MTP2 signal unit, told by the length indicator.
func (r *resolver) mtp2(e *expr.MTP2Test, at *pred.Layers) pred.Pred {
	s := r.ss7(e.Kind.String(), e.At, at)
	if s == nil {
		return invalid
	}
	li := pred.Field{At: at, Base: pred.BasePacket, Off: s.LI, Size: 1, Mask: 0x3f, Span: e.At}
	two := uint32(2)
	switch e.Kind {
	case expr.MTP2HFISU, expr.MTP2HLSSU, expr.MTP2HMSU:
		li.Off, li.Size, li.Mask, two = s.LIHSL, 2, 0xff80, 0x0100
	}
	switch e.Kind {
	case expr.MTP2FISU, expr.MTP2HFISU:
		return compare(li, expr.Eq, 0)
	case expr.MTP2LSSU, expr.MTP2HLSSU:
		return pred.And{X: compare(li, expr.Gt, 0), Y: compare(li, expr.Le, two)}
	case expr.MTP2MSU, expr.MTP2HMSU:
		return compare(li, expr.Gt, two)
	}
	panic("resolve: " + e.Kind.String())
}

// ss7 returns the offsets of MTP headers, nil after an error where there are none.
func (r *resolver) ss7(keyword string, span expr.Span, at *pred.Layers) *proto.SS7 {
	if at.Link.SS7 == nil {
		r.notOn(keyword, span, at, func(l *proto.Link) bool { return l.SS7 != nil })
	}
	return at.Link.SS7
}

// fieldTest resolves tests of ATM and MTP3 header fields.
func (r *resolver) fieldTest(e *expr.FieldTest, at *pred.Layers) pred.Pred {
	f, shape, ok := r.field(e, at)
	if !ok {
		return invalid
	}
	var p pred.Pred
	for _, v := range e.Values {
		if !r.atMost(e.Field.String(), v.Value, shape.max, v.At) {
			return invalid
		}
		q := compare(f, e.Op, shape.place(v.Value))
		if p == nil {
			p = q
		} else {
			p = pred.Or{X: p, Y: q}
		}
	}
	return p
}

// A fieldShape says which values a field takes and how they lie in a load of it.
type fieldShape struct {
	size, mask, max uint32
	place           func(uint32) uint32
}

func asIs(v uint32) uint32 { return v }

// Point codes lie least significant byte first: DPC in the low 14 bits of its two
// bytes, OPC in bits 14 to 27 of the four that begin there (ITU-T Q.704 clause 2).
var fieldShapes = map[expr.Field]fieldShape{
	expr.FieldVPI: {1, all, 0xff, asIs},
	expr.FieldVCI: {2, all, 0xffff, asIs},
	expr.FieldSIO: {1, all, 0xff, asIs},
	expr.FieldOPC: {4, swap32(0x3fff << 14), 0x3fff, func(v uint32) uint32 { return swap32(v << 14) }},
	expr.FieldDPC: {2, swap16(0x3fff), 0x3fff, swap16},
	expr.FieldSLS: {1, 0xf0, 0x0f, func(v uint32) uint32 { return v << 4 }},
}

func swap16(v uint32) uint32 { return v>>8&0xff | v<<8&0xff00 }
func swap32(v uint32) uint32 { return swap16(v)<<16 | swap16(v>>16) }

// field finds a header field on the link type in force.
func (r *resolver) field(e *expr.FieldTest, at *pred.Layers) (f pred.Field, shape fieldShape, ok bool) {
	f = pred.Field{At: at, Mask: all, Span: e.At}
	kind := e.Field
	switch kind {
	case expr.FieldVPI, expr.FieldVCI:
		if at.Link.Carries != proto.CarriesSunATM {
			r.notOn(e.Field.String(), e.At, at, isATM)
			return f, shape, false
		}
		f.Base, f.Off = pred.BaseLink, proto.ATMVPI
		if kind == expr.FieldVCI {
			f.Off = proto.ATMVCI
		}
	default:
		s := r.ss7(e.Field.String(), e.At, at)
		if s == nil {
			return f, shape, false
		}
		f.Base = pred.BasePacket
		// The H fields lie three bytes on: extended sequence numbers make the MTP2
		// header that much longer.
		switch kind {
		case expr.FieldSIO:
			f.Off = s.SIO
		case expr.FieldOPC:
			f.Off = s.OPC
		case expr.FieldDPC:
			f.Off = s.DPC
		case expr.FieldSLS:
			f.Off = s.SLS
		case expr.FieldHSIO:
			kind, f.Off = expr.FieldSIO, s.SIO+3
		case expr.FieldHOPC:
			kind, f.Off = expr.FieldOPC, s.OPC+3
		case expr.FieldHDPC:
			kind, f.Off = expr.FieldDPC, s.DPC+3
		case expr.FieldHSLS:
			kind, f.Off = expr.FieldSLS, s.SLS+3
		}
	}
	shape = fieldShapes[kind]
	f.Size, f.Mask = shape.size, shape.mask
	return f, shape, true
}
