//go:build unix

package main

import (
	"os"
	"syscall"
)

// endSignals end a capture as an interrupt does; countSignal asks for the counts,
// flushSignal for what is written so far.
var (
	endSignals  = []os.Signal{syscall.SIGTERM, syscall.SIGHUP}
	countSignal = os.Signal(syscall.SIGUSR1)
	flushSignal = os.Signal(syscall.SIGUSR2)
)
