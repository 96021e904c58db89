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

// counters count the packets that were lost, for each processor. They are mapped, so that
// they can be read without a privilege.
type counters struct {
	m   *ebpf.Map
	mem []byte
	n   int
}

// counterStride is the size of a processor's counter with the room around it, in bytes, so that no
// two share a cache line.
const counterStride = 64

// mapMmapable is BPF_F_MMAPABLE of linux/bpf.h (5.5).
const mapMmapable = 1 << 10

func newCounters() (*counters, error) {
	n, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("number of processors: %w", err)
	}
	c := &counters{n: n}
	c.m, err = attach.NewMap(&ebpf.MapSpec{Name: mapName, Type: ebpf.Array, KeySize: 4, ValueSize: counterStride, MaxEntries: uint32(n), Flags: mapMmapable})
	if err != nil {
		return nil, fmt.Errorf("counters: %w", err)
	}
	page := os.Getpagesize()
	size := (n*counterStride + page - 1) &^ (page - 1)
	if c.mem, err = unix.Mmap(c.m.FD(), 0, size, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		c.m.Close()
		return nil, fmt.Errorf("map counters: %w", err)
	}
	return c, nil
}

func (c *counters) sum() (n uint64) {
	for i := range c.n {
		n += atomic.LoadUint64((*uint64)(unsafe.Pointer(&c.mem[i*counterStride])))
	}
	return n
}

func (c *counters) close() {
	unix.Munmap(c.mem)
	c.m.Close()
}
