package savefile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

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
	unit uint32 // nanoseconds in a unit of a time stamp's second half
}

// NewWriter writes the file header to w at once.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	f := &Writer{big: h.BigEndian, unit: 1000}
	f.w, f.size = w, f.recordSize
	magic := uint32(magicMicro)
	if h.Nano {
		magic, f.unit = magicNano, 1
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
	if f.err != nil {
		return f.err
	}
	if rec.Sec < 0 || rec.Sec > math.MaxUint32 {
		return fmt.Errorf("packet %d: time stamp of %d seconds does not fit a pcap record", rec.Number, rec.Sec)
	}
	if err := f.room(pcapRecordSize + len(rec.Data)); err != nil {
		return err
	}
	if f.big {
		f.buf = appendRecord(f.buf, binary.BigEndian, rec, f.unit)
	} else {
		f.buf = appendRecord(f.buf, binary.LittleEndian, rec, f.unit)
	}
	return nil
}

// appendRecord appends a record's header and data.
func appendRecord[O binary.AppendByteOrder](b []byte, order O, rec *Record, unit uint32) []byte {
	b = order.AppendUint32(b, uint32(rec.Sec))
	b = order.AppendUint32(b, rec.Nsec/unit)
	b = order.AppendUint32(b, uint32(len(rec.Data)))
	b = order.AppendUint32(b, rec.Len)
	return append(b, rec.Data...)
}
