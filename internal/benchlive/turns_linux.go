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

// A source makes packets arrive at the right end of a lab, in the time of the calling thread, which
// is in the namespace of that end.
type source struct {
	name     string
	perRound int // packets
	rounds   int // that each contender gets in one run; short ones are not interrupted
	open     func(lab *netlab.Lab, frames [][]byte) (sending, error)
}

// sending is a source at work.
type sending interface {
	send(round int) error
	io.Closer
}

// A track is a link for contenders to take turns on.
type track struct {
	lab *netlab.Lab
	src sending
}

func (t *track) close() {
	if t.src != nil {
		t.src.Close()
	}
	t.lab.Close()
}

// enter brings the thread into the namespace of the right end.
func (t *track) enter() error {
	return os.NewSyscallError("setns", unix.Setns(int(t.lab.Right.File().Fd()), unix.CLONE_NEWNET))
}

// newTracks makes n tracks.
func newTracks(n int, src *source, frames [][]byte) (all []*track, err error) {
	for range n {
		lab, err := netlab.Open(netlab.Options{Quiet: true})
		if err != nil {
			return all, err
		}
		t := &track{lab: lab}
		all = append(all, t)
		if t.src, err = src.open(lab, frames); err != nil {
			return all, err
		}
	}
	return all, nil
}

// pay returns what a packet costs with the first contender on its way, and then what it costs more
// with each of the others, in ns. Links differ by where their memory is; so in a rotation every
// contender is on every link once, and is compared with the first one there. What is
// returned is the median of the rotations.
func pay(rotations int, src *source, all []contender, frames [][]byte) (ns []float64, err error) {
	tracks, err := newTracks(len(all), src, frames)
	defer func() {
		for _, t := range tracks {
			t.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	sums := make([][]float64, len(all))
	// On a thread of its own, since it goes from one namespace to another.
	err = tracks[0].lab.Right.Do(func() error {
		for range rotations {
			sum := make([]float64, len(all))
			for shift := range tracks {
				if err := run(shift, src, all, tracks, sum); err != nil {
					return err
				}
			}
			for i := range sum {
				sums[i] = append(sums[i], sum[i]/float64(len(tracks)))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range sums {
		for n := range sums[i] {
			if i > 0 {
				sums[i][n] -= sums[0][n]
			}
		}
		ns = append(ns, median(sums[i]))
	}
	return ns, nil
}

// run adds to sum what a packet costs with each contender, of which the i-th is on track i+shift.
func run(shift int, src *source, all []contender, tracks []*track, sum []float64) (err error) {
	on := make([]*track, len(all))
	for i, c := range all {
		on[i] = tracks[(i+shift)%len(tracks)]
		if err := on[i].enter(); err != nil {
			return err
		}
		there, err := c.begin(on[i].lab)
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
	for n := range src.rounds {
		for i, t := range on {
			took, good, err := t.turn(n, src.perRound)
			if err != nil {
				return err
			}
			if n > 1 && good { // the first ones warm up
				list[i] = append(list[i], float64(took.Nanoseconds())/float64(src.perRound))
			}
		}
	}
	for i := range list {
		if len(list[i]) < src.rounds/4 {
			return fmt.Errorf("%s: only %d of %d rounds ran in one thread: the machine is too busy", all[i].name, len(list[i]), src.rounds)
		}
		// What interrupts only adds, so the fast rounds count.
		slices.Sort(list[i])
		sum[i] += list[i][len(list[i])/8]
	}
	return nil
}

// turn sends once. It is not good where the kernel has left packets to another thread, so that
// their cost is not in the time.
func (t *track) turn(round, n int) (took time.Duration, good bool, err error) {
	if err := t.enter(); err != nil {
		return 0, false, err
	}
	before, err := received()
	if err != nil {
		return 0, false, err
	}
	start := threadTime()
	err = t.src.send(round)
	took = threadTime() - start
	if err != nil {
		return 0, false, err
	}
	after, err := received()
	return took, after-before >= uint64(n), err
}

// threadTime returns how long this thread has run. Time in which it waited for a CPU is not in it.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("benchlive: no clock of the thread: " + err.Error())
	}
	return time.Duration(t.Nano())
}

// received returns how many packets all processors have received: the first column of
// /proc/net/softnet_stat.
func received() (sum uint64, err error) {
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
