//go:build linux

package attach

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/linktype"
)

// with runs f on a thread that has these capabilities and no others.
func with(t *testing.T, caps []capability, f func()) {
	t.Helper()
	var set uint64
	for _, c := range caps {
		set |= 1 << c.bit
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		data := [2]unix.CapUserData{
			{Effective: uint32(set), Permitted: uint32(set)},
			{Effective: uint32(set >> 32), Permitted: uint32(set >> 32)},
		}
		err := unix.Capset(&hdr, &data[0])
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		netlab.Skip(t, "capset: %v", err)
	}
}

// olderKernel skips the test where err says that the kernel is too old.
func olderKernel(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
}

func TestRunningKernel(t *testing.T) {
	start := time.Now()
	k, err := RunningKernel()
	if err != nil {
		olderKernel(t, err)
		if _, serr := os.Stat("/sys/kernel/btf/vmlinux"); serr != nil {
			netlab.Skip(t, "%v", err)
		}
		t.Fatal(err)
	}
	t.Logf("%+v in %v", *k, time.Since(start))
	// skb->len and skb->data_len stand side by side since ever; data is a pointer.
	if k.DataLen != k.Len+4 || k.Data%8 != 0 || k.CastToKernCtx <= 0 || k.RdonlyCast <= 0 {
		t.Errorf("%+v", *k)
	}
}

// What Strategies can say beside the names of capabilities.
const (
	works = ""
	never = "-" // no such strategy for the program type
)

// strategyTests say for each program type what works with which capabilities: b cap_bpf,
// p cap_perfmon, n cap_net_admin.
var strategyTests = []struct {
	caps string
	typ  ebpf.ProgramType
	want map[string]string // missing capabilities by strategy
}{
	{"bpn", ebpf.SocketFilter, map[string]string{AccessDirect: never, AccessRdonlyCast: works, AccessHelper: works, AccessLdAbs: works}},
	{"bp", ebpf.SocketFilter, map[string]string{AccessDirect: never, AccessRdonlyCast: works, AccessHelper: works, AccessLdAbs: works}},
	{"b", ebpf.SocketFilter, map[string]string{AccessDirect: never, AccessRdonlyCast: "p", AccessHelper: works, AccessLdAbs: works}},
	{"np", ebpf.SocketFilter, map[string]string{AccessDirect: never, AccessRdonlyCast: "b", AccessHelper: "b", AccessLdAbs: "b"}},
	{"bpn", ebpf.SchedCLS, map[string]string{AccessDirect: works, AccessHelper: works, AccessLdAbs: works}},
	{"bn", ebpf.SchedCLS, map[string]string{AccessDirect: "p", AccessHelper: works, AccessLdAbs: works}},
	{"bp", ebpf.SchedCLS, map[string]string{AccessDirect: "n", AccessHelper: "n", AccessLdAbs: "n"}},
	{"", ebpf.SchedCLS, map[string]string{AccessDirect: "bn", AccessHelper: "bn", AccessLdAbs: "bn"}},
	{"bpn", ebpf.XDP, map[string]string{AccessDirect: works, AccessRdonlyCast: never, AccessHelper: works, AccessLdAbs: never}},
	{"bn", ebpf.XDP, map[string]string{AccessDirect: "p", AccessRdonlyCast: never, AccessHelper: works, AccessLdAbs: never}},
	{"bp", ebpf.CGroupSKB, map[string]string{AccessDirect: works, AccessHelper: works, AccessLdAbs: never}},
	{"b", ebpf.CGroupSKB, map[string]string{AccessDirect: "p", AccessHelper: works, AccessLdAbs: never}},
}

// TestStrategies takes the capabilities away one by one.
func TestStrategies(t *testing.T) {
	if unprivilegedAllowed() {
		netlab.Skip(t, "kernel.unprivileged_bpf_disabled is 0")
	}
	letters := map[byte]capability{'b': capBPF, 'p': capPerfmon, 'n': capNetAdmin}
	for _, test := range strategyTests {
		var caps []capability
		for _, c := range []byte(test.caps) {
			caps = append(caps, letters[c])
		}
		with(t, caps, func() {
			for _, s := range Strategies(test.typ) {
				want, ok := test.want[s.Name]
				switch {
				case !ok:
				case errors.Is(s.Err, errors.ErrUnsupported) && want != never:
					t.Logf("%v: %v", test.typ, s.Err) // an older kernel
				case want == works:
					if s.Err != nil {
						t.Errorf("%q, %v, %s: %v", test.caps, test.typ, s.Name, s.Err)
					}
				case want == never:
					if !errors.Is(s.Err, errors.ErrUnsupported) {
						t.Errorf("%q, %v, %s: %v", test.caps, test.typ, s.Name, s.Err)
					}
				default:
					if !errors.Is(s.Err, os.ErrPermission) {
						t.Errorf("%q, %v, %s: %v", test.caps, test.typ, s.Name, s.Err)
					}
					for _, c := range []byte(want) {
						if s.Err != nil && !strings.Contains(s.Err.Error(), letters[c].name) {
							t.Errorf("%q, %v, %s: %v, want %s", test.caps, test.typ, s.Name, s.Err, letters[c].name)
						}
					}
				}
			}
		})
	}
	if err := Access(ebpf.XDP, "telepathy"); err == nil {
		t.Error("a strategy that does not exist works")
	}
}

// unprivilegedAllowed reports whether programs can be loaded without any capability.
func unprivilegedAllowed() bool {
	b, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
	return err == nil && strings.TrimSpace(string(b)) == "0"
}

// TestKernelFor loads a filter that looks into struct sk_buff, and sees that it is made
// and taken with these capabilities and not with less.
func TestKernelFor(t *testing.T) {
	f, err := gofilter.Compile("udp port 9", gofilter.Config{LinkType: linktype.Ethernet, View: ebpfgen.SocketFilter.View()})
	if err != nil {
		t.Fatal(err)
	}
	receiver, _ := pair(t)
	var insns asm.Instructions
	with(t, []capability{capBPF, capPerfmon}, func() {
		k := KernelFor(ebpf.SocketFilter)
		if k == nil {
			return
		}
		if insns, err = ebpfgen.Generate(f.IR(), ebpfgen.SocketFilter, ebpfgen.Options{Kernel: (*ebpfgen.Kernel)(k)}); err != nil {
			t.Error(err)
			return
		}
		p, err := Load(insns, ebpf.SocketFilter)
		if err != nil {
			t.Errorf("%+v", err)
			return
		}
		defer p.Close()
		if err := SocketProgram(receiver, p); err != nil {
			t.Error(err)
		}
	})
	if insns == nil {
		err := Access(ebpf.SocketFilter, AccessRdonlyCast)
		olderKernel(t, err)
		netlab.Skip(t, "%v", err)
	}
	if licence(insns) != "Dual BSD/GPL" || licence(insns[:1]) != "BSD" {
		t.Errorf("licences %s, %s", licence(insns), licence(insns[:1]))
	}
	with(t, []capability{capBPF}, func() {
		if KernelFor(ebpf.SocketFilter) != nil {
			t.Error("works without cap_perfmon")
		}
		var refusal *LoadError
		if _, err := Load(insns, ebpf.SocketFilter); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "CAP_PERFMON") {
			t.Errorf("without cap_perfmon: %v", err)
		}
	})
}
