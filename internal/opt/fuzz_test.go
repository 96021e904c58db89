package opt

import (
	"fmt"
	"testing"

	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/ir/irtest"
)

// FuzzRun runs the passes on whatever function the text is, on one packet.
func FuzzRun(f *testing.F) {
	pkt := make([]byte, 60)
	pkt[12], pkt[14], pkt[23], pkt[37] = 8, 0x45, 6, 22
	f.Add(sshPlain, pkt, uint32(60))
	f.Add(sshWant, pkt[:36], uint32(60))
	f.Add(body(`b0:; v1 = meta vlan_present; v2 = load32 [3]; v3 = and v2 0xff00; if eq v1 1 -> b2(14 v3), b1; b1:; jump b2(18 v2)
		b2(v4 v5):; v6 = div v5 v4; v7 = load8 [v4+6]; if gt v6 v7 -> b3, b4; b3:; v8 = neg v7; if set v8 12 -> b5, b4; b4:; accept; b5:; reject`),
		pkt, uint32(100))
	f.Fuzz(func(t *testing.T, text string, pkt []byte, length uint32) {
		if len(text) > 1<<12 {
			return
		}
		fn, err := ir.Parse(text)
		if err != nil || fn.Check() != nil || fn.Snaplen == 0 || len(fn.Values) > 1<<12 {
			return
		}
		md := &ir.Metadata{Len: length, VLANPresent: length%2 == 1, VLANTCI: uint16(length)}
		want := ir.Eval(fn, pkt, md)
		faulted := irtest.Faults(fn, pkt, md)
		err = Run(fn, Options{Check: true, After: func(pass string, g *ir.Func) error {
			if got := ir.Eval(g, pkt, md); got != want && !faulted {
				return fmt.Errorf("%d, not %d, for\n%s", got, want, g)
			}
			if !faulted && irtest.Faults(g, pkt, md) {
				return fmt.Errorf("faults now:\n%s", g)
			}
			return nil
		}})
		if err != nil {
			t.Fatalf("%v\nfrom\n%s", err, text)
		}
	})
}
