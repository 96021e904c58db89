package hook

import (
	"time"

	"golang.org/x/sys/unix"
)

// A clock turns times of CLOCK_MONOTONIC, which programs have, into Unix time.
type clock struct {
	offset  int64 // nanoseconds to add
	width   int64 // how far the offset may be off
	checked int64 // when it was found, CLOCK_MONOTONIC
}

// clockInterval is how often the offset is asked for, in nanoseconds: the wall clock may be
// set, or led.
const clockInterval = int64(100 * time.Millisecond)

// now returns the offset. One that does not differ by more than can be told is kept, so that
// times go on evenly.
func (c *clock) now() int64 {
	first := read(unix.CLOCK_MONOTONIC)
	if c.checked != 0 && first-c.checked < clockInterval {
		return c.offset
	}
	best, width := int64(0), int64(1)<<62
	for range 3 {
		before := read(unix.CLOCK_MONOTONIC)
		wall := read(unix.CLOCK_REALTIME)
		if after := read(unix.CLOCK_MONOTONIC); after-before < width {
			best, width = wall-(before+after)/2, after-before
		}
	}
	if d := best - c.offset; c.checked == 0 || d > c.width+width || d < -c.width-width {
		c.offset, c.width = best, width
	}
	c.checked = first
	return c.offset
}

// read returns a clock's time in nanoseconds.
func read(id int32) int64 {
	var t unix.Timespec
	unix.ClockGettime(id, &t) // these clocks are always there
	return t.Nano()
}
