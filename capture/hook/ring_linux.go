package hook

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
)

// A ring is the reading side of a BPF ring buffer (kernel/bpf/ringbuf.c): a page with the
// consumer's position, which is written here, one with the producers', and the data, mapped twice
// in a row so that a record is never in two pieces.
type ring struct {
	events   *ebpf.Map
	consumer []byte
	shared   []byte // the producers' page and the data
	data     []byte
	size     uint64 // of the data, a power of two

	read uint64 // position up to which records have been handed out
}

// Record header in the ring: a length with two flags, and a word of the kernel's.
const (
	ringHeader   = 8
	ringBusy     = 1 << 31
	ringDiscard  = 1 << 30
	blockBytes   = 256 << 10 // handed out at once, at most
	blockPackets = 4096
)

// newRing makes a ring buffer of at least size bytes.
func newRing(size int) (*ring, error) {
	n := os.Getpagesize()
	for n < size {
		n *= 2
	}
	events, err := attach.NewMap(&ebpf.MapSpec{Name: mapName, Type: ebpf.RingBuf, MaxEntries: uint32(n)})
	if err != nil {
		return nil, fmt.Errorf("ring buffer of %d bytes: %w", n, err)
	}
	r := &ring{events: events, size: uint64(n)}
	page := os.Getpagesize()
	if r.consumer, err = unix.Mmap(events.FD(), 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		r.shared, err = unix.Mmap(events.FD(), int64(page), page+2*n, unix.PROT_READ, unix.MAP_SHARED)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("map ring buffer of %d bytes: %w", n, err)
	}
	r.data = r.shared[page:]
	return r, nil
}

func (r *ring) fd() int           { return r.events.FD() }
func (r *ring) bufferSize() int   { return int(r.size) }
func (r *ring) produced() uint64  { return atomic.LoadUint64((*uint64)(unsafe.Pointer(&r.shared[0]))) }
func (r *ring) consume(to uint64) { atomic.StoreUint64((*uint64)(unsafe.Pointer(&r.consumer[0])), to) }

// walk calls take with each record from position at on until it says no or there is no more
// to read, and returns the position behind the last one.
func (r *ring) walk(at uint64, take func(record []byte) bool) uint64 {
	for end := r.produced(); at < end; {
		off := at & (r.size - 1)
		head := atomic.LoadUint32((*uint32)(unsafe.Pointer(&r.data[off])))
		if head&ringBusy != 0 {
			break // not yet submitted
		}
		n := uint64(head &^ (ringBusy | ringDiscard))
		if head&ringDiscard == 0 && !take(r.data[off+ringHeader:off+ringHeader+n]) {
			break
		}
		at += (ringHeader + n + 7) &^ 7
	}
	return at
}

// fill takes records for a block.
func (r *ring) fill(b *Block) {
	bytes := 0
	r.read = r.walk(r.read, func(record []byte) bool {
		if bytes >= blockBytes || len(b.records) >= blockPackets {
			return false
		}
		bytes += len(record)
		b.records = append(b.records, slot{&record[0], uint32(len(record))})
		return true
	})
	b.end = r.read
}

// unread counts what has not been handed out of a place.
func (r *ring) unread(place int) (n uint64) {
	r.walk(r.read, func(record []byte) bool {
		if (slot{&record[0], recordHeader}).place() == place {
			n++
		}
		return true
	})
	return n
}

func (r *ring) close() {
	if r.consumer != nil {
		unix.Munmap(r.consumer)
	}
	if r.shared != nil {
		unix.Munmap(r.shared)
	}
	r.events.Close()
}
