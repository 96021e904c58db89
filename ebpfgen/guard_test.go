package ebpfgen_test

import (
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
)

// TestGuards counts the guards that loads need: comparisons with data_end where
// access is direct, calls where bytes are copied.
func TestGuards(t *testing.T) {
	tests := []struct {
		name         string
		text         string
		direct, call int
	}{
		{"loads of one block share one", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load16 [12]
	v2 = load8 [23]
	v3 = load32 [30]
	if eq v1 v2 -> b1, b2
b1:
	if eq v2 v3 -> b2, b3
b2:
	accept
b3:
	reject
`, 1, 1},
		{"a load on the only accepting path is asked for at the start", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b3
b1:
	v2 = load8 [23]
	if eq v2 6 -> b2, b3
b2:
	accept
b3:
	reject
`, 1, 1},
		{"a load on one of two accepting paths is not", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b2
b1:
	v2 = load8 [90]
	if eq v2 6 -> b2, b3
b2:
	accept
b3:
	reject
`, 2, 2},
		{"two paths need the same bytes", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b2
b1:
	v2 = load8 [23]
	if eq v2 6 -> b3, b4
b2:
	v3 = load8 [23]
	if eq v3 7 -> b3, b4
b3:
	accept
b4:
	reject
`, 1, 1},
		{"a load that nothing uses is still asked for", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load16 [12]
	accept
`, 1, 1},
		{"a path that only rejects needs nothing", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = len
	if gt v1 100 -> b1, b2
b1:
	accept
b2:
	v2 = load16 [12]
	reject
`, 0, 0},
		{"each base has its own", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load8 [14]
	v2 = and v1 0xf
	v3 = load8 [v1+2]
	v4 = load8 [v2+2]
	v5 = load8 [v2+9]
	v6 = add v3 v4
	if eq v5 v6 -> b1, b2
b1:
	accept
b2:
	reject
`, 3, 3},
		{"loads far apart are copied apart", `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load8 [14]
	v2 = load8 [1400]
	if eq v1 v2 -> b1, b2
b1:
	accept
b2:
	reject
`, 1, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := guards(t, test.text, ebpfgen.XDP, ebpfgen.AccessDirect); got != test.direct {
				t.Errorf("%d comparisons with data_end, want %d", got, test.direct)
			}
			if got := guards(t, test.text, ebpfgen.SocketFilter, ebpfgen.AccessLoadBytes); got != test.call {
				t.Errorf("%d calls, want %d", got, test.call)
			}
		})
	}
}

// guards counts the guards of a program's first body.
func guards(t *testing.T, text string, target ebpfgen.Target, a ebpfgen.Access) int {
	t.Helper()
	insns, err := ebpfgen.Generate(parse(t, text, target), target, ebpfgen.Options{Access: a})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, ins := range insns {
		if ins.Symbol() == "slow" {
			break
		}
		op := ins.OpCode
		if op == asm.JGT.Op(asm.RegSource) || ins.IsBuiltinCall() {
			n++
		}
	}
	return n
}
