package main

import (
	"errors"
	"time"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/savefile"
)

// sources are the interfaces of one capture.
type sources []*source

// end lets nothing more in. What there is still comes.
func (all sources) end() {
	for _, src := range all {
		src.h.Break()
	}
}

// stats returns the sums of the kernel's counts.
func (all sources) stats() (sum capture.Stats, err error) {
	for _, src := range all {
		s, statsErr := src.h.Stats()
		err = errors.Join(err, statsErr)
		sum.Received += s.Received
		sum.Dropped += s.Dropped
	}
	return sum, err
}

func (all sources) interfaces() []*savefile.Interface {
	var list []*savefile.Interface
	for _, src := range all {
		list = append(list, src.iface)
	}
	return list
}

// statistics returns what a savefile says of each at its end.
func (all sources) statistics() []savefile.Statistics {
	var list []savefile.Statistics
	for _, src := range all {
		// Where the kernel does not answer the counts are those of the last answer.
		s, _ := src.h.Stats()
		list = append(list, savefile.Statistics{Start: src.since.UnixNano(), End: time.Now().UnixNano(),
			Received: s.Received, Dropped: s.Dropped, Delivered: src.taken})
	}
	return list
}

// A lane is what is there of one source's packets.
type lane struct {
	*source
	ch     chan packets   // closed when there are no more
	block  packets        // nil where none is there
	packet capture.Packet // the next one of the block
	failed error          // why there are no more, good when ended; nil: that was wanted
	ended  bool
}

// serve hands over the source's blocks until there are no more, or quit is closed.
func (l *lane) serve(ready chan<- struct{}, quit <-chan struct{}) {
	for more := true; more; {
		block := l.next(&l.failed)
		if more = block != nil; more {
			select {
			case l.ch <- block:
			case <-quit:
				return
			}
		} else {
			close(l.ch)
		}
		select {
		case ready <- struct{}{}:
		default: // somebody has said it already
		}
	}
}

// fill takes the next packet of the lane if there is one, without waiting.
func (l *lane) fill(out *output) {
	for !l.ended {
		if l.block != nil {
			if l.block.Next(&l.packet) {
				return
			}
			l.block.Release()
			l.block = nil
		}
		select {
		case block, ok := <-l.ch:
			l.block, l.ended = block, !ok
			out.lookAtClock()
		default:
			return
		}
	}
}

// captureTogether takes packets of several interfaces until there are no more of any.
// Of the packets that are there the oldest comes first; nothing is held back for one
// that may still come, so that those of different interfaces may be out of order by
// the time that a block waits in the ring. When one interface fails the others are
// brought to their end.
func (s *session) captureTogether(all sources, out *output) (failed error) {
	ready := make(chan struct{}, 1)
	quit := make(chan struct{})
	defer close(quit)
	lanes := make([]*lane, len(all))
	for i, src := range all {
		lanes[i] = &lane{source: src, ch: make(chan packets, 1)}
		go lanes[i].serve(ready, quit)
	}
	var rec savefile.Record
	for {
		var next *lane
		live := false
		for _, l := range lanes {
			if l.block == nil && !l.ended {
				l.fill(out)
				if l.ended && l.failed != nil {
					failed = errors.Join(failed, l.failed)
					all.end()
				}
			}
			live = live || !l.ended
			if l.block != nil && (next == nil || l.packet.Time < next.packet.Time) {
				next = l
			}
		}
		switch {
		case next == nil && !live:
			return failed
		case next == nil:
			if out.printer != nil {
				if err := out.flushLines(); err != nil {
					return err
				}
			}
			<-ready
			continue
		}
		rec.Interface = next.iface
		rec.Number++
		if err := out.captured(&rec, &next.packet); err != nil {
			return err
		}
		next.taken++
		if out.taken == s.opt.count {
			return nil
		}
		if !next.block.Next(&next.packet) {
			next.block.Release()
			next.block = nil
		}
	}
}
