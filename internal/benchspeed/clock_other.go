//go:build !linux

package main

import (
	"runtime"
	"time"
)

var began = time.Now()

// cpuTime returns the time since the program began.
func cpuTime() time.Duration { return time.Since(began) }

// pin does nothing.
func pin() error { return nil }

// system says what the figures are of.
func system() string { return runtime.GOOS }
