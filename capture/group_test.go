//go:build linux

package capture

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
)

// openedGroup opens a group inside a namespace.
func openedGroup(t testing.TB, ns *netlab.Namespace, cfg Config, n int) *Group {
	t.Helper()
	var g *Group
	err := ns.Do(func() (err error) {
		g, err = OpenGroup(cfg, n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// flows returns numbered datagrams of many flows: port says which one has which.
func flows(lab *netlab.Lab, n int, port func(i int) int) [][]byte {
	frames := make([][]byte, n)
	for i := range frames {
		frames[i] = lab.Left.Datagram(lab.Right, uint16(port(i)), 9, binary.BigEndian.AppendUint32(nil, uint32(i)))
	}
	return frames
}

// merged reads a group to its end and returns the packets' numbers, which stand at the
// end of a packet of netlab's.
func merged(t testing.TB, g *Group) (numbers []uint32, byMember []int, late uint64) {
	t.Helper()
	m := NewMerge(g.Handles()...)
	defer m.Close()
	byMember = make([]int, len(g.Handles()))
	for {
		var p Packet
		if i, ok := m.Next(&p); ok {
			byMember[i]++
			numbers = append(numbers, binary.BigEndian.Uint32(p.Data[len(p.Data)-4:]))
			continue
		}
		if err := m.Wait(); errors.Is(err, io.EOF) {
			return numbers, byMember, m.Late()
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestGroupOrder sends packets of many flows, of two of which one is rare, and of one,
// and wants them all, in the order in which they were sent, whatever member had them.
func TestGroupOrder(t *testing.T) {
	const n = 12000
	lab := netlab.NewWith(t, quiet)
	for _, c := range []struct {
		name   string
		iface  string
		spread Spread
		port   func(i int) int
		shared bool // more than one member has some
	}{
		{"many flows", lab.Right.Link, ByFlow, func(i int) int { return 1000 + i*7919%911 }, true},
		{"a rare flow", lab.Right.Link, ByFlow, func(i int) int {
			if i%500 == 0 {
				return 2000 + i%8
			}
			return 1000
		}, true},
		{"one flow", lab.Right.Link, ByFlow, func(int) int { return 1000 }, false},
		{"any", Any, ByFlow, func(i int) int { return 1000 + i%911 }, true},
		{"by processor", lab.Right.Link, ByCPU, func(i int) int { return 1000 + i%911 }, false},
	} {
		g := openedGroup(t, lab.Right, Config{Interface: c.iface, BufferSize: 16 << 20, BlockTimeout: 10 * time.Millisecond, Spread: c.spread}, 3)
		s := sender(t, lab.Left)
		frames := flows(lab, n, c.port)
		go func() {
			for i := 0; i < n; i += 100 {
				if err := s.Send(frames[i : i+100]...); err != nil {
					t.Error(err)
					break
				}
				if i%2000 == 0 {
					time.Sleep(3 * time.Millisecond) // so that blocks end by time, too
				}
			}
			g.Break()
		}()
		got, byMember, late := merged(t, g)
		st, err := g.Stats()
		if err != nil || len(got) != n || st.Received != n || st.Delivered != n || st.Dropped != 0 || late != 0 {
			t.Fatalf("%s: %d packets of %d, %d late; %+v, %v", c.name, len(got), n, late, st, err)
		}
		for i, k := range got {
			if k != uint32(i) {
				t.Fatalf("%s: packet %d has number %d", c.name, i, k)
			}
		}
		members := 0
		for _, n := range byMember {
			if n > 0 {
				members++
			}
		}
		if c.shared && members < 2 || c.name == "one flow" && members != 1 {
			t.Errorf("%s: packets by member %v", c.name, byMember)
		}
	}
}

// TestGroupIdle wants a packet although the other members' rings are empty, long before
// their blocks would be handed over.
func TestGroupIdle(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	g := openedGroup(t, lab.Right, Config{Interface: lab.Right.Link, BlockTimeout: 20 * time.Millisecond, BufferSize: 4 << 20}, 4)
	m := NewMerge(g.Handles()...)
	defer m.Close()
	s := sender(t, lab.Left)
	for i := range 5 {
		send(t, s, flows(lab, 1, func(int) int { return 3000 + i })...)
		soon(t, 2*time.Second, "a packet", func() {
			var p Packet
			for _, ok := m.Next(&p); !ok; _, ok = m.Next(&p) {
				if err := m.Wait(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
}

// TestGroupUnderTraffic starts and stops groups, and changes their filters, under
// traffic. Nothing of what the filter rejects is handed out, and everything that the
// kernel let in is.
func TestGroupUnderTraffic(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	var frames [][]byte
	for i := range 640 {
		frames = append(frames, lab.Left.Datagram(lab.Right, uint16(1000+i), 9, []byte{"ab"[i%2], 0, 0, 0}))
	}
	stop := blast(t, lab, frames)
	defer stop()
	for round := range 6 {
		want := "ab"[round%2]
		g := openedGroup(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true, BufferSize: 4 << 20, Filter: Filter{Classic: marked(t, want)}}, 1+round%4)
		m := NewMerge(g.Handles()...)
		n := uint64(0)
		changes := 0
		for {
			var p Packet
			_, ok := m.Next(&p)
			if !ok {
				if err := m.Wait(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				continue
			}
			if p.Data[payloadOffset] != want {
				t.Fatalf("round %d: a packet marked %q passes the filter for %q", round, p.Data[payloadOffset], want)
			}
			n++
			switch {
			case n%700 != 0:
			case changes == 3:
				g.Break()
			default:
				changes++
				want = "ab"[(round+changes)%2]
				if err := g.SetFilter(Filter{Classic: marked(t, want)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		m.Close()
		st, err := g.Stats()
		if err != nil || st.Delivered != n || st.Received-st.Dropped != st.Delivered+st.Filtered+st.Discarded {
			t.Fatalf("round %d: %d packets, %+v, %v", round, n, st, err)
		}
	}
}

// TestGroupEnds brings the interface down, and removes it, under a group.
func TestGroupEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*netlab.Namespace) error
		want error
	}{
		{"down", func(ns *netlab.Namespace) error { return ns.SetUp(false) }, ErrDown},
		{"gone", (*netlab.Namespace).Delete, ErrGone},
	} {
		lab := netlab.NewWith(t, quiet)
		g := openedGroup(t, lab.Right, Config{Interface: lab.Right.Link}, 3)
		m := NewMerge(g.Handles()...)
		send(t, sender(t, lab.Left), flows(lab, 100, func(i int) int { return i })...)
		if err := c.end(lab.Right); err != nil {
			t.Fatal(err)
		}
		n := 0
		var failed error
		soon(t, 10*time.Second, "the end", func() {
			var p Packet
			for failed == nil {
				if _, ok := m.Next(&p); ok {
					n++
				} else {
					failed = m.Wait()
				}
			}
		})
		if n != 100 || !errors.Is(failed, c.want) || strings.Count(failed.Error(), lab.Right.Link) != 1 {
			t.Errorf("%s: %d packets, then %v", c.name, n, failed)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if err := g.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: a group that was closed: %v", c.name, err)
		}
	}
}

// TestGroupCloseHeld closes a merge that holds blocks.
func TestGroupCloseHeld(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	g := openedGroup(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true}, 2)
	send(t, sender(t, lab.Left), flows(lab, 100, func(i int) int { return i })...)
	m := NewMerge(g.Handles()...)
	var p Packet
	for _, ok := m.Next(&p); !ok; _, ok = m.Next(&p) {
		if err := m.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	soon(t, 5*time.Second, "closing", func() { m.Close() })
	for i, h := range g.Handles() {
		if !h.ring.closed || h.ring.held != 0 {
			t.Errorf("member %d: %d blocks are held", i, h.ring.held)
		}
	}
}

func TestGroupErrors(t *testing.T) {
	for _, n := range []int{0, -1, MaxGroup + 1} {
		if _, err := OpenGroup(Config{Interface: "lo"}, n); err == nil {
			t.Errorf("a group of %d", n)
		}
	}
	if _, err := OpenGroup(Config{Interface: "lo", Spread: ByCPU + 1}, 2); err == nil {
		t.Error("an unknown spread")
	}
	lab := netlab.NewWith(t, quiet)
	err := lab.Right.Do(func() error {
		_, err := OpenGroup(Config{Interface: lab.Right.Link, Filter: Filter{Attach: func(c syscall.Conn) (bool, error) {
			return true, errors.Join(attach.Socket(c, attach.Return(1)), attach.Lock(c))
		}}}, 2)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "must not be locked") {
		t.Errorf("a locked filter: %v", err)
	}
	err = lab.Right.Do(func() error {
		_, err := OpenGroup(Config{Interface: "nosuch0"}, 2)
		return err
	})
	if !errors.Is(err, ErrNoInterface) {
		t.Error(err)
	}
}
