package cbpfgen

import (
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// faults are programs that the kernel refuses, with a part of the reason.
var faults = []struct {
	name string
	prog []bpf.RawInstruction
	want string
}{
	{"empty", nil, "empty"},
	{"too long", make([]bpf.RawInstruction, MaxSocketInsns+1), "4097 instructions, the limit is 4096"},
	{"no return", []bpf.RawInstruction{{Op: opLdImm}}, "not a return"},
	{"unknown code", []bpf.RawInstruction{{Op: 0x18}, {Op: opRetK}}, "instruction 0: unknown operation code 0x18"},
	{"neg with X", []bpf.RawInstruction{{Op: opNeg | srcX}, {Op: opRetK}}, "unknown operation code"},
	{"jt beyond the end", []bpf.RawInstruction{{Op: clsJMP | jmpJEQ, Jt: 1}, {Op: opRetK}}, "jump beyond"},
	{"jf beyond the end", []bpf.RawInstruction{{Op: clsJMP | jmpJEQ, Jf: 1}, {Op: opRetK}}, "jump beyond"},
	{"ja beyond the end", []bpf.RawInstruction{{Op: opJa, K: 1}, {Op: opRetK}}, "jump beyond"},
	{"ja back", []bpf.RawInstruction{{Op: opJa, K: 0xffffffff}, {Op: opRetK}}, "jump beyond"},
	{"division by zero", []bpf.RawInstruction{{Op: clsALU | aluDIV}, {Op: opRetK}}, "division by zero"},
	{"remainder by zero", []bpf.RawInstruction{{Op: clsALU | aluMOD}, {Op: opRetK}}, "division by zero"},
	{"shift by 32", []bpf.RawInstruction{{Op: clsALU | aluRSH, K: 32}, {Op: opRetK}}, "shift by 32"},
	{"M[16]", []bpf.RawInstruction{{Op: opSt, K: 16}, {Op: opRetK}}, "no M[16]"},
	{"read before write", []bpf.RawInstruction{{Op: opLdMem, K: 3}, {Op: opRetA}}, "M[3] is read"},
	{"written on one way", []bpf.RawInstruction{
		{Op: opLdImm}, {Op: clsJMP | jmpJEQ, Jf: 1}, {Op: opSt}, {Op: opLdxMem}, {Op: opRetK},
	}, "instruction 3: M[0] is read"},
	{"return between", []bpf.RawInstruction{
		{Op: opLdImm}, {Op: clsJMP | jmpJEQ, Jt: 2}, {Op: opSt}, {Op: opJa, K: 1}, {Op: opRetK}, {Op: opLdMem}, {Op: opRetK},
	}, "instruction 5: M[0] is read"},
	{"unused metadata offset", []bpf.RawInstruction{{Op: clsLD | modeABS, K: adOffset + 1}, {Op: opRetK}}, "unused offset -4095"},
}

func TestVerifyFaults(t *testing.T) {
	for _, c := range faults {
		err := Verify(c.prog)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// sound are programs that the kernel takes, at the edges of the rules.
var sound = [][]bpf.RawInstruction{
	{{Op: opRetK}},
	{{Op: opLdImm}, {Op: opRetA}},
	{{Op: opLdImm}, {Op: clsJMP | jmpJEQ, Jf: 1}, {Op: opJa, K: 0}, {Op: opRetK}},
	{{Op: opLdImm}, {Op: clsALU | aluLSH, K: 31}, {Op: opSt, K: 15}, {Op: opLdxMem, K: 15}, {Op: opRetK}},
	{{Op: opLdImm}, {Op: clsJMP | jmpJEQ, Jf: 2}, {Op: opSt}, {Op: opJa, K: 1}, {Op: opStx}, {Op: opLdMem}, {Op: opRetA}},
	{{Op: clsLD | modeABS | widthB, K: adOffset + 48}, {Op: opRetA}},
	{{Op: clsLD | modeABS | widthB, K: 0xfff00000}, {Op: opRetA}},
}

func TestVerifySound(t *testing.T) {
	for _, prog := range sound {
		if err := Verify(prog); err != nil {
			t.Errorf("%v in\n%s", err, Format(prog))
		}
	}
}

func TestMeasure(t *testing.T) {
	prog, err := Parse(sshListing)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Measure(prog), (Stats{Insns: 13, Longest: 12, Slots: 0}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := Measure(sound[4]), (Stats{Insns: 7, Longest: 6, Slots: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := Measure(nil); got != (Stats{}) {
		t.Errorf("of no program: %+v", got)
	}
}
