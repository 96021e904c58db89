//go:build !linux

package main

import (
	"errors"

	"github.com/cilium/ebpf"
)

// A board is what XDP programs are pinned to; see the Linux build.
type board struct{}

func (*board) pin(*ebpf.Program) (func() error, error) { return nil, errors.ErrUnsupported }

func (*board) close() {}
