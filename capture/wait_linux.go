package capture

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// What an interface that went down is given to show that it is being removed, how often
// one that stays down is looked at, and how often at most the ring is while its last block
// is held, in milliseconds.
const (
	removalTime  = 20
	downInterval = 250
	heldInterval = 10
)

// wait returns when the ring may have a block, when someone called wake, or with
// an error.
func (h *Handle) wait() error {
	fds := [2]unix.PollFd{{Fd: int32(h.fd), Events: unix.POLLIN}, {Fd: int32(h.event), Events: unix.POLLIN}}
	timeout := -1
	if h.down {
		timeout = downInterval
	}
	blocks := h.ring.blocks
	last := &blocks[(h.next+len(blocks)-1)%len(blocks)]
	if last.held.Load() {
		// The kernel calls the socket readable as long as the last block that it handed
		// over is ours (packet_previous_rx_frame in net/packet/af_packet.c): poll would
		// return at once, again and again. Errors it tells all the same. A MiB takes
		// packets for a millisecond at least.
		fds[0].Events = 0
		timeout = min(heldInterval, 1+len(h.ring.mem)>>20)
		h.awaited.Store(last)
		if !last.held.Load() {
			return nil
		}
	}
	n, err := unix.Poll(fds[:], timeout)
	switch {
	case errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return fmt.Errorf("capture: poll: %w", err)
	case n == 0 && h.down && h.gone():
		h.finish(&InterfaceError{h.device.name, ErrGone})
		return nil
	}
	if fds[1].Revents != 0 {
		h.clearEvent()
	}
	if fds[0].Revents&unix.POLLIN != 0 {
		h.down = false
	}
	if fds[0].Revents&^unix.POLLIN != 0 {
		return h.socketError()
	}
	return nil
}

// waitEvent returns when someone called wake.
func (h *Handle) waitEvent() {
	fds := [1]unix.PollFd{{Fd: int32(h.event), Events: unix.POLLIN}}
	unix.Poll(fds[:], -1)
	h.clearEvent()
}

func (h *Handle) clearEvent() {
	var b [8]byte
	unix.Read(h.event, b[:])
}

// socketError reads the error that the socket has pending.
func (h *Handle) socketError() error {
	errno, err := unix.GetsockoptInt(h.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return &InterfaceError{h.device.name, err}
	case errno == 0:
		return nil
	case errno != int(unix.ENETDOWN):
		return &InterfaceError{h.device.name, unix.Errno(errno)}
	}
	// The kernel says the same for an interface that is being removed, before it
	// is.
	for range removalTime {
		if h.gone() {
			h.finish(&InterfaceError{h.device.name, ErrGone})
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	h.down = true
	return &InterfaceError{h.device.name, ErrDown}
}

// gone reports whether the interface has left the socket's namespace.
func (h *Handle) gone() bool {
	if h.device.index == 0 {
		return false
	}
	_, err := nameOf(h.fd, h.device.index)
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO)
}
