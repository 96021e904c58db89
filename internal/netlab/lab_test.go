//go:build linux

package netlab

import (
	"encoding/binary"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTraffic runs every kind of real traffic once.
func TestTraffic(t *testing.T) {
	lab := NewWith(t, Options{IPv6: true})
	for _, v := range []string{"4", "6"} {
		if err := lab.TCP("tcp"+v, 22, 20000); err != nil {
			t.Errorf("tcp%s: %v", v, err)
		}
		if err := lab.UDP("udp"+v, 53, 512); err != nil {
			t.Errorf("udp%s: %v", v, err)
		}
		if err := lab.Ping("ip" + v); err != nil {
			t.Errorf("ping ip%s: %v", v, err)
		}
	}
}

// TestPrivate shows that the namespaces have nothing but lo and the pair, and
// that the caller's own namespace is left alone.
func TestPrivate(t *testing.T) {
	before, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	lab := New(t)
	for _, ns := range []*Namespace{lab.Left, lab.Right} {
		var links []net.Interface
		err := ns.Do(func() (err error) {
			links, err = net.Interfaces()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if l.Name != "lo" && l.Name != ns.Link && l.Flags&net.FlagUp != 0 {
				t.Errorf("link %s is up in the private namespace", l.Name)
			}
		}
	}
	after, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != len(after) {
		t.Errorf("%d interfaces outside before, %d after", len(before), len(after))
	}
}

// TestSender sends numbered frames and reads them, and nothing else, on the
// other side.
func TestSender(t *testing.T) {
	const frames = 300
	lab := NewWith(t, Options{Quiet: true})
	fd := -1
	err := lab.Right.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(htons(unix.ETH_P_ALL)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4<<20)
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all [][]byte
	for i := range frames {
		all = append(all, lab.Left.Datagram(lab.Right, 1000, 9, binary.BigEndian.AppendUint32(nil, uint32(i))))
	}
	if err := s.Send(all...); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	for i := range frames {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if got := string(buf[:n]); got != string(all[i]) {
			t.Fatalf("frame %d: %x, sent %x", i, got, all[i])
		}
	}
}

func htons(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}
