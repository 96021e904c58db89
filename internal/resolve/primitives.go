package resolve

import (
	"fmt"

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
		if at.Link.Addresses == proto.Address8 {
			return r.oneByte(at.Link.Broadcast8, expr.DirDst, "broadcast", e.At, at)
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
		case at.Link.Group8:
			return r.oneByte(at.Link.Broadcast8, expr.DirDst, "multicast", e.At, at)
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
	if at.Link.IfIndex != 0 {
		return pred.Field{At: at, Base: pred.BaseLink, Off: at.Link.IfIndex, Size: 4, Mask: all, Cond: ir.Eq, Value: e.Num.Value, Span: e.At}
	}
	if !r.hasMetadata() {
		return r.refuse(e.At, fmt.Sprintf("\"ifindex\" is not in saved packets of link type %s, only known in a live capture", at.LinkName()),
			validOn(func(l *proto.Link) bool { return l.IfIndex != 0 }))
	}
	return pred.Metadata{Meta: ir.MetaIfIndex, Cond: ir.Eq, Value: e.Num.Value, Span: e.At}
}
