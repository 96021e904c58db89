package ebpfgen

import "encoding/binary"

// A Verdict is the pair of values that a program leaves in R0.
type Verdict struct {
	Accept, Reject uint32
}

// Options say how a program is generated. The zero value asks for the target's
// defaults.
type Options struct {
	// Access is the strategy to use; AccessDefault takes the first of the
	// target's for which the Options have what it needs.
	Access Access

	// Verdict replaces the target's values for accept and reject. The two must
	// differ.
	Verdict *Verdict

	// ByteOrder is that of the machine that will run the program; nil means the
	// machine that generates it.
	ByteOrder binary.ByteOrder

	// Kernel is needed for AccessRdonlyCast, and allows it as a default; see
	// attach.SKB. nil: nothing is known of the kernel.
	Kernel *Kernel

	// Version is the oldest kernel that shall take the program, for a caller that has no
	// kernel to ask (attach.Strategies does). The default strategy is then the best
	// of those that this kernel has, and one that it has not is an
	// *UnsupportedError. The zero Version asks nothing.
	Version Version

	// MaxInstructions is the longest program to generate; 0 means
	// MaxPrivileged, or MaxUnprivileged for a Version before 5.2. Kernels take no more than MaxUnprivileged from a caller
	// without CAP_BPF.
	MaxInstructions int
}

// Limits of program length, in instructions.
const (
	// MaxPrivileged is BPF_COMPLEXITY_LIMIT_INSNS of Linux 5.2 and later: the
	// verifier does not look at more, so no longer program can load.
	MaxPrivileged = 1000000
	// MaxUnprivileged is BPF_MAXINSNS (linux/bpf_common.h).
	MaxUnprivileged = 4096
)

// littleEndian reports whether the program will run on a little-endian machine.
func (o *Options) littleEndian() bool {
	order := o.ByteOrder
	if order == nil {
		order = binary.NativeEndian
	}
	return order.Uint16([]byte{1, 0}) == 1
}
