//go:build !linux

package attach

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"
)

var errUnsupported = fmt.Errorf("attach: filters in the kernel of %s: %w", runtime.GOOS, errors.ErrUnsupported)

func socketClassic(syscall.Conn, []bpf.RawInstruction) error { return errUnsupported }

func socketProgram(syscall.Conn, *ebpf.Program) error { return errUnsupported }

func replace(syscall.Conn, func() error) error { return errUnsupported }

func settle() error { return errUnsupported }

func detach(syscall.Conn) error { return errUnsupported }

func lock(syscall.Conn) error { return errUnsupported }

func load(asm.Instructions, ebpf.ProgramType, uint32) (*ebpf.Program, error) {
	return nil, errUnsupported
}

func newMap(*ebpf.MapSpec) (*ebpf.Map, error) { return nil, errUnsupported }

func supported(Method) error { return errUnsupported }

func privileged() error { return errUnsupported }

func runningKernel() (*Kernel, error) { return nil, errUnsupported }

func access(ebpf.ProgramType, string) error { return errUnsupported }

func tc(int, Direction, *ebpf.Program, bool) (*Link, error) { return nil, errUnsupported }

func tcxOnly(int, Direction, *ebpf.Program) (*Link, error) { return nil, errUnsupported }

func xdp(int, *ebpf.Program, XDPMode) (*Link, error) { return nil, errUnsupported }

func cgroup(string, Direction, *ebpf.Program) (*Link, error) { return nil, errUnsupported }
