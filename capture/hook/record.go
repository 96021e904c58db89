package hook

// A record is what the program writes of a packet: a header and the packet's bytes. All
// numbers are in the machine's byte order but the two that are bytes of a packet. Offsets in
// bytes.
const (
	recordTime      = 0  // 64 bits: nanoseconds of CLOCK_MONOTONIC
	recordWire      = 8  // 32 bits: length on the wire, with the tag
	recordCaptured  = 12 // 32 bits: bytes that follow
	recordInterface = 16 // 32 bits: index
	recordTPID      = 20 // 16 bits, network byte order: the outer VLAN tag
	recordTCI       = 22 // 16 bits, network byte order
	recordProtocol  = 24 // 16 bits, network byte order: EtherType
	recordType      = 26 // 8 bits: PACKET_HOST and so on (linux/if_packet.h)
	recordDirection = 27 // 8 bits: attach.Direction
	recordTagged    = 28 // 8 bits: the tag was in the metadata
	recordPlace     = 30 // 16 bits: index of the place
	recordHeader    = 32
)

// Lengths in bytes (IEEE 802.1Q clause 9): of a tag and of what stands in front of it.
const (
	tagLength    = 4
	tagOffset    = 12
	behindTagEnd = tagOffset + tagLength
)

// rooms are how many bytes of packet a record of the ring buffer may have room for. The
// kernel reserves a size that is known when the program is loaded, so there is code for
// each; a packet takes the first that holds it. More would cost the program time, fewer
// the ring room.
var rooms = []int{
	64, 96, 128, 192, 256, 384, 512, 768, 1024, 1280, 1520, 2048, 3072, 4096, 6144, 9216, 12288,
	16384, 24576, 32768, 49152, 65552, 98304, 131072, 196608, 262144,
}

// mapName is what the kernel's lists of maps show.
const mapName = "gofilter"

// roomsEnd returns the largest of the rooms that packets cut to snaplen bytes can take.
func roomsEnd(snaplen int) int {
	all := roomsFor(snaplen)
	return all[len(all)-1]
}

// roomsFor returns the rooms that packets cut to snaplen bytes can take.
func roomsFor(snaplen int) []int {
	for i, room := range rooms {
		if room >= snaplen {
			return rooms[:i+1]
		}
	}
	return rooms
}
