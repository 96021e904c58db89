package main

import (
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A capturer is what signals act on.
type capturer interface {
	end()             // ends the capture, or the reading of a file
	counts() []string // the counts so far
	flushSaved() (failed bool)
}

// watchSignals lets signals end the capture, print the counts, or flush the
// savefile, until the function returned is called.
func (s *session) watchSignals(c capturer) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt)
	for _, sig := range endSignals {
		// A capture under nohup goes on when the terminal goes away.
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
	for _, sig := range []os.Signal{countSignal, flushSignal} {
		if sig != nil {
			signal.Notify(signals, sig)
		}
	}
	var done sync.WaitGroup
	done.Go(func() {
		for sig := range signals {
			switch sig {
			case countSignal:
				if lines := c.counts(); lines != nil {
					s.notice("%s: %s", program, strings.Join(lines, ", "))
				}
			case flushSignal:
				if c.flushSaved() {
					c.end() // the writer meets the error again, and reports it
				}
			default:
				c.end()
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(signals)
		done.Wait()
	}
}

// liveCapture is a capture as signals see it.
type liveCapture struct {
	sources sources
	out     *output
}

func (c liveCapture) end()             { c.sources.end() }
func (c liveCapture) flushSaved() bool { return c.out.flushFile() != nil }

func (c liveCapture) counts() []string {
	stats, err := c.sources.stats()
	if err != nil {
		return nil
	}
	return countLines(stats, c.out.count.Load())
}

// endGrace is how long the reading of a file may take to notice that it shall end
// before it is taken to wait for a pipe that nobody writes to.
const endGrace = 200 * time.Millisecond

// fileReading is the reading of a file as signals see it.
type fileReading struct {
	s       *session
	out     *output
	stopped atomic.Bool
	timer   *time.Timer // set when stopped is
}

// end lets the reading stop at the next packet. Where none comes, it ends the
// program after bringing out what is there.
func (r *fileReading) end() {
	if r.stopped.Load() {
		return
	}
	r.timer = time.AfterFunc(endGrace, func() {
		if err := r.out.finish(); err != nil {
			r.s.report(err)
			os.Exit(1)
		}
		os.Exit(0)
	})
	r.stopped.Store(true)
}

// noticed says that the reading has stopped in time. If it is late the program is
// ending already.
func (r *fileReading) noticed() {
	if r.stopped.Load() && !r.timer.Stop() {
		select {}
	}
}

func (r *fileReading) flushSaved() bool { return r.out.flushFile() != nil }

func (r *fileReading) counts() []string {
	return []string{counted(r.out.count.Load(), "packet") + " captured"}
}
