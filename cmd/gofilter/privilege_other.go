//go:build !linux

package main

import (
	"errors"
	"fmt"
	"runtime"
)

// dropPrivileges returns an error that wraps errors.ErrUnsupported if -Z is given.
func (s *session) dropPrivileges() error {
	if s.opt.dropTo == "" {
		return nil
	}
	return fmt.Errorf("-Z on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
