// Package attach puts finished filter programs where packets pass: on sockets,
// as classic BPF (SO_ATTACH_FILTER) or as eBPF (SO_ATTACH_BPF); on interfaces ([TC],
// [XDP]) and control groups ([Cgroup]). It knows no filters; what it attaches was
// compiled elsewhere. Every question to the running kernel about programs is asked here.
//
// A filter must not leak: nobody may read a packet that the filter would have
// rejected. Two moments are dangerous. A packet socket opened with a protocol
// queues packets before its filter is there: open it with protocol 0, attach, and
// bind it last (package capture does so). And a live socket whose filter is
// exchanged still holds, or is just about to queue, packets that only the old
// filter accepted: use [Replace] or [ReplaceProgram].
//
// The package works on Linux. Elsewhere every function returns an error that
// wraps [errors.ErrUnsupported].
package attach

import (
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"
)

// MaxInstructions is the longest classic program that the kernel takes, in
// instructions (BPF_MAXINSNS in linux/bpf_common.h).
const MaxInstructions = 4096

// Return returns the classic program that answers n for every packet: 0 rejects
// all, another number keeps so many bytes of each.
func Return(n uint32) []bpf.RawInstruction {
	return []bpf.RawInstruction{{Op: 0x06, K: n}} // ret #n
}

// Socket attaches a classic program to a socket, in place of any filter that it
// has. The program's result is the number of bytes to keep of a packet, 0 to
// reject it; what each socket type hands it as "the packet" is described in
// socket(7) and packet(7). Packets already queued stay queued: see [Replace].
//
// The error is an [*Error]. It wraps [os.ErrPermission] where the filter is
// locked, and says what limit was met where the program is too long
// (MaxInstructions) or too large for the socket (net.core.optmem_max).
func Socket(conn syscall.Conn, prog []bpf.RawInstruction) error {
	return socketClassic(conn, prog)
}

// SocketProgram attaches an eBPF program of type [ebpf.SocketFilter] to a socket,
// in place of any filter that it has. The socket keeps the program alive; the
// caller may close p. Packets already queued stay queued: see [ReplaceProgram].
func SocketProgram(conn syscall.Conn, p *ebpf.Program) error {
	return socketProgram(conn, p)
}

// Replace exchanges the filter of a live socket for a classic program without a
// leak: after it returns nil, the socket delivers no packet that prog rejects.
//
// It attaches a program that rejects everything, waits until no packet is under
// way that the old filter accepted, discards what is queued, and attaches prog.
// Packets that arrive meanwhile are lost, also those that prog accepts. If prog is
// refused the socket is left rejecting everything.
//
// The queue that it discards is the one that recv(2) reads; a socket with a
// ring, such as package capture's, has one more, see capture.Handle.SetFilter.
func Replace(conn syscall.Conn, prog []bpf.RawInstruction) error {
	return replace(conn, func() error { return socketClassic(conn, prog) })
}

// ReplaceProgram is [Replace] for an eBPF program.
func ReplaceProgram(conn syscall.Conn, p *ebpf.Program) error {
	return replace(conn, func() error { return socketProgram(conn, p) })
}

// Settle waits until every packet that was on its way through a socket filter
// when Settle was called has been queued or dropped. After a change of filter it
// is the moment from which the old one has no effect any more. The error wraps
// [errors.ErrUnsupported] where the kernel offers no way to wait.
//
// It takes some milliseconds: a grace period of the kernel.
func Settle() error { return settle() }

// Detach removes the filter from a socket. It is an error if there is none.
func Detach(conn syscall.Conn) error { return detach(conn) }

// Lock forbids to change or to remove the socket's filter, for ever and for
// everyone who has the socket (SO_LOCK_FILTER).
func Lock(conn syscall.Conn) error { return lock(conn) }

// Load loads an eBPF program into the kernel. The program declares no licence that
// the kernel counts as GPL-compatible, unless it calls functions of the kernel or writes to a
// perf buffer: then it declares "Dual BSD/GPL", for the kernel allows that to no others. The
// caller closes it.
//
// The error is a [*LoadError]. It holds the verifier's whole log, shown by the
// %+v verb; its Error method is one line. Where the load was forbidden it wraps
// [os.ErrPermission] and names the capability that is missing.
//
// On kernels before 5.11, which charge programs against RLIMIT_MEMLOCK, Load
// raises that limit when it is in the way.
func Load(insns asm.Instructions, typ ebpf.ProgramType) (*ebpf.Program, error) {
	return load(insns, typ, 0)
}

// LoadFlags is [Load] with BPF_F_* flags of linux/bpf.h, such as a program for
// XDP frames in several pieces takes.
func LoadFlags(insns asm.Instructions, typ ebpf.ProgramType, flags uint32) (*ebpf.Program, error) {
	return load(insns, typ, flags)
}

// NewMap makes a map for programs. The caller closes it. The error is an [*Error]; it wraps
// [os.ErrPermission] and names the capability where one is missing, and
// [errors.ErrUnsupported] where the kernel has no such maps.
//
// As Load it raises RLIMIT_MEMLOCK where that is in the way.
func NewMap(spec *ebpf.MapSpec) (*ebpf.Map, error) { return newMap(spec) }

// Method is a way to put a filter on a socket.
type Method uint8

// The methods.
const (
	Classic Method = iota + 1 // SO_ATTACH_FILTER
	EBPF                      // SO_ATTACH_BPF
)

// String returns the name of the socket option.
func (m Method) String() string {
	switch m {
	case Classic:
		return "SO_ATTACH_FILTER"
	case EBPF:
		return "SO_ATTACH_BPF"
	}
	return "unknown method"
}

// Supported finds out whether this process can attach a filter to a socket of
// its own by method m, by doing so with a program that rejects everything. nil
// means that it can; otherwise the error names what is missing, a capability or
// something of the kernel's.
func Supported(m Method) error { return supported(m) }

// Privileged reports whether the calling thread has cap_net_raw, which packet
// sockets take, and returns nil or an error that names it and wraps
// [os.ErrPermission].
func Privileged() error { return privileged() }
