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
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := controlGroup(t)
	const bpf, admin, perfmon, raw = unix.CAP_BPF, unix.CAP_NET_ADMIN, unix.CAP_PERFMON, unix.CAP_NET_RAW
	for _, test := range []struct {
		hook    string
		access  ebpfgen.Access
		promisc bool
		caps    []uint
		want    string
	}{
		{"tcx", ebpfgen.AccessLoadBytes, false, nil, "missing cap_bpf"},
		{"tcx", ebpfgen.AccessLoadBytes, false, []uint{bpf}, "missing cap_net_admin"},
		{"tcx", ebpfgen.AccessLoadBytes, false, []uint{bpf, admin}, ""},
		{"tcx", ebpfgen.AccessDirect, false, []uint{bpf, admin, perfmon}, ""},
		{"tcx", ebpfgen.AccessLoadBytes, true, []uint{bpf, admin}, "promiscuous mode: missing cap_net_raw"},
		{"tcx", ebpfgen.AccessLoadBytes, true, []uint{bpf, admin, raw}, ""},
		{"xdp", ebpfgen.AccessLoadBytes, false, nil, "missing cap_bpf"},
		{"xdp", ebpfgen.AccessLoadBytes, false, []uint{bpf, admin}, ""},
		{"xdp", ebpfgen.AccessDirect, false, []uint{bpf, admin, perfmon}, ""},
		{"cgroup=" + dir, ebpfgen.AccessLoadBytes, false, []uint{bpf}, "missing cap_net_admin"},
		{"cgroup=" + dir, ebpfgen.AccessLoadBytes, false, []uint{bpf, admin}, ""},
	} {
		at, err := Parse(test.hook)
		if err != nil {
			t.Fatal(err)
		}
		cfg := setup{Hook: at, Promiscuous: test.promisc}
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
			if err == nil || !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s with %v: %v, want %s", test.hook, test.caps, err, test.want)
			}
		case err != nil:
			t.Errorf("%s with %v: %+v", test.hook, test.caps, err)
		case at.Kind != Cgroup:
			if err := s.Send(numbered(lab, 0, 3)...); err != nil {
				t.Fatal(err)
			}
			if got := rest(t, h); len(got) != 3 {
				t.Errorf("%s with %v: %d packets", test.hook, test.caps, len(got))
			}
		}
		if h != nil {
			h.Close()
		}
	}
}
