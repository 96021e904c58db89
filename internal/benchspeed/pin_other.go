//go:build !linux

package main

import (
	"errors"

	"github.com/cilium/ebpf"
)

func (*bench) pin(*ebpf.Program) (func() error, error) { return nil, errors.ErrUnsupported }
