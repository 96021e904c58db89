package conformance

import (
	"math/rand/v2"
	"testing"

	"github.com/gofilter/gofilter/ir"
)

// sshProgram is "ip and tcp port 22" on Ethernet, as DESIGN.md shows it.
var sshProgram = []Insn{
	{0x28, 0, 0, 12}, {0x15, 0, 10, 0x800}, {0x30, 0, 0, 23}, {0x15, 0, 8, 6},
	{0x28, 0, 0, 20}, {0x45, 6, 0, 0x1fff}, {0xb1, 0, 0, 14}, {0x48, 0, 0, 14},
	{0x15, 2, 0, 22}, {0x48, 0, 0, 16}, {0x15, 0, 1, 22}, {0x06, 0, 0, 65535}, {0x06, 0, 0, 0},
}

func TestExec(t *testing.T) {
	data := []byte{0x45, 0x12, 0x34, 0x56, 0x78}
	retA := Insn{Code: 0x16}
	for _, tt := range []struct {
		name  string
		prog  []Insn
		want  uint32
		fault bool
	}{
		{"ld", []Insn{{Code: 0x20, K: 1}, retA}, 0x12345678, false},
		{"ldh", []Insn{{Code: 0x28, K: 3}, retA}, 0x5678, false},
		{"ldb", []Insn{{Code: 0x30, K: 4}, retA}, 0x78, false},
		{"ld past the end", []Insn{{Code: 0x20, K: 2}, retA}, 0, true},
		{"ldh past the end", []Insn{{Code: 0x28, K: 4}, retA}, 0, true},
		{"ldb past the end", []Insn{{Code: 0x30, K: 5}, retA}, 0, true},
		{"ldx msh", []Insn{{Code: 0xb1, K: 0}, {Code: 0x87}, retA}, 20, false},
		{"ld [x+k]", []Insn{{Code: 0x01, K: 1}, {Code: 0x50, K: 2}, retA}, 0x56, false},
		{"x+k does not wrap", []Insn{{Code: 0x01, K: 0xffffffff}, {Code: 0x50, K: 2}, retA}, 0, true},
		{"len", []Insn{{Code: 0x80}, retA}, 1500, false},
		{"ldx len", []Insn{{Code: 0x81}, {Code: 0x87}, retA}, 1500, false},
		{"memory starts as zeros", []Insn{{Code: 0, K: 7}, {Code: 0x60, K: 3}, retA}, 0, false},
		{"st", []Insn{{Code: 0, K: 7}, {Code: 2, K: 3}, {Code: 0, K: 1}, {Code: 0x61, K: 3}, {Code: 0x0c}, retA}, 8, false},
		{"neg", []Insn{{Code: 0, K: 7}, {Code: 0x84}, retA}, 0xfffffff9, false},
		{"div", []Insn{{Code: 0, K: 7}, {Code: 0x34, K: 2}, retA}, 3, false},
		{"div by x = 0", []Insn{{Code: 0, K: 7}, {Code: 0x3c}, retA}, 0, true},
		{"mod", []Insn{{Code: 0, K: 7}, {Code: 0x94, K: 4}, retA}, 3, false},
		{"xor", []Insn{{Code: 0, K: 7}, {Code: 0xa4, K: 5}, retA}, 2, false},
		{"lsh by 32", []Insn{{Code: 0, K: 7}, {Code: 0x01, K: 32}, {Code: 0x6c}, retA}, 0, false},
		{"rsh by 33", []Insn{{Code: 0, K: 7}, {Code: 0x01, K: 33}, {Code: 0x7c}, retA}, 0, false},
		{"ifindex", []Insn{{Code: 0x20, K: auxOff + 8}, retA}, 3, false},
		{"pkttype", []Insn{{Code: 0x28, K: auxOff + 4}, retA}, 4, false},
		{"unknown ancillary datum", []Insn{{Code: 0x20, K: auxOff + 12}, retA}, 0, true},
		{"a loop", []Insn{{Code: 0, K: 0}, {Code: 0x04, K: 1}, {0x15, 1, 0, 9}, {Code: 0x05, K: 0xfffffffd}, retA}, 9, false},
		{"jset", []Insn{{Code: 0, K: 6}, {0x45, 0, 1, 2}, {Code: 6, K: 1}, {Code: 6, K: 2}}, 1, false},
		{"jgt x", []Insn{{Code: 0, K: 6}, {Code: 1, K: 6}, {0x2d, 0, 1, 0}, {Code: 6, K: 1}, {Code: 6, K: 2}}, 2, false},
		{"jge x", []Insn{{Code: 0, K: 6}, {Code: 1, K: 6}, {0x3d, 0, 1, 0}, {Code: 6, K: 1}, {Code: 6, K: 2}}, 1, false},
	} {
		if err := Validate(tt.prog); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		res := Exec(tt.prog, &Input{Data: data, Meta: ir.Metadata{Len: 1500, IfIndex: 3, PacketType: 4}})
		if res.Verdict != tt.want || res.Fault != tt.fault {
			t.Errorf("%s: %d, fault %v; want %d, fault %v", tt.name, res.Verdict, res.Fault, tt.want, tt.fault)
		}
	}
}

func TestEndless(t *testing.T) {
	prog := []Insn{{Code: 0x05, K: 0xffffffff}}
	if err := Validate(prog); err != nil {
		t.Fatal(err)
	}
	if !Exec(prog, &Input{}).Endless {
		t.Error("a loop without an end ended")
	}
}

func TestValidate(t *testing.T) {
	for name, prog := range map[string][]Insn{
		"empty":              nil,
		"no return":          {{Code: 0, K: 1}},
		"jump past the end":  {{0x15, 1, 0, 0}, {Code: 6}},
		"jump to before":     {{Code: 5, K: 0xfffffff0}, {Code: 6}},
		"unknown code":       {{Code: 0xff}, {Code: 6}},
		"scratch slot 16":    {{Code: 2, K: 16}, {Code: 6}},
		"double word":        {{Code: 0x38}, {Code: 6}},
		"ldx of packet data": {{Code: 0x21}, {Code: 6}},
	} {
		if Validate(prog) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestExplore: starting from a packet of zeros, the explorer finds a packet that the
// filter accepts by each of its two ports, and ones that fail each test.
func TestExplore(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	zero := &Input{Data: make([]byte, 128), Meta: ir.Metadata{Len: 128}}
	inputs := explore([][]Insn{sshProgram}, []*Input{zero}, budget{inputs: 100, runs: 2000}, rng)
	src, dst, rejected := 0, 0, 0
	for _, in := range inputs {
		if Exec(sshProgram, in).Verdict == 0 {
			rejected++
			continue
		}
		at := 14 + int(in.Data[14]&15)*4
		if in.Data[at+1] == 22 && in.Data[at] == 0 {
			src++
		} else if in.Data[at+3] == 22 && in.Data[at+2] == 0 {
			dst++
		}
	}
	if src == 0 || dst == 0 || rejected < 4 {
		t.Errorf("%d inputs: %d accepted by source port, %d by destination port, %d rejected", len(inputs), src, dst, rejected)
	}
}

// TestSet: a number that went through arithmetic is brought to what is asked.
func TestSet(t *testing.T) {
	// ((([2:2] & 0xff0) >> 4) + 3) ^ 1
	prog := []Insn{
		{Code: 0x28, K: 2}, {Code: 0x54, K: 0xff0}, {Code: 0x74, K: 4}, {Code: 0x04, K: 3}, {Code: 0xa4, K: 1},
		{0x15, 0, 1, 0x50}, {Code: 6, K: 1}, {Code: 6, K: 0},
	}
	in := &Input{Data: []byte{1, 2, 3, 4}, Meta: ir.Metadata{Len: 4}}
	var tr trace
	var m machine
	if m.run(prog, in, &tr).Verdict != 0 || len(tr.branches) != 1 {
		t.Fatalf("%d branches", len(tr.branches))
	}
	if !set(in, tr.branches[0].a, 0x50) {
		t.Fatal("no way found")
	}
	if Exec(prog, in).Verdict != 1 {
		t.Errorf("packet %x is rejected", in.Data)
	}
	if in.Data[3]&0xf != 4 {
		t.Errorf("packet %x: bits that the mask leaves out were changed", in.Data)
	}
}
