//go:build !linux

package main

import (
	"errors"

	"golang.org/x/net/bpf"
)

// Filters on sockets are Linux's.

func (b *bench) sockets() error { return errors.ErrUnsupported }

func (b *bench) packets() error { return errors.ErrUnsupported }

type kind struct{}

var taps kind

type socketBench struct{}

func openSockets(int, *kind) (*socketBench, error) { return nil, errors.ErrUnsupported }

func (*socketBench) close() {}

func (*socketBench) measure([][]bpf.RawInstruction, [][]byte) ([][]float64, error) {
	return nil, errors.ErrUnsupported
}
