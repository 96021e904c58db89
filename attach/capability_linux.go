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
}

var (
	capNetAdmin = capability{unix.CAP_NET_ADMIN, "cap_net_admin"}
	capNetRaw   = capability{unix.CAP_NET_RAW, "cap_net_raw"}
	capSysAdmin = capability{unix.CAP_SYS_ADMIN, "cap_sys_admin"}
	capBPF      = capability{unix.CAP_BPF, "cap_bpf"}
	capPerfmon  = capability{unix.CAP_PERFMON, "cap_perfmon"}
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

// missingForLoad names the capabilities that the thread lacks to load a program
// of type typ. It is empty where it has them all; then something else forbids.
func missingForLoad(typ ebpf.ProgramType) string {
	set, err := effective()
	if err != nil {
		return "capabilities unknown: " + err.Error()
	}
	if capSysAdmin.in(set) {
		return ""
	}
	var names []string
	for _, c := range append([]capability{capBPF}, loadCapabilities[typ]...) {
		if !c.in(set) {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "missing " + strings.Join(names, " and ") + " (or cap_sys_admin)"
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
