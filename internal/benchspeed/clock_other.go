//go:build !linux

package main

import "time"

var began = time.Now()

// cpuTime returns the time since the program began.
func cpuTime() time.Duration { return time.Since(began) }
