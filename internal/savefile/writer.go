package savefile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/gofilter/gofilter/linktype"
)

// Header is what the header of a pcap file says.
type Header struct {
	LinkType linktype.Type
	LinkExt  uint32 // see Interface.LinkExt
	Snaplen  uint32
	Nano     bool // time stamps in nanoseconds, else in microseconds
	// BigEndian is the byte order to write in: that of the host that captured,
	// since packets may have fields in its order.
	BigEndian bool
}

// A Writer writes a pcap file of version 2.4. It collects whole records and
// writes them together; call Flush at the end.
type Writer struct {
	batch
	big  bool
	nano bool // time stamps in nanoseconds
}

// NewWriter writes the file header to w at once.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	f := &Writer{big: h.BigEndian, nano: h.Nano}
	f.w, f.size = w, f.recordSize
	magic := uint32(magicMicro)
	if h.Nano {
		magic = magicNano
	}
	order := appendOrder(h.BigEndian)
	b := make([]byte, 0, pcapHeaderSize)
	b = order.AppendUint32(b, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = order.AppendUint32(b, 0) // time zone
	b = order.AppendUint32(b, 0) // accuracy
	b = order.AppendUint32(b, h.Snaplen)
	b = order.AppendUint32(b, uint32(h.LinkType)|h.LinkExt&linkExtMask)
	if err := f.start(b); err != nil {
		return nil, err
	}
	return f, nil
}

// appendOrder returns a byte order to write in.
func appendOrder(big bool) binary.AppendByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// recordSize returns the length of the record at the start of b.
func (f *Writer) recordSize(b []byte) int {
	if len(b) < pcapRecordSize {
		return 0
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if f.big {
		order = binary.BigEndian
	}
	return pcapRecordSize + int(order.Uint32(b[8:]))
}

// Write adds one packet: rec's time stamp, data and length on the wire. The bytes
// are copied. After an error nothing more is written, and every call returns it.
func (f *Writer) Write(rec *Record) error {
	if rec.Sec < 0 || rec.Sec > math.MaxUint32 {
		if f.err != nil {
			return f.err
		}
		return fmt.Errorf("packet %d: time stamp of %d seconds does not fit a pcap record", rec.Number, rec.Sec)
	}
	return f.WriteAt(uint64(rec.Sec)*1e9+uint64(rec.Nsec), rec.Data, rec.Len)
}

// WriteAt is Write for a packet that was captured so many nanoseconds after 1970, which
// is before 2106.
func (f *Writer) WriteAt(ns uint64, data []byte, length uint32) error {
	n := pcapRecordSize + len(data)
	if err := f.room(n); err != nil {
		return err
	}
	b := f.extend(n)
	f.head(b, ns, len(data), length)
	copy(b[pcapRecordSize:], data)
	return nil
}

// LendAt is WriteAt for data that stay as they are until Flush. They are written from
// where they are if the file is a [VectorWriter].
func (f *Writer) LendAt(ns uint64, data []byte, length uint32) error {
	if f.vector == nil {
		return f.WriteAt(ns, data, length)
	}
	if err := f.roomToLend(pcapRecordSize + len(data)); err != nil {
		return err
	}
	f.head(f.extend(pcapRecordSize), ns, len(data), length)
	f.lend(data)
	return nil
}

// head writes the head of a record.
func (f *Writer) head(b []byte, ns uint64, captured int, length uint32) {
	sec := ns / 1e9
	fraction := uint32(ns - sec*1e9)
	if !f.nano {
		fraction /= 1000
	}
	putWords(b, f.big, uint32(sec), fraction, uint32(captured), length)
}

// putWords writes four numbers to the start of b. It is written for speed: there is a
// call of it for each packet.
func putWords(b []byte, big bool, w0, w1, w2, w3 uint32) {
	if big {
		w0, w1, w2, w3 = bits.ReverseBytes32(w0), bits.ReverseBytes32(w1), bits.ReverseBytes32(w2), bits.ReverseBytes32(w3)
	}
	binary.LittleEndian.PutUint64(b, uint64(w0)|uint64(w1)<<32)
	binary.LittleEndian.PutUint64(b[8:], uint64(w2)|uint64(w3)<<32)
}

// putWord writes one number to the start of b.
func putWord(b []byte, big bool, w uint32) {
	if big {
		w = bits.ReverseBytes32(w)
	}
	binary.LittleEndian.PutUint32(b, w)
}
