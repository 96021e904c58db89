package cbpfgen

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// everyInsn is a program with every instruction once, jumps leading ahead.
func everyInsn() []bpf.RawInstruction {
	var prog []bpf.RawInstruction
	for code := range uint16(0x200) {
		if !known(code) {
			continue
		}
		i := bpf.RawInstruction{Op: code}
		switch {
		case code == opJa:
			i.K = 300
		case code&7 == clsJMP:
			i.Jt, i.Jf, i.K = 7, 255, 0x1fff
			if code&srcX != 0 {
				i.K = 0
			}
		default:
			op, operand := mnemonic(i, 0)
			if form, _ := splitOperand(operand); form.number {
				i.K = uint32(len(op)) + 3
			}
		}
		prog = append(prog, i)
	}
	return prog
}

func TestParseFormat(t *testing.T) {
	progs := [][]bpf.RawInstruction{
		everyInsn(),
		{{Op: opLdImm, K: 0xffffffff}, {Op: clsALU | aluADD, K: 0xfffffff8}, {Op: clsLD | modeABS | widthB, K: adOffset + 48}, {Op: clsLD | modeIND | widthW, K: 0xffffffff}, {Op: opRetK, K: 0xffffffff}},
	}
	for off := range extensions {
		progs[1] = append(progs[1], bpf.RawInstruction{Op: clsLD | modeABS, K: adOffset + off})
	}
	for seed := range 200 {
		prog, err := Generate(randomFunc(rand.New(rand.NewPCG(uint64(seed), 3)), 30), Options{})
		if err == nil {
			progs = append(progs, prog)
		}
	}
	formats := map[string]func([]bpf.RawInstruction) string{
		"Format": Format, "FormatC": FormatC, "FormatDecimal": FormatDecimal, "FormatBytecode": FormatBytecode,
		"FormatHex": FormatHex, "FormatGo": FormatGo,
	}
	for _, prog := range progs {
		for name, format := range formats {
			text := format(prog)
			got, err := Parse(text)
			if err != nil {
				t.Fatalf("%s: %v in\n%s", name, err, text)
			}
			if !slices.Equal(got, prog) {
				t.Fatalf("%s: read %v from\n%s", name, got, text)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	prog := []bpf.RawInstruction{{Op: 0x28, K: 12}, {Op: 0x15, Jt: 0, Jf: 1, K: 0x800}, {Op: 6, K: 0xffff}, {Op: 6}}
	for _, c := range []struct {
		name      string
		got, want string
	}{
		{"-dd", FormatC(prog), "{ 0x28, 0, 0, 0x0000000c },\n{ 0x15, 0, 1, 0x00000800 },\n{ 0x6, 0, 0, 0x0000ffff },\n{ 0x6, 0, 0, 0x00000000 },\n"},
		{"-ddd", FormatDecimal(prog), "4\n40 0 0 12\n21 0 1 2048\n6 0 0 65535\n6 0 0 0\n"},
		{"bytecode", FormatBytecode(prog), "4,40 0 0 12,21 0 1 2048,6 0 0 65535,6 0 0 0"},
		{"hex", FormatHex(prog), "002800000000000c" + "0015000100000800" + "000600000000ffff" + "0006000000000000" + "\n"},
		{"go", FormatGo(prog[:1]), "[]bpf.RawInstruction{\n\t{Op: 0x28, Jt: 0, Jf: 0, K: 0x0000000c}, // (000) ldh      [12]\n}\n"},
		{"unknown", Format([]bpf.RawInstruction{{Op: 0x1234}}), "(000) unimp    0x1234\n"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, c.got, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "no program"},
		{"\n \n", "no program"},
		{"(000) ldh      [12]\n(002) ret #0", "line 2: \"(002) ret #0\" is not instruction 1"},
		{"(000) ldq [12]", "line 1: \"ldq [12]\" is no instruction"},
		{"(000) ret M[1]", "is no instruction"},
		{"(000) unimp 0x1234", "is no instruction"},
		{"(000) ldh [12", "is no instruction"},
		{"(000) ldh [twelve]", "\"twelve\" is no number of 32 bits"},
		{"(000) ldh [4294967296]", "is no number of 32 bits"},
		{"(000) jeq #1", "lacks them"},
		{"(000) ld #1 jt 1\tjf 2", "has jt and jf"},
		{"(000) jeq #1 jt 2", "jt without jf"},
		{"(000) jeq #1 jt 0\tjf 2", "\"0\" is no instruction that a jump from 0 can reach"},
		{"(000) jeq #1 jt 1\tjf 257", "\"257\" is no"},
		{"{ 0x28, 0, 0 },", "line 1: \"{ 0x28, 0, 0 },\" is not four numbers"},
		{"{ 0x28, 0, 0, 1", "is no { code, jt, jf, k }"},
		{"{ 0x10000, 0, 0, 1 },", "is no number of 16 bits"},
		{"2\n6 0 0 0\n", "line 1: 2 instructions announced, 1 follow"},
		{"1\n6 0 256 0\n", "line 2: \"256\" is no number of 8 bits"},
		{"0028000000000000\n00060", "line 2: not 16 hexadecimal digits for each instruction"},
		{"002800000000000", "\"002800000000000\" is no number of instructions"},
		{"[]bpf.RawInstruction{\n{Op: 0x28},\n}", "line 2: \"{ 0x28},\" is not four numbers"},
		{"[]bpf.RawInstruction{\n{Op: 0x28, Jt: 0, Jf: 0, K: 0x0},", "line 2: the program does not end with }"},
		{"hello", "\"hello\" is no number of instructions"},
	} {
		_, err := Parse(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sshListing)
	f.Add(Format(everyInsn()))
	f.Add("1,6 0 0 0")
	f.Add("0006000000000000")
	f.Add(FormatGo(everyInsn()[:3]))
	f.Add("{ 0x28, 0, 0, 0x0000000c },")
	f.Fuzz(func(t *testing.T, text string) {
		prog, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(FormatDecimal(prog))
		if err != nil || !slices.Equal(again, prog) {
			t.Errorf("%v, %v read from the text of %v", again, err, prog)
		}
	})
}
