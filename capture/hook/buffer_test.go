//go:build linux

package hook

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/netlab"
)

// numbered returns datagrams with their numbers and lengths that vary.
func numbered(lab *netlab.Lab, from, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		payload := make([]byte, 4+(from+i)*37%1400)
		binary.BigEndian.PutUint32(payload, uint32(from+i))
		all[i] = lab.Left.Datagram(lab.Right, 7, 9, payload)
	}
	return all
}

// number returns the number of a datagram.
func number(p *capture.Packet) int { return int(binary.BigEndian.Uint32(p.Data[42:])) }

// TestFull: what there is no room for is counted, to the packet, and what there was room for
// comes, in order.
func TestFull(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const sent = 6000
	for _, buffer := range []Buffer{RingBuffer, PerfBuffer} {
		for _, at := range []Kind{TCIngress, XDP} {
			if buffer == RingBuffer && ringless(t, Hook{Kind: at}) {
				continue
			}
			h := must(t, lab.Right, setup{Hook: Hook{Kind: at}, Buffer: buffer, BufferSize: 1, Snaplen: 1600}, "udp")
			for i := 0; i < sent; i += 500 {
				if err := s.Send(numbered(lab, i, 500)...); err != nil {
					t.Fatal(err)
				}
			}
			if err := deliver(lab.Left, lab.Right, marker(lab.Left, lab.Right)); err != nil {
				t.Fatal(err)
			}
			before := h.Stats()[0]
			got := rest(t, h)
			st := h.Stats()[0]
			if st.Received != sent || st.Delivered != uint64(len(got)) || st.Dropped != sent-st.Delivered || st.Dropped == 0 || len(got) == 0 {
				t.Errorf("%v, hook %d: %d packets, %+v", buffer, at, len(got), st)
			}
			if buffer == RingBuffer && before.Received != sent {
				t.Errorf("before they are read: %+v", before)
			}
			last := -1
			for _, p := range got {
				n := number(&capture.Packet{Data: p.data})
				if n <= last {
					t.Fatalf("%v, hook %d: number %d comes behind %d", buffer, at, n, last)
				}
				last = n
			}
			h.Close()
		}
	}
}

// TestRound: a small ring that goes round many times, with blocks that are held and given back
// in another order, loses nothing that it does not count.
func TestRound(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, immediate := range []bool{false, true} {
		h := must(t, lab.Right, setup{Hook: anyTC(t), BufferSize: 512 << 10, Snaplen: 1600, Immediate: immediate}, "udp")
		sent := 20000
		if testing.Short() {
			sent = 4000
		}
		failed := make(chan error, 1)
		go func() {
			defer h.Break()
			for i := 0; i < sent; i += 20 {
				if err := s.Send(numbered(lab, i, 20)...); err != nil {
					failed <- err
					return
				}
				if i%200 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
			failed <- deliver(lab.Left, lab.Right, marker(lab.Left, lab.Right))
		}()
		var p capture.Packet
		var held *Block
		last, n := -1, 0
		for {
			b, err := h.NextBlock()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for b.Next(&p) {
				if k := number(&p); k <= last || len(p.Data) != 42+4+k*37%1400 || p.Length != len(p.Data) {
					t.Fatalf("packet %d of %d bytes comes behind %d", k, len(p.Data), last)
				} else {
					last, n = k, n+1
				}
			}
			if n%3 == 0 && held == nil {
				held = b // until the next is back
				continue
			}
			b.Release()
			if held != nil {
				held.Release()
				held = nil
			}
		}
		if held != nil {
			held.Release()
		}
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
		st := h.Stats()[0]
		if st.Received != uint64(sent) || st.Delivered != uint64(n) || st.Dropped+st.Delivered != uint64(sent) || n < sent/10 {
			t.Errorf("immediate %v: %d packets, %+v", immediate, n, st)
		}
		h.Close()
	}
}

// TestWait: a packet comes when it is due, and Break and Close end a wait.
func TestWait(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, buffer := range []Buffer{RingBuffer, PerfBuffer} {
		for _, cfg := range []setup{{Immediate: true}, {BlockTimeout: 50 * time.Millisecond}} {
			cfg.Hook, cfg.Buffer = Hook{Kind: TCIngress}, buffer
			h := must(t, lab.Right, cfg, "udp")
			for range 3 {
				if err := s.Send(numbered(lab, 0, 1)...); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				b, err := h.NextBlock()
				if err != nil || b.Len() != 1 {
					t.Fatalf("%v, %v", b, err)
				}
				b.Release()
				if d := time.Since(start); d > 5*time.Second {
					t.Errorf("%v, immediate %v: a packet took %v", buffer, cfg.Immediate, d)
				}
			}
			for _, end := range []struct {
				f    func()
				want error
			}{{h.Break, io.EOF}, {func() { h.Close() }, os.ErrClosed}} {
				time.AfterFunc(20*time.Millisecond, end.f)
				for {
					b, err := h.NextBlock()
					if err == nil {
						b.Release()
						continue
					}
					if errors.Is(err, end.want) {
						break
					}
					if !errors.Is(err, io.EOF) { // until Close
						t.Fatalf("%v, want %v", err, end.want)
					}
				}
			}
		}
	}
}

// TestGone: an interface that disappears ends the capture behind the last packet.
func TestGone(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := must(t, lab.Right, setup{Hook: anyTC(t)}, "udp")
	if err := deliver(lab.Left, lab.Right, append(numbered(lab, 0, 5), marker(lab.Left, lab.Right))...); err != nil {
		t.Fatal(err)
	}
	if err := lab.Right.Delete(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		b, err := h.NextBlock()
		if errors.Is(err, capture.ErrGone) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n += b.Len()
		b.Release()
	}
	if n != 5 {
		t.Errorf("%d packets", n)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// TestNothingLeft opens and closes in every way and looks for what may have been left.
func TestNothingLeft(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	must(t, lab.Right, setup{Hook: Hook{Kind: XDP}}, "").Close() // what is asked once
	fds, maps, routines := entries(t, "/proc/self/fd"), mappings(t), runtime.NumGoroutine()
	for round := range 8 {
		cfg := setup{Hook: []Hook{anyTC(t), {Kind: XDP}}[round%2], Immediate: true, Promiscuous: true}
		if round >= 6 {
			cfg.Buffer = PerfBuffer
		}
		h := must(t, lab.Right, cfg, "udp")
		if err := s.Send(numbered(lab, 0, 3)...); err != nil {
			t.Fatal(err)
		}
		switch round / 2 {
		case 0: // nothing read
		case 1: // a block held over Close
			b, err := h.NextBlock()
			if err != nil {
				t.Fatal(err)
			}
			h.Close()
			var p capture.Packet
			if !b.Next(&p) || number(&p) != 0 {
				t.Error("a packet is not there any more")
			}
			b.Release()
		default:
			rest(t, h)
		}
		h.Close()
		if err := h.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed twice: %v", err)
		}
	}
	if _, err := open(t, lab.Right, setup{Hook: Hook{Kind: Cgroup, Path: t.TempDir()}}, "udp"); err == nil || !strings.Contains(err.Error(), "cgroup2") {
		t.Errorf("a directory that is no control group: %v", err)
	}
	if n := entries(t, "/proc/self/fd"); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	if n := mappings(t); n != maps {
		t.Errorf("%d mappings, %d before", n, maps)
	}
	for start := time.Now(); runtime.NumGoroutine() > routines; time.Sleep(5 * time.Millisecond) { // the lab's own end soon
		if time.Since(start) > 5*time.Second {
			t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), routines)
			break
		}
	}
	// What was attached and is not any more leaves the place to another.
	err = lab.Right.Do(func() error {
		l, err := attach.XDP(lab.Right.Index, newCounting(t, ebpf.XDP, 2).prog, attach.XDPNative)
		if err != nil {
			return err
		}
		return l.Close()
	})
	if err != nil {
		t.Error(err)
	}
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
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
	return strings.Count(string(b), "bpf-map") + strings.Count(string(b), "perf_event")
}

// TestAllocations: a packet costs none.
func TestAllocations(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := must(t, lab.Right, setup{Hook: Hook{Kind: TCIngress}, Immediate: true}, "udp")
	all := numbered(lab, 0, 64)
	var p capture.Packet
	var failed error
	n := 0
	allocs := testing.AllocsPerRun(50, func() {
		if failed = s.Send(all...); failed != nil {
			return
		}
		for got := 0; got < len(all); {
			b, err := h.NextBlock()
			if failed = err; err != nil {
				return
			}
			for b.Next(&p) {
				got++
			}
			b.Release()
			n += got
		}
	})
	if failed != nil || n == 0 || allocs > 1 {
		t.Errorf("%v allocations for %d packets, %v", allocs, len(all), failed)
	}
}
