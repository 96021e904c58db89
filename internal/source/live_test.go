//go:build linux

package source

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/internal/netlab"
)

// Every frame that is made arrives, numbered, its port by turns.
func TestLive(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	fd := receiver(t, lab)
	l, err := OpenLive(lab.Right, lab.Left.Datagram(lab.Right, 1000, 1, make([]byte, 18)), 1, 7, 9)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported) {
		netlab.Skip(t, "%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, n := range []int{1, 100, 5000} {
		if err := l.Send(n); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.Sent(); err != nil || n != 5101 {
		t.Errorf("%d frames made, %v", n, err)
	}
	all, lengths, ports := numbers(t, fd)
	for i, k := range all {
		if k != uint64(i) || lengths[i] != NumberOffset+18 || ports[i] != [2]uint16{7, 9}[i%2] {
			t.Fatalf("frame %d has number %d, %d bytes and port %d", i, k, lengths[i], ports[i])
		}
	}
	if len(all) != 5101 {
		t.Errorf("%d frames arrived", len(all))
	}
	if err := l.Send(0); err == nil {
		t.Error("no frames are sent")
	}
	if _, err := OpenLive(lab.Right, make([]byte, 10), 0, 7); err == nil {
		t.Error("a frame without room for a number is taken")
	}
	if _, err := OpenLive(lab.Right, l.frame, 0); err == nil {
		t.Error("frames without a port are taken")
	}
	if port := binary.BigEndian.Uint16(l.frame[portOffset:]); port != 1 {
		t.Errorf("the frame itself was changed: port %d", port)
	}
}
