//go:build !linux

package main

import (
	"io"
	"os"
)

// vectored returns a file to which packets are copied.
func vectored(file *os.File) io.Writer { return file }
