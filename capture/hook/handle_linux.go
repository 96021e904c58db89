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
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// A Handle captures at a hook. All its methods may be called from several goroutines at
// once; a [Block] belongs to one at a time.
type Handle struct {
	hook      Hook
	device    device
	linkType  linktype.Type
	snaplen   int
	tags      bool
	immediate bool
	retire    time.Duration
	arphrd    uint16

	links    []*attach.Link
	via      string
	lasts    bool
	length   int // of the longest program, in instructions
	counters *counters
	ring     *ring      // one of these two
	perf     *perfRings // is nil
	waiter   waiter

	stop    atomic.Bool // Break was called
	closing atomic.Bool // Close was called
	starved atomic.Bool // NextBlock waits for a Release

	taken, delivered atomic.Uint64

	readMu   sync.Mutex // held by NextBlock: guards what follows
	clock    clock
	looked   time.Time // when the interface was last seen
	finished bool      // detached, the rest is being delivered
	final    error     // returned when there is nothing left

	mu     sync.Mutex // guards what follows; taken after readMu
	out    []*Block   // handed out, oldest first
	spare  []*Block
	closed bool
	stats  capture.Stats // the last, once closed
}

// Open starts to capture. Nothing that cfg.Filter rejects is ever delivered.
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
	h := &Handle{hook: cfg.Hook, snaplen: cfg.Snaplen, immediate: cfg.Immediate, retire: cfg.BlockTimeout}
	if h.snaplen == 0 {
		h.snaplen = capture.DefaultSnaplen
	}
	if h.retire == 0 {
		h.retire = capture.DefaultBlockTimeout
	}
	h.device.socket, h.waiter.epoll, h.waiter.event = -1, -1, -1
	if err := h.open(&cfg); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// open builds the handle; the programs are attached last.
func (h *Handle) open(cfg *Config) error {
	directions, err := cfg.Hook.directions(cfg.Direction)
	if err != nil {
		return err
	}
	if err := h.openDevice(cfg); err != nil {
		return err
	}
	if cfg.Hook.Kind == TCX && h.arphrd == unix.ARPHRD_LOOPBACK && cfg.Direction == capture.InOut {
		directions = []attach.Direction{attach.Ingress} // what goes out comes in
	}
	p := &program{
		typ: cfg.Hook.ProgramType(), filter: cfg.Filter, verdict: cfg.Hook.Verdict(),
		immediate: cfg.Immediate, tags: h.tags,
	}
	if cfg.Hook.Kind == Cgroup {
		p.only = h.device.index
	}
	if err := h.openBuffer(cfg, p); err != nil {
		return h.failed(err)
	}
	if h.waiter, err = newWaiter(h.ring); err != nil {
		return err
	}
	progs, err := h.load(p, directions, cfg.FilterFlags)
	defer func() {
		for _, prog := range progs {
			prog.Close() // a link keeps it
		}
	}()
	if err != nil {
		return h.failed(err)
	}
	if cfg.Promiscuous && cfg.Hook.Kind != Cgroup && directions[0] == attach.Ingress {
		if err := h.device.setPromiscuous(); err != nil {
			return h.failed(err)
		}
	}
	for i, d := range directions {
		l, err := h.attach(d, progs[i])
		if err != nil {
			return h.failed(err)
		}
		h.links = append(h.links, l)
		h.via, h.lasts = l.Via, l.Lasts
	}
	return nil
}

// failed names what an error is about.
func (h *Handle) failed(err error) error {
	return &capture.InterfaceError{Interface: h.Interface(), Err: err}
}

// openBuffer makes the buffer, and the counters, and tells the program.
func (h *Handle) openBuffer(cfg *Config, p *program) (err error) {
	size := cfg.BufferSize
	if size == 0 {
		size = capture.DefaultBufferSize
	}
	p.helpers = p.typ != ebpf.XDP
	var lacks error
	if !p.helpers {
		lacks = attach.Access(ebpf.XDP, attach.AccessHelper)
		p.helpers = lacks == nil
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
			return errors.Join(lacks, err)
		}
		h.snaplen = min(h.snaplen, maxPerf)
		p.buffer, p.events = PerfBuffer, h.perf.fd()
	}
	p.snaplen = h.snaplen
	if h.counters, err = newCounters(); err == nil {
		p.counters = h.counters.m.FD()
	}
	return err
}

// load loads a program for each direction.
func (h *Handle) load(p *program, directions []attach.Direction, flags uint32) ([]*ebpf.Program, error) {
	var progs []*ebpf.Program
	for _, p.direction = range directions {
		insns := p.build()
		h.length = max(h.length, instructions(insns))
		prog, err := attach.LoadFlags(insns, p.typ, flags)
		if err != nil {
			return progs, fmt.Errorf("%s: %w", p.what(), err)
		}
		progs = append(progs, prog)
	}
	return progs, nil
}

// attach attaches a program.
func (h *Handle) attach(d attach.Direction, prog *ebpf.Program) (*attach.Link, error) {
	switch h.hook.Kind {
	case TCIngress, TCEgress:
		return attach.TC(h.device.index, d, prog)
	case TCX:
		return attach.TCX(h.device.index, d, prog)
	case XDP:
		return attach.XDP(h.device.index, prog, attach.XDPAuto)
	case XDPGeneric:
		return attach.XDP(h.device.index, prog, attach.XDPGeneric)
	case Cgroup:
		return attach.Cgroup(h.hook.Path, d, prog)
	}
	panic(fmt.Sprintf("hook: attach to %s", h.hook))
}

// Interface returns the interface's name when it was opened; capture.Any for a control group
// and all interfaces.
func (h *Handle) Interface() string { return h.device.name }

// LinkType returns what each packet's bytes start with.
func (h *Handle) LinkType() linktype.Type { return h.linkType }

// Snaplen returns the snapshot length in bytes.
func (h *Handle) Snaplen() int { return h.snaplen }

// Via returns the kernel's mechanism, as attach.Link has it.
func (h *Handle) Via() string { return h.via }

// Lasts reports whether a program stays when this process ends without Close, as
// attach.Link has it. It writes into a buffer that nobody reads then.
func (h *Handle) Lasts() bool { return h.lasts }

// Instructions returns the length of the program, of the longer one where there is one for
// each direction.
func (h *Handle) Instructions() int { return h.length }

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
			return nil, h.failed(os.ErrClosed)
		}
		if h.stop.Load() && !h.finished {
			h.finish(io.EOF)
		}
		b, err := h.take()
		switch {
		case err != nil:
			return nil, h.failed(err)
		case b != nil:
			return b, nil
		case h.finished:
			return nil, h.final
		}
		if err := h.wait(); err != nil {
			return nil, h.failed(err)
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
	h.taken.Add(uint64(len(b.records)))
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
	h.delivered.Add(uint64(b.next))
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
		err = h.failed(e)
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
	for _, l := range h.links {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// Stats returns the counts so far: Received, Dropped and Delivered of them. Dropped are those
// that the buffer had no room for. After Close it returns the last ones.
func (h *Handle) Stats() (capture.Stats, error) {
	quiet := h.readMu.TryLock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if quiet {
		defer h.readMu.Unlock()
	}
	if h.closed {
		return h.stats, nil
	}
	return h.count(quiet), nil
}

// count adds up. What waits in a ring buffer can be counted while nobody reads; while
// somebody does it is on its way to be.
func (h *Handle) count(quiet bool) capture.Stats {
	s := capture.Stats{Dropped: h.counters.sum(), Delivered: h.delivered.Load(), Received: h.taken.Load()}
	if quiet && h.ring != nil {
		s.Received += h.ring.unread()
	}
	s.Received += s.Dropped
	return s
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
		return h.failed(os.ErrClosed)
	}
	err := h.detach()
	if h.counters != nil && (h.ring != nil || h.perf != nil) {
		h.stats = h.count(true)
	}
	h.closed = true
	h.waiter.close()
	h.device.close()
	if h.counters != nil {
		h.counters.close()
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
