//go:build !unix

package main

// isInvalid reports whether the file system cannot bring such a thing to the disk.
func isInvalid(error) bool { return true }

// keepBrokenPipe has nothing to do: there is no signal.
func keepBrokenPipe() {}

// isBrokenPipe reports false: errors of pipes are reported as others are.
func isBrokenPipe(error) bool { return false }
