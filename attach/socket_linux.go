package attach

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Names of the operations, in errors.
const (
	opClassic = "attach classic filter"
	opProgram = "attach eBPF program"
	opDetach  = "detach filter"
	opLock    = "lock filter"
	opReplace = "replace filter"
)

// optmemMax is the file of the limit on a socket's option memory, in bytes,
// which filters are charged to.
const optmemMax = "/proc/sys/net/core/optmem_max"

// control runs f with conn's file descriptor.
func control(conn syscall.Conn, f func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var ferr error
	if err := raw.Control(func(fd uintptr) { ferr = f(int(fd)) }); err != nil {
		return err
	}
	return ferr
}

func socketClassic(conn syscall.Conn, prog []bpf.RawInstruction) error {
	if len(prog) == 0 || len(prog) > MaxInstructions {
		return &Error{opClassic, fmt.Sprintf("%d instructions, the kernel takes 1 to %d", len(prog), MaxInstructions), unix.EINVAL}
	}
	// bpf.RawInstruction has the layout of struct sock_filter, as the sizes
	// of both, 8 bytes, and the order of their fields say.
	fprog := unix.SockFprog{
		Len:    uint16(len(prog)),
		Filter: (*unix.SockFilter)(unsafe.Pointer(unsafe.SliceData(prog))),
	}
	err := control(conn, func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &fprog)
	})
	return refusal(opClassic, len(prog), err)
}

func socketProgram(conn syscall.Conn, p *ebpf.Program) error {
	if t := p.Type(); t != ebpf.SocketFilter {
		return &Error{opProgram, fmt.Sprintf("a socket takes a SocketFilter program, not %s", t), unix.EINVAL}
	}
	err := control(conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, p.FD())
	})
	return refusal(opProgram, 0, err)
}

// refusal puts the kernel's answer to an attachment into words. n is the length
// of a classic program, else 0.
func refusal(op string, n int, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, Err: err}
	switch {
	case errors.Is(err, unix.EPERM):
		e.Reason = "the socket's filter is locked (SO_LOCK_FILTER)"
	case errors.Is(err, unix.ENOMEM):
		e.Reason = "the program does not fit into the socket's option memory"
		if n != 0 {
			e.Reason = fmt.Sprintf("a program of %d instructions, which the kernel holds in a longer, converted form, does not fit into the socket's option memory", n)
		}
		if limit, rerr := os.ReadFile(optmemMax); rerr == nil {
			e.Reason += ": net.core.optmem_max is " + strings.TrimSpace(string(limit)) + " bytes"
		}
	case errors.Is(err, unix.EINVAL) && n != 0:
		e.Reason = "the kernel found the program invalid"
	case errors.Is(err, unix.ENOTSOCK):
		e.Reason = "not a socket"
	}
	return e
}

func detach(conn syscall.Conn) error {
	err := control(conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOENT):
		return &Error{opDetach, "the socket has no filter", err}
	}
	return refusal(opDetach, 0, err)
}

func lock(conn syscall.Conn) error {
	err := control(conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1)
	})
	return refusal(opLock, 0, err)
}

func replace(conn syscall.Conn, install func() error) error {
	if err := socketClassic(conn, Return(0)); err != nil {
		return err
	}
	if err := settle(); err != nil {
		return &Error{opReplace, "cannot wait for packets under way", err}
	}
	if err := control(conn, drain); err != nil {
		return &Error{opReplace, "discard queued packets", err}
	}
	return install()
}

// drain discards what is queued on the socket fd. Its filter must reject
// everything, or there may be no end to it.
func drain(fd int) error {
	var b [1]byte
	for {
		_, _, err := unix.Recvfrom(fd, b[:], unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		switch {
		case err == nil, errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.ECONNREFUSED):
			// A pending error of the socket's, reported once; packets may follow.
		default:
			return err
		}
	}
}
