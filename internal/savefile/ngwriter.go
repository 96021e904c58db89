package savefile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// More block types and options, draft-ietf-opsawg-pcapng sections 3.5, 4.1, 4.2, 4.3, 4.6.
const (
	blockStatistics = 5

	optComment   = 1
	optUserAppl  = 4
	optIfDescr   = 3
	optEpbFlags  = 2
	optVerdict   = 7
	optIfFilter  = 11
	filterString = 0 // first byte of if_filter: text in libpcap's language

	optIsbStart      = 2
	optIsbEnd        = 3
	optIsbReceived   = 4
	optIsbDropped    = 5
	optIsbDelivered  = 8
	sectionLengthAny = math.MaxUint64 // the section goes on to the next one
	maxOption        = math.MaxUint16
)

// An NgWriter writes a pcapng file of version 1.0: a section header, a description of
// each interface in front of its first packet, enhanced packet blocks, and statistics.
// It collects whole blocks and writes them together; call Flush at the end.
type NgWriter struct {
	batch
	application string
	big         bool               // byte order of the section
	ids         map[*Interface]int // numbers of the section's interfaces
	last        *Interface         // of the packet before,
	id          uint32             // its number
	units       uint64             // and its time stamp units in a second
	scratch     []byte             // of options
}

// NewNgWriter writes the header of the first section to w at once. bigEndian is the
// byte order of the host that captured; for packets of an interface with another one a
// section of its own is written. application is the name of the program that writes,
// or empty.
func NewNgWriter(w io.Writer, bigEndian bool, application string) (*NgWriter, error) {
	f := &NgWriter{application: application}
	f.w, f.size = w, f.blockSize
	if err := f.start(f.section(nil, bigEndian)); err != nil {
		return nil, err
	}
	return f, nil
}

// blockSize returns the length of the block at the start of b. Blocks of two byte
// orders may stand one after the other there; a length that makes sense in the
// section's order ends with itself.
func (f *NgWriter) blockSize(b []byte) int {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if len(b) < minBlock {
			break
		}
		n := uint64(order.Uint32(b[4:]))
		if n >= minBlock && n <= uint64(len(b)) && uint64(order.Uint32(b[n-blockTailSize:])) == n {
			return int(n)
		}
	}
	return 0
}

// section begins a section in b.
func (f *NgWriter) section(b []byte, big bool) []byte {
	f.big, f.ids, f.last = big, make(map[*Interface]int), nil
	order := appendOrder(big)
	b, start := openBlock(b, order, blockSection)
	b = order.AppendUint32(b, byteOrderMagic)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint64(b, sectionLengthAny)
	if f.application != "" {
		b = appendOption(b, order, optUserAppl, []byte(f.application))
		b = appendOption(b, order, optEnd, nil)
	}
	return closeBlock(b, order, start)
}

// openBlock begins a block; what closeBlock needs to know is where.
func openBlock(b []byte, order binary.AppendByteOrder, typ uint32) (block []byte, start int) {
	start = len(b)
	b = order.AppendUint32(b, typ)
	return order.AppendUint32(b, 0), start
}

// closeBlock puts the length into both ends of the block that started there.
func closeBlock(b []byte, order binary.AppendByteOrder, start int) []byte {
	n := uint32(len(b) - start + blockTailSize)
	order.AppendUint32(b[:start+4], n) // over the 0 that openBlock left
	return order.AppendUint32(b, n)
}

// appendOption appends an option, padded. One that is too long for its length field is
// left out.
func appendOption(b []byte, order binary.AppendByteOrder, code uint16, value []byte) []byte {
	if len(value) > maxOption {
		return b
	}
	b = order.AppendUint16(b, code)
	b = order.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...), len(value))
}

// pad appends what n bytes lack to a multiple of four.
func pad(b []byte, n int) []byte { return append(b, "\x00\x00\x00"[:-n&3]...) }

// Describe adds an interface to the section, so that it is there without packets too.
// Two packets are of the same interface if they point to the same.
func (f *NgWriter) Describe(i *Interface) error {
	if err := f.room(0); err != nil {
		return err
	}
	if i.BigEndian != f.big {
		f.buf = f.section(f.buf, i.BigEndian)
	}
	if _, there := f.ids[i]; there {
		return nil
	}
	f.ids[i] = len(f.ids)
	order := appendOrder(f.big)
	b, start := openBlock(f.buf, order, blockInterface)
	b = order.AppendUint16(b, uint16(i.LinkType))
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, i.Snaplen)
	if i.Name != "" {
		b = appendOption(b, order, optIfName, []byte(i.Name))
	}
	for _, row := range []struct {
		code uint16
		text string
	}{{optIfDescr, i.Description}, {optComment, i.Comment}} {
		if row.text != "" {
			b = appendOption(b, order, row.code, []byte(row.text))
		}
	}
	resolution := byte(6)
	if i.Nano {
		resolution = 9
	}
	b = appendOption(b, order, optIfTsresol, []byte{resolution})
	if i.Filter != "" {
		b = appendOption(b, order, optIfFilter, append([]byte{filterString}, i.Filter...))
	}
	b = appendOption(b, order, optEnd, nil)
	f.buf = closeBlock(b, order, start)
	return nil
}

// Write adds one packet of rec.Interface: its time stamp, data and length on the wire.
// The bytes are copied. After an error nothing more is written, and every call
// returns it.
func (f *NgWriter) Write(rec *Record) error {
	if f.err != nil {
		return f.err
	}
	if rec.Interface != f.last {
		if err := f.use(rec.Interface); err != nil {
			return err
		}
	}
	t, ok := units(rec, f.units)
	if !ok {
		return fmt.Errorf("packet %d: time stamp of %d seconds does not fit a pcapng block", rec.Number, rec.Sec)
	}
	return f.enhanced(t, rec.Data, rec.Len, f.options(rec))
}

// WriteAt adds a packet of the interface of the packet before, which was captured so
// many nanoseconds after 1970.
func (f *NgWriter) WriteAt(ns uint64, data []byte, length uint32) error {
	return f.enhanced(f.since(ns), data, length, nil)
}

// since returns a time stamp in the interface's units.
func (f *NgWriter) since(ns uint64) uint64 {
	if f.units == 1e6 {
		ns /= 1000
	}
	return ns
}

// LendAt is WriteAt for data that stay as they are until Flush. They are written from
// where they are if the file is a [VectorWriter].
func (f *NgWriter) LendAt(ns uint64, data []byte, length uint32) error {
	if f.vector == nil {
		return f.WriteAt(ns, data, length)
	}
	padding := -len(data) & 3
	n := enhancedHead + len(data) + padding + blockTailSize
	if err := f.roomToLend(n); err != nil {
		return err
	}
	f.head(f.extend(enhancedHead), n, f.since(ns), len(data), length)
	f.lend(data)
	tail := f.extend(padding + blockTailSize)
	clear(tail[:padding])
	putWord(tail[padding:], f.big, uint32(n))
	return nil
}

// enhanced writes a packet's block.
func (f *NgWriter) enhanced(t uint64, data []byte, length uint32, options []byte) error {
	n := enhancedHead + len(data) + (-len(data) & 3) + len(options) + blockTailSize
	if err := f.room(n); err != nil {
		return err
	}
	b := f.extend(n)
	f.head(b, n, t, len(data), length)
	end := n - blockTailSize - len(options)
	clear(b[enhancedHead+len(data) : end])
	copy(b[enhancedHead:], data)
	copy(b[end:], options)
	putWord(b[n-blockTailSize:], f.big, uint32(n))
	return nil
}

// enhancedHead is the size of what is in front of the data in a packet's block.
const enhancedHead = blockHeadSize + enhancedFixed

// head writes what is in front of the data in a packet's block of n bytes.
func (f *NgWriter) head(b []byte, n int, t uint64, captured int, length uint32) {
	putWords(b, f.big, blockEnhanced, uint32(n), f.id, uint32(t>>32))
	putWord(b[16:], f.big, uint32(t))
	putWord(b[20:], f.big, uint32(captured))
	putWord(b[24:], f.big, length)
}

// options returns a packet's options, good until the next call; nil where it has none.
func (f *NgWriter) options(rec *Record) []byte {
	v := rec.Interface.Verdict
	if rec.Flags == 0 && v == nil {
		return nil
	}
	order, b := appendOrder(f.big), f.scratch[:0]
	if rec.Flags != 0 {
		b = order.AppendUint16(b, optEpbFlags)
		b = order.AppendUint16(b, 4)
		b = order.AppendUint32(b, rec.Flags)
	}
	if v != nil {
		b = order.AppendUint16(b, optVerdict)
		b = order.AppendUint16(b, 9)
		b = pad(order.AppendUint64(append(b, v.Kind), uint64(v.Value)), 9)
	}
	f.scratch = append(b, 0, 0, 0, 0)
	return f.scratch
}

// use makes i the interface of the packets that follow.
func (f *NgWriter) use(i *Interface) error {
	if err := f.Describe(i); err != nil {
		return err
	}
	f.last, f.id, f.units = i, uint32(f.ids[i]), 1e6
	if i.Nano {
		f.units = 1e9
	}
	return nil
}

// units returns a record's time stamp in so many units a second since 1970, and
// whether 64 bits hold it.
func units(rec *Record, perSecond uint64) (uint64, bool) {
	hi, lo := bits.Mul64(uint64(rec.Sec), perSecond)
	t, carry := bits.Add64(lo, uint64(rec.Nsec)/(1e9/perSecond), 0)
	return t, rec.Sec >= 0 && hi == 0 && carry == 0
}

// Statistics are the counts of a capture on one interface from its start on. Received
// and Dropped are isb_ifrecv and isb_ifdrop, in the sense in which Wireshark writes and
// shows them: what the kernel's filter accepted, and what of it was lost for want of
// room.
type Statistics struct {
	Start, End                   int64 // Unix time in nanoseconds
	Received, Dropped, Delivered uint64
}

// Statistics adds counts of an interface.
func (f *NgWriter) Statistics(i *Interface, s Statistics) error {
	if err := f.Describe(i); err != nil {
		return err
	}
	order := appendOrder(f.big)
	perSecond := int64(1e6)
	if i.Nano {
		perSecond = 1e9
	}
	stamp := func(b []byte, ns int64) []byte {
		t := uint64(ns / (1e9 / perSecond))
		b = order.AppendUint32(b, uint32(t>>32))
		return order.AppendUint32(b, uint32(t))
	}
	b, start := openBlock(f.buf, order, blockStatistics)
	b = order.AppendUint32(b, uint32(f.ids[i]))
	b = stamp(b, s.End)
	b = appendOption(b, order, optIsbStart, stamp(nil, s.Start))
	b = appendOption(b, order, optIsbEnd, stamp(nil, s.End))
	for _, row := range []struct {
		code  uint16
		count uint64
	}{{optIsbReceived, s.Received}, {optIsbDropped, s.Dropped}, {optIsbDelivered, s.Delivered}} {
		b = appendOption(b, order, row.code, order.AppendUint64(nil, row.count))
	}
	b = appendOption(b, order, optEnd, nil)
	f.buf = closeBlock(b, order, start)
	return nil
}
