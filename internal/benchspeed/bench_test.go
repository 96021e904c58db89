package main

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

// programs returns libpcap's program of a filter, and this compiler's for size and for speed.
func programs(t *testing.T, f *filter) [][]bpf.RawInstruction {
	t.Helper()
	recorded, err := parseRecorded(recordedText)
	if err != nil {
		t.Fatal(err)
	}
	progs := [][]bpf.RawInstruction{recorded[f.text]}
	if progs[0] == nil {
		t.Fatalf("%q is not recorded", f.text)
	}
	for _, o := range []gofilter.Objective{gofilter.Size, gofilter.Speed} {
		p, err := compile(f.text, o)
		if err != nil {
			t.Fatal(err)
		}
		progs = append(progs, p)
	}
	return progs
}

// TestPrograms: what is measured has the right verdicts, and the packets that are accepted meet
// no indexed load in the program for speed.
func TestPrograms(t *testing.T) {
	for i := range filters {
		f := &filters[i]
		progs := programs(t, f)
		if err := f.verify(progs); err != nil {
			t.Error(err)
		}
		quick := progs[2]
		for n, pkt := range f.passing() {
			for pc, in := range quick {
				if in.Op&clsMask != 0 || in.Op&modeMask != modeInd {
					continue
				}
				// With a rejecting return in its place, who comes by is rejected.
				cut := slices.Clone(quick)
				cut[pc] = bpf.RawInstruction{Op: 0x06}
				if cbpfvm.Run(cbpfvm.Linux, cut, pkt, &ir.Metadata{Len: uint32(len(pkt))}) == 0 {
					t.Errorf("%q: packet %d comes by the indexed load %d", f.text, n, pc)
				}
			}
		}
	}
}

// TestEmulate: the conversions have the verdicts of the programs, on packets cut anywhere.
func TestEmulate(t *testing.T) {
	kernelrun.Require(t)
	for i := range filters {
		f := &filters[i]
		for n, prog := range programs(t, f) {
			insns, err := emulate(prog)
			if err != nil {
				t.Fatalf("%q, program %d: %v", f.text, n, err)
			}
			k, err := kernelrun.Load(ebpfgen.SchedCLS, insns, ebpfgen.Verdict{})
			if err != nil {
				t.Fatalf("%q, program %d: %v", f.text, n, err)
			}
			for _, whole := range [][]byte{f.frame(0), f.frame(1), others()[0]} {
				for cut := len(whole); cut > 14; cut-- {
					pkt := whole[:cut]
					got, err := k.Run(pkt)
					if errors.Is(err, kernelrun.ErrSize) {
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					if want := cbpfvm.Run(cbpfvm.Linux, prog, pkt, &ir.Metadata{Len: uint32(cut)}); got != want {
						t.Fatalf("%q, program %d, %d bytes: %d, not %d", f.text, n, cut, got, want)
					}
				}
			}
			k.Close()
		}
	}
}
