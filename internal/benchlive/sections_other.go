//go:build !linux

package main

// There is something to measure on Linux only.
var sections []section
