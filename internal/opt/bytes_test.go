package opt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/ir"
)

// TestEveryByte: functions of the first two bytes of a packet have the same verdict on all
// of them before the passes and after each, and none that the first one does not fault on
// faults later, however short the packet is.
func TestEveryByte(t *testing.T) {
	const ends = "b8:; accept; b9:; reject"
	for _, c := range []struct{ name, lines string }{
		{"negation", `b0:; v1 = load8 [0]; v2 = neg v1; if eq v2 0xfffffffb -> b8, b9`},
		{"shift, at least 0", `b0:; v1 = load8 [0]; v2 = lsh v1 2; if ge v2 0 -> b8, b9`},
		{"shift, at least", `b0:; v1 = load8 [0]; v2 = lsh v1 2; if ge v2 41 -> b8, b9`},
		{"greater, then the next", `b0:; v1 = load8 [0]; if gt v1 10 -> b1, b9; b1:; if eq v1 11 -> b8, b2; b2:; if eq v1 10 -> b8, b9`},
		{"at least, then it", `b0:; v1 = load8 [0]; if ge v1 10 -> b1, b2; b1:; if eq v1 10 -> b8, b9; b2:; if gt v1 8 -> b8, b9`},
		{"shifted out", `b0:; v1 = load8 [0]; v2 = rsh v1 4; if eq v2 3 -> b1, b9; b1:; if gt v1 0x35 -> b8, b9`},
		{"bits across bytes", `b0:; v1 = load16 [0]; v2 = and v1 0xff0; if eq v2 0x120 -> b8, b9`},
		{"bits across bytes, shifted", `b0:; v1 = load16 [0]; v2 = rsh v1 4; v3 = and v2 0xff; if eq v3 0x12 -> b8, b9`},
		{"second byte", `b0:; v1 = load16 [0]; v2 = and v1 0xff; if eq v2 0x12 -> b8, b9`},
		{"first byte", `b0:; v1 = load16 [0]; v2 = and v1 0xff00; if eq v2 0x1200 -> b8, b9`},
		{"set and not set", `b0:; v1 = load8 [0]; if set v1 6 -> b1, b9; b1:; if set v1 2 -> b9, b2; b2:; if set v1 4 -> b8, b9`},
		{"a load between", `b0:; v1 = load8 [0]; if eq v1 1 -> b8, b1; b1:; v2 = load8 [1]; if eq v2 1 -> b8, b2
			b2:; v3 = load8 [9]; if eq v1 2 -> b8, b3; b3:; if eq v3 0 -> b8, b9`},
		{"a sum that wraps", `b0:; v1 = load8 [0]; v2 = sub v1 4; v3 = add v2 3; v4 = load8 [v3+1]; if eq v4 0 -> b8, b9`},
		{"a base that wraps", `b0:; v1 = load8 [0]; v2 = neg v1; v3 = add v2 8; v4 = load8 [v3+1]; if eq v4 0 -> b8, b9`},
		{"remainder", `b0:; v1 = load8 [0]; v2 = load8 [1]; v3 = mod v1 v2; if gt v3 3 -> b8, b9`},
		{"either edge", `b0:; v1 = load8 [0]; if gt v1 100 -> b1, b2; b1:; if set v1 1 -> b3, b9; b2:; if gt v1 50 -> b3, b9
			b3:; if ge v1 100 -> b8, b4; b4:; if set v1 1 -> b9, b8`},
	} {
		// The verdicts come behind the last block.
		n := strings.Count(c.lines, ":;")
		text := strings.NewReplacer("b8", fmt.Sprint("b", n), "b9", fmt.Sprint("b", n+1)).Replace(c.lines + "; " + ends)
		f := parse(t, body(text))
		var fs []*ir.Func
		var names []string
		g := f.Clone()
		err := Run(g, Options{Check: true, After: func(pass string, g *ir.Func) error {
			fs, names = append(fs, g.Clone()), append(names, pass)
			return nil
		}})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if wrong := differs(f, fs, names); wrong != "" {
			t.Errorf("%s: %s", c.name, wrong)
		}
	}
}

// differs compares f with what the passes made of it on all packets of two bytes, and of
// fewer and more.
func differs(f *ir.Func, fs []*ir.Func, names []string) string {
	pkt := make([]byte, 12)
	for n := range 1 << 16 {
		pkt[0], pkt[1] = byte(n>>8), byte(n)
		for _, length := range []int{0, 1, 2, 9, len(pkt)} {
			if length < 2 && n&0xff != 0 || length == 9 && n&0xfc != 0 {
				continue
			}
			if ir.Eval(f, pkt[:length], nil) == 0 && length < len(pkt) {
				continue // it may be a fault
			}
			want := ir.Eval(f, pkt[:length], nil)
			for i, g := range fs {
				if got := ir.Eval(g, pkt[:length], nil); got != want {
					return fmt.Sprintf("% x: %d after %s, want %d\n%s", pkt[:length], got, names[i], want, g)
				}
			}
		}
	}
	return ""
}
