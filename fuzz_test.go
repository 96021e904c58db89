package gofilter_test

import (
	"errors"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/corpus"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// FuzzCompile compiles any text for any link type and view. Nothing may panic; what compiles obeys
// the laws of the IR, gives a classic program that verifies and eBPF programs or a stated
// limit, and all its forms agree on a few packets.
func FuzzCompile(f *testing.F) {
	filters, captures := readCorpus(f)
	for _, filter := range filters {
		f.Add(filter.Text, uint16(filter.Types[0]), uint8(0))
	}
	for _, text := range []string{"(", "port", "vlan or mpls 5 and tcp[tcp[0]:4] = -1", "not not not ip", "host 1.2.3.4.5", "ip[0:3] = 1", "\\", "1 << 40 = len"} {
		f.Add(text, uint16(linktype.Ethernet), uint8(ir.ViewSocket))
	}
	packets := corpus.Whole(captures, linktype.Ethernet)[:12]
	types := linktype.All()
	views := []ir.View{ir.ViewFile, ir.ViewSocket, ir.ViewTC, ir.ViewXDP, ir.ViewCgroup}
	f.Fuzz(func(t *testing.T, text string, typ uint16, v uint8) {
		if len(text) > 1000 {
			return
		}
		cfg := gofilter.Config{LinkType: types[int(typ)%len(types)], View: views[int(v)%len(views)]}
		if linktype.Type(typ).Known() {
			cfg.LinkType = linktype.Type(typ)
		}
		c, err := compileAll(text, cfg)
		var internal *gofilter.InternalError
		if errors.As(err, &internal) {
			t.Fatalf("%q on %v, view %v: %v", text, cfg.LinkType, cfg.View, err)
		}
		if err != nil {
			return
		}
		for _, target := range ebpfgen.Targets() {
			if target.View() == cfg.View {
				// A limit or a lack of the target is an error; a panic would be ours.
				_, _ = ebpfgen.Generate(c.filter.IR(), target, ebpfgen.Options{})
			}
		}
		for _, pkt := range packets {
			for _, n := range []int{len(pkt), 40, 14, 0} {
				cut := pkt[:min(n, len(pkt))]
				md := &ir.Metadata{Len: uint32(len(pkt)), Protocol: 0x0800, IfIndex: 1}
				if wrong := c.agree(cut, md); wrong != "" {
					t.Fatalf("%q on %v, view %v, %x: %s", text, cfg.LinkType, cfg.View, cut, wrong)
				}
			}
		}
	})
}
