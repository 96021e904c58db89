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

// TestLiveClassic: a classic program is the one for speed, and the short one where that
// is too long for the kernel; both take the same packets.
func TestLiveClassic(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	var ports strings.Builder
	ports.WriteString("udp dst port 7 and not host 10.9.9.9")
	for i := range 1200 {
		fmt.Fprintf(&ports, " or tcp port %d", 1000+37*i)
	}
	for _, test := range []struct{ filter, says string }{
		{"udp dst port 7", " instructions for speed, as asked\n"},
		{ports.String(), " instructions for size, as asked\n"},
	} {
		file := filepath.Join(t.TempDir(), "out.pcap")
		r := capturing(t, lab, "-v", "--attach", "classic", "-i", lab.Right.Link, "-w", file, test.filter)
		send(t, lab, 3)
		_, stderr := r.end(syscall.SIGINT)
		if !strings.Contains(stderr, test.says) {
			t.Errorf("%.30s: %s", test.filter, stderr)
		}
		if n := packetsIn(t, file); n != 3 {
			t.Errorf("%.30s: %d packets in the file, want 3", test.filter, n)
		}
	}
}
