package attach

import "github.com/cilium/ebpf"

// Kernel is what a program that looks into struct sk_buff has to know of the kernel
// that runs it. Package ebpfgen has the same type for its options; a *Kernel converts.
type Kernel struct {
	// Len, DataLen and Data are the offsets of the members len, data_len and
	// data of struct sk_buff (linux/skbuff.h), in bytes.
	Len, DataLen, Data int16
	// CastToKernCtx and RdonlyCast are the BTF ids of the kernel functions
	// bpf_cast_to_kern_ctx and bpf_rdonly_cast.
	CastToKernCtx, RdonlyCast int32
}

// RunningKernel returns what /sys/kernel/btf/vmlinux says of the running kernel. It is
// read once. The error says what is not there: the file (CONFIG_DEBUG_INFO_BTF), or the
// functions, which came with Linux 6.2.
func RunningKernel() (*Kernel, error) { return runningKernel() }

// Strategies of packet access, by the names that package ebpfgen has for them.
const (
	AccessDirect     = "direct"
	AccessHelper     = "helper"
	AccessLdAbs      = "ldabs"
	AccessRdonlyCast = "rdonly_cast"
)

// A Strategy is a way to read packets, and why it cannot be used.
type Strategy struct {
	Name string
	Err  error // nil: it can be used
}

// Strategies finds out which strategies of packet access the running kernel takes
// from the calling thread in programs of type typ, by loading a program for each. The
// answer is kept as long as the thread's capabilities stay the same.
//
// An error names the capability that is missing, or wraps
// [errors.ErrUnsupported] and names the kernel that has what this one lacks.
func Strategies(typ ebpf.ProgramType) []Strategy {
	all := make([]Strategy, 0, 4)
	for _, name := range []string{AccessDirect, AccessRdonlyCast, AccessHelper, AccessLdAbs} {
		all = append(all, Strategy{name, access(typ, name)})
	}
	return all
}

// Access is [Strategies] for one strategy.
func Access(typ ebpf.ProgramType, name string) error { return access(typ, name) }

// KernelFor returns [RunningKernel] where programs of type typ from the calling thread can
// use it (AccessRdonlyCast), else nil.
func KernelFor(typ ebpf.ProgramType) *Kernel {
	if access(typ, AccessRdonlyCast) != nil {
		return nil
	}
	k, err := runningKernel()
	if err != nil {
		return nil
	}
	return k
}
