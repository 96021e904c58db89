//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
)

// The command captures the same packets at each hook as with a packet socket, the file says
// where, and what the program answered.
func TestHook(t *testing.T) {
	peer(t, "tshark")
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	dir := t.TempDir()
	direction := map[string]string{"in": "1", "out": "2"}
	for _, test := range []struct{ hook, q, via, verdict string }{
		{"tc-ingress", "in", "tcx", "-1\t"},
		{"tc-egress", "out", "tcx", "-1\t"},
		{"tcx", "inout", "tcx", "-1\t"},
		{"xdp", "in", "xdp native", "\t2"},
		{"xdp-generic", "in", "xdp generic", "\t2"},
	} {
		name := func(who string) string { return filepath.Join(dir, who+test.hook+".pcapng") }
		const words = "udp dst port 7 or vlan 5"
		start := time.Now()
		hooked := capturing(t, lab, "-v", "--hook", test.hook, "-i", lab.Right.Link, "-w", name("hook"), words)
		socket := capturing(t, lab, "-Q", test.q, "-i", lab.Right.Link, "-w", name("socket"), words)
		for _, ends := range [][2]*netlab.Namespace{{lab.Left, lab.Right}, {lab.Right, lab.Left}} {
			s, err := ends[0].Sender()
			if err != nil {
				t.Fatal(err)
			}
			frame := ends[0].Datagram(ends[1], 5000, 7, []byte("hello"))
			if err := s.Send(frame, netlab.Tag(frame, 0x8100, 5), netlab.Tag(netlab.Tag(frame, 0x8100, 6), 0x88a8, 5), frame[:40]); err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
		_, said := hooked.end(syscall.SIGINT)
		socket.end(syscall.SIGINT)
		got, want := records(t, name("hook"), start, time.Now()), records(t, name("socket"), start, time.Now())
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("%s: %d packets, the socket has %d", test.hook, len(got), len(want))
		}
		for i := range min(len(got), len(want)) {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("%s: packet %d differs:\n%x\n%x", test.hook, i+1, got[i], want[i])
			}
		}
		for _, words := range []string{
			fmt.Sprintf("gofilter: program attached at %s by %s, ", test.hook, test.via), "access direct, ring buffer of ",
			fmt.Sprintf("listening on %s at %s, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n", lab.Right.Link, test.hook),
			fmt.Sprintf("\n%d packets captured\n%d packets received by filter\n0 packets dropped by kernel\n", len(want), len(want)),
		} {
			if !strings.Contains(said, words) {
				t.Errorf("%s: no %q in\n%s", test.hook, words, said)
			}
		}
		if got := statisticsIn(t, name("hook")); len(got) != 1 || got[0] != (statistic{uint64(len(want)), 0, uint64(len(want))}) {
			t.Errorf("%s: statistics %+v", test.hook, got)
		}
		if test.hook != "tcx" && test.hook != "xdp" {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(tsharkFields(t, name("hook"), "frame.interface_description", "frame.packet_flags_direction", "frame.verdict.ebpf_tc", "frame.verdict.ebpf_xdp"), "\n"), "\n")
		for i, line := range lines {
			dir := direction[test.q]
			if test.q == "inout" {
				dir = map[bool]string{true: "1", false: "2"}[i < len(lines)/2]
			}
			fields := strings.SplitN(line, "\t", 3)
			// tshark has the direction as it is, or as a number with leading zeroes.
			if len(fields) != 3 || fields[0] != "hook "+test.hook || !strings.HasSuffix(strings.TrimLeft(fields[1], "0x"), dir) || fields[2] != test.verdict {
				t.Errorf("%s: tshark has %q of packet %d", test.hook, line, i+1)
			}
		}
		if len(lines) != len(want) {
			t.Errorf("%s: tshark has %d packets", test.hook, len(lines))
		}
	}
}

// atTCX returns how many programs are at an interface's TCX hooks.
func atTCX(t *testing.T, ns *netlab.Namespace) (n int) {
	t.Helper()
	err := ns.Do(func() error {
		for _, at := range []ebpf.AttachType{ebpf.AttachTCXIngress, ebpf.AttachTCXEgress} {
			found, err := link.QueryPrograms(link.QueryOptions{Target: ns.Index, Attach: at})
			if err != nil {
				return err
			}
			n += len(found.Programs)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// foreignXDP attaches an XDP program to an interface.
func foreignXDP(t *testing.T, ns *netlab.Namespace) (l *attach.Link, err error) {
	t.Helper()
	p, err := attach.Load(asm.Instructions{asm.Mov.Imm(asm.R0, 2), asm.Return()}, ebpf.XDP)
	if err != nil {
		netlab.Skip(t, "%v", err)
	}
	defer p.Close()
	err = ns.Do(func() (err error) {
		l, err = attach.XDP(ns.Index, p, attach.XDPNative)
		return err
	})
	return l, err
}

// A command that is killed leaves nothing at a hook.
func TestHookKilled(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	kill := func(hook string) {
		r := capturing(t, lab, "-n", "--hook", hook, "-i", lab.Right.Link, "udp")
		if hook == "tcx" {
			if n := atTCX(t, lab.Right); n != 2 {
				t.Errorf("%d programs at TCX", n)
			}
		} else if l, err := foreignXDP(t, lab.Right); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: the place is not taken: %v", hook, err)
			l.Close()
		}
		send(t, lab, 3)
		r.cmd.Process.Kill()
		r.cmd.Wait()
		// The last reference to the program may go a moment later.
		for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			var err error
			if hook == "tcx" {
				if n := atTCX(t, lab.Right); n != 0 {
					err = fmt.Errorf("%d programs at TCX", n)
				}
			} else {
				var l *attach.Link
				if l, err = foreignXDP(t, lab.Right); err == nil {
					l.Close()
				}
			}
			if err == nil {
				return
			}
			if time.Since(start) > 5*time.Second {
				t.Fatalf("%s: killed, and %v", hook, err)
			}
		}
	}
	for _, hook := range []string{"tcx", "xdp", "xdp-generic"} {
		kill(hook)
	}
}

// Someone else's XDP program stays, and the command says which it is.
func TestHookForeign(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	l, err := foreignXDP(t, lab.Right)
	if err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{"xdp", "xdp-generic"} {
		cmd := command(t, "--hook", hook, "-i", lab.Right.Link, "udp")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := lab.Right.Do(cmd.Run); err == nil || !strings.Contains(stderr.String(), "the interface has an XDP program of someone else (id ") ||
			!strings.Contains(stderr.String(), ", native, gofilter), which stays") {
			t.Errorf("%s: %v, %s", hook, err, stderr.String())
		}
	}
	if _, err := foreignXDP(t, lab.Right); !errors.Is(err, os.ErrExist) {
		t.Errorf("the program is gone: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// Hooks go together with the other options: several interfaces, JSON, -c, -s, rotation.
func TestHookOptions(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	r := capturing(t, lab, "-v", "-n", "--json", "--hook", "tcx", "-i", lab.Right.Link, "-i", "lo", "udp dst port 7")
	r.until("listening on lo at tcx")
	for range 3 {
		send(t, lab, 4)
		loopback(t, lab, 3)
	}
	stdout, stderr := r.end(syscall.SIGINT)
	found := make(map[string]int)
	for line := range strings.Lines(stdout) {
		var o packetObject
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		found[fmt.Sprint(o.Interface, " ", *o.DstPort)]++
	}
	if found[lab.Right.Link+" 7"] != 12 || found["lo 7"] != 9 || len(found) != 2 || !strings.Contains(stderr, "gofilter: lo: program attached at tcx by tcx, ") ||
		!strings.HasSuffix(stderr, "\n21 packets captured\n21 packets received by filter\n0 packets dropped by kernel\n") {
		t.Errorf("%v\n%s", found, stderr)
	}

	// Without privileges the counts are there, and nothing stays.
	r = capturing(t, lab, "-Z", "nobody", "-nt", "--hook", "tcx", "-i", lab.Right.Link, "udp dst port 7")
	send(t, lab, 3)
	stdout, stderr = r.end(syscall.SIGINT)
	if strings.Count(stdout, " > 192.0.2.2.7: ") != 3 || !strings.HasPrefix(stderr, "dropped privs to nobody\n") ||
		!strings.HasSuffix(stderr, "\n3 packets captured\n3 packets received by filter\n0 packets dropped by kernel\n") {
		t.Errorf("-Z nobody: %s%s", stdout, stderr)
	}
	if n := atTCX(t, lab.Right); n != 0 {
		t.Errorf("-Z nobody: %d programs at TCX", n)
	}

	file := filepath.Join(t.TempDir(), "out")
	r = capturing(t, lab, "--hook", "xdp", "-i", lab.Right.Link, "-c", "50", "-s", "20", "-C", "1k", "-w", file, "udp dst port 7")
	send(t, lab, 60)
	if _, stderr := r.end(nil); !strings.Contains(stderr, "\n50 packets captured\n") {
		t.Errorf("%s", stderr)
	}
	files, err := filepath.Glob(file + "*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		n += packetsIn(t, f)
		for _, data := range records(t, f, time.Time{}, time.Now()) {
			if len(data) != 20 {
				t.Fatalf("%s: a packet has %d bytes", f, len(data))
			}
		}
	}
	if n != 50 || len(files) < 2 {
		t.Errorf("%d packets in %d files", n, len(files))
	}
}

func TestHookErrors(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	on := lab.Right.Link
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--hook", "xpd"}, `unknown hook "xpd": want tc-ingress, tc-egress, tcx, xdp, xdp-generic, cgroup=PATH`},
		{[]string{"--hook", "cgroup="}, "hook cgroup needs a directory: cgroup=PATH"},
		{[]string{"--hook", "xdp", "-r", "f"}, "--hook needs a live capture"},
		{[]string{"--hook", "xdp", "--attach", "classic"}, "--attach is about packet sockets"},
		{[]string{"--hook", "xdp", "--workers", "2"}, "--workers are packet sockets"},
		{[]string{"--hook", "xdp", "-j", "adapter"}, "-j adapter is a packet socket's"},
		{[]string{"--hook", "xdp", "--stat"}, "--stat counts packets in the kernel: --hook cannot stand beside it"},
		{[]string{"--hook", "xdp", "-d"}, "--hook captures; the program of a filter is printed with --target"},
		{[]string{"--hook", "xdp", "-i", "any"}, "hook xdp is one interface's: name it"},
		{[]string{"--hook", "xdp", "-i", "nosuch0"}, "nosuch0: no such interface"},
		{[]string{"--hook", "xdp", "-Q", "out", "-i", on}, "hook xdp has no packets of direction out"},
		{[]string{"--hook", "tcx", "-y", "RAW", "-i", on}, on + ": cannot be captured as RAW; -L lists what it can"},
		{[]string{"--hook", "xdp", "-i", on, "outbound"}, "the filter cannot run at xdp: a frame does not have the metadatum pkttype"},
		{[]string{"--hook", "xdp", "-i", on, "tcp and udp"}, "expression rejects all packets"},
		{[]string{"--hook", "tcx", "-i", on, "tcp prot 22"}, "1:5: "},
		{[]string{"--hook", "cgroup=/proc"}, "any: attach program to control group /proc, ingress: not a directory of a cgroup2 file system"},
	} {
		cmd := command(t, test.args...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		err := lab.Right.Do(cmd.Run)
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(stderr.String(), "gofilter: "+test.want) {
			t.Errorf("%q: %v, %s", test.args, err, stderr.String())
		}
	}
}
