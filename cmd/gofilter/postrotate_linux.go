package main

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// lowestPriority is the nice value of what is run on closed files.
const lowestPriority = 19

// startLow starts a command with the lowest priority.
func startLow(cmd *exec.Cmd) error {
	done := make(chan error)
	go func() {
		// A child has its parent thread's priority. This thread cannot get its own
		// back; it ends with the goroutine, which does not unlock it.
		runtime.LockOSThread()
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, lowestPriority); err != nil {
			done <- err
			return
		}
		done <- cmd.Start()
	}()
	return <-done
}
