//go:build !unix

package main

import "os"

// Elsewhere there is only the interrupt.
var (
	endSignals               []os.Signal
	countSignal, flushSignal os.Signal
)
