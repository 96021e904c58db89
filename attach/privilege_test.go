//go:build linux

package attach

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// nobody is a user and group without privilege.
const nobody = 65534

// wayEnv makes the test binary a program that takes one way and says how it went.
const wayEnv = "GOFILTER_ATTACH_WAY"

// A way is one to attach a filter, from nothing on, and what it takes.
type way struct {
	name string
	caps []capability
	take func(ifindex int) error
}

var ways = []way{
	{"SO_ATTACH_FILTER, unix socket", nil, func(int) error { return Supported(Classic) }},
	{"SO_ATTACH_FILTER, packet socket", []capability{capNetRaw}, func(int) error {
		return onPacketSocket(func(f *os.File) error { return Socket(f, Return(0)) })
	}},
	{"SO_ATTACH_BPF, unix socket", []capability{capBPF}, func(int) error { return Supported(EBPF) }},
	{"SO_ATTACH_BPF, packet socket", []capability{capNetRaw, capBPF}, func(int) error {
		p, err := Load(asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}, ebpf.SocketFilter)
		if err != nil {
			return err
		}
		return onPacketSocket(func(f *os.File) error { return SocketProgram(f, p) })
	}},
	{"SO_ATTACH_BPF, rdonly_cast", []capability{capBPF, capPerfmon}, func(int) error {
		return Access(ebpf.SocketFilter, AccessRdonlyCast)
	}},
	{"tc, direct", []capability{capBPF, capNetAdmin, capPerfmon}, func(int) error { return Access(ebpf.SchedCLS, AccessDirect) }},
	{"xdp, direct", []capability{capBPF, capNetAdmin, capPerfmon}, func(int) error { return Access(ebpf.XDP, AccessDirect) }},
	{"cgroup, direct", []capability{capBPF, capPerfmon}, func(int) error { return Access(ebpf.CGroupSKB, AccessDirect) }},
	{"tc-ingress", []capability{capBPF, capNetAdmin}, attached},
	{"tc-egress", []capability{capBPF, capNetAdmin}, attached},
	{"clsact-ingress", []capability{capBPF, capNetAdmin}, attached},
	{"clsact-egress", []capability{capBPF, capNetAdmin}, attached},
	{"xdp-generic", []capability{capBPF, capNetAdmin}, attached},
	{"xdp-native", []capability{capBPF, capNetAdmin}, attached},
	{"cgroup", []capability{capBPF, capNetAdmin}, attached},
}

// attached attaches a filter at the place that the environment names.
func attached(ifindex int) error {
	for _, p := range places {
		if p.name != os.Getenv(wayEnv) {
			continue
		}
		prog, err := p.program("udp")
		if err != nil {
			return err
		}
		defer prog.Close()
		l, err := p.attach(ifindex, prog)
		if err != nil {
			return err
		}
		return l.Close()
	}
	return errors.New("no such place")
}

// onPacketSocket opens a packet socket as a capture does.
func onPacketSocket(f func(*os.File) error) error {
	if err := Privileged(); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), "packet")
	defer file.Close()
	return f(file)
}

// takeWay is what the unprivileged program does. It prints nothing where all went well.
func takeWay(name string) {
	var ifindex int
	if _, err := fmt.Sscan(os.Getenv(childEnv), &ifindex); err != nil {
		fmt.Println(err)
		return
	}
	runtime.LockOSThread()
	if rest, ok := strings.CutPrefix(name, ownNamespaces); ok {
		inOwnNamespaces(rest)
		return
	}
	at := slices.IndexFunc(ways, func(w way) bool { return w.name == name })
	if at < 0 {
		fmt.Println("no such way")
	} else if err := ways[at].take(ifindex); err != nil {
		fmt.Printf("%v; permission %v\n", err, errors.Is(err, os.ErrPermission))
	}
}

// unprivileged takes a way in a process of nobody's with these capabilities, and returns the error.
func unprivileged(t *testing.T, lab *netlab.Lab, w *way, caps []capability) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe") // the directory of the binary may be root's alone
	cmd.Env = append(os.Environ(), wayEnv+"="+w.name, fmt.Sprintf("%s=%d", childEnv, lab.Right.Index), "GOFILTER_ATTACH_GROUP="+testGroup)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for _, c := range caps {
		cmd.SysProcAttr.AmbientCaps = append(cmd.SysProcAttr.AmbientCaps, uintptr(c.bit))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := lab.Right.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	return strings.TrimSpace(out.String())
}

// TestWays takes each way as nobody, with what it takes and with one capability less.
func TestWays(t *testing.T) {
	if unprivilegedAllowed() {
		netlab.Skip(t, "kernel.unprivileged_bpf_disabled is 0")
	}
	lab := netlab.New(t)
	defer group(t)()
	for i := range ways {
		w := &ways[i]
		said := unprivileged(t, lab, w, w.caps)
		if strings.Contains(said, "missing cap_perfmon") && strings.Contains(said, comparesWhen) {
			if strings.Count(said, "missing") != 1 || strings.Count(said, capSysAdmin.name) != 1 {
				t.Errorf("%s: %s, said twice", w.name, said)
			}
			w.caps = append(slices.Clone(w.caps), capPerfmon)
			said = unprivileged(t, lab, w, w.caps)
		}
		switch {
		case strings.Contains(said, errors.ErrUnsupported.Error()):
			// An older kernel: it has to be said which one has it.
			t.Logf("%s: %s", w.name, said)
			if !strings.Contains(said, "Linux ") && !strings.Contains(said, "requires >= v") {
				t.Errorf("%s: %s, without the version", w.name, said)
			}
			continue
		case said != "":
			t.Errorf("%s, with all that it takes: %s", w.name, said)
		}
		for i, less := range w.caps {
			others := slices.Delete(slices.Clone(w.caps), i, i+1)
			said := unprivileged(t, lab, w, others)
			if !strings.Contains(said, "missing "+less.name) || !strings.HasSuffix(said, "; permission true") {
				t.Errorf("%s without %s: %q", w.name, less.name, said)
			}
			for _, c := range others {
				if strings.Contains(said, "missing "+c.name) {
					t.Errorf("%s without %s: %q, but it has %s", w.name, less.name, said, c.name)
				}
			}
		}
	}
}

// TestUserNamespace makes a user and a network namespace as nobody. There its capabilities are good for
// packet sockets, and not for eBPF.
func TestUserNamespace(t *testing.T) {
	if unprivilegedAllowed() {
		netlab.Skip(t, "kernel.unprivileged_bpf_disabled is 0")
	}
	lab := netlab.New(t)
	for _, test := range []struct{ way, want string }{
		{"SO_ATTACH_FILTER, packet socket", ""},
		{"SO_ATTACH_BPF, unix socket", "missing cap_bpf in the first user namespace; what the thread has in its own does not count"},
		{"SO_ATTACH_BPF, packet socket", "missing cap_bpf in the first user namespace"},
		{"xdp-generic", "missing cap_bpf and cap_net_admin in the first user namespace"},
	} {
		said := unprivileged(t, lab, &way{name: ownNamespaces + test.way}, nil)
		if strings.HasPrefix(said, "no namespaces") {
			t.Skip("the system lets nobody make namespaces: " + said)
		}
		if test.want == "" && said != "" || !strings.Contains(said, test.want) {
			t.Errorf("%s: %q, want %q", test.way, said, test.want)
		}
	}
}

// ownNamespaces in front of a way's name asks for a user and a network namespace to take it in.
const ownNamespaces = "own namespaces: "

// inOwnNamespaces runs the program again, as root of a user and a network namespace of its own.
func inOwnNamespaces(way string) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), wayEnv+"="+way)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: nobody, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: nobody, Size: 1}},
	}
	if err := cmd.Run(); err != nil {
		fmt.Println("no namespaces:", err)
	}
}
