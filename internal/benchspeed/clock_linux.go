package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns how long this thread has run. Time in which it waited for a CPU is not in it.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("benchspeed: no clock of the thread: " + err.Error())
	}
	return time.Duration(t.Nano())
}
