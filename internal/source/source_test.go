//go:build linux

package source

import (
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// receiver opens a socket that gets every frame at the right end.
func receiver(t *testing.T, lab *netlab.Lab) int {
	t.Helper()
	fd := -1
	err := lab.Right.Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: 0x0008, Ifindex: lab.Right.Index}) // ETH_P_IP in network order
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// numbers returns the numbers, lengths and destination ports of all frames that have
// arrived.
func numbers(t *testing.T, fd int) (all []uint64, lengths []int, ports []uint16) {
	t.Helper()
	buf := make([]byte, 2000)
	for {
		n, _, err := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
		if err == unix.EAGAIN {
			return all, lengths, ports
		}
		if err != nil {
			t.Fatal(err)
		}
		k, ok := Number(buf[:n])
		if !ok {
			t.Fatalf("a frame of %d bytes has no number", n)
		}
		all, lengths, ports = append(all, k), append(lengths, n), append(ports, binary.BigEndian.Uint16(buf[NumberOffset-6:]))
	}
}

func kinds(lab *netlab.Lab) [][]byte {
	return [][]byte{
		lab.Left.Datagram(lab.Right, 1000, 7, make([]byte, 18)),
		lab.Left.Datagram(lab.Right, 1000, 9, make([]byte, 300)),
		lab.Left.Datagram(lab.Right, 1000, 9, make([]byte, 18)),
	}
}

// What is counted as sent arrives, numbered and by turns.
func TestSource(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	fd := receiver(t, lab)
	s, err := Open(lab.Left, Options{Kinds: kinds(lab), Rate: 20000, CPU: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Send(100); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for range 3 {
		s.Start()
		time.Sleep(50 * time.Millisecond)
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	n := s.Sent()
	if limit := 100 + 20000*time.Since(start).Seconds(); n <= 100 || float64(n) > limit {
		t.Errorf("%d frames, want at most %.0f", n, limit)
	}
	all, lengths, _ := numbers(t, fd)
	of := make([]uint64, 3)
	for i, k := range all {
		if k != uint64(i) || lengths[i] != len(s.o.Kinds[i%3]) {
			t.Fatalf("frame %d has number %d and %d bytes", i, k, lengths[i])
		}
		of[i%3]++
	}
	if uint64(len(all)) != n {
		t.Errorf("%d frames arrived, %d were sent", len(all), n)
	}
	for kind := range 3 {
		if got := s.SentOf(kind, n); got != of[kind] {
			t.Errorf("%d frames of kind %d, %d arrived", got, kind, of[kind])
		}
	}
}

// A link that is down takes nothing, and is not counted.
func TestSourceDown(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	s, err := Open(lab.Left, Options{Kinds: kinds(lab)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := lab.Right.SetUp(false); err != nil {
		t.Fatal(err)
	}
	s.Start()
	time.Sleep(20 * time.Millisecond)
	if err := s.Stop(); err != nil || s.Sent() != 0 || s.Refused() == 0 {
		t.Errorf("%d frames sent, %d refusals, %v", s.Sent(), s.Refused(), err)
	}
	if err := lab.Right.SetUp(true); err != nil {
		t.Fatal(err)
	}
	if err := lab.Ready(); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(10); err != nil || s.Sent() != 10 {
		t.Errorf("%d frames sent, %v", s.Sent(), err)
	}
}

func TestSourceOptions(t *testing.T) {
	for _, kinds := range [][][]byte{nil, {make([]byte, NumberOffset)}} {
		if _, err := Open(nil, Options{Kinds: kinds}); err == nil {
			t.Errorf("%d frames are taken", len(kinds))
		}
	}
}
