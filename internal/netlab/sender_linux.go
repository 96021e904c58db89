package netlab

import (
	"fmt"
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch is the number of frames given to the kernel in one call.
const batch = 64

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// A Sender puts raw frames on one end of the pair, or datagrams on a connected socket. It is
// for one goroutine.
type Sender struct {
	fd   int
	msgs [batch]mmsghdr
	iovs [batch]unix.Iovec
}

// Sender opens a raw sender on the namespace's veth end; the frames arrive at
// the other end. Close it.
func (ns *Namespace) Sender() (*Sender, error) {
	s := &Sender{fd: -1}
	err := ns.Do(func() error { return s.open(ns.Index) })
	if err != nil {
		return nil, err
	}
	return s, nil
}

// LoopbackSender opens a raw sender on the namespace's loopback device.
func (ns *Namespace) LoopbackSender() (*Sender, error) {
	s := &Sender{fd: -1}
	err := ns.Do(func() error { return s.open(1) }) // lo is the first device of every namespace
	if err != nil {
		return nil, err
	}
	return s, nil
}

// SenderOn returns a sender of datagrams on a connected socket, which it closes.
func SenderOn(fd int) *Sender { return &Sender{fd: fd} }

func (s *Sender) open(index int) error {
	// Protocol 0: a sender must not queue what arrives.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("packet socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index}); err != nil {
		unix.Close(fd)
		return fmt.Errorf("bind packet socket to interface %d: %w", index, err)
	}
	s.fd = fd
	return nil
}

// Close closes the sender.
func (s *Sender) Close() error { return unix.Close(s.fd) }

// Send sends the frames in order. Each starts at its link-layer header.
func (s *Sender) Send(frames ...[]byte) error {
	for len(frames) > 0 {
		n := min(len(frames), batch)
		for i, f := range frames[:n] {
			s.iovs[i].Base = unsafe.SliceData(f)
			s.iovs[i].SetLen(len(f))
			s.msgs[i].hdr.Iov = &s.iovs[i]
			s.msgs[i].hdr.Iovlen = 1
		}
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&s.msgs[0])), uintptr(n), 0, 0, 0)
		runtime.KeepAlive(frames)
		switch {
		case errno == unix.EINTR, errno == unix.ENOBUFS:
			continue
		case errno != 0:
			return fmt.Errorf("send frame of %d bytes: %w", len(frames[0]), errno)
		}
		frames = frames[sent:]
	}
	return nil
}

// Datagram returns a UDP frame from one end of the pair to the other, in the
// bytes that ns would send to peer.
func (ns *Namespace) Datagram(peer *Namespace, sport, dport uint16, payload []byte) []byte {
	return UDP4(peer.MAC, ns.MAC, netip.AddrPortFrom(peer.IP4, dport), netip.AddrPortFrom(ns.IP4, sport), payload)
}
