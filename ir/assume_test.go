package ir_test

import (
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A filter with a metadatum that is known gives the verdicts of one that finds it.
func TestAssume(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, text := range []string{"outbound", "inbound", "outbound and ip or inbound and arp", "ifindex 3 and not outbound"} {
			f, err := gofilter.Compile(text, gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewTC, Plain: plain})
			if err != nil {
				t.Fatal(err)
			}
			before := f.IR().String()
			for _, kind := range []uint8{0, 3, 4} {
				known := f.IR().Assume(ir.MetaPacketType, uint32(kind))
				if err := known.Check(); err != nil {
					t.Fatalf("%s: %v\n%s", text, err, known)
				}
				for _, index := range []uint32{2, 3} {
					for _, etherType := range []byte{0, 6} {
						pkt := make([]byte, 60)
						pkt[12], pkt[13] = 8, etherType
						want := ir.Eval(f.IR(), pkt, &ir.Metadata{Len: 60, PacketType: kind, IfIndex: index})
						if got := ir.Eval(known, pkt, &ir.Metadata{Len: 60, PacketType: 9, IfIndex: index}); got != want {
							t.Errorf("%s of type %d: %d, not %d\n%s", text, kind, got, want, known)
						}
					}
				}
			}
			if f.IR().String() != before {
				t.Errorf("%s was changed", text)
			}
		}
	}
}
