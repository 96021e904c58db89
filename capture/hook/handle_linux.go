package hook

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
)

var errClosed = fmt.Errorf("hook: %w", os.ErrClosed)

// A Handle captures at a hook. All its methods may be called from several goroutines at
// once; a [Block] belongs to one at a time.
type Handle struct {
	sites     []*site
	snaplen   int
	immediate bool
	retire    time.Duration

	ring   *ring      // one of these two
	perf   *perfRings // is nil
	waiter waiter

	stop    atomic.Bool // Break was called
	closing atomic.Bool // Close was called
	starved atomic.Bool // NextBlock waits for a Release

	readMu   sync.Mutex // held by NextBlock: guards what follows
	clock    clock
	looked   time.Time // when the interfaces were last seen
	finished bool      // detached, the rest is being delivered
	final    error     // returned when there is nothing left

	mu     sync.Mutex // guards what follows; taken after readMu
	out    []*Block   // handed out, oldest first
	spare  []*Block
	closed bool
	stats  []capture.Stats // the last, once closed
}

// Open starts to capture. Nothing that a filter rejects is ever delivered.
//
// Programs that are attached already stay, and see what they saw. Where there is room for
// one only (XDP) and someone else has it, the error wraps [os.ErrExist] and names his
// program. It wraps [os.ErrPermission] and names a capability where one is missing, and
// [errors.ErrUnsupported] where the kernel lacks something. An interface that is down is
// no error.
func Open(cfg Config) (*Handle, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	h := &Handle{snaplen: cfg.Snaplen, immediate: cfg.Immediate, retire: cfg.BlockTimeout}
	if h.snaplen == 0 {
		h.snaplen = capture.DefaultSnaplen
	}
	if h.retire == 0 {
		h.retire = capture.DefaultBlockTimeout
	}
	h.waiter = waiter{-1, -1}
	if err := h.open(&cfg); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// open builds the handle; the programs are attached last.
func (h *Handle) open(cfg *Config) error {
	for _, p := range cfg.Places {
		s := &site{Place: p}
		s.device.socket = -1
		h.sites = append(h.sites, s)
		if err := s.openDevice(); err != nil {
			return err
		}
	}
	p := program{immediate: cfg.Immediate}
	err := h.openBuffer(cfg, &p)
	if err != nil {
		return fmt.Errorf("hook: %w", err)
	}
	if h.waiter, err = newWaiter(h.ring); err != nil {
		return err
	}
	for i, s := range h.sites {
		p.place = i
		if err := s.load(p); err != nil {
			return err
		}
	}
	for _, s := range h.sites {
		if err := s.attach(); err != nil {
			return err
		}
	}
	return nil
}

// openBuffer makes the buffer and tells the program.
func (h *Handle) openBuffer(cfg *Config, p *program) (err error) {
	size := cfg.BufferSize
	if size == 0 {
		size = capture.DefaultBufferSize
	}
	var lacks error
	for _, s := range h.sites {
		if s.Hook.ProgramType() == ebpf.XDP && lacks == nil {
			lacks = attach.Access(ebpf.XDP, attach.AccessHelper) // to copy a frame into the ring
			if errors.Is(lacks, errors.ErrUnsupported) {
				lacks = fmt.Errorf("ring buffer for XDP (Linux 5.18): %w", lacks)
			}
		}
	}
	if lacks == nil && cfg.Buffer != PerfBuffer {
		h.ring, lacks = newRing(max(size, 2*(recordHeader+roomsEnd(h.snaplen))))
	}
	switch {
	case h.ring != nil:
		p.buffer, p.events, p.size = RingBuffer, h.ring.fd(), h.ring.bufferSize()
	case cfg.Buffer == RingBuffer || errors.Is(lacks, os.ErrPermission):
		return lacks
	default:
		if h.perf, err = newPerf(size, cfg.Immediate); err != nil {
			if lacks != nil {
				err = fmt.Errorf("%w; and no ring buffer: %w", err, lacks)
			}
			return err
		}
		h.snaplen = min(h.snaplen, maxPerf)
		p.buffer, p.events = PerfBuffer, h.perf.fd()
	}
	p.snaplen = h.snaplen
	return nil
}

// Attachments returns what became of each place.
func (h *Handle) Attachments() []Attachment {
	var all []Attachment
	for _, s := range h.sites {
		all = append(all, Attachment{s.Hook, s.device.name, s.linkType, s.via, s.lasts, s.length})
	}
	return all
}

// Snaplen returns the snapshot length in bytes.
func (h *Handle) Snaplen() int { return h.snaplen }

// Buffer returns the kind of buffer and its size in bytes, of a perf buffer for each
// processor.
func (h *Handle) Buffer() (Buffer, int) {
	if h.ring != nil {
		return RingBuffer, h.ring.bufferSize()
	}
	return PerfBuffer, h.perf.bufferSize()
}

// NextBlock returns the next run of packets, waiting for one if need be. The caller releases
// it. Several may be held.
//
// The error is io.EOF after Break, when everything has been delivered; it wraps
// capture.ErrGone when the interface was removed, which comes after the last packet, too.
func (h *Handle) NextBlock() (*Block, error) {
	h.readMu.Lock()
	defer h.readMu.Unlock()
	for {
		if h.closing.Load() {
			return nil, errClosed
		}
		if h.stop.Load() && !h.finished {
			h.finish(io.EOF)
		}
		b, err := h.take()
		switch {
		case err != nil:
			return nil, err
		case b != nil:
			return b, nil
		case h.finished:
			return nil, h.final
		}
		if err := h.wait(); err != nil {
			return nil, err
		}
	}
}

// take hands out what there is. With a perf buffer it is what waits for it.
func (h *Handle) take() (*Block, error) {
	b := h.blank()
	if h.ring != nil {
		h.ring.fill(b)
	} else {
		timeout := h.retire
		if h.immediate {
			timeout = lookInterval
		}
		if h.finished {
			timeout = -time.Second
		}
		if err := h.perf.fill(b, time.Now().Add(timeout), h); err != nil {
			return nil, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(b.records) == 0 {
		if h.ring != nil && len(h.out) == 0 {
			h.ring.consume(b.end)
		}
		h.spare = append(h.spare, b)
		return nil, nil
	}
	b.epoch = h.clock.now()
	b.held = true
	for _, r := range b.records {
		h.sites[r.place()].taken++
	}
	h.out = append(h.out, b)
	return b, nil
}

// blank returns an empty block.
func (h *Handle) blank() *Block {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.spare)
	if n == 0 {
		return &Block{h: h}
	}
	b := h.spare[n-1]
	h.spare = h.spare[:n-1]
	b.records, b.next, b.gone = b.records[:0], 0, false
	return b
}

// release takes a block back. The kernel gets its room when those before it are back, too.
func (h *Handle) release(b *Block) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range b.records[:b.next] {
		h.sites[r.place()].delivered++
	}
	b.gone = true
	for len(h.out) > 0 && h.out[0].gone {
		first := h.out[0]
		h.out = append(h.out[:0], h.out[1:]...)
		if h.ring != nil && !h.closed {
			h.ring.consume(first.end)
		}
		h.spare = append(h.spare, first)
	}
	if len(h.out) > 0 {
		return
	}
	if h.closed {
		h.unmap()
	} else if h.starved.Swap(false) {
		h.waiter.wake()
	}
}

// finish detaches the programs and waits until none is running. From then on what is in the
// buffer is all there is. err is what comes after it.
func (h *Handle) finish(err error) {
	if e := h.detach(); e != nil {
		err = e
	}
	if attach.Settle() != nil {
		time.Sleep(settleTime) // no way to know
	}
	h.finished, h.final = true, err
}

// settleTime is much longer than a program runs.
const settleTime = 100 * time.Millisecond

// detach removes the programs.
func (h *Handle) detach() error {
	var errs []error
	for _, s := range h.sites {
		errs = append(errs, s.detach())
	}
	return errors.Join(errs...)
}

// Stats returns the counts so far, for each place: Received, Dropped and Delivered of them.
// Dropped are those that the buffer had no room for. After Close it returns the last ones.
func (h *Handle) Stats() []capture.Stats {
	quiet := h.readMu.TryLock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if quiet {
		defer h.readMu.Unlock()
	}
	if h.closed {
		return h.stats
	}
	return h.count(quiet)
}

// count adds up. What waits in a ring buffer can be counted while nobody reads; while
// somebody does it is on its way to be.
func (h *Handle) count(quiet bool) []capture.Stats {
	all := make([]capture.Stats, len(h.sites))
	for i, s := range h.sites {
		c := capture.Stats{Delivered: s.delivered, Received: s.taken}
		if s.counters != nil {
			c.Dropped = s.counters.sum()
		}
		if quiet && h.ring != nil {
			c.Received += h.ring.unread(i)
		}
		c.Received += c.Dropped
		all[i] = c
	}
	return all
}

// Break ends the capture: no further packet is let in, what the programs have accepted is
// still delivered, and then NextBlock returns [io.EOF]. It may be called from any goroutine
// and does not wait.
func (h *Handle) Break() {
	h.stop.Store(true)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wake()
}

// wake ends a wait.
func (h *Handle) wake() {
	if h.closed {
		return
	}
	h.waiter.wake()
	if h.perf != nil {
		h.perf.wake()
	}
}

// Close detaches the programs and gives everything back. Packets not yet delivered are
// lost (call Break first and read to the end if they matter), and a waiting NextBlock
// returns an error that wraps [os.ErrClosed]. Packets of blocks that are held stay until these
// are released.
func (h *Handle) Close() error {
	h.closing.Store(true)
	h.Break()
	h.readMu.Lock()
	defer h.readMu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errClosed
	}
	err := h.detach()
	h.stats = h.count(true)
	h.closed = true
	h.waiter.close()
	for _, s := range h.sites {
		s.close()
	}
	if h.perf != nil {
		h.perf.close()
	}
	if len(h.out) == 0 {
		h.unmap()
	}
	return err
}

// unmap gives a ring buffer back.
func (h *Handle) unmap() {
	if h.ring != nil {
		h.ring.close()
	}
}
