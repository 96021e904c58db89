//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/netlab"
)

// kernelHas skips a test of something that the kernel does not have: the script fails there.
func kernelHas(t *testing.T, lab *netlab.Lab, script string, args ...string) {
	t.Helper()
	if out, err := try(t, lab, script, args...); err != nil {
		netlab.Skip(t, "%v: %s", err, out)
	}
}

// inLab runs a shell script in the lab's right namespace and returns what it prints.
func inLab(t *testing.T, lab *netlab.Lab, script string, args ...string) string {
	t.Helper()
	out, err := try(t, lab, script, args...)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return out
}

// try is inLab for a script that may fail.
func try(t *testing.T, lab *netlab.Lab, script string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-ec", script, "sh"}, args...)...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := lab.Right.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	return out.String(), err
}

// printed returns a program without the newline behind it.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	r := runCommand(t, "", args...)
	if r.status != 0 {
		t.Fatal(r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// counts waits until a script prints a line with each of the words.
func counts(t *testing.T, lab *netlab.Lab, script string, words ...string) {
	t.Helper()
	var out string
	for range 50 {
		out = inLab(t, lab, script)
		found := 0
		for _, w := range words {
			if strings.Contains(strings.Join(strings.Fields(out), " "), w) {
				found++
			}
		}
		if found == len(words) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("no %q in\n%s", words, out)
}

// TestXTBPF gives iptables a rule with a classic program, and, as the error about a program that
// is too long says, one with an eBPF program.
func TestXTBPF(t *testing.T) {
	peer(t, "iptables")
	peer(t, "bpftool")
	lab := netlab.New(t)
	kernelHas(t, lab, "iptables -A OUTPUT -m bpf --bytecode '1,6 0 0 0' -j DROP")
	object := filepath.Join(t.TempDir(), "filter.o")
	printed(t, "-y", "RAW", "--target", "socket", "--format", "elf", "-o", object, "udp dst port 9")
	inLab(t, lab, `
		iptables -A INPUT -m bpf --bytecode "$1" -j DROP
		unshare -m sh -ec '
			mount -t bpf bpf /sys/fs/bpf
			bpftool prog load "$1" /sys/fs/bpf/filter type socket
			iptables -A INPUT -m bpf --object-pinned /sys/fs/bpf/filter -j ACCEPT' sh "$2"
	`, printed(t, "--format", "xt_bpf", "udp dst port 7"), object)
	send(t, lab, 3)
	counts(t, lab, "iptables -nvxL INPUT", " 3 99 DROP ", " 3 99 ACCEPT ")
}

// TestTCBytecode gives tc classic programs. A VLAN tag is in the metadata where they run.
func TestTCBytecode(t *testing.T) {
	peer(t, "tc")
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	kernelHas(t, lab, `
		tc qdisc add dev "$1" clsact
		tc filter add dev "$1" egress bpf bytecode '1,6 0 0 0' action mirred egress redirect dev lo
	`, lab.Right.Link)
	inLab(t, lab, `
		tc filter add dev "$1" ingress prio 1 bpf bytecode "$2" flowid 1:7 action mirred egress redirect dev lo
		tc filter add dev "$1" ingress prio 2 bpf bytecode "$3" flowid 1:8 action mirred egress redirect dev lo
	`, lab.Right.Link, printed(t, "-y", "EN10MB", "--format", "tc", "udp dst port 7"),
		printed(t, "-y", "EN10MB", "--format", "tc", "vlan 100 and udp dst port 9"))
	send(t, lab, 3)
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, tci := range []uint16{100, 101, 100} {
		if err := s.Send(netlab.Tag(lab.Left.Datagram(lab.Right, 5000, 9, []byte("hello")), 0x8100, tci)); err != nil {
			t.Fatal(err)
		}
	}
	counts(t, lab, "tc -s filter show dev "+lab.Right.Link+" ingress prio 1", "bytes 3 pkt")
	counts(t, lab, "tc -s filter show dev "+lab.Right.Link+" ingress prio 2", "bytes 2 pkt")
}

// TestLiveFinished captures with a program of each form that --program reads.
func TestLiveFinished(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	dir := t.TempDir()
	for _, form := range []string{"savefile", "decimal"} {
		prog, file := filepath.Join(dir, form), filepath.Join(dir, form+".pcap")
		printed(t, "-y", "EN10MB", "--format", form, "-o", prog, "udp dst port 7")
		r := capturing(t, lab, "-v", "--program", prog, "-i", lab.Right.Link, "-w", file)
		send(t, lab, 3)
		if _, stderr := r.end(syscall.SIGINT); !strings.Contains(stderr, "filter attached with SO_ATTACH_FILTER, ") || !strings.HasSuffix(stderr, summary3) {
			t.Errorf("%s: %s", form, stderr)
		}
		if n := packetsIn(t, file); n != 3 {
			t.Errorf("%s: %d packets in the file, want 3", form, n)
		}
	}
}
