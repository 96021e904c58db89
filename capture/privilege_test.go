//go:build linux

package capture

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/internal/netlab"
	"golang.org/x/sys/unix"
)

// TestUnprivileged opens with no capability, with cap_net_raw alone, and uses a
// handle after the capability was given up.
func TestUnprivileged(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	s := sender(t, lab.Left)
	var h *Handle
	err := lab.Right.Do(func() error {
		if err := capabilities(1 << unix.CAP_NET_RAW); err != nil {
			return err
		}
		var err error
		if h, err = Open(Config{Interface: lab.Right.Link, Promiscuous: true, Filter: Filter{Classic: ret(100)}}); err != nil {
			t.Errorf("with cap_net_raw: %v", err)
			return nil
		}
		defer h.Close()
		if err := capabilities(0); err != nil {
			return err
		}
		if _, err := Open(Config{Interface: lab.Right.Link}); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "cap_net_raw") {
			t.Errorf("without privilege: %v", err)
		}
		if err := h.SetFilter(Filter{Classic: marked(t, 'b')}); err != nil {
			t.Errorf("new filter without privilege: %v", err)
		}
		send(t, s, twoKinds(lab)...)
		h.Break()
		if got := rest(t, h); len(got) != 32 {
			t.Errorf("%d packets", len(got))
		}
		checkSums(t, h)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// capabilities gives the calling thread the capabilities of set, and no other.
func capabilities(set uint32) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{{Effective: set, Permitted: set}}
	return unix.Capset(&hdr, &data[0])
}

// TestNothingLeft opens and closes handles in every way and looks for what they
// may have left behind.
func TestNothingLeft(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	s := sender(t, lab.Left)
	fds, maps, routines := descriptors(t), mappings(t), runtime.NumGoroutine()
	for round := range 12 {
		h, err := openIn(lab.Right, Config{Interface: lab.Right.Link, BufferSize: 1, Immediate: true})
		if err != nil {
			t.Fatal(err)
		}
		send(t, s, numbered(lab, 0, 3)...)
		var p Packet
		switch round % 4 {
		case 0: // nothing read
		case 1: // read to the end
			h.Break()
			rest(t, h)
		case 2: // a block held over Close
			b, err := h.NextBlock()
			if err != nil {
				t.Fatal(err)
			}
			h.Close()
			b.Release()
		case 3: // a packet held over Close
			if err := h.Next(&p); err != nil {
				t.Fatal(err)
			}
			h.Close()
			if err := h.Next(&p); !errors.Is(err, os.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
		h.Close()
	}
	for _, name := range []string{"eth9", lab.Left.Link} {
		if _, err := openIn(lab.Right, Config{Interface: name}); err == nil {
			t.Errorf("%s exists", name)
		}
	}
	if n := descriptors(t); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	if n := mappings(t); n != maps {
		t.Errorf("%d mapped rings, %d before", n, maps)
	}
	if n := runtime.NumGoroutine(); n > routines {
		t.Errorf("%d goroutines, %d before", n, routines)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func mappings(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), "socket:")
}
