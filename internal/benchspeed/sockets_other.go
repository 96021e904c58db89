//go:build !linux

package main

import "errors"

// sockets measures on packet sockets, which are Linux's.
func (b *bench) sockets() error { return errors.ErrUnsupported }
