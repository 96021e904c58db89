//go:build !linux

package main

import "runtime"

// live is for Linux.
func (d *demo) live() error {
	return &leftOut{"live capture is for Linux, not for " + runtime.GOOS}
}
