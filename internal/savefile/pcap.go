package savefile

import (
	"encoding/binary"
	"io"

	"github.com/gofilter/gofilter/linktype"
)

// Magic numbers of pcap files, in the writer's byte order.
const (
	magicMicro    = 0xa1b2c3d4 // time stamps in microseconds
	magicNano     = 0xa1b23c4d // in nanoseconds
	magicModified = 0xa1b2cd34 // Kuznetzov's records, in microseconds
)

// Sizes in bytes.
const (
	pcapHeaderSize     = 24
	pcapRecordSize     = 16
	modifiedRecordSize = 24 // the common 16, interface index, protocol, packet type, padding
)

// The link type field of a pcap header.
const (
	linkTypeMask     = 0x0000ffff
	linkReservedMask = 0x03ff0000 // must be 0
	linkExtMask      = 0xfc000000 // length of the frame check sequence
)

// lengthOrder says in which order a record has the captured length and the length
// on the wire.
type lengthOrder uint8

const (
	capturedFirst lengthOrder = iota // since version 2.4
	wireFirst                        // before version 2.3, and in DG/UX's files
	lesserFirst                      // version 2.3, which was written either way
)

// A pcapFile is the state of reading one.
type pcapFile struct {
	iface      Interface
	recordSize int
	big        bool   // big-endian
	fraction   uint32 // nanoseconds in a unit of a time stamp's second half
	lengths    lengthOrder
	max        uint32 // captured bytes past which a record is not believed
	open       bool   // the header was read
}

// isPcap reports whether a file that begins with the four bytes of head is one.
func isPcap(head []byte) bool {
	_, ok := pcapOrder(head)
	return ok
}

// pcapOrder returns the byte order in which head holds a magic number.
func pcapOrder(head []byte) (binary.ByteOrder, bool) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case magicMicro, magicNano, magicModified:
			return order, true
		}
	}
	return nil, false
}

// isBig reports whether order is big-endian.
func isBig(order binary.ByteOrder) bool { return order.Uint16([]byte{0, 1}) == 1 }

func (f *Reader) pcapHeader() error {
	head := f.win.need(pcapHeaderSize)
	if len(head) < pcapHeaderSize {
		return f.cut(len(head), pcapHeaderSize, "file header")
	}
	f.order, _ = pcapOrder(head)
	magic := f.order.Uint32(head)
	major, minor := f.order.Uint16(head[4:]), f.order.Uint16(head[6:])
	p := &f.pcap
	switch {
	case major == 2 && minor < 3, major == 543 && minor == 0:
		p.lengths = wireFirst
	case major == 2 && minor == 3:
		p.lengths = lesserFirst
	case major == 2 && minor == 4:
		p.lengths = capturedFirst
	default:
		return f.fail("unsupported pcap savefile version %d.%d", major, minor)
	}
	link := f.order.Uint32(head[20:])
	if r := link & linkReservedMask; r != 0 {
		return f.fail("savefile linktype reserved field not zero (0x%08x)", r)
	}
	p.iface = Interface{
		LinkType:  linktype.FromSavefile(uint16(link & linkTypeMask)),
		LinkExt:   link & linkExtMask,
		BigEndian: isBig(f.order),
		Nano:      magic == magicNano,
	}
	p.iface.Snaplen = adjustSnaplen(p.iface.LinkType, f.order.Uint32(head[16:]))
	p.max = maxSnaplen(p.iface.LinkType)
	p.big = p.iface.BigEndian
	p.recordSize = pcapRecordSize
	p.fraction = 1000
	switch magic {
	case magicNano:
		p.fraction = 1
	case magicModified:
		p.recordSize = modifiedRecordSize
		if p.iface.LinkType == linktype.Ethernet && p.iface.Snaplen <= 1<<31-1-14 {
			// Kuznetzov's libpcap put an Ethernet header before the bytes that the
			// snapshot length allowed for.
			p.iface.Snaplen += 14
		}
	}
	f.win.skip(pcapHeaderSize)
	p.open = true
	return nil
}

func (f *Reader) pcapNext(rec *Record) error {
	p := &f.pcap
	head := f.win.need(p.recordSize)
	if len(head) < p.recordSize {
		if len(head) == 0 && f.win.err == io.EOF {
			return io.EOF
		}
		return f.cut(len(head), p.recordSize, "record header")
	}
	var sec, frac, caplen, length uint32
	if p.big {
		sec, frac = binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
		caplen, length = binary.BigEndian.Uint32(head[8:]), binary.BigEndian.Uint32(head[12:])
	} else {
		sec, frac = binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
		caplen, length = binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
	}
	if p.lengths == wireFirst || (p.lengths == lesserFirst && caplen > length) {
		caplen, length = length, caplen
	}
	if caplen > p.max {
		return f.fail("captured length %d is more than the %d bytes allowed for %v", caplen, p.max, p.iface.LinkType)
	}
	size := p.recordSize + int(caplen)
	b := f.win.need(size)
	if len(b) < size {
		return f.cut(len(b)-p.recordSize, int(caplen), "packet")
	}
	ns := uint64(frac) * uint64(p.fraction)
	rec.Sec = int64(sec)
	if ns >= 1e9 {
		rec.Sec += int64(ns / 1e9)
		ns %= 1e9
	}
	rec.Nsec = uint32(ns)
	rec.Len = length
	rec.Interface = &p.iface
	// A record that is longer than the file's snapshot length is cut to it.
	end := p.recordSize + int(min(caplen, p.iface.Snaplen))
	rec.Data = b[p.recordSize:end:end]
	f.win.skip(size)
	return nil
}
