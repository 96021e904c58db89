//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
)

// nobodyID is a user and group without privilege.
const nobodyID = 65534

// asNobody returns the command, to be run by nobody with these capabilities.
func asNobody(t *testing.T, caps []uintptr, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, args...)
	cmd.Path = "/proc/self/exe" // the directory of the binary may be root's alone
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodyID, Gid: nobodyID}, AmbientCaps: caps}
	return cmd
}

// requirePrivileges skips a test where nobody may load programs, or nobody at all.
func requirePrivileges(t *testing.T) {
	t.Helper()
	if b, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled"); err == nil && strings.TrimSpace(string(b)) == "0" {
		netlab.Skip(t, "kernel.unprivileged_bpf_disabled is 0")
	}
	if err := attach.Access(ebpf.SocketFilter, attach.AccessRdonlyCast); err != nil {
		netlab.Skip(t, "%v", err)
	}
}

// TestLivePrivilege captures as nobody with each set of capabilities of README's table. The filter
// goes into the kernel in the quickest form that they allow, or in the one that was asked for.
func TestLivePrivilege(t *testing.T) {
	requirePrivileges(t)
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	raw, bpf, perfmon := uintptr(unix.CAP_NET_RAW), uintptr(unix.CAP_BPF), uintptr(unix.CAP_PERFMON)
	for _, test := range []struct {
		caps   []uintptr
		attach string
		says   []string
	}{
		{[]uintptr{raw}, "auto", []string{"filter attached with SO_ATTACH_FILTER, ", "SO_ATTACH_BPF is quicker with access rdonly_cast only: ", "missing cap_bpf"}},
		{[]uintptr{raw, bpf}, "auto", []string{"filter attached with SO_ATTACH_FILTER, ", " instructions for speed; SO_ATTACH_BPF is quicker with access rdonly_cast only: ", "missing cap_perfmon"}},
		{[]uintptr{raw, bpf, perfmon}, "auto", []string{"filter attached with SO_ATTACH_BPF, ", " instructions for speed\n"}},
		{[]uintptr{raw, bpf}, "ebpf", []string{"filter attached with SO_ATTACH_BPF, ", " instructions for size, as asked\n"}},
	} {
		r := listening(t, lab, asNobody(t, test.caps, "-nntv", "--attach", test.attach, "-i", lab.Right.Link, "udp dst port 7"))
		send(t, lab, 3)
		stdout, stderr := r.end(syscall.SIGINT)
		for _, words := range test.says {
			if !strings.Contains(stderr, words) {
				t.Errorf("%v, --attach %s: no %q in\n%s", test.caps, test.attach, words, stderr)
			}
		}
		if strings.Count(stdout, " > 192.0.2.2.7: ") != 3 || !strings.Contains(stderr, "\n3 packets captured\n") {
			t.Errorf("%v, --attach %s:\n%s%s", test.caps, test.attach, stdout, stderr)
		}
	}
	for _, test := range []struct {
		caps []uintptr
		args string
		says string
	}{
		{nil, "-i " + lab.Right.Link, "missing cap_net_raw"},
		{[]uintptr{bpf, perfmon}, "-i " + lab.Right.Link + " udp", "missing cap_net_raw"},
		{[]uintptr{raw}, "--attach ebpf -i " + lab.Right.Link + " udp", "missing cap_bpf (or cap_sys_admin)"},
	} {
		cmd := asNobody(t, test.caps, strings.Fields(test.args)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := lab.Right.Do(cmd.Start)
		if err != nil {
			t.Fatal(err)
		}
		if cmd.Wait() == nil || !strings.Contains(stderr.String(), test.says) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v %s: %s, want %q", test.caps, test.args, &stderr, test.says)
		}
	}
}

// TestLiveUserNamespace captures on the interface of a network namespace that nobody has made,
// with nothing but what everybody may do.
func TestLiveUserNamespace(t *testing.T) {
	requirePrivileges(t)
	peer(t, "unshare")
	peer(t, "ip")
	peer(t, "bash")
	exe, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	// Descriptor 3 is the binary, which nobody may not find by its path.
	const script = `
		ip link set lo up
		while sleep 0.05; do echo hello >/dev/udp/127.0.0.1/9; done 2>/dev/null &
		trap "kill $!" EXIT
		/proc/self/fd/3 "$@"`
	run := func(args ...string) (stdout, stderr string) {
		cmd := command(t)
		cmd.Path, err = exec.LookPath("unshare")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Args = append([]string{"unshare", "--user", "--net", "--map-root-user", "bash", "-c", script, "bash"}, args...)
		cmd.ExtraFiles = []*os.File{exe}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodyID, Gid: nobodyID}}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.Run()
		if strings.Contains(errs.String(), "unshare failed") {
			t.Skip("the system lets nobody make namespaces: " + errs.String())
		}
		return out.String(), errs.String()
	}
	stdout, stderr := run("-ntv", "-c", "3", "-i", "lo", "udp dst port 9")
	if strings.Count(stdout, " > 127.0.0.1.9: ") != 3 || !strings.Contains(stderr, "filter attached with SO_ATTACH_FILTER, ") ||
		!strings.Contains(stderr, "missing cap_bpf in the first user namespace") {
		t.Errorf("%s%s", stdout, stderr)
	}
	if stdout, stderr = run("-c", "3", "--attach", "ebpf", "-i", "lo", "udp dst port 9"); stdout != "" ||
		!strings.Contains(stderr, "missing cap_bpf in the first user namespace; what the thread has in its own does not count") {
		t.Errorf("%s%s", stdout, stderr)
	}
}
