//go:build linux

package hook

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/linktype"
)

// TestPrivilege opens with each set of capabilities: it works, or the error says what is
// missing.
func TestPrivilege(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	dir := controlGroup(t)
	const bpf, admin, perfmon, raw, sys = unix.CAP_BPF, unix.CAP_NET_ADMIN, unix.CAP_PERFMON, unix.CAP_NET_RAW, unix.CAP_SYS_ADMIN
	type trial struct {
		hook    string
		access  ebpfgen.Access
		promisc bool
		snaplen int
		caps    []uint
		want    string
	}
	tc := anyTC(t).String()
	trials := []trial{
		{tc, ebpfgen.AccessLoadBytes, false, 0, nil, "missing cap_bpf"},
		{tc, ebpfgen.AccessLoadBytes, false, 0, []uint{bpf}, "missing cap_net_admin"},
		{tc, ebpfgen.AccessLoadBytes, false, 0, []uint{bpf, admin}, ""},
		{tc, ebpfgen.AccessDirect, false, 0, []uint{bpf, admin, perfmon}, ""},
		{tc, ebpfgen.AccessLoadBytes, true, 0, []uint{bpf, admin}, "promiscuous mode: missing cap_net_raw"},
		{tc, ebpfgen.AccessLoadBytes, true, 0, []uint{bpf, admin, raw}, ""},
		{"xdp", ebpfgen.AccessLoadBytes, false, 0, nil, "missing cap_bpf"},
		{"cgroup=" + dir, ebpfgen.AccessLoadBytes, false, 0, []uint{bpf}, "missing cap_net_admin"},
		{"cgroup=" + dir, ebpfgen.AccessLoadBytes, false, 0, []uint{bpf, admin}, ""},
	}
	// Each number of rooms, and both sides of the tag.
	for _, snaplen := range []int{1, 12, 16, 17, 64, 65, 200, 1514, 65535} {
		trials = append(trials, trial{tc, ebpfgen.AccessLoadBytes, false, snaplen, []uint{bpf, admin}, ""})
	}
	if !ringless(t, Hook{Kind: XDP}) {
		trials = append(trials,
			trial{"xdp", ebpfgen.AccessLoadBytes, false, 0, []uint{bpf, admin}, ""},
			trial{"xdp", ebpfgen.AccessDirect, false, 0, []uint{bpf, admin, perfmon}, ""})
	} else {
		trials = append(trials,
			trial{"xdp", ebpfgen.AccessDirect, false, 0, []uint{bpf, admin}, "missing cap_perfmon"},
			trial{"xdp", ebpfgen.AccessDirect, false, 0, []uint{bpf, admin, perfmon, sys}, ""})
		if level, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid"); err == nil && strings.TrimSpace(string(level)) > "2" {
			trials = append(trials, trial{"xdp", ebpfgen.AccessDirect, false, 0, []uint{bpf, admin, perfmon}, "missing cap_sys_admin"})
		}
	}
	for _, test := range trials {
		at, err := Parse(test.hook)
		if err != nil {
			t.Fatal(err)
		}
		cfg := setup{Hook: at, Promiscuous: test.promisc, Snaplen: test.snaplen}
		link := linktype.Raw
		if at.Kind != Cgroup {
			cfg.Interface, link = lab.Right.Link, linktype.Ethernet
		}
		f, err := gofilter.Compile("udp port 9", gofilter.Config{LinkType: link, View: target(at).View()})
		if err != nil {
			t.Fatal(err)
		}
		cfg.FilterFlags = target(at).Flags()
		if cfg.Filter, err = ebpfgen.Generate(f.IR(), target(at), ebpfgen.Options{Access: test.access, Verdict: &ebpfgen.Verdict{Accept: 1}}); err != nil {
			t.Fatal(err)
		}
		var h *Handle
		err = lab.Right.Do(func() (err error) {
			hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var data [2]unix.CapUserData
			for _, c := range test.caps {
				data[c/32].Effective |= 1 << (c % 32)
				data[c/32].Permitted |= 1 << (c % 32)
			}
			if err := unix.Capset(&hdr, &data[0]); err != nil {
				return err
			}
			h, err = Open(cfg.config())
			return err
		})
		switch {
		case test.want != "":
			if err == nil || !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), test.want) || strings.Count(err.Error(), "missing") != 1 {
				t.Errorf("%s with %v, snapshot length %d: %v, want %s", test.hook, test.caps, test.snaplen, err, test.want)
			}
		case err != nil:
			t.Errorf("%s with %v, snapshot length %d: %+v", test.hook, test.caps, test.snaplen, err)
		case at.Kind != Cgroup:
			if err := deliver(lab.Left, lab.Right, append(numbered(lab, 0, 3), marker(lab.Left, lab.Right))...); err != nil {
				t.Fatal(err)
			}
			if got := rest(t, h); len(got) != 3 {
				t.Errorf("%s with %v, snapshot length %d: %d packets", test.hook, test.caps, test.snaplen, len(got))
			}
		}
		if h != nil {
			h.Close()
		}
	}
}
