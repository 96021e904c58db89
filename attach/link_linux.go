package attach

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

func (d Direction) check() error {
	if d != Ingress && d != Egress {
		return fmt.Errorf("attach: %s does not exist", d)
	}
	return nil
}

func tc(ifindex int, d Direction, p *ebpf.Program, first bool) (*Link, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	l, err := tcx(ifindex, d, p, first)
	needs := capBPF
	if errors.Is(err, ebpf.ErrNotSupported) {
		l, err = clsact(ifindex, d, p, first)
		needs = capLinkEdit
	}
	return l, linkRefusal(fmt.Sprintf("attach TC program to interface %d, %s", ifindex, d), err, needs)
}

func tcxOnly(ifindex int, d Direction, p *ebpf.Program) (*Link, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	l, err := tcx(ifindex, d, p, false)
	return l, linkRefusal(fmt.Sprintf("attach TCX program to interface %d, %s (TCX came with Linux 6.6)", ifindex, d), err, capBPF)
}

// tcx attaches through a bpf_link, in front of all others or behind them.
func tcx(ifindex int, d Direction, p *ebpf.Program, first bool) (*Link, error) {
	at := ebpf.AttachTCXIngress
	if d == Egress {
		at = ebpf.AttachTCXEgress
	}
	anchor := link.Tail()
	if first {
		anchor = link.Head()
	}
	l, err := link.AttachTCX(link.TCXOptions{Interface: ifindex, Program: p, Attach: at, Anchor: anchor})
	if err != nil {
		return nil, err
	}
	return &Link{Via: "tcx", close: l.Close}, nil
}

// xdpFlags are the ways to try for a mode, in order.
var xdpFlags = map[XDPMode][]struct {
	via   string
	flags link.XDPAttachFlags
}{
	XDPAuto:    {{"xdp native", link.XDPDriverMode}, {"xdp generic", link.XDPGenericMode}},
	XDPNative:  {{"xdp native", link.XDPDriverMode}},
	XDPGeneric: {{"xdp generic", link.XDPGenericMode}},
}

func xdp(ifindex int, p *ebpf.Program, m XDPMode) (*Link, error) {
	ways, ok := xdpFlags[m]
	if !ok {
		return nil, fmt.Errorf("attach: %s does not exist", m)
	}
	var first error
	for _, way := range ways {
		l, err := link.AttachXDP(link.XDPOptions{Program: p, Interface: ifindex, Flags: way.flags})
		if err == nil {
			return &Link{Via: way.via, close: l.Close}, nil
		}
		if first == nil {
			first = err
		}
		// Only what the driver cannot do is tried elsewhere.
		if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EEXIST) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENODEV) {
			break
		}
	}
	op := fmt.Sprintf("attach XDP program to interface %d, mode %s", ifindex, m)
	if errors.Is(first, unix.EBUSY) || errors.Is(first, unix.EEXIST) {
		return nil, &Error{op, "the interface has an XDP program of someone else" + xdpWords(ifindex) + ", which stays", &taken{first}}
	}
	if _, err := net.InterfaceByIndex(ifindex); errors.Is(first, unix.EINVAL) && err != nil {
		first = unix.ENODEV
	}
	return nil, linkRefusal(op, first, capBPF)
}

// taken makes the kernel's EBUSY an [os.ErrExist].
type taken struct{ error }

func (t *taken) Unwrap() error { return t.error }

func (t *taken) Is(target error) bool { return target == os.ErrExist }

func cgroup(path string, d Direction, p *ebpf.Program) (*Link, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	op := fmt.Sprintf("attach program to control group %s, %s", path, d)
	dir, err := os.Open(path)
	if err != nil {
		return nil, &Error{op, "", err}
	}
	defer dir.Close()
	at := ebpf.AttachCGroupInetIngress
	if d == Egress {
		at = ebpf.AttachCGroupInetEgress
	}
	// Not link.AttachCgroup, which on kernels without links falls back to what stays
	// behind after a crash.
	l, err := link.AttachRawLink(link.RawLinkOptions{Target: int(dir.Fd()), Program: p, Attach: at})
	switch {
	case err == nil:
		return &Link{Via: "cgroup", close: l.Close}, nil
	case errors.Is(err, unix.EBADF):
		return nil, &Error{op, "not a directory of a cgroup2 file system", err}
	case errors.Is(err, unix.EPERM) && missing(capNetAdmin) == "":
		return nil, &Error{op, "someone has attached a program there that allows no other", err}
	}
	return nil, linkRefusal(op, err, capNetAdmin)
}

// linkRefusal says why the kernel refused to attach a program, which takes caps.
func linkRefusal(op string, err error, caps ...capability) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, Err: err}
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		e.Reason = missing(caps...)
	case errors.Is(err, unix.ENODEV):
		e.Reason = "no such interface in this network namespace"
	case errors.Is(err, ebpf.ErrNotSupported):
		e.Err = fmt.Errorf("%w (%w)", errors.ErrUnsupported, err)
	}
	return e
}
