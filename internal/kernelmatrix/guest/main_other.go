//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintln(os.Stderr, "guest: for Linux, not for", runtime.GOOS)
	os.Exit(1)
}
