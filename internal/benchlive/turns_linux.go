package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// A contender is something on the way of packets whose cost is measured.
type contender struct {
	name string
	// begin puts it on the right end of the lab, whose namespace the calling thread
	// is in.
	begin func(lab *netlab.Lab) (io.Closer, error)
}

// Of one run: how often each contender gets the packets, and how many packets at a time. They are
// few, so that many rounds are not interrupted.
const (
	turns    = 150
	perRound = 128
)

// A track is a link for contenders to take turns on.
type track struct {
	lab    *netlab.Lab
	sender *netlab.Sender
}

// newTracks makes n tracks.
func newTracks(n int) (all []*track, err error) {
	for range n {
		lab, err := netlab.Open(netlab.Options{Quiet: true})
		if err != nil {
			return all, err
		}
		t := &track{lab: lab}
		all = append(all, t)
		if t.sender, err = lab.Left.Sender(); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (t *track) close() {
	if t.sender != nil {
		t.sender.Close()
	}
	t.lab.Close()
}

// pay returns what a packet costs who sends it with each contender on its way, in ns. Links
// differ by where their memory is, so in every run each contender is on another one.
func pay(runs int, all []contender, frames [][]byte) ([]float64, error) {
	tracks, err := newTracks(len(all))
	defer func() {
		for _, t := range tracks {
			t.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	times := make([][]float64, len(all))
	for run := range runs {
		if err := payOnce(run, all, tracks, frames, times); err != nil {
			return nil, err
		}
	}
	out := make([]float64, len(all))
	for i := range times {
		out[i] = median(times[i])
	}
	return out, nil
}

// payOnce is one run.
func payOnce(run int, all []contender, tracks []*track, frames [][]byte, times [][]float64) (err error) {
	on := make([]*track, len(all))
	for i, c := range all {
		on[i] = tracks[(i+run)%len(tracks)]
		var there io.Closer
		err := on[i].lab.Right.Do(func() (err error) {
			there, err = c.begin(on[i].lab)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		defer func() {
			if closeErr := there.Close(); err == nil {
				err = closeErr
			}
		}()
	}
	list := make([][]float64, len(all))
	for n := range turns {
		for i, t := range on {
			before, err := backlog()
			if err != nil {
				return err
			}
			start := threadTime()
			if err := t.sender.Send(frames...); err != nil {
				return err
			}
			took := threadTime() - start
			after, err := backlog()
			if err != nil {
				return err
			}
			// Where the kernel has left packets to another thread their cost is not in the time.
			if n > 4 && after-before >= uint64(len(frames)) {
				list[i] = append(list[i], float64(took.Nanoseconds())/float64(len(frames)))
			}
		}
	}
	for i := range list {
		if len(list[i]) < turns/4 {
			return fmt.Errorf("%s: only %d of %d rounds ran in one thread; the machine is too busy", all[i].name, len(list[i]), turns)
		}
		// What interrupts only adds, so the fast rounds count.
		slices.Sort(list[i])
		times[i] = append(times[i], list[i][len(list[i])/8])
	}
	return nil
}

// threadTime returns how long this thread has run. Time in which it waited for a CPU is not in it.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("benchlive: no clock of the thread: " + err.Error())
	}
	return time.Duration(t.Nano())
}

// backlog returns how many packets the receiving side of all CPUs has taken so far: the
// first column of /proc/net/softnet_stat.
func backlog() (sum uint64, err error) {
	b, err := os.ReadFile("/proc/net/softnet_stat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var n uint64
		if _, err := fmt.Sscanf(line, "%x", &n); err != nil {
			return 0, fmt.Errorf("/proc/net/softnet_stat: %w", err)
		}
		sum += n
	}
	return sum, nil
}
