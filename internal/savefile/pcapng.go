package savefile

import (
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/gofilter/gofilter/linktype"
)

// Block types, draft-ietf-opsawg-pcapng section 4. The section header's reads the
// same in both byte orders.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
)

const byteOrderMagic = 0x1a2b3c4d

// Sizes in bytes. A block is type, length, body, and the length again.
const (
	blockHeadSize     = 8
	blockTailSize     = 4
	sectionFixed      = 16
	interfaceFixed    = 8
	enhancedFixed     = 20
	packetFixed       = 20
	simpleFixed       = 4
	minBlock          = blockHeadSize + blockTailSize
	minSection        = minBlock + sectionFixed
	maxSection        = 1 << 20
	usualMaxBlock     = 16 << 20
	maxPacketOverhead = minBlock + enhancedFixed + 128<<10 // around a packet in its block
)

// A pcapngFile is the state of reading one.
type pcapngFile struct {
	first    *Interface
	ifaces   []*Interface // of the section
	maxBlock uint32       // length past which a block is not believed
}

// pcapngHeader reads the first section header and all up to the first interface
// description.
func (f *Reader) pcapngHeader() error {
	f.ng.maxBlock = usualMaxBlock
	head := f.win.need(minSection)
	if len(head) < 12 {
		return f.cut(len(head), minSection, "section header block")
	}
	if binary.LittleEndian.Uint32(head[8:]) != byteOrderMagic && binary.BigEndian.Uint32(head[8:]) != byteOrderMagic {
		return f.fail("unknown file format")
	}
	for f.ng.first == nil {
		typ, body, err := f.block()
		if err == io.EOF {
			return f.fail("the capture file has no Interface Description Blocks")
		}
		if err != nil {
			return err
		}
		switch typ {
		case blockSection:
			err = f.section(body)
		case blockInterface:
			err = f.describe(body)
		case blockPacket, blockSimple, blockEnhanced:
			err = f.fail("the capture file has a packet block before any Interface Description Blocks")
		}
		if err != nil {
			return err
		}
		f.win.skip(minBlock + len(body))
	}
	return nil
}

func (f *Reader) pcapngNext(rec *Record) error {
	for {
		typ, body, err := f.block()
		if err != nil {
			return err
		}
		found := false
		switch typ {
		case blockSection:
			err = f.section(body)
		case blockInterface:
			err = f.describe(body)
		case blockEnhanced:
			found, err = true, f.enhanced(rec, body)
		case blockPacket:
			found, err = true, f.packet(rec, body)
		case blockSimple:
			found, err = true, f.simple(rec, body)
		}
		if err != nil {
			return err
		}
		f.win.skip(minBlock + len(body))
		if found {
			return nil
		}
	}
}

// block returns type and body of the next block without consuming it. The error
// is io.EOF where the file ends before it.
func (f *Reader) block() (typ uint32, body []byte, err error) {
	head := f.win.need(blockHeadSize)
	if len(head) < blockHeadSize {
		if len(head) == 0 && f.win.err == io.EOF {
			return 0, nil, io.EOF
		}
		return 0, nil, f.cut(len(head), blockHeadSize, "block header")
	}
	limit := f.ng.maxBlock
	if binary.LittleEndian.Uint32(head) == blockSection {
		// A section has its own byte order, which this block's length is in already.
		if head = f.win.need(12); len(head) < 12 {
			return 0, nil, f.cut(len(head), minSection, "section header block")
		}
		switch uint32(byteOrderMagic) {
		case binary.LittleEndian.Uint32(head[8:]):
			f.order = binary.LittleEndian
		case binary.BigEndian.Uint32(head[8:]):
			f.order = binary.BigEndian
		default:
			return 0, nil, f.fail("the section header block has a bad byte order magic field")
		}
		limit = maxSection
	}
	typ = f.order.Uint32(head)
	length := f.order.Uint32(head[4:])
	switch {
	case typ == blockSection && length < minSection:
		return 0, nil, f.fail("section header block has a length of %d < %d", length, minSection)
	case length < minBlock:
		return 0, nil, f.fail("block has a length of %d < %d", length, minBlock)
	case length%4 != 0:
		return 0, nil, f.fail("block has a length of %d that is not a multiple of 4", length)
	case length > limit:
		return 0, nil, f.fail("block has a length of %d > %d", length, limit)
	}
	n := int(length)
	b := f.win.need(n)
	if len(b) < n {
		return 0, nil, f.cut(len(b), n, "block")
	}
	if tail := f.order.Uint32(b[n-blockTailSize:]); tail != length {
		return 0, nil, f.fail("block total length in header %d and trailer %d don't match", length, tail)
	}
	return typ, b[blockHeadSize : n-blockTailSize : n-blockTailSize], nil
}

// section begins a new section.
func (f *Reader) section(body []byte) error {
	major, minor := f.order.Uint16(body[4:]), f.order.Uint16(body[6:])
	if major != 1 || (minor != 0 && minor != 2) {
		// Version 1.2 is written by programs that add block types; all that is read
		// here is as in 1.0.
		return f.fail("unsupported pcapng savefile version %d.%d", major, minor)
	}
	f.ng.ifaces = nil
	return nil
}

// describe adds an interface to the section.
func (f *Reader) describe(body []byte) error {
	if len(body) < interfaceFixed {
		return f.fail("interface description block is too short: %d bytes", len(body))
	}
	i := &Interface{
		ID:        len(f.ng.ifaces),
		LinkType:  linktype.FromSavefile(f.order.Uint16(body)),
		BigEndian: isBig(f.order),
		units:     1e6,
	}
	i.Snaplen = adjustSnaplen(i.LinkType, f.order.Uint32(body[4:]))
	if err := f.interfaceOptions(i, body[interfaceFixed:]); err != nil {
		return err
	}
	i.Nano = i.units > 1e6
	f.ng.maxBlock = max(f.ng.maxBlock, maxSnaplen(i.LinkType)+maxPacketOverhead)
	f.ng.ifaces = append(f.ng.ifaces, i)
	if f.ng.first == nil {
		f.ng.first = i
	}
	return nil
}

func (f *Reader) enhanced(rec *Record, body []byte) error {
	if len(body) < enhancedFixed {
		return f.fail("enhanced packet block is too short: %d bytes", len(body))
	}
	return f.stamped(rec, f.order.Uint32(body), body)
}

// packet reads the obsolete packet block: as the enhanced one, but with 16 bits of
// interface number and 16 of a count of drops.
func (f *Reader) packet(rec *Record, body []byte) error {
	if len(body) < packetFixed {
		return f.fail("packet block is too short: %d bytes", len(body))
	}
	return f.stamped(rec, uint32(f.order.Uint16(body)), body)
}

// stamped reads what the two packet blocks with a time stamp have alike.
func (f *Reader) stamped(rec *Record, id uint32, body []byte) error {
	i, err := f.iface(id)
	if err != nil {
		return err
	}
	t := uint64(f.order.Uint32(body[4:]))<<32 | uint64(f.order.Uint32(body[8:]))
	caplen := f.order.Uint32(body[12:])
	rec.Len = f.order.Uint32(body[16:])
	return f.data(rec, i, t, caplen, body[enhancedFixed:])
}

// simple reads a block that has no time stamp, no interface and no captured
// length: it is of the section's first interface, and cut to that one's snapshot
// length.
func (f *Reader) simple(rec *Record, body []byte) error {
	if len(body) < simpleFixed {
		return f.fail("simple packet block is too short: %d bytes", len(body))
	}
	i, err := f.iface(0)
	if err != nil {
		return err
	}
	rec.Len = f.order.Uint32(body)
	return f.data(rec, i, 0, min(rec.Len, i.Snaplen), body[simpleFixed:])
}

// iface returns interface number id of the section.
func (f *Reader) iface(id uint32) (*Interface, error) {
	if uint64(id) >= uint64(len(f.ng.ifaces)) {
		return nil, f.fail("a packet arrived on interface %d, but there's no Interface Description Block for that interface", id)
	}
	return f.ng.ifaces[id], nil
}

// data sets what is left of rec: t is the time stamp in the interface's units,
// rest begins with the packet.
func (f *Reader) data(rec *Record, i *Interface, t uint64, caplen uint32, rest []byte) error {
	if caplen > i.Snaplen {
		return f.fail("captured length %d is more than the snapshot length %d", caplen, i.Snaplen)
	}
	if uint64(caplen) > uint64(len(rest)) {
		return f.fail("captured length %d is more than the %d bytes left in the block", caplen, len(rest))
	}
	rec.Interface = i
	rec.Data = rest[:caplen:caplen]
	rec.Sec = int64(t/i.units) + i.tsoffset
	hi, lo := bits.Mul64(t%i.units, 1e9)
	ns, _ := bits.Div64(hi, lo, i.units) // fits: t%units < units
	rec.Nsec = uint32(ns)
	return nil
}
