package savefile

import (
	"io"
	"slices"
)

// writeSize is how much a writer collects before it writes, in bytes.
const writeSize = 512 << 10

// A VectorWriter is an io.Writer that writes pieces as if they were one: n counts the bytes
// of all, and where it is less than there are, err says why.
type VectorWriter interface {
	WriteVector(pieces [][]byte) (n int, err error)
}

// A batch collects whole records of a file, or blocks, and writes them together. It is
// what the two writers have alike.
type batch struct {
	w     io.Writer
	size  func([]byte) int // length of the record that starts here, 0 if that cannot be seen
	buf   []byte           // whole records, but for what is lent
	whole int64            // bytes written that end with a whole record
	err   error            // the first; sticky

	vector VectorWriter // w, if it is one; else nil
	lent   []lent       // the last records of the batch, in order
	plain  int          // bytes of buf in front of the first of these
	total  int          // bytes of the batch; good where something is lent
	pieces [][]byte     // memory of flushLent
}

// A lent is a record whose data may be elsewhere.
type lent struct {
	data []byte // come behind buf[:at]; nil: they are in buf
	at   int
	end  int // of the record, in the batch
}

const (
	// lendSize is how many bytes are better written from where they are than copied.
	lendSize = 256
	// maxLent is the most records that are lent at once. A system call takes 1,024 pieces
	// (IOV_MAX of limits.h), two for each of them.
	maxLent = 511
)

// start writes the file's header at once.
func (f *batch) start(header []byte) error {
	if _, f.err = f.w.Write(header); f.err != nil {
		return f.err
	}
	f.whole = int64(len(header))
	f.buf = make([]byte, 0, writeSize)
	f.vector, _ = f.w.(VectorWriter)
	return nil
}

// room makes room for n bytes by writing what is there, unless that is nothing.
func (f *batch) room(n int) error {
	if f.err == nil && len(f.buf) > 0 && (len(f.buf)+n > writeSize || len(f.lent) > 0) {
		return f.Flush()
	}
	return f.err
}

// roomToLend is room for a record that may be lent, of n bytes.
func (f *batch) roomToLend(n int) error {
	if f.err == nil && len(f.buf) > 0 && (len(f.buf)+n > writeSize || len(f.lent) == maxLent) {
		f.err = f.Flush()
	}
	if len(f.lent) == 0 {
		f.plain, f.total = len(f.buf), len(f.buf)
	}
	f.total += n
	return f.err
}

// lend adds the data of a record whose head has just been put into the buffer.
func (f *batch) lend(data []byte) {
	l := lent{data: data, end: f.total}
	if len(data) < lendSize {
		f.buf, l.data = append(f.buf, data...), nil
	}
	l.at = len(f.buf)
	f.lent = append(f.lent, l)
}

// extend makes the buffer n bytes longer and returns these, which hold anything.
func (f *batch) extend(n int) []byte {
	end := len(f.buf)
	if cap(f.buf)-end < n {
		f.buf = slices.Grow(f.buf, n)
	}
	f.buf = f.buf[:end+n]
	return f.buf[end:]
}

// Flush writes what was collected. Nothing is lent any more.
func (f *batch) Flush() error {
	if f.err != nil || len(f.buf) == 0 {
		return f.err
	}
	n, err := f.write()
	if err != nil {
		f.err = err
		n = f.wholeRecords(n)
	}
	f.whole += int64(n)
	clear(f.lent)
	f.buf, f.lent = f.buf[:0], f.lent[:0]
	return err
}

// write writes the batch and returns how many bytes of it.
func (f *batch) write() (n int, err error) {
	size := len(f.buf)
	if len(f.lent) == 0 {
		n, err = f.w.Write(f.buf)
	} else {
		size = f.total
		pieces, start := f.pieces[:0], 0
		for _, l := range f.lent {
			if l.data != nil {
				pieces = append(pieces, f.buf[start:l.at], l.data)
				start = l.at
			}
		}
		if start < len(f.buf) {
			pieces = append(pieces, f.buf[start:])
		}
		n, err = f.vector.WriteVector(pieces)
		clear(pieces)
		f.pieces = pieces
	}
	if err == nil && n < size {
		err = io.ErrShortWrite
	}
	return n, err
}

// wholeRecords returns how many of the first n bytes of the batch are whole records.
func (f *batch) wholeRecords(n int) int {
	for _, l := range slices.Backward(f.lent) {
		if l.end <= n {
			return l.end
		}
	}
	if len(f.lent) > 0 {
		n = min(n, f.plain)
	}
	end := 0
	for end < n {
		size := f.size(f.buf[end:n])
		if size == 0 || end+size > n {
			break
		}
		end += size
	}
	return end
}

// Whole returns how many bytes from the file's start are its header and whole
// records. After an error, which may have left a part of a record, a file that is
// cut to this length is good.
func (f *batch) Whole() int64 { return f.whole }

// Buffered returns how many bytes wait for Flush.
func (f *batch) Buffered() int {
	if len(f.lent) > 0 {
		return f.total
	}
	return len(f.buf)
}

// Err returns the error that ended the writing, nil while there is none.
func (f *batch) Err() error { return f.err }
