package main

import (
	"errors"
	"testing"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
)

// TestPeers: what eBPF programs are measured beside has their verdicts, on packets that pass, on
// others, and on those of the other filters.
func TestPeers(t *testing.T) {
	kernelrun.Require(t)
	hand, err := byHand()
	if errors.Is(err, errNoClang) {
		t.Log(err)
	} else if err != nil {
		t.Fatal(err)
	}
	translated, err := byCBPFC()
	if err != nil {
		t.Fatal(err)
	}
	pkts := others()
	for i := range filters {
		pkts = append(pkts, filters[i].passing()...)
	}
	for _, target := range []ebpfgen.Target{ebpfgen.SchedCLS, ebpfgen.XDP} {
		for i := range filters {
			f := &filters[i]
			if !f.counts {
				continue
			}
			list, err := objectives(f, target)
			if err != nil {
				t.Fatal(err)
			}
			if translated[f.text] == nil {
				t.Fatalf("%q is not recorded", f.text)
			}
			list = append(list, runner{"cbpfc", target, hooked(target, translated[f.text])})
			if hand != nil {
				p := hand[handName(target, f)]
				if p == nil {
					t.Fatalf("nobody has written %s", handName(target, f))
				}
				list = append(list, runner{"by hand", target, p.Instructions})
			}
			same(t, f, list, pkts)
		}
	}
}

// same runs programs on packets and compares their verdicts with the first one's.
func same(t *testing.T, f *filter, list []runner, pkts [][]byte) {
	t.Helper()
	var want []bool
	for n, r := range list {
		k, err := kernelrun.Load(r.target, r.insns, ebpfgen.Verdict{})
		if err != nil {
			t.Fatal(r.wrap(err))
		}
		no, err := k.Run(others()[0])
		if err != nil {
			t.Fatal(r.wrap(err))
		}
		passed := 0
		for i, pkt := range pkts {
			r0, err := k.Run(pkt)
			if err != nil {
				t.Fatal(r.wrap(err))
			}
			got := r0 != no
			if n == 0 {
				want = append(want, got)
			}
			if got != want[i] {
				t.Errorf("%q, %s at %s, packet %d: %v", f.text, r.name, r.target, i, got)
			}
			if got {
				passed++
			}
		}
		if passed < framesEach || passed == len(pkts) {
			t.Errorf("%q, %s at %s: %d of %d packets pass", f.text, r.name, r.target, passed, len(pkts))
		}
		k.Close()
	}
}

// TestRace: a figure is net of the empty program on the same packets.
func TestRace(t *testing.T) {
	kernelrun.Require(t)
	b := &bench{runs: 2, repeat: 500}
	list, err := objectives(&filters[7], ebpfgen.SchedCLS)
	if err != nil {
		t.Fatal(err)
	}
	sheets, err := b.race(list[:1], filters[7].passing()[:4])
	if err != nil {
		t.Fatal(err)
	}
	s := &sheets[0]
	for part, best := range s.best {
		for i, ns := range best {
			if !(ns > 0 && ns < 1e6) {
				t.Errorf("part %d, packet %d: %v ns", part, i, ns)
			}
		}
	}
	want := 0.0
	for i := range s.best[0] {
		want += (s.best[0][i] - s.empty.best[0][i]) / 4
	}
	if got := s.net(0); got < want-1e-9 || got > want+1e-9 {
		t.Errorf("net is %v, want %v", got, want)
	}
	if s.jited == 0 && s.xlated == 0 {
		t.Error("no sizes")
	}
}
