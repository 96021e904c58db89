package attach

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// programName is what the kernel's lists of programs show.
const programName = "gofilter"

func load(insns asm.Instructions, typ ebpf.ProgramType, flags uint32) (*ebpf.Program, error) {
	spec := &ebpf.ProgramSpec{Name: programName, Type: typ, Instructions: insns, Flags: flags, License: licence(insns)}
	p, err := ebpf.NewProgram(spec)
	if err != nil && errors.Is(err, unix.EPERM) && raiseMemlock() {
		p, err = ebpf.NewProgram(spec)
	}
	if err == nil {
		return p, nil
	}
	e := &LoadError{Type: typ, Instructions: int(rawLength(insns)), Err: err}
	var verr *ebpf.VerifierError
	if errors.As(err, &verr) {
		e.Log = verr.Log
		e.Err = verr.Cause
	}
	if errno := syscall.Errno(0); errors.As(e.Err, &errno) {
		e.Reason = tooLarge(e.verdict(), errno)
		if len(e.Log) > 0 {
			e.Err = rejection{errno}
			if names := missing(capPerfmon); names != "" && strings.Contains(e.verdict(), comparesPointers) {
				e.Err = errno
				e.Reason = names + "; " + comparesWhen
			}
			return nil, e
		}
		e.Err = errno
	}
	switch {
	case errors.Is(err, unix.EPERM):
		if e.Reason = missingForLoad(typ); e.Reason == "" {
			e.Reason = "the capabilities are there; a security module or the system's configuration forbids"
		}
	case errors.Is(err, unix.ENOSYS):
		e.Reason = "the kernel has no bpf(2)"
	case errors.Is(err, unix.E2BIG):
		e.Reason = "the program is too long for the kernel or for an unprivileged user"
	}
	return nil, e
}

// What the verifier says where a program compares the pointers to a packet's start and end
// and the caller lacks cap_perfmon. Since 6.6 (and in later builds of older kernels) that takes
// it only with a pointer that has a variable offset (kernel/bpf/verifier.c check_cond_jmp_op).
const (
	comparesPointers = "pointer comparison prohibited"
	comparesWhen     = "kernels before 6.6 ask for it where a program looks into the packet directly"
)

// Limits of kernel/bpf/verifier.c, which it says little of.
const (
	reasonPaths = "the program has more paths than the verifier follows, which is a million instructions on all together (131072 before Linux 5.2)"
	reasonTests = "the program has more tests in a row than the verifier remembers, which is 8192"
)

// tooLarge returns the reason for a refusal of which the verifier's last word is that it gave up;
// "" for another one.
func tooLarge(verdict string, errno syscall.Errno) string {
	switch {
	case strings.HasPrefix(verdict, "BPF program is too large. Processed "):
		return reasonPaths
	case errno == unix.EFAULT, // with or without a log
		strings.HasSuffix(verdict, " jumps is too complex."): // E2BIG with it
		return reasonTests
	}
	return ""
}

// licence returns what a program declares. The kernel lets only programs that are under
// the GPL, too, call its functions (kernel/bpf/verifier.c, add_kfunc_call) and
// bpf_perf_event_output (gpl_only in its struct bpf_func_proto).
func licence(insns asm.Instructions) string {
	perf := int64(asm.FnPerfEventOutput.Call().Constant)
	for i := range insns {
		if insns[i].IsKfuncCall() || insns[i].IsBuiltinCall() && insns[i].Constant == perf {
			return "Dual BSD/GPL"
		}
	}
	return "BSD"
}

func newMap(spec *ebpf.MapSpec) (*ebpf.Map, error) {
	m, err := ebpf.NewMap(spec)
	if err != nil && errors.Is(err, unix.EPERM) && raiseMemlock() {
		m, err = ebpf.NewMap(spec)
	}
	if err == nil {
		return m, nil
	}
	op := fmt.Sprintf("make map of type %s", spec.Type)
	switch {
	case errors.Is(err, unix.EPERM):
		return nil, &Error{op, missing(capBPF), unix.EPERM}
	case errors.Is(err, ebpf.ErrNotSupported):
		return nil, &Error{op, "", fmt.Errorf("%w (%w)", errors.ErrUnsupported, err)}
	}
	return nil, &Error{op, "", err}
}

// rawLength returns the length of a program in 8-byte instructions.
func rawLength(insns asm.Instructions) uint64 {
	var n uint64
	for _, ins := range insns {
		n += ins.Size() / asm.InstructionSize
	}
	return n
}

// raiseMemlock lifts RLIMIT_MEMLOCK, which kernels before 5.11 charge programs
// against and whose excess they report as EPERM. It reports whether there was
// something to lift and it could be lifted.
func raiseMemlock() bool {
	var old unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &old); err != nil || old.Cur == unix.RLIM_INFINITY {
		return false
	}
	if !chargesMemlock() {
		return false
	}
	all := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &all, nil) == nil {
		return true
	}
	most := unix.Rlimit{Cur: old.Max, Max: old.Max}
	return old.Cur < old.Max && unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &most, nil) == nil
}

// chargesMemlock reports whether the running kernel is older than 5.11.
func chargesMemlock() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	major, minor := release(unix.ByteSliceToString(u.Release[:]))
	return major < 5 || major == 5 && minor < 11
}

// release takes a kernel release such as "5.10.0-28-amd64" apart.
func release(s string) (major, minor int) {
	rest := s
	number := func() (n int) {
		for rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			n = n*10 + int(rest[0]-'0')
			rest = rest[1:]
		}
		rest = strings.TrimPrefix(rest, ".")
		return n
	}
	return number(), number()
}
