//go:build linux

package hook

import (
	"io"
	"testing"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/netlab"
)

// TestPlaces: packets of several places come in order, each with its place, and are counted
// apart.
func TestPlaces(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	for _, buffer := range []Buffer{RingBuffer, PerfBuffer} {
		places := []Place{
			{Hook: anyTC(t), Interface: lab.Right.Link},
			{Hook: Hook{Kind: XDP}, Interface: lab.Right.Link},
			{Hook: anyTC(t), Interface: "lo"},
			{Hook: Hook{Kind: TCEgress}, Interface: lab.Right.Link},
		}
		if buffer == RingBuffer && ringless(t, places[1].Hook) {
			places[1].Hook.Kind = TCIngress
		}
		for i := range places {
			places[i].Filter, places[i].FilterFlags = filter(t, places[i].Hook, []string{"udp port 7", "", "udp", "tcp"}[i])
		}
		var h *Handle
		err := lab.Right.Do(func() (err error) {
			h, err = Open(Config{Places: places, Buffer: buffer})
			return err
		})
		if err != nil {
			t.Fatalf("%+v", err)
		}
		s, err := lab.Right.LoopbackSender()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(numbered(lab, 0, 4)...); err != nil {
			t.Fatal(err)
		}
		s.Close()
		exchange(t, lab)
		h.Break()
		var p capture.Packet
		counts := make([]uint64, len(places))
		last := int64(0)
		for {
			b, err := h.NextBlock()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for b.Next(&p) {
				if p.Time < last {
					t.Errorf("%v: a packet of place %d is %d ns early", buffer, b.Place(), last-p.Time)
				}
				last = p.Time
				counts[b.Place()]++
				if at := h.Attachments()[b.Place()]; (at.Interface == "lo") != (p.Interface == 1) {
					t.Errorf("%v: place %d is on %s and has a packet of interface %d", buffer, b.Place(), at.Interface, p.Interface)
				}
			}
			b.Release()
		}
		// udp port 7 also behind one tag, in metadata when received; all frames; lo; and tcp sent.
		for i, st := range h.Stats() {
			if st != (capture.Stats{Received: counts[i], Delivered: counts[i]}) {
				t.Errorf("%v: place %d: %+v, read %d", buffer, i, st, counts[i])
			}
		}
		if n := uint64(len(frames(lab.Left, lab.Right))); counts[0] == 0 || counts[1] != n || counts[2] != 4 || counts[3] != 1 {
			t.Errorf("%v: %v", buffer, counts)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}
