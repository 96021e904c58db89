package source

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// batch is the number of frames given to the kernel in one call.
const batch = 64

// pause is how long a source with a rate waits for frames to become due, and one whose
// interface is down for that to end.
const pause = time.Millisecond

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// Options say what to send.
type Options struct {
	// Kinds are Ethernet frames with UDP over IPv4, of NumberOffset+NumberSize bytes at
	// least. The frame with number n is a copy of Kinds[n%len(Kinds)].
	Kinds [][]byte
	Rate  float64 // frames a second; 0: as many as go
	CPU   int     // the processor to send on, counted from 1; 0: any
}

// A Source sends frames from one end of a veth pair.
type Source struct {
	o       Options
	fd      int
	sent    atomic.Uint64 // frames that the driver took; the number of the next one
	refused atomic.Uint64 // times that it took none
	end     atomic.Bool
	done    chan error // nil while it does not send

	frames [batch][][]byte // a copy of each kind for each place of a batch
	msgs   [batch]mmsghdr
	iovs   [batch]unix.Iovec
}

// Open makes a source at the namespace's end of the pair. It does not send yet.
func Open(ns *netlab.Namespace, o Options) (*Source, error) {
	if len(o.Kinds) == 0 {
		return nil, errors.New("source: no frames")
	}
	s := &Source{o: o, fd: -1}
	for i := range batch {
		for _, kind := range o.Kinds {
			if len(kind) < NumberOffset+NumberSize {
				return nil, fmt.Errorf("source: a frame of %d bytes, want %d at least", len(kind), NumberOffset+NumberSize)
			}
			frame := slices.Clone(kind)
			prepare(frame)
			s.frames[i] = append(s.frames[i], frame)
		}
		s.msgs[i].hdr.Iov = &s.iovs[i]
		s.msgs[i].hdr.Iovlen = 1
	}
	err := ns.Do(func() (err error) {
		if s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
			return err
		}
		return unix.Bind(s.fd, &unix.SockaddrLinklayer{Ifindex: ns.Index})
	})
	if err != nil {
		if s.fd >= 0 {
			unix.Close(s.fd)
		}
		return nil, fmt.Errorf("source on %s: %w", ns.Link, err)
	}
	return s, nil
}

// Sent returns how many frames were sent: those with lower numbers.
func (s *Source) Sent() uint64 { return s.sent.Load() }

// SentOf returns how many frames of a kind are among the first n.
func (s *Source) SentOf(kind int, n uint64) uint64 {
	kinds := uint64(len(s.o.Kinds))
	return n/kinds + min(1, (n%kinds+kinds-1-uint64(kind))/kinds)
}

// Refused returns how often the driver took no frame of a batch: its link was down, or
// the other end had no room.
func (s *Source) Refused() uint64 { return s.refused.Load() }

// Start begins to send, or goes on.
func (s *Source) Start() {
	if s.done != nil {
		return
	}
	s.end.Store(false)
	s.done = make(chan error, 1)
	go func() { s.done <- s.run() }()
}

// Stop ends the sending. When it returns, no frame is under way to the kernel.
func (s *Source) Stop() error {
	if s.done == nil {
		return nil
	}
	s.end.Store(true)
	err := <-s.done
	s.done = nil
	return err
}

// Close stops, and closes the socket.
func (s *Source) Close() error {
	return errors.Join(s.Stop(), unix.Close(s.fd))
}

// run sends until Stop.
func (s *Source) run() error {
	if s.o.CPU > 0 {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		var set unix.CPUSet
		set.Set(s.o.CPU - 1)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return fmt.Errorf("source on processor %d: %w", s.o.CPU-1, err)
		}
	}
	start, first := time.Now(), s.sent.Load()
	for !s.end.Load() {
		n := batch
		if s.o.Rate > 0 {
			due := uint64(s.o.Rate*time.Since(start).Seconds()) + first
			if due <= s.sent.Load() {
				time.Sleep(pause)
				continue
			}
			n = int(min(batch, due-s.sent.Load()))
		}
		sent, err := s.send(n)
		switch {
		case errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.ENXIO):
			s.refused.Add(1)
			time.Sleep(pause)
		case errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.EINTR):
			s.refused.Add(1)
		case err != nil:
			return fmt.Errorf("source: %w", err)
		}
		s.sent.Add(uint64(sent))
	}
	return nil
}

// Send sends n frames more, and returns when the driver has taken them all. It is not
// for a source that sends by itself.
func (s *Source) Send(n int) error {
	for n > 0 {
		sent, err := s.send(min(n, batch))
		if err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("source: %w", err)
		}
		s.sent.Add(uint64(sent))
		n -= sent
	}
	return nil
}

// send gives the next n frames to the kernel and returns how many of them it took.
func (s *Source) send(n int) (int, error) {
	next := s.sent.Load()
	for i := range n {
		number := next + uint64(i)
		frame := s.frames[i][number%uint64(len(s.o.Kinds))]
		setNumber(frame, number)
		s.iovs[i].Base = unsafe.SliceData(frame)
		s.iovs[i].SetLen(len(frame))
	}
	sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msgs[0])), uintptr(n), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(sent), nil
}
