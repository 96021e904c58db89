package packets

import (
	"encoding/binary"

	"github.com/gofilter/gofilter/linktype"
)

// A Packet is a record of a savefile: the captured bytes and how long the packet was on
// the wire.
type Packet struct {
	Data    []byte
	WireLen int
}

// A Capture is a savefile.
type Capture struct {
	Name     string // of the file, without ".pcap"
	About    string // one line: what is in it
	LinkType linktype.Type
	Order    binary.ByteOrder // of the host that wrote it
	Packets  []Packet
}

// start is the time of a capture's first packet: 2026-01-01 00:00:00 UTC. Packets are
// step microseconds apart.
const (
	start = 1767225600
	step  = 1250
)

// Bytes returns the capture as a pcap file, microsecond form, version 2.4
// (draft-ietf-opsawg-pcap).
func (c *Capture) Bytes() []byte {
	var b []byte
	u32 := func(v uint32) {
		b = append(b, 0, 0, 0, 0)
		c.Order.PutUint32(b[len(b)-4:], v)
	}
	u32(0xa1b2c3d4)
	b = append(b, 0, 0, 0, 0)
	c.Order.PutUint16(b[4:], 2)
	c.Order.PutUint16(b[6:], 4)
	u32(0)
	u32(0)
	u32(262144)
	u32(uint32(c.LinkType))
	for i, p := range c.Packets {
		us := i * step
		u32(uint32(start + us/1_000_000))
		u32(uint32(us % 1_000_000))
		u32(uint32(len(p.Data)))
		u32(uint32(p.WireLen))
		b = append(b, p.Data...)
	}
	return b
}
