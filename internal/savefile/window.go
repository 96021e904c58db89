package savefile

import "io"

// windowSize is how much is asked of the file at once, in bytes.
const windowSize = 1 << 20

// A window is the part of the input that is in memory.
type window struct {
	r      io.Reader
	buf    []byte
	lo, hi int   // buf[lo:hi] is read and not yet consumed
	off    int64 // offset in the input of buf[lo]
	err    error // why there is no more; io.EOF at the end
}

// need returns what is in memory, at least n bytes of it unless the input ends
// or fails before; then w.err says which. The bytes are good until the next call
// with a greater n than is in memory.
func (w *window) need(n int) []byte {
	if w.hi-w.lo >= n {
		return w.buf[w.lo:w.hi]
	}
	return w.fill(n)
}

func (w *window) fill(n int) []byte {
	if w.lo+n > len(w.buf) {
		w.hi = copy(w.buf, w.buf[w.lo:w.hi])
		w.lo = 0
	}
	empty := 0
	for w.hi-w.lo < n && w.err == nil {
		if w.hi == len(w.buf) {
			// A length is only believed as far as there are bytes to show for it.
			larger := make([]byte, min(n, 2*len(w.buf)))
			w.hi = copy(larger, w.buf[w.lo:w.hi])
			w.lo = 0
			w.buf = larger
		}
		k, err := w.r.Read(w.buf[w.hi:])
		w.hi += k
		w.err = err
		if k > 0 {
			empty = 0
		} else if empty++; empty == 100 && err == nil {
			w.err = io.ErrNoProgress
		}
	}
	return w.buf[w.lo:w.hi]
}

// skip consumes n bytes, which must be in memory.
func (w *window) skip(n int) {
	w.lo += n
	w.off += int64(n)
}
