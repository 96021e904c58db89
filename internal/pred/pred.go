// Package pred is a filter with its meaning settled: and, or and not over typed
// tests. Names, omitted qualifiers and defaults are gone; each test knows the
// layers that it looks at.
package pred

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// A Filter is a resolved filter.
type Filter struct {
	Root  Pred // nil: every packet is accepted
	Outer *Layers
	Last  *Layers // the layers in force at the end of the text
	Vars  int     // one more than the highest Var in use
}

// A Pred is a node. The set is closed.
type Pred interface {
	String() string
	pred()
}

// Connectives.
type (
	// And holds where both do. A fault in X is not undone by Y.
	And struct{ X, Y Pred }
	// Or holds where either does; Y is not looked at where X holds.
	Or struct{ X, Y Pred }
	// Not holds where X does not.
	Not struct{ X Pred }
	// Bool holds always or never.
	Bool struct{ Value bool }
)

// Tests of the protocol that a layer carries.
type (
	// Carries: the link layer carries Num, an EtherType, or up to
	// proto.EtherMTU an LLC service access point.
	Carries struct {
		At   *Layers
		Num  uint32
		Span expr.Span
	}
	// IPProto: an IP header of this version carries protocol Num; for version 6
	// directly or behind one fragment header.
	IPProto struct {
		At      *Layers
		Version uint8
		Num     uint8
		Span    expr.Span
	}
	// Chain: as IPProto, behind any extension headers.
	Chain struct {
		At      *Layers
		Version uint8
		Num     uint8
		Span    expr.Span
	}
	// ISOProto: the network layer protocol identifier is Num.
	ISOProto struct {
		At   *Layers
		Num  uint8
		Span expr.Span
	}
	// ISISType: an IS-IS PDU of type Num.
	ISISType struct {
		At   *Layers
		Num  uint8
		Span expr.Span
	}
	// HasLLC: the frame has an LLC header.
	HasLLC struct {
		At   *Layers
		Span expr.Span
	}
)

// Addr4 is an IPv4 address under a mask, in host order.
type Addr4 struct{ Addr, Mask uint32 }

// PortRange is ports from Lo to Hi, both included.
type PortRange struct{ Lo, Hi uint16 }

// Addr6 is an IPv6 address under a mask, as four words in host order.
type Addr6 struct{ Addr, Mask [4]uint32 }

// Tests of addresses and ports. Dir is src, dst, either or both.
type (
	// Host4: an address of an IPv4, ARP or RARP header (Num, an EtherType) is one
	// of Addrs; with Except, is none of them.
	Host4 struct {
		At     *Layers
		Num    uint32
		Dir    expr.Dir
		Addrs  []Addr4
		Except bool
		Span   expr.Span
	}
	// Host6: as Host4 of an IPv6 header.
	Host6 struct {
		At     *Layers
		Dir    expr.Dir
		Addrs  []Addr6
		Except bool
		Span   expr.Span
	}
	// Port: a TCP, UDP or SCTP port behind an IP header of this version lies in
	// one of Ranges. Num is the IP protocol; 0 is any of the three.
	Port struct {
		At      *Layers
		Version uint8
		Num     uint8
		Dir     expr.Dir
		Ranges  []PortRange
		Span    expr.Span
	}
	// MAC48: a station address of the link header is one of Addrs.
	MAC48 struct {
		At    *Layers
		Dir   expr.Dir
		Addrs [][6]byte
		Span  expr.Span
	}
	// MAC8: a one-byte station address.
	MAC8 struct {
		At   *Layers
		Dir  expr.Dir
		Addr uint8
		Span expr.Span
	}
	// Group: the link header's destination is a group address.
	Group struct {
		At   *Layers
		Span expr.Span
	}
	// DECnet: an address of a DECnet header, area in the high six bits.
	DECnet struct {
		At   *Layers
		Dir  expr.Dir
		Addr uint16
		Span expr.Span
	}
)

// Base is what a Field's offset counts from.
type Base uint8

// The bases.
const (
	BasePacket Base = iota
	BaseLink        // start of the link header
	BaseLLC         // end of the link header
	BaseNet         // start of the network header
	BaseLabel       // the MPLS label in front of the network header
)

// Other tests.
type (
	// Field: Size bytes at Off, under Mask, compare with Value. With Op Set the
	// test is that a bit of Value is set, and Mask is all ones.
	Field struct {
		At        *Layers
		Base      Base
		Off, Size uint32
		Mask      uint32
		Cond      ir.Cond
		Value     uint32
		Span      expr.Span
	}
	// Metadata: a metadatum compares with Value.
	Metadata struct {
		Meta  ir.Meta
		Cond  ir.Cond
		Value uint32
		Span  expr.Span
	}
	// Length: the length on the wire compares with Value.
	Length struct {
		Cond  ir.Cond
		Value uint32
		Span  expr.Span
	}
	// Relation: X compares with Y; with Negate, does not. Checks that the accessors in it
	// imply come first and hold either way: "tcp[0] != 1" is false of what is not TCP.
	Relation struct {
		Cond   ir.Cond
		Negate bool
		X, Y   Num
		Span   expr.Span
	}
)

// Steps into encapsulations whose length only the packet knows. Each test also
// sets variables that After looks at.
type (
	// VLAN is a tag that may be in the metadata: then nothing in the bytes moves.
	VLAN struct {
		At, After *Layers
		HasID     bool
		ID        uint32
		Span      expr.Span
	}
	// Tunnel is a Geneve or VXLAN header behind UDP.
	Tunnel struct {
		At, After *Layers
		Geneve    bool
		HasVNI    bool
		VNI       uint32
		Span      expr.Span
	}
)

func (And) pred()      {}
func (Or) pred()       {}
func (Not) pred()      {}
func (Bool) pred()     {}
func (Carries) pred()  {}
func (IPProto) pred()  {}
func (Chain) pred()    {}
func (ISOProto) pred() {}
func (ISISType) pred() {}
func (HasLLC) pred()   {}
func (Host4) pred()    {}
func (Host6) pred()    {}
func (Port) pred()     {}
func (MAC48) pred()    {}
func (MAC8) pred()     {}
func (Group) pred()    {}
func (DECnet) pred()   {}
func (Field) pred()    {}
func (Metadata) pred() {}
func (Length) pred()   {}
func (Relation) pred() {}
func (VLAN) pred()     {}
func (Tunnel) pred()   {}

// A Num is a number that each packet has. The set of nodes is closed.
type Num interface {
	String() string
	num()
}

type (
	// Const is the same for each packet.
	Const struct{ Value uint32 }
	// Len is the length on the wire.
	Len struct{}
	// Access is Size bytes at Index in the header of Proto: of the link layer or the
	// radio, of what the link layer carries under Ether, or, where IP is not 0, of what
	// IP of this version carries under that number.
	Access struct {
		At      *Layers
		Proto   expr.Proto
		Ether   uint32
		Version uint8
		IP      uint8
		Index   Num
		Size    ir.Size
		Span    expr.Span
	}
	// Arith is X Op Y.
	Arith struct {
		Op   ir.Op
		X, Y Num
	}
	// Neg is -X.
	Neg struct{ X Num }
)

func (Const) num()  {}
func (Len) num()    {}
func (Access) num() {}
func (Arith) num()  {}
func (Neg) num()    {}

// LinkName is the name of the link type in force, for messages.
func (y *Layers) LinkName() string { return y.Link.Type.String() }

// Known reports whether anything is known of the link header.
func (y *Layers) Known() bool { return y.Link.Carries != proto.CarriesNothing }
