package pred

import (
	"fmt"

	"github.com/gofilter/gofilter/internal/proto"
)

// Var names a part of an offset that is known only when a packet is there.
// NoVar names none.
type Var uint16

// The variables that depend on the packet's own link type. Further ones, from
// FirstStep on, are set where the filter steps into an encapsulation; until then
// they are 0.
const (
	NoVar      Var = iota
	VarHdr         // length of the pseudo-header in front of the link header
	VarPayload     // end of the link header
	FirstStep
)

// An Offset is a place in a packet: Const bytes, plus a variable where it has one.
type Offset struct {
	Const uint32
	Var   Var
}

// Plus returns the place n bytes on.
func (o Offset) Plus(n uint32) Offset { return Offset{o.Const + n, o.Var} }

func (o Offset) String() string {
	if o.Var == NoVar {
		return fmt.Sprint(o.Const)
	}
	return fmt.Sprintf("x%d+%d", o.Var, o.Const)
}

// Layers says where a primitive looks: what the link layer is there and where its
// parts are. Encapsulation keywords hand those to their right a changed copy.
type Layers struct {
	Link    *proto.Link // the link type in force
	Prev    *proto.Link // the one around it; equal to Link outside encapsulations
	Hdr     Offset      // start of the link header
	PrevHdr Offset      // start of the one around it
	Proto   Offset      // the field that says what is carried
	Payload Offset      // end of the link header
	// Start of the network header behind Payload: after LLC and SNAP, and after LLC alone.
	NL, NLNoSNAP uint32
	Labels       int  // MPLS labels stepped over
	Tags         int  // VLAN tags stepped over
	Tunnel       bool // directly inside a Geneve or VXLAN header
}

// Outermost returns the layers that a packet of link type l begins with.
func Outermost(l *proto.Link) *Layers {
	y := &Layers{Link: l, Prev: l, NL: l.NL, NLNoSNAP: l.NLNoSNAP}
	y.Hdr = Offset{Const: l.Hdr}
	y.Proto = Offset{Const: l.Proto}
	y.Payload = Offset{Const: l.Payload}
	if l.Prefix != proto.PrefixNone {
		y.Hdr.Var = VarHdr
	}
	if l.Header != proto.HeaderFixed {
		y.Payload.Var = VarPayload
	}
	y.PrevHdr = y.Hdr
	return y
}

// Push returns the layers of a link header of type l at hdr, inside y.
func (y *Layers) Push(l *proto.Link, hdr Offset) *Layers {
	z := *y
	z.Prev, z.PrevHdr = y.Link, y.Hdr
	z.Link, z.Hdr = l, hdr
	z.Tunnel = false
	return &z
}

// Net returns the start of the network header.
func (y *Layers) Net() Offset { return y.Payload.Plus(y.NL) }

// NetNoSNAP returns the start of the network header where only LLC precedes it.
func (y *Layers) NetNoSNAP() Offset { return y.Payload.Plus(y.NLNoSNAP) }
