package main

import (
	"errors"
	"io"
	"time"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/savefile"
)

// sources are the interfaces of one capture.
type sources []*source

// end lets nothing more in. What there is still comes.
func (all sources) end() {
	for _, src := range all {
		src.g.Break()
	}
}

// stats returns the sums of the kernel's counts.
func (all sources) stats() (sum capture.Stats, err error) {
	for _, src := range all {
		s, statsErr := src.g.Stats()
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
		s, _ := src.g.Stats()
		list = append(list, savefile.Statistics{Start: src.since.UnixNano(), End: time.Now().UnixNano(),
			Received: s.Received, Dropped: s.Dropped, Delivered: src.taken})
	}
	return list
}

// clockInterval is how many packets may follow one another before the clock is looked at.
const clockInterval = 64

// captureTogether takes packets of several rings, those of an interface's workers and
// those of several interfaces, until there are no more of any: the oldest first, as far
// as that can be known (see [capture.Merge]). When one fails the others are brought to
// their end.
func (s *session) captureTogether(all sources, out *output) error {
	var handles []*capture.Handle
	var owners []*source // of the handles
	for _, src := range all {
		for _, h := range src.g.Handles() {
			handles, owners = append(handles, h), append(owners, src)
		}
	}
	m := capture.NewMerge(handles...)
	defer m.Close()
	defer s.sayLate(m)
	var rec savefile.Record
	var p capture.Packet
	for {
		i, ok := m.Next(&p)
		if !ok {
			if out.printer != nil {
				if err := out.flushLines(); err != nil {
					return err
				}
			}
			switch err := m.Wait(); {
			case err == io.EOF:
				return nil
			case err != nil:
				return err
			}
			out.lookAtClock()
			continue
		}
		if rec.Number++; rec.Number%clockInterval == 0 {
			out.lookAtClock()
		}
		rec.Interface = owners[i].iface
		if err := out.captured(&rec, &p); err != nil {
			return err
		}
		owners[i].taken++
		if out.taken == s.opt.count {
			return nil
		}
	}
}

// sayLate tells, with -v, how many packets are out of order.
func (s *session) sayLate(m *capture.Merge) {
	if n := m.Late(); n > 0 && s.opt.verbose > 0 {
		s.notice("%s: %s out of order: half a buffer was full before it was known what came first", program, counted(n, "packet"))
	}
}
