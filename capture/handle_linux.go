package capture

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/linktype"
	"golang.org/x/sys/unix"
)

// A Handle captures packets. All its methods may be called from several
// goroutines at once; a [Block] belongs to one at a time.
type Handle struct {
	device    device
	linkType  linktype.Type
	framing   framing
	snaplen   int
	direction Direction
	retire    time.Duration

	file *os.File // the packet socket
	fd   int      // its descriptor; see lock below
	ring *ring

	// change is the filter in force, for the readers of blocks.
	change  atomic.Pointer[change]
	failure atomic.Pointer[error] // set by a block that makes no sense
	stop    atomic.Bool           // Break was called
	closing atomic.Bool           // Close was called
	starved atomic.Bool           // NextBlock waits for a Release
	awaited atomic.Pointer[Block] // NextBlock waits for packets, or for the release of this one

	delivered, filtered, discarded atomic.Uint64

	// Locks are taken in this order. The descriptors are good while any is held
	// and closed is false.
	filterMu sync.Mutex // held by SetFilter
	readMu   sync.Mutex // held by NextBlock: guards what follows
	next     int        // index of the block that is filled next
	expect   uint64     // its sequence number
	finished bool       // the socket is shut, the rest is being delivered
	final    error      // returned when there is nothing left
	down     bool
	current  *Block // of Next
	shutMu   sync.Mutex
	shut     bool // no program may be attached any more
	mu       sync.Mutex
	event    int // eventfd that ends a wait
	closed   bool
	stats    Stats
}

var _ syscall.Conn = (*Handle)(nil)

// A change is the moment from which a filter is in force, and its predicate.
type change struct {
	// Packets in blocks before sequence, and the first packets of that block, were
	// accepted by an earlier filter.
	sequence uint64
	packets  uint32
	accept   func(*Packet) bool
}

// Open starts to capture. Nothing that arrived before, and nothing that
// cfg.Filter rejects, is ever delivered.
//
// The interface is looked up in the network namespace of the calling thread, and
// the handle stays in it. Errors wrap ErrNoInterface, ErrDown or
// [os.ErrPermission] where that is what is wrong; the last names the capability.
func Open(cfg Config) (*Handle, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	h := newHandle(&cfg)
	if err := h.open(&cfg); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func newHandle(cfg *Config) *Handle {
	h := &Handle{snaplen: cfg.Snaplen, direction: cfg.Direction, event: -1}
	if h.snaplen == 0 {
		h.snaplen = DefaultSnaplen
	}
	return h
}

// check finds what is wrong with a configuration by itself.
func (cfg *Config) check() error {
	switch {
	case cfg.Snaplen < 0:
		return fmt.Errorf("capture: snapshot length %d is negative", cfg.Snaplen)
	case cfg.BufferSize < 0 || cfg.BufferSize > 1<<31-maxBlockSize:
		return fmt.Errorf("capture: buffer size %d is not within 0 to %d bytes", cfg.BufferSize, 1<<31-maxBlockSize)
	case cfg.BlockTimeout < 0 || cfg.BlockTimeout > time.Hour:
		return fmt.Errorf("capture: block timeout %v is not within 0 and an hour", cfg.BlockTimeout)
	case cfg.Direction > Out:
		return fmt.Errorf("capture: direction %d does not exist", cfg.Direction)
	case cfg.TimeStamp > AdapterUnsyncedTime:
		return fmt.Errorf("capture: time stamp %d does not exist", cfg.TimeStamp)
	case cfg.Spread > ByCPU:
		return fmt.Errorf("capture: spread %d does not exist", cfg.Spread)
	}
	return cfg.Filter.check()
}

func (f *Filter) check() error {
	n := 0
	for _, set := range []bool{f.Classic != nil, f.Program != nil, f.Attach != nil} {
		if set {
			n++
		}
	}
	if n > 1 {
		return errors.New("capture: a filter has one program, not several")
	}
	return nil
}

// open builds the handle in the order that does not leak: a socket with protocol
// 0, which receives nothing; a program that rejects everything; the ring; the real
// program; and the bind that lets packets in, last.
func (h *Handle) open(cfg *Config) error {
	if err := h.prepare(cfg); err != nil {
		return err
	}
	if err := h.install(&cfg.Filter); err != nil {
		return err
	}
	return bind(h.fd, &h.device)
}

// prepare does what comes before the real program. The socket receives nothing, and
// rejects everything.
func (h *Handle) prepare(cfg *Config) error {
	if err := h.openSocket(cfg); err != nil {
		return err
	}
	if err := attach.Socket(h, attach.Return(0)); err != nil {
		return err
	}
	h.retire = cfg.retire()
	size := cfg.BufferSize
	if size == 0 {
		size = DefaultBufferSize
	}
	var err error
	if h.ring, err = newRing(h.fd, size, uint32(h.retire.Milliseconds())); err != nil {
		return &InterfaceError{h.device.name, err}
	}
	h.expect = h.ring.blocks[0].header().sequence
	if h.event, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return fmt.Errorf("capture: eventfd: %w", err)
	}
	if err := stamp(h.fd, &h.device, cfg.TimeStamp); err != nil {
		return err
	}
	if cfg.Promiscuous && h.device.index != 0 {
		if err := setPromiscuous(h.fd, &h.device); err != nil {
			return err
		}
	}
	if h.ignoresOutgoing() {
		if err := ignoreOutgoing(h.fd); err != nil {
			return &InterfaceError{h.device.name, err}
		}
	}
	h.change.Store(&change{accept: cfg.Filter.Accept})
	return nil
}

// ignoresOutgoing reports whether the packets that this machine sends are not wanted. A
// loopback device shows each packet twice; the outgoing one is the duplicate.
func (h *Handle) ignoresOutgoing() bool {
	return h.direction == In || h.device.number == arphrdLoopback && h.direction == InOut
}

// retire returns the block timeout, in whole milliseconds and at least one.
func (cfg *Config) retire() time.Duration {
	d := cfg.BlockTimeout
	switch {
	case cfg.Immediate:
		d = time.Millisecond
	case d == 0:
		d = DefaultBlockTimeout
	}
	return max(d.Truncate(time.Millisecond), time.Millisecond)
}

// openSocket opens the socket of the type that the interface takes.
func (h *Handle) openSocket(cfg *Config) error {
	fd, err := openPacket(unix.SOCK_RAW)
	if err != nil {
		return err
	}
	h.device, err = findDevice(fd, cfg.Interface, cfg.Index)
	if err == nil && h.device.cooked {
		unix.Close(fd)
		fd, err = openPacket(unix.SOCK_DGRAM)
	}
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return err
	}
	h.fd = fd
	// The descriptor is a blocking one, so that the runtime's poller leaves it
	// alone: it would be woken for every block.
	h.file = os.NewFile(uintptr(fd), "packet socket")
	if h.linkType, err = h.device.choose(cfg.LinkType); err != nil {
		return err
	}
	switch {
	case h.linkType == linktype.LinuxSLL2:
		h.framing = framingSLL2
	case h.device.cooked:
		h.framing = framingSLL
	case h.linkType == linktype.Ethernet:
		h.framing = framingEthernet
	case h.linkType == linktype.CANSocketCAN:
		h.framing = framingCAN
	}
	return nil
}

// install attaches a filter's program. Without one the kernel would copy whole
// packets; a program that accepts everything cuts them, unless the predicate is
// to see them whole.
func (h *Handle) install(f *Filter) error {
	switch {
	case f.Attach != nil:
		alone, err := f.Attach(h)
		if c := *h.change.Load(); alone && c.accept != nil {
			c.accept = nil // for each packet the reader looks whether there is one
			h.change.Store(&c)
		}
		return err
	case f.Program != nil:
		return attach.SocketProgram(h, f.Program)
	case f.Classic != nil:
		return attach.Socket(h, f.Classic)
	case f.Accept != nil:
		return attach.Socket(h, attach.Return(math.MaxUint32))
	}
	return attach.Socket(h, attach.Return(uint32(min(h.snaplen, math.MaxInt32))))
}

// SyscallConn gives access to the packet socket, as package attach wants it.
func (h *Handle) SyscallConn() (syscall.RawConn, error) { return h.file.SyscallConn() }

// Interface returns the interface's name when it was opened.
func (h *Handle) Interface() string { return h.device.name }

// LinkType returns what each packet's bytes start with.
func (h *Handle) LinkType() linktype.Type { return h.linkType }

// Cooked reports whether the kernel takes the link-layer header away, so that a
// program in the kernel sees bytes that start at the network layer, and the
// reader sees them with a cooked header in front.
func (h *Handle) Cooked() bool { return h.device.cooked }

// Snaplen returns the snapshot length in bytes.
func (h *Handle) Snaplen() int { return h.snaplen }

// BufferSize returns the size of the ring in bytes.
func (h *Handle) BufferSize() int { return len(h.ring.mem) }

// SetFilter exchanges the filter. Nothing that f rejects is delivered after it
// returns nil, or by a concurrent reader once it has seen the change; packets in
// the ring that were not read yet are discarded and counted in Stats.Discarded,
// and packets that arrive while the filter changes, some milliseconds, are lost.
//
// Where the new program is refused the socket is left rejecting everything, until
// another SetFilter succeeds.
func (h *Handle) SetFilter(f Filter) error {
	if err := f.check(); err != nil {
		return err
	}
	h.filterMu.Lock()
	defer h.filterMu.Unlock()
	if h.closing.Load() {
		return h.errClosed()
	}
	if err := attach.Socket(h, attach.Return(0)); err != nil {
		return err
	}
	if err := attach.Settle(); err != nil {
		return &InterfaceError{h.device.name, fmt.Errorf("change filter: %w", err)}
	}
	sequence, packets := h.ring.mark()
	h.change.Store(&change{sequence: sequence, packets: packets, accept: f.Accept})
	h.shutMu.Lock()
	defer h.shutMu.Unlock()
	if h.shut {
		return nil
	}
	return h.install(&f)
}

// Stats returns the counts so far. After Close it returns the last ones.
func (h *Handle) Stats() (Stats, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	if !h.closed {
		err = h.readStats()
	}
	s := h.stats
	s.Delivered, s.Filtered, s.Discarded = h.delivered.Load(), h.filtered.Load(), h.discarded.Load()
	return s, err
}

// readStats adds the kernel's counts, which it sets to zero when it tells them.
func (h *Handle) readStats() error {
	st, err := unix.GetsockoptTpacketStatsV3(h.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return &InterfaceError{h.device.name, fmt.Errorf("packet statistics: %w", err)}
	}
	h.stats.Received += uint64(st.Packets)
	h.stats.Dropped += uint64(st.Drops)
	h.stats.Freezes += uint64(st.Freeze_q_cnt)
	return nil
}

// Break ends the capture: no further packet is let in, what the kernel has
// accepted is still delivered, and then Next and NextBlock return [io.EOF]. It
// may be called from any goroutine and does not wait.
func (h *Handle) Break() {
	h.stop.Store(true)
	h.wake()
}

// Close gives everything back to the kernel. Packets not yet delivered are lost
// (call Break first and read to the end if they matter), and a waiting Next or
// NextBlock returns an error that wraps [os.ErrClosed]. The bytes of packets in
// blocks that are still held turn to zeroes.
func (h *Handle) Close() error {
	h.closing.Store(true)
	h.Break()
	h.filterMu.Lock()
	defer h.filterMu.Unlock()
	h.readMu.Lock()
	defer h.readMu.Unlock()
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return h.errClosed()
	}
	h.closed = true
	if h.ring != nil {
		h.readStats()
	}
	var errs []error
	if h.event >= 0 {
		errs = append(errs, unix.Close(h.event))
	}
	h.mu.Unlock()
	if h.ring != nil {
		errs = append(errs, h.ring.close())
	}
	if h.file != nil {
		errs = append(errs, h.file.Close())
	}
	return errors.Join(errs...)
}

func (h *Handle) errClosed() error { return &InterfaceError{h.device.name, os.ErrClosed} }

// wake ends a wait of NextBlock's.
func (h *Handle) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.event < 0 {
		return
	}
	one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1} // not zero in any byte order
	unix.Write(h.event, one[:])            // it can only fail because it is full, which wakes as well
}

// fail records an error that ends the capture.
func (h *Handle) fail(err error) { h.failure.CompareAndSwap(nil, &err) }
