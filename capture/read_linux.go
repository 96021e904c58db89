package capture

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/gofilter/gofilter/attach"
)

// skips reports whether a packet is not wanted because of its direction.
func (h *Handle) skips(p *Packet) bool {
	if p.Type != Outgoing {
		return h.direction == Out
	}
	switch p.ARPHRD {
	case arphrdLoopback:
		return true // it comes in as well
	case arphrdCAN:
		return h.direction != Out // likewise
	}
	return h.direction == In
}

// Next puts the next packet into p, waiting for one if need be. The packet is
// good until the next call. The errors are those of NextBlock.
func (h *Handle) Next(p *Packet) error {
	h.readMu.Lock()
	defer h.readMu.Unlock()
	for {
		if b := h.current; b != nil {
			if !h.closing.Load() && b.Next(p) {
				return nil
			}
			b.Release()
			h.current = nil
		}
		b, err := h.nextBlock()
		if err != nil {
			return err
		}
		h.current = b
	}
}

// NextBlock returns the next run of packets, waiting for one if need be. The
// caller releases it. Blocks may be held, several at a time, while the kernel
// fills others; when all are held, NextBlock waits for a Release.
//
// The error is io.EOF after Break, when everything has been delivered. It wraps
// ErrGone when the interface was removed; that, too, comes after the last packet.
// It wraps ErrDown once when the interface goes down: it is not the end, the
// next call waits for packets again.
func (h *Handle) NextBlock() (*Block, error) {
	h.readMu.Lock()
	defer h.readMu.Unlock()
	if b := h.current; b != nil { // Next was called before
		h.current = nil
		if b.left > 0 {
			return b, nil
		}
		b.Release()
	}
	return h.nextBlock()
}

// Pending reports whether NextBlock would return a block at once. It is false, too,
// while another goroutine is in Next or NextBlock.
func (h *Handle) Pending() bool {
	if !h.readMu.TryLock() {
		return false
	}
	defer h.readMu.Unlock()
	if h.closing.Load() {
		return false
	}
	if h.current != nil && h.current.left > 0 {
		return true
	}
	b := &h.ring.blocks[h.next]
	return !b.open && !b.held.Load() && b.ours()
}

func (h *Handle) nextBlock() (*Block, error) {
	for {
		if h.closing.Load() {
			return nil, h.errClosed()
		}
		if err := h.failure.Load(); err != nil {
			return nil, *err
		}
		b := &h.ring.blocks[h.next]
		switch {
		case b.open: // the last one, see finish
			return nil, h.final
		case b.held.Load():
			h.starved.Store(true)
			if b.held.Load() { // still, now that Release would say so
				h.waitEvent()
			}
		case b.ours():
			return h.hand(b), nil
		case h.finished:
			hdr := b.header()
			if atomic.LoadUint64(&hdr.sequence) == h.expect && atomic.LoadUint32(&hdr.packets) > 0 {
				b.open = true
				return h.hand(b), nil
			}
			return nil, h.final
		case h.stop.Load():
			h.finish(io.EOF)
		default:
			if err := h.wait(); err != nil {
				return nil, err
			}
		}
	}
}

// hand puts a block into the caller's hands.
func (h *Handle) hand(b *Block) *Block {
	b.begin(h)
	h.expect = b.sequence + 1
	if !b.open {
		h.next = (h.next + 1) % len(h.ring.blocks)
	}
	b.held.Store(true)
	h.ring.hold()
	return b
}

// finish shuts packets out and waits until those under way are in the ring. From
// then on the block that the kernel was filling can be read where it is, without
// waiting for the kernel to retire it; its sequence number tells it from one
// that the kernel has not begun. err is what comes after it.
func (h *Handle) finish(err error) {
	h.shutMu.Lock()
	defer h.shutMu.Unlock()
	if !h.shut {
		h.shut = true
		if attach.Socket(h, attach.Return(0)) != nil {
			unbind(h.fd, &h.device)
		}
	}
	if attach.Settle() != nil {
		// No way to know; twice the timeout retires every block.
		time.Sleep(2 * h.retire)
	}
	h.finished, h.final = true, err
}
