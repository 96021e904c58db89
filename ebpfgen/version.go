package ebpfgen

import (
	"fmt"
	"strconv"
	"strings"
)

// A Version is that of a Linux kernel. The zero Version stands for one of which nothing is known.
type Version struct {
	Major, Minor int
}

// Versions that brought what programs need.
var (
	// withJump32: comparisons of 32 bits (linux/bpf.h BPF_JMP32), which all programs have.
	withJump32 = Version{5, 1}
	// withMillion: programs of more than MaxUnprivileged instructions (kernel/bpf/syscall.c
	// bpf_prog_load, BPF_COMPLEXITY_LIMIT_INSNS).
	withMillion = Version{5, 2}
	// withProbe: bpf_probe_read_kernel.
	withProbe = Version{5, 5}
	// withXDPLoad: bpf_xdp_load_bytes, and XDP frames in several pieces.
	withXDPLoad = Version{5, 18}
	// withCast: bpf_rdonly_cast to a pointer to void.
	withCast = Version{6, 17}
)

// ParseVersion reads a version: two numbers, such as 5.10. What uname -r says, such as
// 5.10.0-46-amd64, begins with one and is read, too.
func ParseVersion(s string) (Version, error) {
	var v Version
	major, rest, ok := strings.Cut(s, ".")
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || '9' < r }); i >= 0 && strings.ContainsRune(".-+", rune(rest[i])) {
		rest = rest[:i]
	}
	var err error
	for _, part := range []struct {
		text string
		to   *int
	}{{major, &v.Major}, {rest, &v.Minor}} {
		var n uint64
		if n, err = strconv.ParseUint(part.text, 10, 16); err != nil {
			ok = false
		}
		*part.to = int(n)
	}
	if !ok || v.Major == 0 {
		return Version{}, fmt.Errorf("invalid kernel version %q: want two numbers, such as 5.10", s)
	}
	return v, nil
}

// String returns the version as ParseVersion reads it.
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// before reports whether v is known and is older than w.
func (v Version) before(w Version) bool {
	return v != Version{} && (v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor)
}
