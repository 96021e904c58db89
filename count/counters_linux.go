package count

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
)

// counters are those of all filters, for each filter and processor. They are mapped: with
// kernel.unprivileged_bpf_disabled every bpf(2) takes a capability on 5.10 (kernel/bpf/syscall.c
// __sys_bpf), also to read an element, and it may have been given up since.
type counters struct {
	m             *ebpf.Map
	mem           []byte
	filters, cpus int
}

// mapMmapable is BPF_F_MMAPABLE of linux/bpf.h (5.5).
const mapMmapable = 1 << 10

// elementSize is the size of a filter's counters for one processor, in bytes.
const elementSize = numCounters * counterSize

// newCounters makes the counters of so many filters.
func newCounters(filters int) (*counters, error) {
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("count: number of processors: %w", err)
	}
	c := &counters{filters: filters, cpus: cpus}
	c.m, err = attach.NewMap(&ebpf.MapSpec{Name: "gofilter_counts", Type: ebpf.Array,
		KeySize: 4, ValueSize: elementSize, MaxEntries: uint32(filters * cpus), Flags: mapMmapable})
	if err != nil {
		return nil, fmt.Errorf("count: counters: %w", err)
	}
	page := os.Getpagesize()
	size := (filters*cpus*elementSize + page - 1) &^ (page - 1)
	if c.mem, err = unix.Mmap(c.m.FD(), 0, size, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		c.m.Close()
		return nil, fmt.Errorf("count: map counters: %w", err)
	}
	return c, nil
}

// read returns the counts of filter i.
func (c *counters) read(i int) (sum Counts) {
	for cpu := range c.cpus {
		at := (i*c.cpus + cpu) * elementSize
		var values [numCounters]uint64
		for k := range values {
			values[k] = atomic.LoadUint64((*uint64)(unsafe.Pointer(&c.mem[at+k*counterSize])))
		}
		sum.add(&values)
	}
	return sum
}

// close gives the counters back. They may be nil.
func (c *counters) close() error {
	if c == nil {
		return nil
	}
	return errors.Join(unix.Munmap(c.mem), c.m.Close())
}
