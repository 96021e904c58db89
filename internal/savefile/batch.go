package savefile

import (
	"io"
	"slices"
)

// writeSize is how much a writer collects before it writes, in bytes.
const writeSize = 512 << 10

// A batch collects whole records of a file, or blocks, and writes them together. It is
// what the two writers have alike.
type batch struct {
	w     io.Writer
	size  func([]byte) int // length of the record that starts here, 0 if that cannot be seen
	buf   []byte           // whole records
	whole int64            // bytes written that end with a whole record
	err   error            // the first; sticky
}

// start writes the file's header at once.
func (f *batch) start(header []byte) error {
	if _, f.err = f.w.Write(header); f.err != nil {
		return f.err
	}
	f.whole = int64(len(header))
	f.buf = make([]byte, 0, writeSize)
	return nil
}

// room makes room for n bytes by writing what is there, unless that is nothing.
func (f *batch) room(n int) error {
	if f.err == nil && len(f.buf) > 0 && len(f.buf)+n > writeSize {
		return f.Flush()
	}
	return f.err
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

// Flush writes what was collected.
func (f *batch) Flush() error {
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
func (f *batch) wholeRecords(n int) int {
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
func (f *batch) Buffered() int { return len(f.buf) }

// Err returns the error that ended the writing, nil while there is none.
func (f *batch) Err() error { return f.err }
