package ir

import "fmt"

// View says where a filter runs, and so where packet data starts and where the
// outer VLAN tag is.
type View uint8

// The views.
const (
	// ViewFile: a saved packet. Everything is in the bytes; there is no metadata
	// but the length on the wire.
	ViewFile View = iota
	// ViewSocket: a Linux packet socket. The bytes start at the link layer; a
	// received outer VLAN tag is in the metadata, a sent one may be in the bytes.
	ViewSocket
	// ViewTC: a Linux TC program; as ViewSocket, at a TC hook.
	ViewTC
	// ViewXDP: a Linux XDP program. Everything is in the bytes.
	ViewXDP
	// ViewCgroup: a Linux cgroup_skb program. The bytes start at the network layer.
	ViewCgroup
	numViews
)

var viewNames = [numViews]string{"file", "socket", "tc", "xdp", "cgroup"}

func (v View) String() string {
	if v < numViews {
		return viewNames[v]
	}
	return fmt.Sprintf("view(%d)", uint8(v))
}

// Meta names a metadatum: a fact about a packet that is not in its bytes.
// The numbers are those of Linux's classic BPF extensions (SKF_AD_* in
// linux/filter.h).
type Meta uint8

// The metadata. All are in host order.
const (
	MetaProtocol    Meta = 0  // EtherType of the packet, outer VLAN tag removed
	MetaPacketType  Meta = 4  // PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4
	MetaIfIndex     Meta = 8  // index of the interface
	MetaVLANTag     Meta = 44 // the outer tag's TCI: VID in the low 12 bits, PCP and DEI above; 0 where there is none
	MetaVLANPresent Meta = 48 // 1 where the metadata hold a VLAN tag, else 0
	MetaVLANProto   Meta = 60 // TPID of that tag, 0 where there is none
)

var metaNames = map[Meta]string{
	MetaProtocol:    "proto",
	MetaPacketType:  "pkttype",
	MetaIfIndex:     "ifindex",
	MetaVLANTag:     "vlan_tci",
	MetaVLANPresent: "vlan_present",
	MetaVLANProto:   "vlan_tpid",
}

func (m Meta) String() string {
	if s, ok := metaNames[m]; ok {
		return s
	}
	return fmt.Sprintf("meta(%d)", uint8(m))
}

// Metadata is what travels beside a packet's bytes, all in host order.
type Metadata struct {
	Len         uint32 // length on the wire in bytes; at least the captured length
	Protocol    uint16 // EtherType
	PacketType  uint8  // PACKET_*
	IfIndex     uint32
	VLANPresent bool
	VLANTCI     uint16
	VLANTPID    uint16
}

// Get returns one metadatum as a filter sees it.
func (md *Metadata) Get(m Meta) uint32 {
	switch m {
	case MetaProtocol:
		return uint32(md.Protocol)
	case MetaPacketType:
		return uint32(md.PacketType)
	case MetaIfIndex:
		return md.IfIndex
	case MetaVLANTag:
		return uint32(md.VLANTCI)
	case MetaVLANPresent:
		if md.VLANPresent {
			return 1
		}
		return 0
	case MetaVLANProto:
		return uint32(md.VLANTPID)
	}
	panic("ir: " + m.String())
}
