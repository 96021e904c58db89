package gofilter_test

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/corpus"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// kernelTypes says which link types a target's packets can have: a socket gets whatever its device
// delivers, the others Ethernet frames or, in a control group, bare IP packets.
func kernelTypes(view ir.View) []linktype.Type {
	switch view {
	case ir.ViewSocket:
		return corpus.Types
	case ir.ViewTC, ir.ViewXDP:
		return []linktype.Type{linktype.Ethernet}
	case ir.ViewCgroup:
		return []linktype.Type{linktype.Raw, linktype.IPv4, linktype.IPv6}
	}
	panic("no link types for view " + view.String())
}

// kernelEvery makes TestKernelAgreement run every n-th filter only, others for each target, strategy and link type.
var kernelEvery = flag.Int("kernel-every", 1, "run every n-th filter of testdata in the kernel")

// TestKernelAgreement: for every filter and packet of testdata the eBPF program of each target, with
// each way to read the packet, gives in the running kernel the verdict of Eval. Packets are cut
// where the verdict changes and at the ends of headers; the kernel takes a packet for all of itself, so
// that the length on the wire is the cut one.
func TestKernelAgreement(t *testing.T) {
	kernelrun.Require(t)
	filters, captures := readCorpus(t)
	turn := 0
	for _, target := range ebpfgen.Targets() {
		for _, lt := range kernelTypes(target.View()) {
			packets := corpus.Whole(captures, lt)
			for i, access := range target.AccessOn(kernelrun.Kernel()) {
				if err := kernelrun.Lacks(target, access); err != nil {
					t.Log(err)
					continue
				}
				// Quick filters with the quickest way to read; and of the command's sockets no others
				// have that way.
				objectives := []gofilter.Objective{gofilter.Size, gofilter.Speed}
				switch {
				case access == ebpfgen.AccessRdonlyCast:
					objectives = objectives[1:]
				case i > 0:
					objectives = objectives[:1]
				}
				for _, objective := range objectives {
					turn++
					t.Run(fmt.Sprintf("%v/%v/%v/%v", target, access, lt, objective), func(t *testing.T) {
						runs := 0
						for i, f := range corpus.For(filters, lt) {
							if (i+turn)%*kernelEvery != 0 {
								continue
							}
							runs += kernelAgree(t, f.Text, lt, target, access, objective, packets)
						}
						if runs == 0 {
							t.Error("the kernel ran nothing")
						}
					})
				}
			}
		}
	}
}

// kernelAgree runs one filter over the packets and returns how many the kernel took.
func kernelAgree(t *testing.T, text string, lt linktype.Type, target ebpfgen.Target, access ebpfgen.Access, objective gofilter.Objective, packets [][]byte) (runs int) {
	t.Helper()
	f, err := gofilter.Compile(text, gofilter.Config{LinkType: lt, View: target.View(), Objective: objective})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	o := ebpfgen.Options{Access: access, Kernel: kernelrun.Kernel()}
	insns, err := ebpfgen.Generate(f.IR(), target, o)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	p, err := kernelrun.Load(target, insns, target.Verdict(f.IR().Snaplen, o))
	if err != nil {
		t.Fatalf("%q: %v\n%s", text, err, ebpfgen.Format(insns, text))
	}
	defer p.Close()
	for _, pkt := range packets {
		for _, n := range kernelCuts(f.IR(), pkt) {
			cut := pkt[:n:n]
			got, err := p.Match(cut)
			if errors.Is(err, kernelrun.ErrSize) {
				continue
			}
			runs++
			md := p.Metadata(cut)
			want := ir.Eval(f.IR(), cut, md) != 0
			if err != nil || got != want {
				t.Fatalf("%q: the kernel says %v (%v), Eval %v\n%d bytes of %d, metadata %+v\n%s%s\n%s",
					text, got, err, want, n, len(pkt), *md, hex.Dump(cut), f.IR(), ebpfgen.Format(insns, text))
			}
			if plain := ir.Eval(f.Plain(), cut, md) != 0; got != plain && !(got && needless(f.Plain(), cut, md)) {
				t.Fatalf("%q: the kernel says %v, Eval before passes %v\n%d bytes of %d, metadata %+v\n%s%s\n%s",
					text, got, plain, n, len(pkt), *md, hex.Dump(cut), f.Plain(), ebpfgen.Format(insns, text))
			}
		}
	}
	return runs
}

// kernelCuts returns the lengths at which a packet is worth giving to the kernel: whole, on both
// sides of each length where the verdict changes, and around the ends of usual headers.
func kernelCuts(f *ir.Func, pkt []byte) []int {
	cuts := []int{len(pkt)}
	last := uint32(0)
	for n := range min(len(pkt), 200) {
		v := ir.Eval(f, pkt[:n], nil)
		if n > 0 && v != last {
			cuts = append(cuts, n-1, n)
		}
		last = v
	}
	for _, n := range []int{15, 20, 33, 34, 37, 38, 53, 54, 58} {
		if n < len(pkt) {
			cuts = append(cuts, n)
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}
