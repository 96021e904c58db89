package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A sample is how the command was at a time.
type sample struct {
	at  time.Duration
	rss uint64        // KiB in memory, the ring among them
	own uint64        // of these, what is neither a file nor shared
	cpu time.Duration // used so far
}

// tick is the unit of times in /proc/PID/stat (USER_HZ, which is 100 on every system that
// Go runs on).
const tick = 10 * time.Millisecond

// sampleOf looks at a process (proc(5)).
func sampleOf(pid int) (m sample, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, err
	}
	for line := range strings.Lines(string(text)) {
		for key, to := range map[string]*uint64{"VmRSS:": &m.rss, "RssAnon:": &m.own} {
			if rest, ok := strings.CutPrefix(line, key); ok {
				if *to, err = strconv.ParseUint(strings.Fields(rest)[0], 10, 64); err != nil {
					return m, err
				}
			}
		}
	}
	text, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return m, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name
	fields := strings.Fields(rest)
	for _, i := range []int{11, 12} { // utime, stime: fields 14 and 15 of all
		n, err := strconv.ParseUint(fields[i], 10, 64)
		if err != nil {
			return m, err
		}
		m.cpu += time.Duration(n) * tick
	}
	if m.rss == 0 {
		return m, fmt.Errorf("process %d has ended", pid)
	}
	return m, nil
}

// allowance is how much the median of the last third of the samples may lie over that of
// the third before, in KiB: a garbage collector's memory is not a line.
const allowance = 4 << 10

// flat returns an error where memory grew. In the first third the heap fills up to where
// it is collected for the first time; a few samples tell nothing.
func flat(all []sample) error {
	n := len(all) / 3
	if n < 3 {
		return nil
	}
	median := func(part []sample) uint64 {
		var rss []uint64
		for _, m := range part {
			rss = append(rss, m.rss)
		}
		slices.Sort(rss)
		return rss[len(rss)/2]
	}
	middle, last := median(all[len(all)-2*n:len(all)-n]), median(all[len(all)-n:])
	fmt.Printf("memory: %d KiB in the middle third, %d KiB in the last (medians)\n", middle, last)
	if last > middle+allowance {
		return fmt.Errorf("memory grew from %d to %d KiB", middle, last)
	}
	return nil
}
