package hook

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/capture"
)

// lookInterval is how often an interface that is silent is looked for.
const lookInterval = 250 * time.Millisecond

// heldInterval is how often a ring is looked at while a block of it is held.
const heldInterval = 2 * time.Millisecond

// A waiter waits for the kernel's word that there are packets, or for this process's.
type waiter struct {
	epoll int
	event int // eventfd
}

// newWaiter makes a waiter for a ring buffer; nil: for words of this process only.
//
// The ring is edge-triggered: as long as anything is in it, it is ready, and whoever takes
// packets together wants to know only when the program says so.
func newWaiter(r *ring) (w waiter, err error) {
	w = waiter{-1, -1}
	if w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err == nil {
		w.event, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	}
	if err == nil {
		err = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, w.event, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(w.event)})
	}
	if err == nil && r != nil {
		err = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, r.fd(), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(r.fd())})
	}
	if err != nil {
		w.close()
		return waiter{-1, -1}, fmt.Errorf("hook: epoll: %w", err)
	}
	return w, nil
}

// wait returns when there is a word, or after the time, and says which of the two it was.
func (w *waiter) wait(d time.Duration) (word bool, err error) {
	var events [2]unix.EpollEvent
	n, err := unix.EpollWait(w.epoll, events[:], int(max(d, time.Millisecond).Milliseconds()))
	if errors.Is(err, unix.EINTR) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("epoll: %w", err)
	}
	for _, e := range events[:n] {
		if e.Fd == int32(w.event) {
			var b [8]byte
			unix.Read(w.event, b[:])
		}
	}
	return n > 0, nil
}

// wake ends a wait, or the next one.
func (w *waiter) wake() {
	one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1} // not zero in any byte order
	unix.Write(w.event, one[:])            // it can only fail because it is full, which wakes as well
}

func (w *waiter) close() {
	for _, fd := range []int{w.epoll, w.event} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// wait returns when there may be packets.
func (h *Handle) wait() error {
	if h.ring != nil {
		d := h.retire
		if h.immediate {
			d = lookInterval
		}
		h.mu.Lock()
		if len(h.out) > 0 {
			// The programs take what is held for unread, and say nothing. Release does, or
			// it is looked again.
			h.starved.Store(true)
			d = min(d, heldInterval)
		}
		h.mu.Unlock()
		if word, err := h.waiter.wait(d); word || err != nil {
			return err
		}
	}
	if now := time.Now(); now.Sub(h.looked) >= lookInterval {
		h.looked = now
		for _, s := range h.sites {
			if s.device.gone() {
				h.finish(s.failed(capture.ErrGone))
				return nil
			}
		}
	}
	return nil
}
