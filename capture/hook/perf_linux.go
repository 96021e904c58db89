package hook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
)

// A perfRings is the reading side of perf buffers, one for each processor.
type perfRings struct {
	events *ebpf.Map
	reader *perf.Reader
	record perf.Record
}

// maxPerf is the most bytes of a packet: a record's length in a perf buffer has 16 bits.
const maxPerf = 65400

// newPerf makes perf buffers of at least size bytes together. Who takes packets together is
// woken when one of them is a quarter full.
func newPerf(size int, immediate bool) (*perfRings, error) {
	n, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("number of processors: %w", err)
	}
	each := os.Getpagesize()
	for each < size/n || each < 2*(maxPerf+recordHeader) {
		each *= 2
	}
	events, err := attach.NewMap(&ebpf.MapSpec{Name: mapName, Type: ebpf.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: uint32(n)})
	if err != nil {
		return nil, fmt.Errorf("perf buffer: %w", err)
	}
	var o perf.ReaderOptions
	if !immediate {
		o.Watermark = each / 4
	}
	r, err := perf.NewReaderWithOptions(events, each, o)
	if err != nil {
		events.Close()
		return nil, fmt.Errorf("perf buffer of %d bytes a processor: %w", each, refused(err))
	}
	return &perfRings{events: events, reader: r}, nil
}

// refused says what is missing where someone may not open perf events of a whole processor. The
// reader's error does not wrap the kernel's, so that is asked once more.
func refused(err error) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_BPF_OUTPUT, Size: unix.PERF_ATTR_SIZE_VER0}
	fd, reason := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if reason == nil {
		unix.Close(fd)
	}
	if !errors.Is(reason, os.ErrPermission) || unix.Capget(&hdr, &data[0]) != nil {
		return err
	}
	has := func(c int) bool { return data[c/32].Effective&(1<<(c%32)) != 0 }
	switch {
	case has(unix.CAP_SYS_ADMIN):
		return fmt.Errorf("%w (%v)", reason, err)
	case !has(unix.CAP_PERFMON):
		return fmt.Errorf("missing cap_perfmon (or cap_sys_admin): %w", reason)
	}
	// Debian's 5.10 counts no other capability at its own level 3.
	return fmt.Errorf("missing cap_sys_admin, which some kernels ask for where kernel.perf_event_paranoid is above 2: %w", reason)
}

func (r *perfRings) fd() int         { return r.events.FD() }
func (r *perfRings) bufferSize() int { return r.reader.BufferSize() }

// fill copies what there is into a block, waiting for it until a deadline, in the order of
// time. Samples of several processors come one processor after the other.
func (r *perfRings) fill(b *Block, deadline time.Time, h *Handle) error {
	if b.mem == nil {
		b.mem = make([]byte, blockBytes+2*maxPerf)
	}
	mem := b.mem
	r.reader.SetDeadline(deadline)
	for len(mem) > maxPerf+2*recordHeader && len(b.records) < blockPackets {
		err := r.reader.ReadInto(&r.record)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, perf.ErrFlushed) {
			break
		}
		if err != nil {
			return fmt.Errorf("perf buffer: %w", err)
		}
		if len(b.records) == 0 {
			r.reader.SetDeadline(time.Unix(1, 0)) // what is there, and no more waiting
		}
		if len(r.record.RawSample) < recordHeader {
			continue // lost samples, which the program has counted
		}
		n := h.complete(mem, r.record.RawSample)
		if n == 0 {
			return errors.New("corrupt perf buffer")
		}
		b.records = append(b.records, slot{&mem[0], uint32(n)})
		mem = mem[(n+7)&^7:]
	}
	slices.SortStableFunc(b.records, func(x, y slot) int {
		ne := binary.NativeEndian
		tx, ty := ne.Uint64(x.bytes()[recordTime:]), ne.Uint64(y.bytes()[recordTime:])
		switch {
		case tx < ty:
			return -1
		case tx > ty:
			return 1
		}
		return 0
	})
	return nil
}

// complete copies a sample to mem with the tag that its header has put where it belongs, and
// returns its length; 0 for one that makes no sense.
func (h *Handle) complete(mem, sample []byte) int {
	ne := binary.NativeEndian
	n, place := int(ne.Uint32(sample[recordCaptured:])), slot{&sample[0], recordHeader}.place()
	if place >= len(h.sites) || n > len(sample)-recordHeader || recordHeader+n+tagLength > len(mem) {
		return 0
	}
	packet := sample[recordHeader : recordHeader+n]
	copy(mem, sample[:recordHeader])
	to := mem[recordHeader:]
	if !h.sites[place].tags || sample[recordTagged] == 0 {
		copy(to, packet)
		return recordHeader + n
	}
	ne.PutUint32(mem[recordWire:], ne.Uint32(sample[recordWire:])+tagLength)
	if n >= tagOffset {
		copy(to, packet[:tagOffset])
		copy(to[tagOffset:], sample[recordTPID:recordTPID+tagLength])
		copy(to[behindTagEnd:], packet[tagOffset:])
		n = min(n+tagLength, h.snaplen)
	} else {
		copy(to, packet)
	}
	ne.PutUint32(mem[recordCaptured:], uint32(n))
	return recordHeader + n
}

// wake ends a wait.
func (r *perfRings) wake() { r.reader.Flush() }

func (r *perfRings) close() {
	r.reader.Close()
	r.events.Close()
}
