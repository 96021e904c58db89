//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gofilter/gofilter/internal/netlab"
)

// sendFlows sends n numbered datagrams of many flows, wanted and unwanted ones by turns.
func sendFlows(t *testing.T, lab *netlab.Lab, n int) {
	t.Helper()
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var frames [][]byte
	for i := range n {
		for _, port := range []uint16{7, 9} {
			frames = append(frames, lab.Left.Datagram(lab.Right, uint16(1024+i*7919%5000), port, fmt.Appendf(nil, "%010d", i)))
		}
	}
	if err := s.Send(frames...); err != nil {
		t.Fatal(err)
	}
}

// What workers take is in one file, all of it and in order.
func TestLiveWorkers(t *testing.T) {
	const n = 3000
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	for _, test := range []struct{ args []string }{
		{[]string{"--workers", "3", "-i", lab.Right.Link}},
		{[]string{"--workers", "auto", "-i", lab.Right.Link, "--attach", "classic"}},
		{[]string{"--workers", "2", "-i", lab.Right.Link, "-i", "lo", "--immediate-mode"}},
	} {
		file := filepath.Join(t.TempDir(), "out.pcap")
		r := capturing(t, lab, append([]string{"-v", "-B", "16384", "-w", file, "udp dst port 7"}, test.args...)...)
		sendFlows(t, lab, n)
		_, stderr := r.end(syscall.SIGINT)
		want := fmt.Sprintf("\n%d packets captured\n%d packets received by filter\n0 packets dropped by kernel\n", n, n)
		if !strings.HasSuffix(stderr, want) || strings.Contains(stderr, "out of order") {
			t.Errorf("%q: %s", test.args, stderr)
		}
		all := numbersIn(t, file)
		for i, k := range all {
			if k != uint64(i) {
				t.Errorf("%q: packet %d has number %d", test.args, i, k)
				break
			}
		}
		if len(all) != n {
			t.Errorf("%q: %d packets in the file", test.args, len(all))
		}
	}
	// Cooked, printed, and ended by a count.
	r := capturing(t, lab, "-ntqc", "20", "--workers", "2", "-i", "any", "udp dst port 7")
	sendFlows(t, lab, 20)
	stdout, stderr := r.end(nil)
	if strings.Count(stdout, "\n") != 20 || !strings.Contains(stderr, "\n20 packets captured\n") {
		t.Errorf("any:\n%s%s", stdout, stderr)
	}
}

func TestWorkersOption(t *testing.T) {
	for _, value := range []string{"0", "-1", "257", "many", ""} {
		r := runCommand(t, "", "--workers", value, "-i", "lo")
		if want := "gofilter: invalid number of workers " + value + ": want auto or 1 to 256\n"; r.status != 1 || r.stderr != want {
			t.Errorf("%q: status %d, %s", value, r.status, r.stderr)
		}
	}
}
