package hook

import (
	"encoding/binary"
	"unsafe"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
)

// A Block is a run of packets. It is in the hands of whoever got it from
// [Handle.NextBlock], one goroutine at a time, until Release. The bytes of its packets
// may not be changed: with a ring buffer they lie in memory that is the kernel's.
type Block struct {
	h       *Handle
	records []slot // in the order in which they are handed out
	next    int
	place   int   // of the packet handed out last
	epoch   int64 // nanoseconds to add to a record's time
	held    bool

	mem  []byte // a perf buffer's records, copied
	end  uint64 // of a ring buffer: position behind the last record
	gone bool   // released, and waiting for blocks before it
}

// A slot is a record: its bytes from the header on.
type slot struct {
	start *byte
	size  uint32
}

func (s slot) bytes() []byte { return unsafe.Slice(s.start, s.size) }

// place returns which place the record is of.
func (s slot) place() int { return int(binary.NativeEndian.Uint16(s.bytes()[recordPlace:])) }

// Place returns the index in Config.Places of the packet that Next returned last.
func (b *Block) Place() int { return b.place }

// Len returns the number of packets in the block.
func (b *Block) Len() int { return len(b.records) }

// Next puts the next packet of the block into p and reports whether there was one. Of
// XDP frames p has no type but capture.Host.
func (b *Block) Next(p *capture.Packet) bool {
	if b.next >= len(b.records) {
		return false
	}
	rec := b.records[b.next].bytes()
	b.next++
	ne, be := binary.NativeEndian, binary.BigEndian
	p.Time = int64(ne.Uint64(rec[recordTime:])) + b.epoch
	p.Length = int(ne.Uint32(rec[recordWire:]))
	p.Interface = int(ne.Uint32(rec[recordInterface:]))
	p.Protocol = be.Uint16(rec[recordProtocol:])
	b.place = b.records[b.next-1].place()
	p.ARPHRD = b.h.sites[b.place].arphrd
	p.Status = 0
	p.Type = capture.PacketType(rec[recordType])
	if attach.Direction(rec[recordDirection]) == attach.Egress {
		p.Type = capture.Outgoing
	}
	p.Tagged, p.TPID, p.TCI = rec[recordTagged] != 0, 0, 0
	if p.Tagged {
		p.TPID, p.TCI = be.Uint16(rec[recordTPID:]), be.Uint16(rec[recordTCI:])
	}
	end := recordHeader + int(ne.Uint32(rec[recordCaptured:]))
	p.Data = rec[recordHeader:end:end]
	return true
}

// Release gives the block back. Its packets must not be used any more.
func (b *Block) Release() {
	if b.held {
		b.held = false
		b.h.release(b)
	}
}
