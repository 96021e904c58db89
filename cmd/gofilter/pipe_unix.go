//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// isInvalid reports whether the file system cannot bring such a thing to the disk.
func isInvalid(err error) bool { return errors.Is(err, syscall.EINVAL) }

// keepBrokenPipe makes a write to a pipe that nobody reads fail, where it would end the
// program with files unfinished.
func keepBrokenPipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// isBrokenPipe reports whether an error is that nobody reads a pipe any more.
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
