package capture

import (
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A Merge makes one run, ordered by time, of the packets of several handles: the members
// of a [Group], handles on different interfaces, or both. It has a goroutine for each
// handle, which waits for blocks; nothing is copied.
//
// The order holds where it can be known. The kernel hands packets over in blocks, and
// while a block is being filled nobody sees what is in it. So a packet is handed out
// when each other handle has shown one that is later, or an empty ring; and until the
// kernel hands the block over, twice the block timeout at most, where a ring has
// something that cannot be seen yet. It is not waited for where that would lose packets:
// when half the ring of a handle is full, its packets go out. Packets of one ring stay as
// they are in it. [Merge.Late] counts those that came out behind a later one.
//
// A Merge is for one goroutine, but for Break and Close. Its handles must not be read in
// another way.
type Merge struct {
	lanes   []*lane
	ready   chan struct{} // a lane has something new
	workers sync.WaitGroup

	current *lane // whose packet was handed out last
	until   int64 // time up to which its packets may follow one another
	blocks  uint64
	latest  int64 // time of the latest packet handed out
	late    uint64

	closed sync.Once
}

// A lane is what there is of one handle's packets.
type lane struct {
	h      *Handle
	index  int         // among the merge's handles
	ch     chan *Block // has room for all blocks of the ring; closed when there are no more
	block  *Block      // nil where none is there
	packet Packet      // the next one of it
	number uint64      // the block's number among those of all lanes
	next   uint64      // index of the block in the ring that follows those received
	idle   uint64      // when the ring was seen to be empty last: the number of blocks received by then
	failed error       // why there are no more, good when ended; nil: Break
	ended  bool
}

// NewMerge begins to read handles.
func NewMerge(handles ...*Handle) *Merge {
	m := &Merge{ready: make(chan struct{}, 1)}
	for i, h := range handles {
		h.ring.hold() // so that there is something to look at until Close
		h.readMu.Lock()
		l := &lane{h: h, index: i, ch: make(chan *Block, len(h.ring.blocks)), next: uint64(h.next)}
		h.readMu.Unlock()
		m.lanes = append(m.lanes, l)
	}
	for _, l := range m.lanes {
		m.workers.Go(func() { m.serve(l) })
	}
	return m
}

// serve hands over a handle's blocks until there are no more.
func (m *Merge) serve(l *lane) {
	for {
		block, err := l.h.NextBlock()
		switch {
		case err == nil:
			l.ch <- block
		case err == io.EOF, l.failed != nil:
			close(l.ch)
			m.signal()
			return
		default:
			l.failed = err
			m.Break()
		}
		m.signal()
	}
}

func (m *Merge) signal() {
	select {
	case m.ready <- struct{}{}:
	default: // somebody has said it already
	}
}

// Next puts the next packet into p and returns the index of its handle among those of
// NewMerge. It does not wait: where no packet can be handed out now, ok is false. The
// packet is good until the next call.
func (m *Merge) Next(p *Packet) (handle int, ok bool) {
	if l := m.current; l != nil {
		l.advance()
		if l.block == nil || l.packet.Time > m.until {
			m.current = nil
		}
	}
	if m.current == nil {
		if m.current = m.choose(); m.current == nil {
			return 0, false
		}
	}
	l := m.current
	*p = l.packet
	if p.Time < m.latest {
		m.late++
	} else {
		m.latest = p.Time
	}
	return l.index, true
}

// Wait returns when Next may have a packet. The error is io.EOF when there are no more,
// after Break; or what went wrong with a handle. An error of one ends the others, too
// (also ErrDown), and comes when all that they have has been handed out.
func (m *Merge) Wait() error {
	for _, l := range m.lanes {
		if !l.ended || l.block != nil {
			<-m.ready
			return nil
		}
	}
	var failed []error
	for _, l := range m.lanes {
		if l.failed != nil && !m.said(failed, l.failed) {
			failed = append(failed, l.failed)
		}
	}
	if failed == nil {
		return io.EOF
	}
	return errors.Join(failed...)
}

// said reports whether an error is in the list: an interface that goes down ends each
// handle on it.
func (m *Merge) said(list []error, err error) bool {
	for _, e := range list {
		if e.Error() == err.Error() {
			return true
		}
	}
	return false
}

// Late returns how many packets were handed out behind one with a later time.
func (m *Merge) Late() uint64 { return m.late }

// Break ends the capture of all handles; see [Handle.Break]. It may be called from any
// goroutine.
func (m *Merge) Break() {
	for _, l := range m.lanes {
		l.h.Break()
	}
}

// Close closes the handles, and gives everything back that the merge holds. Next must not
// be called any more.
func (m *Merge) Close() error {
	var errs []error
	m.closed.Do(func() {
		for _, l := range m.lanes {
			errs = append(errs, l.h.Close())
		}
		m.workers.Wait()
		for _, l := range m.lanes {
			if l.block != nil {
				l.block.Release()
			}
			for block := range l.ch {
				block.Release()
			}
			l.h.ring.drop()
		}
	})
	return errors.Join(errs...)
}

// choose returns the lane whose packet is next, and until when its packets are; nil where
// none can be handed out.
func (m *Merge) choose() *lane {
	var first *lane
	m.until = math.MaxInt64
	for _, l := range m.lanes {
		m.fill(l)
		switch {
		case l.block == nil:
		case first == nil:
			first = l
		case l.packet.Time < first.packet.Time:
			m.until = min(m.until, first.packet.Time)
			first = l
		default:
			m.until = min(m.until, l.packet.Time)
		}
	}
	if first == nil || m.full() {
		return first
	}
	for _, l := range m.lanes {
		// A ring that was empty after the block had come has nothing but later packets.
		if l.block == nil && !l.ended && l.idle < first.number && !m.empty(l) {
			return nil
		}
	}
	return first
}

// fill takes the next packet of a lane if there is one, without waiting.
func (m *Merge) fill(l *lane) {
	for l.block != nil && l.block.change != l.h.change.Load() {
		// The filter has changed since the packet was taken out of the block.
		l.block.delivered--
		l.block.discarded++
		l.advance()
	}
	for !l.ended && l.block == nil {
		select {
		case block, ok := <-l.ch:
			if l.ended = !ok; ok {
				m.blocks++
				l.block, l.number = block, m.blocks
				l.next = (l.next + 1) % uint64(len(l.h.ring.blocks))
				l.advance()
			}
		default:
			return
		}
	}
}

// advance takes the next packet of the lane's block. A block without more goes back.
func (l *lane) advance() {
	if !l.block.Next(&l.packet) {
		l.block.Release()
		l.block = nil
	}
}

// full reports whether half of a ring is in our hands.
func (m *Merge) full() bool {
	for _, l := range m.lanes {
		if l.block != nil && len(l.ch)+1 >= len(l.h.ring.blocks)/2 {
			return true
		}
	}
	return false
}

// empty reports whether a lane's ring has nothing beyond the blocks that were received:
// the block that comes next is the kernel's, and it has put nothing into it. The kernel
// makes room for a packet before it takes the time, so that all packets to come are later
// than those received.
func (m *Merge) empty(l *lane) bool {
	hdr := l.h.ring.blocks[l.next].header()
	status, packets := atomic.LoadUint32(&hdr.status), atomic.LoadUint32(&hdr.packets)
	if status&unix.TP_STATUS_USER != 0 || packets != 0 {
		return false
	}
	l.idle = m.blocks
	return true
}
