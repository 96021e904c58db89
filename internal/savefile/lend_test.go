package savefile

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gofilter/gofilter/linktype"
)

// vectorDisk is a disk that takes pieces, until it is full.
type vectorDisk struct {
	fullDisk
	vectors int // calls of WriteVector
}

func (d *vectorDisk) WriteVector(pieces [][]byte) (n int, err error) {
	d.vectors++
	for _, p := range pieces {
		wrote, err := d.Write(p)
		if n += wrote; err != nil {
			return n, err
		}
	}
	return n, nil
}

// lender is what the two writers have in common here.
type lender interface {
	WriteAt(ns uint64, data []byte, length uint32) error
	LendAt(ns uint64, data []byte, length uint32) error
	Flush() error
	Whole() int64
	Buffered() int
}

// lenders open each format on a disk.
var lenders = []struct {
	name string
	open func(*vectorDisk) (lender, error)
}{
	{"pcap", func(d *vectorDisk) (lender, error) {
		return NewWriter(d, Header{LinkType: linktype.Ethernet, Snaplen: 3000})
	}},
	{"pcapng", func(d *vectorDisk) (lender, error) {
		w, err := NewNgWriter(d, false, "")
		if err == nil {
			err = w.use(&Interface{LinkType: linktype.Ethernet, Nano: true})
		}
		if err == nil {
			err = w.Flush()
		}
		return w, err
	}},
}

// lengths of packets, some of them too short to be lent. There are more than are lent at
// once.
func lengths() []int {
	return slices.Repeat([]int{1500, 0, 60, 255, 256, 1, 257, 258, 2000}, maxLent/5)
}

// TestLend: what is lent makes the same file as what is copied.
func TestLend(t *testing.T) {
	data := bytes.Repeat([]byte("lent data"), 300)
	for _, l := range lenders {
		var copied, lent vectorDisk
		copied.room, lent.room = 1<<30, 1<<30
		for _, d := range []*vectorDisk{&copied, &lent} {
			w, err := l.open(d)
			if err != nil {
				t.Fatal(err)
			}
			for i, n := range lengths() {
				write := w.WriteAt
				if d == &lent && i%100 > 3 { // some are copied in between
					write = w.LendAt
				}
				if err := write(uint64(i)*1e9+uint64(i), data[:n], uint32(n+1)); err != nil {
					t.Fatal(err)
				}
			}
			buffered := w.Buffered() + int(w.Whole())
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if int(w.Whole()) != d.Len() || buffered != d.Len() || w.Buffered() != 0 {
				t.Errorf("%s: %d bytes whole and %d counted before of %d", l.name, w.Whole(), buffered, d.Len())
			}
		}
		if !bytes.Equal(copied.Bytes(), lent.Bytes()) {
			t.Errorf("%s: the files differ", l.name)
		}
		if copied.vectors > 0 || lent.vectors < 2 {
			t.Errorf("%s: %d and %d vectors", l.name, copied.vectors, lent.vectors)
		}
	}
}

// TestLendFullDisk: what is whole of a batch that was written in part ends with a packet.
func TestLendFullDisk(t *testing.T) {
	data := bytes.Repeat([]byte("lent data"), 300)
	sizes := []int{300, 10, 400, 256, 20}
	for _, l := range lenders {
		// The ends of the packets.
		d := &vectorDisk{fullDisk: fullDisk{room: 1 << 30}}
		w, err := l.open(d)
		if err != nil {
			t.Fatal(err)
		}
		ends := []int{d.Len()}
		for _, n := range sizes {
			if err := w.WriteAt(1, data[:n], uint32(n)); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			ends = append(ends, d.Len())
		}
		for room := ends[0]; room < d.Len(); room++ {
			full := &vectorDisk{fullDisk: fullDisk{room: room}}
			w, err := l.open(full)
			if err != nil {
				t.Fatal(err)
			}
			for i, n := range sizes {
				write := w.LendAt
				if i == 0 {
					write = w.WriteAt
				}
				if err := write(1, data[:n], uint32(n)); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Flush(); err != errFull {
				t.Fatalf("%s, room %d: %v", l.name, room, err)
			}
			k, found := slices.BinarySearch(ends, room)
			if !found {
				k--
			}
			if w.Whole() != int64(ends[k]) {
				t.Errorf("%s, room %d: %d bytes whole, want %d", l.name, room, w.Whole(), ends[k])
			}
			if err := w.LendAt(1, data, 1); err != errFull {
				t.Errorf("%s, room %d: after the error: %v", l.name, room, err)
			}
		}
	}
}
