//go:build !linux

package main

import "errors"

// Filters on sockets are Linux's.

func (b *bench) sockets() error { return errors.ErrUnsupported }

func (b *bench) taps() error { return errors.ErrUnsupported }
