package resolve

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// linkRow returns the row of a link type that an encapsulation leads to.
func linkRow(t linktype.Type) *proto.Link {
	l, ok := proto.LinkOf(t)
	if !ok {
		panic("resolve: no row for " + t.String())
	}
	return l
}

var (
	etherLink = linkRow(linktype.Ethernet)
	pppLink   = linkRow(linktype.PPP)
)

// encap resolves a keyword that moves where everything to its right looks, and
// returns the layers there.
func (r *resolver) encap(e *expr.Encap, at *pred.Layers) (pred.Pred, *pred.Layers) {
	switch e.Kind {
	case expr.EncapVLAN:
		return r.vlan(e, at)
	case expr.EncapMPLS:
		return r.mpls(e, at)
	case expr.EncapPPPoED:
		return r.carries(proto.EtherPPPoED, e.At, at), at
	case expr.EncapPPPoES:
		return r.pppoes(e, at)
	case expr.EncapGeneve, expr.EncapVXLAN:
		return r.tunnel(e, at)
	}
	panic("resolve: " + e.Kind.String())
}

// newVar makes a variable that a step sets.
func (r *resolver) newVar(at expr.Span) pred.Var {
	if r.vars >= maxVars {
		r.fail(at, "more than %d tunnel and tag keywords", maxVars)
		return r.vars - 1
	}
	r.vars++
	return r.vars - 1
}

// maxVars bounds the variables of one filter.
const maxVars = 200

// vlan steps over a tag. The outermost one may be in the metadata.
func (r *resolver) vlan(e *expr.Encap, at *pred.Layers) (pred.Pred, *pred.Layers) {
	if at.Labels > 0 {
		return r.fail(e.At, "\"vlan\" cannot be told behind an MPLS label"), at
	}
	if !at.Link.VLAN {
		return r.notOn("vlan", e.At, at, func(l *proto.Link) bool { return l.VLAN }), at
	}
	if e.Num != nil && !r.atMost("VLAN ID", e.Num.Value, 0x0fff, e.Num.At) {
		return invalid, at
	}
	z := *at
	z.Tags++
	if at.Tags == 0 && at.Link.Type == linktype.Ethernet && at.Hdr == (pred.Offset{}) && r.hasMetadata() {
		if z.Payload.Var == pred.NoVar {
			z.Payload.Var = r.newVar(e.At)
		}
		if z.Proto.Var == pred.NoVar {
			z.Proto.Var = r.newVar(e.At)
		}
		v := pred.VLAN{At: at, After: &z, Span: e.At}
		if e.Num != nil {
			v.HasID, v.ID = true, e.Num.Value
		}
		return v, &z
	}
	p := anyOf(r.carries(proto.Ether8021Q, e.At, at), r.carries(proto.Ether8021AD, e.At, at), r.carries(proto.EtherQinQ, e.At, at))
	if e.Num != nil {
		id := pred.Field{At: at, Base: pred.BaseNet, Off: 0, Size: 2, Mask: 0x0fff, Cond: ir.Eq, Value: e.Num.Value, Span: e.At}
		p = pred.And{X: p, Y: id}
	}
	z.Payload = z.Payload.Plus(proto.VLANTagLen)
	z.Proto = z.Proto.Plus(proto.VLANTagLen)
	return p, &z
}

// mpls steps over a label.
func (r *resolver) mpls(e *expr.Encap, at *pred.Layers) (pred.Pred, *pred.Layers) {
	var p pred.Pred
	switch {
	case at.Labels > 0: // the label before is not the last one
		last := pred.Field{At: at, Base: pred.BaseLabel, Off: 2, Size: 1, Mask: all, Cond: ir.Set, Value: 1, Span: e.At}
		p = pred.Not{X: last}
	case at.Link.MPLS == 0:
		return r.notOn("mpls", e.At, at, func(l *proto.Link) bool { return l.MPLS != 0 }), at
	default:
		p = r.carries(at.Link.MPLS, e.At, at)
	}
	if e.Num != nil {
		if !r.atMost("MPLS label", e.Num.Value, 0xfffff, e.Num.At) {
			return invalid, at
		}
		label := pred.Field{At: at, Base: pred.BaseNet, Off: 0, Size: 4, Mask: 0xfffff000, Cond: ir.Eq, Value: e.Num.Value << 12, Span: e.At}
		p = pred.And{X: p, Y: label}
	}
	z := *at
	z.NL += proto.MPLSEntry
	z.NLNoSNAP += proto.MPLSEntry
	z.Labels++
	return p, &z
}

// pppoes steps into a PPPoE session's PPP header.
func (r *resolver) pppoes(e *expr.Encap, at *pred.Layers) (pred.Pred, *pred.Layers) {
	p := r.carries(proto.EtherPPPoES, e.At, at)
	if e.Num != nil {
		if !r.atMost("PPPoE session", e.Num.Value, 0xffff, e.Num.At) {
			return invalid, at
		}
		session := pred.Field{At: at, Base: pred.BaseNet, Off: 2, Size: 2, Mask: all, Cond: ir.Eq, Value: e.Num.Value, Span: e.At}
		p = pred.And{X: p, Y: session}
	}
	z := at.Push(pppLink, at.Net().Plus(proto.PPPoEHdrLen))
	z.Proto = z.Hdr
	z.Payload = z.Hdr.Plus(2)
	z.NL, z.NLNoSNAP = 0, 0
	return p, z
}

// tunnel steps into the frame behind a Geneve or VXLAN header.
func (r *resolver) tunnel(e *expr.Encap, at *pred.Layers) (pred.Pred, *pred.Layers) {
	if !r.canCarry(proto.EtherIPv4, e.At, at) {
		return invalid, at
	}
	t := pred.Tunnel{At: at, Geneve: e.Kind == expr.EncapGeneve, Span: e.At}
	if e.Num != nil {
		if !r.atMost(e.Kind.String()+" network identifier", e.Num.Value, 0xffffff, e.Num.At) {
			return invalid, at
		}
		t.HasVNI, t.VNI = true, e.Num.Value
	}
	z := at.Push(etherLink, pred.Offset{Var: r.newVar(e.At)})
	z.Proto = pred.Offset{Var: r.newVar(e.At)}
	z.Payload = pred.Offset{Var: r.newVar(e.At)}
	z.NL = 0
	z.Tunnel = true
	t.After = z
	return t, z
}

// atm resolves the keywords for ATM traffic; lane steps into a LAN emulation
// frame.
func (r *resolver) atm(e *expr.ATMTest, at *pred.Layers) (pred.Pred, *pred.Layers) {
	if at.Link.Carries != proto.CarriesSunATM {
		return r.notOn(e.Kind.String(), e.At, at, isATM), at
	}
	if e.Kind == expr.ATMLane {
		lane := pred.Field{At: at, Base: pred.BaseLink, Off: proto.ATMProto, Size: 1, Mask: 0x0f, Cond: ir.Eq, Value: proto.ATMTypeLANE, Span: e.At}
		z := at.Push(etherLink, pred.Offset{Const: proto.ATMPayload + 2})
		z.Proto = z.Hdr.Plus(12)
		z.Payload = z.Hdr.Plus(14)
		z.NL, z.NLNoSNAP = 0, etherLink.NLNoSNAP
		return lane, z
	}
	vpi := pred.Field{At: at, Base: pred.BaseLink, Off: proto.ATMVPI, Size: 1, Mask: all, Cond: ir.Eq, Value: 0, Span: e.At}
	vci := func(n uint32) pred.Pred {
		return pred.Field{At: at, Base: pred.BaseLink, Off: proto.ATMVCI, Size: 2, Mask: all, Cond: ir.Eq, Value: n, Span: e.At}
	}
	row := atmKinds[e.Kind]
	switch {
	case row.messages != nil:
		ps := make([]pred.Pred, len(row.messages))
		for i, m := range row.messages {
			ps[i] = pred.Field{At: at, Base: pred.BaseLink, Off: proto.ATMPayload + proto.ATMMsgType, Size: 1, Mask: all, Cond: ir.Eq, Value: m, Span: e.At}
		}
		return pred.And{X: pred.And{X: vpi, Y: vci(row.vci)}, Y: anyOf(ps...)}, at
	case row.vci2 != 0:
		return pred.And{X: vpi, Y: pred.Or{X: vci(row.vci), Y: vci(row.vci2)}}, at
	}
	return pred.And{X: vpi, Y: vci(row.vci)}, at
}

// atmKinds has the virtual channels of ATM traffic (ITU-T I.361, I.610), and the
// Q.2931 messages that belong to call set-up.
var atmKinds = map[expr.ATMKind]struct {
	vci, vci2 uint32
	messages  []uint32
}{
	expr.ATMMetac:   {vci: 1},
	expr.ATMBcc:     {vci: 2},
	expr.ATMOamF4SC: {vci: 3},
	expr.ATMOamF4EC: {vci: 4},
	expr.ATMSc:      {vci: 5},
	expr.ATMIlmic:   {vci: 16},
	expr.ATMOam:     {vci: 3, vci2: 4},
	expr.ATMOamF4:   {vci: 3, vci2: 4},
	expr.ATMConnectmsg: {vci: 5, messages: []uint32{proto.Q2931Setup, proto.Q2931CallProceeding, proto.Q2931Connect,
		proto.Q2931ConnectAck, proto.Q2931Release, proto.Q2931ReleaseDone}},
	expr.ATMMetaconnect: {vci: 1, messages: []uint32{proto.Q2931Setup, proto.Q2931CallProceeding, proto.Q2931Connect,
		proto.Q2931Release, proto.Q2931ReleaseDone}},
}

func isATM(l *proto.Link) bool { return l.Carries == proto.CarriesSunATM }
