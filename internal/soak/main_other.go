//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "soak: no live capture on %s\n", runtime.GOOS)
	os.Exit(1)
}
