//go:build !linux

package netlab

import (
	"errors"
	"fmt"
	"runtime"
)

// Options say what a lab has. The zero value is good.
type Options struct {
	IPv6  bool // IPv6 as well as IPv4
	Quiet bool // no addresses, no traffic of the kernel's own
}

// Lab is a private network; see the Linux build.
type Lab struct{}

// Open returns an error: there are network namespaces on Linux only.
func Open(Options) (*Lab, error) {
	return nil, fmt.Errorf("network namespaces on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// New skips the test.
func New(tb TB) *Lab { return NewWith(tb, Options{}) }

// NewWith skips the test.
func NewWith(tb TB, _ Options) *Lab {
	tb.Helper()
	Skip(tb, "no network namespaces on %s", runtime.GOOS)
	return nil
}
