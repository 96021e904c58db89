package savefile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/gofilter/gofilter/linktype"
)

// writeSize is how much a Writer collects before it writes, in bytes.
const writeSize = 512 << 10

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
	w     io.Writer
	order binary.AppendByteOrder
	unit  uint32 // nanoseconds in a unit of a time stamp's second half
	buf   []byte // whole records
	whole int64  // bytes written that end with a whole record
	err   error  // the first; sticky
}

// NewWriter writes the file header to w at once.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	f := &Writer{w: w, order: binary.LittleEndian, unit: 1000}
	if h.BigEndian {
		f.order = binary.BigEndian
	}
	magic := uint32(magicMicro)
	if h.Nano {
		magic, f.unit = magicNano, 1
	}
	b := make([]byte, 0, pcapHeaderSize)
	b = f.order.AppendUint32(b, magic)
	b = f.order.AppendUint16(b, 2)
	b = f.order.AppendUint16(b, 4)
	b = f.order.AppendUint32(b, 0) // time zone
	b = f.order.AppendUint32(b, 0) // accuracy
	b = f.order.AppendUint32(b, h.Snaplen)
	b = f.order.AppendUint32(b, uint32(h.LinkType)|h.LinkExt&linkExtMask)
	if _, f.err = w.Write(b); f.err != nil {
		return nil, f.err
	}
	f.whole = pcapHeaderSize
	f.buf = make([]byte, 0, writeSize)
	return f, nil
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
	if len(f.buf) > 0 && len(f.buf)+pcapRecordSize+len(rec.Data) > writeSize {
		if err := f.Flush(); err != nil {
			return err
		}
	}
	if f.order == binary.AppendByteOrder(binary.LittleEndian) {
		f.buf = appendRecord(f.buf, binary.LittleEndian, rec, f.unit)
	} else {
		f.buf = appendRecord(f.buf, binary.BigEndian, rec, f.unit)
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

// Flush writes what was collected.
func (f *Writer) Flush() error {
	if f.err != nil || len(f.buf) == 0 {
		return f.err
	}
	n, err := f.w.Write(f.buf)
	if err == nil && n < len(f.buf) {
		err = io.ErrShortWrite
	}
	if err == nil {
		f.whole += int64(n)
		f.buf = f.buf[:0]
		return nil
	}
	f.err = err
	f.whole += int64(f.wholeRecords(n))
	return err
}

// wholeRecords returns how many of the first n bytes of the buffer are whole
// records.
func (f *Writer) wholeRecords(n int) int {
	end := 0
	order := binary.ByteOrder(binary.LittleEndian)
	if f.order == binary.AppendByteOrder(binary.BigEndian) {
		order = binary.BigEndian
	}
	for end+pcapRecordSize <= n {
		next := end + pcapRecordSize + int(order.Uint32(f.buf[end+8:]))
		if next > n {
			break
		}
		end = next
	}
	return end
}

// Whole returns how many bytes from the file's start are its header and whole
// records. After an error, which may have left a part of a record, a file that is
// cut to this length is good.
func (f *Writer) Whole() int64 { return f.whole }

// Buffered returns how many bytes wait for Flush.
func (f *Writer) Buffered() int { return len(f.buf) }

// Err returns the error that ended the writing, nil while there is none.
func (f *Writer) Err() error { return f.err }
