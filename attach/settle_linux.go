package attach

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// membarrierGlobal is MEMBARRIER_CMD_GLOBAL of linux/membarrier.h.
const membarrierGlobal = 1

// settle waits for a grace period of the kernel's RCU. Packets run through socket
// filters, and are queued, inside a read-side section, so that when the period is
// over every packet that met the old filter is in its queue.
//
// membarrier(2) takes no privilege and is a call of synchronize_rcu
// (kernel/sched/membarrier.c). Kernels with nohz_full processors refuse it;
// there, closing a packet socket waits for the same (packet_release in
// net/packet/af_packet.c), which takes cap_net_raw.
func settle() error {
	_, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, membarrierGlobal, 0, 0)
	if errno == 0 {
		return nil
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("membarrier: %w; packet socket: %w", errnoUnsupported(errno), err)
	}
	return unix.Close(fd)
}

// errnoUnsupported marks membarrier's refusals as what they are.
func errnoUnsupported(errno syscall.Errno) error {
	return fmt.Errorf("%w: %w", errno, errors.ErrUnsupported)
}
