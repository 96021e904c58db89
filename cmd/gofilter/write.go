package main

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

// An output is where the packets that pass go: savefiles, standard output as text,
// both, or nowhere but into the count.
type output struct {
	s     *session
	taken uint64        // packets
	count atomic.Uint64 // the same, for other goroutines

	mu      sync.Mutex // of what follows: a signal may flush it
	saver   *saver     // nil where nothing is written
	printer *printer   // nil where nothing is printed

	meanLength int // of the packets of the last block, in bytes

	finished bool
}

// newOutput opens the output that the options ask for: ifaces are what packets come
// from, as far as that is known, and statistics returns their counts, nil where there
// are none.
func (s *session) newOutput(ifaces []*savefile.Interface, statistics func() []savefile.Statistics) (*output, error) {
	out := &output{s: s}
	if s.opt.countOnly {
		return out, nil
	}
	if s.opt.write == "" || s.opt.printToo {
		out.printer = s.newPrinter()
		out.printer.named = len(ifaces) > 1
	}
	if s.opt.write == "" {
		return out, nil
	}
	var err error
	out.saver, err = s.newSaver(ifaces, statistics)
	if every := s.opt.fsync.every; err == nil && every > 0 {
		out.syncAtIntervals(every)
	}
	return out, err
}

// packet takes one packet of the given link type. The error is errFileLimit, and the
// packet is not taken, where its file would be one more than -W allows.
func (out *output) packet(rec *savefile.Record, link linktype.Type) error {
	out.mu.Lock()
	defer out.mu.Unlock()
	err := out.take(rec, link)
	out.count.Store(out.taken)
	return err
}

// take is packet for who holds the lock; count is left behind.
func (out *output) take(rec *savefile.Record, link linktype.Type) error {
	if out.saver != nil {
		if err := out.saver.rotate(); err != nil {
			return err
		}
	}
	out.taken++
	if out.saver != nil {
		if err := out.saver.packet(rec, link); err != nil {
			return err
		}
	}
	if out.printer != nil {
		return out.printer.packet(rec, link)
	}
	return nil
}

// steady returns what writes the packets to come, where that is all there is to do.
func (out *output) steady() packetWriter {
	if out.saver == nil || out.printer != nil {
		return nil
	}
	return out.saver.steady()
}

// lookAtClock lets the next packet begin another file if it is time. That is asked
// once for packets that come together.
func (out *output) lookAtClock() {
	if out.saver != nil {
		out.saver.look = true
	}
}

// flushLines writes out the lines printed so far.
func (out *output) flushLines() error {
	out.mu.Lock()
	defer out.mu.Unlock()
	return out.printer.flush()
}

// flushFile writes out what has been collected for the savefile.
func (out *output) flushFile() error {
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.saver == nil {
		return nil
	}
	return out.saver.flush()
}

// finish ends the output.
func (out *output) finish() error {
	if out.saver != nil && out.saver.stop != nil {
		out.saver.stop() // which takes the lock, too
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.finished {
		return nil
	}
	out.finished = true
	var err error
	if out.printer != nil {
		err = out.printer.flush()
	}
	if out.saver != nil {
		err = errors.Join(err, out.saver.finish())
	}
	return err
}

// filesDone says so where it is the number of files that has ended the output, which
// is no error.
func (s *session) filesDone(err error) error {
	if errors.Is(err, errFileLimit) {
		s.notice("Maximum file limit reached: %d", s.opt.rotation.files)
		return nil
	}
	return err
}

// hadEnough makes an end like any other of the one that comes when nobody reads the pipe
// any more that -w - writes to. For lines it is an error; both as in tcpdump.
func (s *session) hadEnough(err error) error {
	if s.opt.write == "-" && isBrokenPipe(err) {
		return nil
	}
	return err
}
