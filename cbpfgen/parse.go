package cbpfgen

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/bpf"
)

// Parse reads a program back from the text of [Format], [FormatC],
// [FormatDecimal], [FormatBytecode], [FormatHex] or [FormatGo]; which of them it is shows in the text. Empty
// lines and space around lines do not matter. The program need not be one that
// [Verify] accepts. Errors say the line.
func Parse(text string) ([]bpf.RawInstruction, error) {
	var lines []numbered
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, numbered{n, line})
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("no program in the text")
	}
	switch first := lines[0].text; {
	case isHex(first):
		return parseHex(lines)
	case first == goBegin:
		return parseGo(lines)
	case first[0] == '(':
		return parseLines(lines, parseListed)
	case first[0] == '{':
		return parseLines(lines, parseC)
	case strings.Contains(first, ","):
		at := lines[0].n
		lines = append(splitCommas(at, first), lines[1:]...)
	}
	return parseDecimal(lines)
}

// isHex reports whether a line has as many hexadecimal digits as instructions have. No
// number of instructions is so long.
func isHex(line string) bool {
	_, err := hex.DecodeString(line)
	return err == nil && len(line)%(2*insnSize) == 0
}

func parseHex(lines []numbered) ([]bpf.RawInstruction, error) {
	var prog []bpf.RawInstruction
	for _, l := range lines {
		if !isHex(l.text) {
			return nil, fmt.Errorf("line %d: not 16 hexadecimal digits for each instruction", l.n)
		}
		b, _ := hex.DecodeString(l.text) // isHex has done it
		for ; len(b) > 0; b = b[insnSize:] {
			prog = append(prog, insnAt(b))
		}
	}
	return prog, nil
}

// parseGo reads the lines of FormatGo.
func parseGo(lines []numbered) ([]bpf.RawInstruction, error) {
	last := lines[len(lines)-1]
	if last.text != "}" {
		return nil, fmt.Errorf("line %d: the program does not end with }", last.n)
	}
	return parseLines(lines[1:len(lines)-1], func(text string, pc int) (bpf.RawInstruction, error) {
		text, _, _ = strings.Cut(text, "//")
		return parseC(goNames.Replace(text), pc)
	})
}

// goNames takes the names of fields away, which stand in the order of parseC.
var goNames = strings.NewReplacer("Op:", "", "Jt:", "", "Jf:", "", "K:", "")

// A numbered line is one without the space around it, with its number in the text.
type numbered struct {
	n    int
	text string
}

func splitCommas(n int, text string) []numbered {
	var list []numbered
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ","), ",") {
		list = append(list, numbered{n, strings.TrimSpace(part)})
	}
	return list
}

func parseLines(lines []numbered, parse func(string, int) (bpf.RawInstruction, error)) ([]bpf.RawInstruction, error) {
	var prog []bpf.RawInstruction
	for pc, l := range lines {
		i, err := parse(l.text, pc)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", l.n, err)
		}
		prog = append(prog, i)
	}
	return prog, nil
}

func parseDecimal(lines []numbered) ([]bpf.RawInstruction, error) {
	n, err := strconv.ParseUint(lines[0].text, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("line %d: %q is no number of instructions", lines[0].n, lines[0].text)
	}
	prog, err := parseLines(lines[1:], func(text string, _ int) (bpf.RawInstruction, error) {
		return fromFields(strings.Fields(text), text)
	})
	if err == nil && uint64(len(prog)) != n {
		return nil, fmt.Errorf("line %d: %d instructions announced, %d follow", lines[0].n, n, len(prog))
	}
	return prog, err
}

func parseC(text string, _ int) (bpf.RawInstruction, error) {
	body, ok := strings.CutPrefix(text, "{")
	body, ok2 := strings.CutSuffix(strings.TrimSuffix(strings.TrimSpace(body), ","), "}")
	if !ok || !ok2 {
		return bpf.RawInstruction{}, fmt.Errorf("%q is no { code, jt, jf, k }", text)
	}
	fields := strings.Split(body, ",")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fromFields(fields, text)
}

// fromFields makes an instruction of code, jt, jf and k.
func fromFields(fields []string, text string) (i bpf.RawInstruction, err error) {
	if len(fields) != 4 {
		return i, fmt.Errorf("%q is not four numbers", text)
	}
	var n [4]uint64
	for at, bits := range []int{16, 8, 8, 32} {
		if n[at], err = strconv.ParseUint(fields[at], 0, bits); err != nil {
			return i, fmt.Errorf("%q is no number of %d bits", fields[at], bits)
		}
	}
	return bpf.RawInstruction{Op: uint16(n[0]), Jt: uint8(n[1]), Jf: uint8(n[2]), K: uint32(n[3])}, nil
}

// parseListed reads a line of Format for the instruction at pc.
func parseListed(text string, pc int) (i bpf.RawInstruction, err error) {
	number, rest, ok := strings.Cut(strings.TrimPrefix(text, "("), ")")
	if n, err := strconv.Atoi(number); !ok || err != nil || n != pc {
		return i, fmt.Errorf("%q is not instruction %d", text, pc)
	}
	rest, ways, jumps := strings.Cut(rest, " jt ")
	op, operand, _ := strings.Cut(strings.TrimSpace(rest), " ")
	operand = strings.TrimSpace(operand)
	form, word := splitOperand(operand)
	code, ok := spellings()[spelling{op, form}]
	if !ok {
		return i, fmt.Errorf("%q is no instruction", strings.TrimSpace(rest))
	}
	i.Op = code
	if form.number {
		if i.K, err = operandNumber(form, word); err != nil {
			return i, err
		}
	}
	conditional := code&7 == clsJMP && code != opJa
	switch {
	case conditional != jumps:
		return i, fmt.Errorf("%q has jt and jf where there are none, or lacks them", text)
	case conditional:
		return i, parseWays(&i, ways, pc)
	case code == opJa:
		i.K -= uint32(pc) + 1
	}
	return i, nil
}

// parseWays reads "2\tjf 12", the places that the jump at pc leads to.
func parseWays(i *bpf.RawInstruction, text string, pc int) error {
	jt, jf, ok := strings.Cut(text, "jf")
	if !ok {
		return fmt.Errorf("jt without jf")
	}
	for _, w := range []struct {
		text string
		disp *uint8
	}{{jt, &i.Jt}, {jf, &i.Jf}} {
		to, err := strconv.Atoi(strings.TrimSpace(w.text))
		if err != nil || to <= pc || to-pc-1 > maxShort {
			return fmt.Errorf("%q is no instruction that a jump from %d can reach", strings.TrimSpace(w.text), pc)
		}
		*w.disp = uint8(to - pc - 1)
	}
	return nil
}

// An operandForm is what stands around the number of an operand; or without number,
// the whole operand.
type operandForm struct {
	prefix, suffix string
	number         bool
}

// operandForms are in an order in which the first that fits is the right one.
var operandForms = []operandForm{
	{"#pktlen", "", false},
	{"x", "", false},
	{"#", "", true},
	{"M[", "]", true},
	{"4*([", "]&0xf)", true},
	{"[x + ", "]", true},
	{"[", "]", true},
	{"", "", true},
}

// splitOperand returns an operand's form and its number as it is written.
func splitOperand(operand string) (operandForm, string) {
	if operand == "" {
		return operandForm{}, ""
	}
	for _, f := range operandForms {
		if !f.number {
			if operand == f.prefix {
				return f, ""
			}
			continue
		}
		if word, ok := strings.CutPrefix(operand, f.prefix); ok {
			if word, ok = strings.CutSuffix(word, f.suffix); ok {
				return f, word
			}
		}
	}
	panic("cbpfgen: operand " + operand + " fits no form")
}

// operandNumber reads a number of 32 bits with or without sign, or the name of
// a metadatum.
func operandNumber(form operandForm, word string) (uint32, error) {
	if form == (operandForm{"[", "]", true}) {
		for off, name := range extensions {
			if name == word {
				return adOffset + off, nil
			}
		}
	}
	n, err := strconv.ParseInt(word, 0, 64)
	if err != nil || n < -1<<31 || n > maxWord {
		return 0, fmt.Errorf("%q is no number of 32 bits", word)
	}
	return uint32(n), nil
}

// A spelling is how an instruction is written, but for its numbers.
type spelling struct {
	op   string
	form operandForm
}

// spellings returns the operation code of each spelling, made with the printer.
var spellings = sync.OnceValue(func() map[spelling]uint16 {
	m := make(map[spelling]uint16)
	for code := range uint16(0x100) {
		if known(code) {
			op, operand := mnemonic(bpf.RawInstruction{Op: code}, 0)
			form, _ := splitOperand(operand)
			m[spelling{op, form}] = code
		}
	}
	return m
})
