package ebpfelf_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofilter/gofilter/ebpfelf"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/internal/netlab"
)

// The ports of the tests: the filters accept what is sent to the first one.
const wantedPort, otherPort = 7001, 7002

// tools skips the test where a program that it runs is missing.
func tools(t *testing.T, names ...string) {
	t.Helper()
	kernelrun.Require(t)
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			netlab.Skip(t, "%v", err)
		}
	}
}

// shell runs a script with a BPF file system of its own at /sys/fs/bpf. $1 and so on are args.
func shell(script string, args ...string) (string, error) {
	script = "mount -t bpf bpf /sys/fs/bpf && " + script
	cmd := exec.Command("unshare", append([]string{"-m", "sh", "-euc", script, "sh"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", script, args, err, out)
	}
	return string(out), err
}

// objectFile writes an object for a target to a file of the test and returns its name.
func objectFile(t *testing.T, text string, target ebpfgen.Target, o ebpfgen.Options) string {
	t.Helper()
	_, insns := compile(t, text, target, o)
	name := filepath.Join(t.TempDir(), "filter.o")
	raw := object(t, insns, ebpfelf.Object{Target: target, Source: text, File: "expression"})
	if err := os.WriteFile(name, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// packetFiles writes a datagram to each of the two ports to files.
func packetFiles(t *testing.T) (wanted, other string) {
	t.Helper()
	var files [2]string
	for i, port := range []uint16{wantedPort, otherPort} {
		from, to := netip.MustParseAddrPort("192.0.2.1:7000"), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.2"), port)
		frame := netlab.UDP4(net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}, to, from, []byte("datagram"))
		files[i] = filepath.Join(t.TempDir(), "packet")
		if err := os.WriteFile(files[i], frame, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return files[0], files[1]
}

// filters are what the clients are given: the kernel runs a socket filter behind the
// Ethernet header when it tests it.
var filters = []struct {
	target         ebpfgen.Target
	typ            string // for libbpf
	text           string
	accept, reject string
}{
	{ebpfgen.SocketFilter, "socket_filter", "ether[2:2] == 7001 or ether[22:2] == 7001", "262144", "0"},
	{ebpfgen.SchedCLS, "sched_cls", "udp dst port 7001", "4294967295", "0"},
	{ebpfgen.XDP, "xdp", "udp dst port 7001", "2", "1"},
	{ebpfgen.XDPFrags, "xdp", "udp dst port 7001", "2", "1"},
	{ebpfgen.CgroupSKB, "cgroup_skb", "udp dst port 7001", "1", "0"},
}

// TestBpftool loads an object for each target with bpftool, runs it there on a packet that the
// filter accepts and one that it rejects, and looks for the filter's words in the listing.
func TestBpftool(t *testing.T) {
	tools(t, "bpftool", "unshare")
	wanted, other := packetFiles(t)
	for _, f := range filters {
		file := objectFile(t, f.text, f.target, ebpfgen.Options{})
		out, err := shell(`bpftool prog load "$1" /sys/fs/bpf/filter
			bpftool prog run pinned /sys/fs/bpf/filter data_in "$2"
			bpftool prog run pinned /sys/fs/bpf/filter data_in "$3"
			bpftool prog dump xlated pinned /sys/fs/bpf/filter linum`, file, wanted, other)
		if err != nil {
			t.Errorf("%s: %v", f.target, err)
			continue
		}
		var returned []string
		for line := range strings.Lines(out) {
			if rest, ok := strings.CutPrefix(line, "Return value: "); ok {
				number, _, _ := strings.Cut(rest, ",")
				returned = append(returned, number)
			}
		}
		if got, want := fmt.Sprint(returned), fmt.Sprint([]string{f.accept, f.reject}); got != want {
			t.Errorf("%s: returned %s, want %s\n%s", f.target, got, want, out)
		}
		words, _, _ := strings.Cut(f.text, " or ")
		if line := "; " + words + " [file:expression line_num:1 line_col:1]"; !strings.Contains(out, line) {
			t.Errorf("%s: no line %q in\n%s", f.target, line, out)
		}
		if !strings.Contains(out, "int filter(struct ") {
			t.Errorf("%s: no function in\n%s", f.target, out)
		}
	}
}

// TestLibbpf loads the objects with a program in C that is linked with libbpf.
func TestLibbpf(t *testing.T) {
	tools(t, "gcc")
	if _, err := os.Stat("/usr/include/bpf/libbpf.h"); err != nil {
		netlab.Skip(t, "%v", err)
	}
	run := filepath.Join(t.TempDir(), "run")
	if out, err := exec.Command("gcc", "-Wall", "-Werror", "-o", run, "testdata/run.c", "-lbpf").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wanted, other := packetFiles(t)
	for _, f := range filters {
		file := objectFile(t, f.text, f.target, ebpfgen.Options{})
		var messages bytes.Buffer
		cmd := exec.Command(run, file, wanted, other)
		cmd.Stderr = &messages
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", f.target, err, &messages)
			continue
		}
		if want := fmt.Sprintf("%s %s %s\n", f.typ, f.accept, f.reject); string(out) != want {
			t.Errorf("%s: got %q, want %q", f.target, out, want)
		}
	}
}

// TestLinks attaches objects to a link with ip and tc, and sends datagrams through it.
func TestLinks(t *testing.T) {
	tools(t, "ip", "tc", "unshare")
	const text = "arp or udp dst port 7001"
	direct := ebpfgen.Options{Verdict: &ebpfgen.TCDirectAction}
	tests := []struct {
		name    string
		target  ebpfgen.Target
		options ebpfgen.Options
		script  string // $2: an object that lets nothing but ARP through, under direct action
	}{
		{"ip link xdp", ebpfgen.XDP, ebpfgen.Options{}, `ip link set dev vright xdpdrv obj "$1" sec xdp`},
		{"ip link xdpgeneric", ebpfgen.XDP, ebpfgen.Options{}, `ip link set dev vright xdpgeneric obj "$1" sec xdp`},
		{"ip link xdp.frags", ebpfgen.XDPFrags, ebpfgen.Options{}, `ip link set dev vright xdpdrv obj "$1" sec xdp.frags`},
		{"tc direct-action", ebpfgen.SchedCLS, direct,
			`tc qdisc add dev vright clsact; tc filter add dev vright ingress bpf direct-action obj "$1"`},
		{"tc direct-action sec", ebpfgen.SchedCLS, direct,
			`tc qdisc add dev vright clsact; tc filter add dev vright ingress bpf direct-action obj "$1" sec classifier`},
		{"tc classifier", ebpfgen.SchedCLS, ebpfgen.Options{},
			`tc qdisc add dev vright clsact
			tc filter add dev vright ingress pref 1 protocol all bpf obj "$1" classid 1:1
			tc filter add dev vright ingress pref 2 protocol all bpf direct-action obj "$2"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lab := netlab.New(t)
			file := objectFile(t, text, test.target, test.options)
			rest := objectFile(t, "arp", ebpfgen.SchedCLS, direct)
			if got, want := arrive(t, lab, [2]bool{true, true}), [2]bool{true, true}; got != want {
				t.Fatalf("without filter: arrived %v, want %v", got, want)
			}
			err := lab.Right.Do(func() error {
				_, err := shell(test.script, file, rest)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := arrive(t, lab, [2]bool{true, false}), [2]bool{true, false}; got != want {
				t.Errorf("arrived %v, want %v", got, want)
			}
		})
	}
}

// arrive sends datagrams from the left to the two ports of the right, until one has arrived at each port
// that is waited for, and reports for each port whether one arrived.
func arrive(t *testing.T, lab *netlab.Lab, wait [2]bool) [2]bool {
	t.Helper()
	var got [2]bool
	var sockets [2]net.PacketConn
	ports := [2]uint16{wantedPort, otherPort}
	err := lab.Right.Do(func() (err error) {
		for i, port := range ports {
			if sockets[i], err = net.ListenPacket("udp4", netip.AddrPortFrom(lab.Right.IP4, port).String()); err != nil {
				return err
			}
			t.Cleanup(func() { sockets[i].Close() })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var sender net.PacketConn
	err = lab.Left.Do(func() (err error) {
		sender, err = net.ListenPacket("udp4", ":0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	// The link keeps the order: when the one to a port has arrived that was
	// sent last, one sent before to the other port has, or will not.
	buf := make([]byte, 64)
	read := func(i int, patience time.Duration) bool {
		sockets[i].SetReadDeadline(time.Now().Add(patience))
		_, _, err := sockets[i].ReadFrom(buf)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		return err == nil
	}
	for deadline := time.Now().Add(10 * time.Second); (wait[0] && !got[0] || wait[1] && !got[1]) && time.Now().Before(deadline); {
		for range 2 {
			for i := range ports {
				to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(lab.Right.IP4, ports[i]))
				if _, err := sender.WriteTo([]byte("datagram"), to); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range ports {
			got[i] = got[i] || read(i, 100*time.Millisecond)
		}
	}
	for i := range ports {
		got[i] = got[i] || read(i, 100*time.Millisecond)
		sockets[i].Close()
	}
	return got
}
