//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/savefile"
)

// togetherFilters are captured by three programs at once.
var togetherFilters = []string{
	"ip and tcp port 22",
	"tcp port 80 or udp port 53",
	"icmp or icmp6",
	"ip6",
	"ip6 and tcp dst port 80",
	"host 192.0.2.1 and not port 22",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)",
	"vlan 5 and udp dst port 7",
	"arp or greater 200",
}

// TestTogether: with real traffic on the link, a filter attached as eBPF, the same
// attached as classic BPF, and tcpdump capture the same packets, for each of ten
// filters; tcpdump and tshark read the files.
func TestTogether(t *testing.T) {
	for _, tool := range []string{"tcpdump", "tshark"} {
		if _, err := exec.LookPath(tool); err != nil {
			netlab.Skip(t, "no %s: %v", tool, err)
		}
	}
	lab := netlab.NewWith(t, netlab.Options{IPv6: true})
	if err := lab.Ready(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(who string, i int) string { return filepath.Join(dir, fmt.Sprintf("%s-%d.pcap", who, i)) }
	var ours []*running
	var theirs []*exec.Cmd
	for i, filter := range togetherFilters {
		for _, how := range []string{"ebpf", "classic"} {
			ours = append(ours, capturing(t, lab, "--attach", how, "-i", lab.Right.Link, "-w", file(how, i), filter))
		}
		theirs = append(theirs, tcpdumping(t, lab, file("tcpdump", i), filter))
	}
	// The kernel's own ICMPv6 may come while one program listens already and another
	// not yet, or no longer; all have the kernel's times.
	start := time.Now()
	traffic(t, lab)
	end := time.Now()
	for _, r := range ours {
		r.end(syscall.SIGINT)
	}
	for _, c := range theirs {
		c.Process.Signal(syscall.SIGINT)
		if err := c.Wait(); err != nil {
			t.Errorf("tcpdump: %v\n%s", err, c.Stderr)
		}
	}
	for i, filter := range togetherFilters {
		want := records(t, file("tcpdump", i), start, end)
		if len(want) == 0 {
			t.Errorf("%q: tcpdump captured nothing; the test needs traffic for it", filter)
		}
		for _, how := range []string{"ebpf", "classic"} {
			got := records(t, file(how, i), start, end)
			for n := range max(len(got), len(want)) {
				if n >= len(got) || n >= len(want) || !bytes.Equal(got[n], want[n]) {
					t.Errorf("%q attached as %s: %d packets, tcpdump has %d; they differ from packet %d on", filter, how, len(got), len(want), n+1)
					break
				}
			}
		}
		readable(t, file("ebpf", i))
	}
}

// tcpdumping starts tcpdump in the lab's right namespace and waits until it listens.
func tcpdumping(t *testing.T, lab *netlab.Lab, file, filter string, options ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command("tcpdump", append(options, "-U", "-Z", "root", "-i", lab.Right.Link, "-w", file, filter)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := lab.Right.Do(c.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	// The file's header is written when the filter is in force.
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if info, err := os.Stat(file); err == nil && info.Size() >= 24 {
			return c
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("tcpdump does not listen: %s", &stderr)
		}
	}
}

// traffic is some of everything that togetherFilters ask for.
func traffic(t *testing.T, lab *netlab.Lab) {
	t.Helper()
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	send := func(frame []byte) error { return s.Send(frame) }
	for _, step := range []error{
		lab.Ping("ip4"), lab.Ping("ip6"),
		lab.TCP("tcp4", 22, 3000), lab.TCP("tcp4", 80, 3000), lab.TCP("tcp6", 80, 3000), lab.TCP("tcp6", 22, 10),
		lab.UDP("udp4", 53, 100), lab.UDP("udp6", 53, 300), lab.UDP("udp4", 9, 10),
		send(netlab.Tag(lab.Left.Datagram(lab.Right, 5000, 7, []byte("tagged")), 0x8100, 5)),
		send(netlab.Tag(lab.Left.Datagram(lab.Right, 5000, 7, []byte("another tag")), 0x8100, 6)),
		send(netlab.Tag(netlab.Tag(lab.Left.Datagram(lab.Right, 5000, 7, []byte("two tags")), 0x8100, 6), 0x88a8, 5)),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	time.Sleep(200 * time.Millisecond) // the last acknowledgements
}

// records returns the packets of a savefile that were captured between two times.
func records(t *testing.T, name string, start, end time.Time) (all [][]byte) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := savefile.NewReader(f, name)
	if err != nil {
		t.Fatal(err)
	}
	var rec savefile.Record
	for {
		if err := r.Next(&rec); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if at := time.Unix(rec.Sec, int64(rec.Nsec)); at.Before(start) || at.After(end) {
			continue
		}
		all = append(all, bytes.Clone(rec.Data))
	}
}

// readable checks that tcpdump and tshark find all packets of a file.
func readable(t *testing.T, name string) {
	t.Helper()
	n := packetsIn(t, name)
	for _, args := range [][]string{{"tcpdump", "-n", "-t", "-r", name}, {"tshark", "-n", "-T", "fields", "-e", "frame.number", "-r", name}} {
		out, err := exec.Command(args[0], args[1:]...).Output()
		if err != nil {
			t.Errorf("%v: %v", args, err)
			continue
		}
		lines := 0
		for line := range strings.Lines(string(out)) {
			if args[0] == "tcpdump" && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
				continue // goes on with the packet
			}
			if args[0] == "tshark" {
				if _, err := strconv.Atoi(strings.TrimSpace(line)); err != nil {
					continue
				}
			}
			lines++
		}
		if lines != n {
			t.Errorf("%v: %d packets, want %d", args, lines, n)
		}
	}
}
