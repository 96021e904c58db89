package attach

import (
	"fmt"
	"sync"

	"github.com/cilium/ebpf"
)

// A Link is a program's place on an interface or a control group. It lasts until
// Close, so keep it: one that nothing refers to any more may be closed. Unless Lasts
// is set it also ends with the calling program, however that ends; it never
// outlives the interface or the control group.
//
// A link adds a program to those that are there. It replaces none and removes none
// but its own.
type Link struct {
	// Via is the kernel's mechanism: "tcx", "clsact", "xdp native", "xdp generic" or
	// "cgroup".
	Via string
	// Lasts is true where the program stays when this one ends without Close: with
	// clsact only, which has no way around it. The program can then be removed with
	// tc(8), tc filter del, where it is called gofilter.
	Lasts bool

	close func() error
	once  sync.Once
	err   error
}

// Close removes the program from its place. More calls give the result of the first.
func (l *Link) Close() error {
	l.once.Do(func() { l.err = l.close() })
	return l.err
}

// Direction is that of packets, as the interface or the control group has it.
type Direction uint8

// The directions.
const (
	Ingress Direction = iota + 1 // packets that come in
	Egress                       // packets that go out
)

// String returns "ingress" or "egress".
func (d Direction) String() string {
	switch d {
	case Ingress:
		return "ingress"
	case Egress:
		return "egress"
	}
	return fmt.Sprintf("direction(%d)", uint8(d))
}

// TC attaches a program of type [ebpf.SchedCLS] to an interface of the calling thread's
// network namespace, behind the programs that are there. What it returns is a direct
// action: TC_ACT_UNSPEC (-1) leaves the packet to the next program, TC_ACT_OK (0) lets
// it through past all others, TC_ACT_SHOT (2) drops it. A program that is not to
// disturb others returns the first for what it accepts.
//
// From Linux 6.6 on it uses TCX; whoever has the loaded program may attach it
// there without a capability (seen on 6.18). Before that it takes cap_net_admin and uses a clsact
// qdisc, which it makes where there is none and leaves there, since others may use it by then; where
// one of them has the last priority, 65535, the program is in front of all. The error wraps
// [os.ErrPermission] where a capability is missing.
func TC(ifindex int, d Direction, p *ebpf.Program) (*Link, error) { return tc(ifindex, d, p, false) }

// TCFirst is [TC] in front of the programs that are there, for a program that is to see what
// they drop or let through past all others, too. Whoever comes later may be in front of it.
func TCFirst(ifindex int, d Direction, p *ebpf.Program) (*Link, error) {
	return tc(ifindex, d, p, true)
}

// TCX is [TC] without the way of kernels before 6.6: where that would be taken, the error
// wraps [errors.ErrUnsupported].
func TCX(ifindex int, d Direction, p *ebpf.Program) (*Link, error) { return tcxOnly(ifindex, d, p) }

// XDPMode says where a program for XDP runs.
type XDPMode uint8

// The modes.
const (
	XDPAuto    XDPMode = iota // native, or generic where the driver cannot
	XDPNative                 // in the driver
	XDPGeneric                // in the stack, behind the allocation of an skb
)

// String returns "auto", "native" or "generic".
func (m XDPMode) String() string {
	switch m {
	case XDPAuto:
		return "auto"
	case XDPNative:
		return "native"
	case XDPGeneric:
		return "generic"
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// XDP attaches a program of type [ebpf.XDP] to an interface of the calling thread's
// network namespace. An interface has room for one: where another program is
// attached, also in the other mode, XDP leaves it there, and the error wraps
// [os.ErrExist] and says which program that is.
//
// It takes Linux 5.9. Whoever has the loaded program may attach it without a capability
// (seen on 6.18; older kernels ask for cap_bpf).
func XDP(ifindex int, p *ebpf.Program, m XDPMode) (*Link, error) { return xdp(ifindex, p, m) }

// Cgroup attaches a program of type [ebpf.CGroupSKB] to a control group, the directory
// path of a cgroup2 file system. It sees the packets of all sockets in the group and below.
// Programs of others run as well, and a packet has to be let through by all. Where someone
// has attached one that allows no other, the error wraps [os.ErrPermission].
//
// It takes cap_net_admin and Linux 5.7.
func Cgroup(path string, d Direction, p *ebpf.Program) (*Link, error) { return cgroup(path, d, p) }
