package capture

// A Packet is one captured packet. Its Data lies in the ring: it is good until
// the block is released, or for [Handle.Next] until the next call. It may be
// changed in place.
type Packet struct {
	Data      []byte     // the captured bytes
	Length    int        // bytes on the wire; at least len(Data)
	Time      int64      // nanoseconds since 1970, UTC, unless Config.TimeStamp says otherwise
	Interface int        // index of the interface
	Type      PacketType // whom the packet was for
	ARPHRD    uint16     // link layer of the interface (linux/if_arp.h)
	Protocol  uint16     // EtherType, without the outer VLAN tag
	// Tagged says that the outer VLAN tag was delivered beside the bytes; TCI and
	// TPID are that tag. On Ethernet and in a cooked packet it is in Data again.
	Tagged bool
	TCI    uint16
	TPID   uint16
	// Status holds the TP_STATUS_ bits of linux/if_packet.h, such as
	// TP_STATUS_CSUMNOTREADY for a checksum that the adapter would have filled in.
	Status uint32
}

// PacketType says whom a packet was for (packet(7), sll_pkttype).
type PacketType uint8

// The packet types.
const (
	Host      PacketType = 0 // this machine
	Broadcast PacketType = 1
	Multicast PacketType = 2
	OtherHost PacketType = 3 // another machine, seen in promiscuous mode
	Outgoing  PacketType = 4 // sent by this machine
)

// String returns the name of the packet type.
func (t PacketType) String() string {
	names := [...]string{"host", "broadcast", "multicast", "otherhost", "outgoing"}
	if int(t) < len(names) {
		return names[t]
	}
	return "unknown packet type"
}

// Stats counts packets since the handle was opened. Received - Dropped is
// Delivered + Filtered + Discarded, once everything has been read.
type Stats struct {
	Received  uint64 // accepted by the program in the kernel, dropped ones included
	Dropped   uint64 // of these, dropped because the ring was full
	Freezes   uint64 // times that the ring became full
	Delivered uint64 // handed out, in blocks that have been released
	Filtered  uint64 // rejected here: by Filter.Accept, by the direction, or a loopback duplicate
	Discarded uint64 // in the ring when the filter was changed
}
