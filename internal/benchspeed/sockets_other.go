//go:build !linux

package main

import (
	"errors"

	"golang.org/x/net/bpf"
)

// Filters on sockets are Linux's.

func (b *bench) sockets() error { return errors.ErrUnsupported }

type socketBench struct{}

func openSockets(int) (*socketBench, error) { return nil, errors.ErrUnsupported }

func (*socketBench) close() {}

func (*socketBench) measure([][]bpf.RawInstruction, [][]byte) ([][]float64, error) {
	return nil, errors.ErrUnsupported
}
