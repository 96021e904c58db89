package attach

import (
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// A capability that attaching or capturing may take (capabilities(7)).
type capability struct {
	bit  uint
	name string
	// local is set where what counts is to have it in the user namespace that the network namespace
	// belongs to. bpf(2) asks for the first user namespace's, and takes cap_sys_admin instead
	// (kernel/bpf/token.c).
	local bool
}

var (
	capNetAdmin = capability{bit: unix.CAP_NET_ADMIN, name: "cap_net_admin"}
	capSysAdmin = capability{bit: unix.CAP_SYS_ADMIN, name: "cap_sys_admin"}
	capBPF      = capability{bit: unix.CAP_BPF, name: "cap_bpf"}
	capPerfmon  = capability{bit: unix.CAP_PERFMON, name: "cap_perfmon"}

	capNetRaw   = capability{bit: unix.CAP_NET_RAW, name: "cap_net_raw", local: true}     // packet(7)
	capLinkEdit = capability{bit: unix.CAP_NET_ADMIN, name: "cap_net_admin", local: true} // rtnetlink(7)
)

// loadCapabilities says what a program type takes beside cap_bpf, as the kernel's
// is_net_admin_prog_type decides (kernel/bpf/syscall.c). A type without a row
// takes cap_bpf alone.
var loadCapabilities = map[ebpf.ProgramType][]capability{
	ebpf.SchedCLS: {capNetAdmin},
	ebpf.SchedACT: {capNetAdmin},
	ebpf.XDP:      {capNetAdmin},
}

// effective returns the capabilities of the calling thread, a bit each.
func effective() (uint64, error) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return 0, fmt.Errorf("capget: %w", err)
	}
	return uint64(data[1].Effective)<<32 | uint64(data[0].Effective), nil
}

func (c capability) in(set uint64) bool { return set&(1<<c.bit) != 0 }

// missingForLoad says which capabilities the thread lacks to load a program of type
// typ. It is empty where it has them all; then something else forbids.
func missingForLoad(typ ebpf.ProgramType) string {
	return missing(append([]capability{capBPF}, loadCapabilities[typ]...)...)
}

// missing says which of the capabilities the thread lacks. It is empty where it has them all.
func missing(caps ...capability) string {
	set, err := effective()
	if err != nil {
		return "capabilities unknown: " + err.Error()
	}
	first := inFirstUserNamespace()
	var names []string
	local := true
	for _, c := range caps {
		if c.local && c.in(set) || !c.local && first && (c.in(set) || capSysAdmin.in(set)) {
			continue
		}
		names = append(names, c.name)
		local = local && c.local
	}
	if len(names) == 0 {
		return ""
	}
	text := "missing " + strings.Join(names, " and ")
	switch {
	case local:
		return text
	case first:
		return text + " (or cap_sys_admin)"
	}
	return text + " in the first user namespace; what the thread has in its own does not count"
}

// firstUserNamespace is the inode of the namespace that the kernel starts with
// (PROC_USER_INIT_INO in linux/proc_ns.h).
const firstUserNamespace = 0xeffffffd

// inFirstUserNamespace reports whether the process is in the user namespace whose capabilities
// are good for everything. Where that cannot be found out it is taken to be.
func inFirstUserNamespace() bool {
	var st unix.Stat_t
	return unix.Stat("/proc/self/ns/user", &st) != nil || st.Ino == firstUserNamespace
}

func privileged() error {
	set, err := effective()
	if err != nil {
		return err
	}
	if !capNetRaw.in(set) {
		return fmt.Errorf("missing cap_net_raw: %w", os.ErrPermission)
	}
	return nil
}
