package cbpfgen

import (
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/net/bpf"
)

// extensions names the metadata that Linux has at adOffset, as libpcap 1.11 prints
// them (bpf_image.c); numbers are those of linux/filter.h.
var extensions = map[uint32]string{
	0:  "proto",
	4:  "type",
	8:  "ifidx",
	12: "nla",
	16: "nlan",
	20: "mark",
	24: "queue",
	28: "hatype",
	32: "rxhash",
	36: "cpu",
	40: "xor_x",
	44: "vlan_tci",
	48: "vlanp",
	52: "poff",
	56: "random",
	60: "vlan_tpid",
}

// aluNames and jumpNames are the mnemonics by operator.
var (
	aluNames = map[uint16]string{
		aluADD: "add", aluSUB: "sub", aluMUL: "mul", aluDIV: "div", aluMOD: "mod", aluAND: "and",
		aluOR: "or", aluXOR: "xor", aluLSH: "lsh", aluRSH: "rsh", aluNEG: "neg",
	}
	jumpNames = map[uint16]string{jmpJA: "ja", jmpJEQ: "jeq", jmpJGT: "jgt", jmpJGE: "jge", jmpJSET: "jset"}
	loadNames = map[uint16]string{widthW: "ld", widthH: "ldh", widthB: "ldb"}
)

// Format returns the text that "tcpdump -d" prints for prog, each line with its
// newline.
func Format(prog []bpf.RawInstruction) string {
	var b strings.Builder
	for pc, i := range prog {
		b.WriteString(formatInsn(pc, i))
		b.WriteByte('\n')
	}
	return b.String()
}

// FormatC returns the text that "tcpdump -dd" prints for prog: the elements of
// a C array of struct bpf_insn.
func FormatC(prog []bpf.RawInstruction) string {
	var b strings.Builder
	for _, i := range prog {
		fmt.Fprintf(&b, "{ 0x%x, %d, %d, 0x%08x },\n", i.Op, i.Jt, i.Jf, i.K)
	}
	return b.String()
}

// FormatDecimal returns the text that "tcpdump -ddd" prints for prog: the number of
// instructions, then a line of four numbers for each.
func FormatDecimal(prog []bpf.RawInstruction) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", len(prog))
	for _, i := range prog {
		fmt.Fprintf(&b, "%d %d %d %d\n", i.Op, i.Jt, i.Jf, i.K)
	}
	return b.String()
}

// FormatBytecode returns prog on one line without a newline, as iptables' "-m bpf
// --bytecode" and tc's "bpf bytecode" take it: the number of instructions and
// the instructions, separated by commas.
func FormatBytecode(prog []bpf.RawInstruction) string {
	return strings.TrimSuffix(strings.ReplaceAll(FormatDecimal(prog), "\n", ","), ",")
}

// FormatHex returns prog on one line with its newline: 16 hexadecimal digits for each
// instruction, four of the code, two each of jt and jf, eight of k. Stenographer takes such
// a program.
func FormatHex(prog []bpf.RawInstruction) string {
	var b []byte
	for _, i := range prog {
		b = appendInsn(b, i)
	}
	return hex.EncodeToString(b) + "\n"
}

// goBegin is the first line of FormatGo.
const goBegin = "[]bpf.RawInstruction{"

// FormatGo returns prog as a Go expression of type []bpf.RawInstruction.
func FormatGo(prog []bpf.RawInstruction) string {
	var b strings.Builder
	b.WriteString(goBegin + "\n")
	for pc, i := range prog {
		fmt.Fprintf(&b, "\t{Op: 0x%02x, Jt: %d, Jf: %d, K: 0x%08x}, // %s\n", i.Op, i.Jt, i.Jf, i.K, formatInsn(pc, i))
	}
	b.WriteString("}\n")
	return b.String()
}

// formatInsn returns the line for the instruction at pc. An operation code that is no
// instruction is "unimp", as libpcap prints it.
func formatInsn(pc int, i bpf.RawInstruction) string {
	op, operand := mnemonic(i, pc)
	switch {
	case i.Op&7 == clsJMP && i.Op != opJa && op != "unimp":
		return fmt.Sprintf("(%03d) %-8s %-16s jt %d\tjf %d", pc, op, operand, pc+1+int(i.Jt), pc+1+int(i.Jf))
	case operand == "":
		return fmt.Sprintf("(%03d) %s", pc, op)
	}
	return fmt.Sprintf("(%03d) %-8s %s", pc, op, operand)
}

func mnemonic(i bpf.RawInstruction, pc int) (op, operand string) {
	if !known(i.Op) {
		return "unimp", fmt.Sprintf("0x%x", i.Op)
	}
	number := fmt.Sprintf("#0x%x", i.K)
	mem := fmt.Sprintf("M[%d]", int32(i.K))
	switch i.Op {
	case opLdImm:
		return "ld", number
	case opLdMem:
		return "ld", mem
	case opLdLen:
		return "ld", "#pktlen"
	case opLdxImm:
		return "ldx", number
	case opLdxMem:
		return "ldx", mem
	case opLdxLen:
		return "ldx", "#pktlen"
	case opLdxMSH:
		return "ldxb", fmt.Sprintf("4*([%d]&0xf)", int32(i.K))
	case opSt:
		return "st", mem
	case opStx:
		return "stx", mem
	case opRetK:
		return "ret", fmt.Sprintf("#%d", int32(i.K))
	case opRetA:
		return "ret", ""
	case opTax:
		return "tax", ""
	case opTxa:
		return "txa", ""
	case opNeg:
		return "neg", ""
	case opJa:
		return "ja", fmt.Sprint(int32(uint32(pc) + 1 + i.K))
	}
	switch i.Op & 7 {
	case clsLD:
		return loadNames[i.Op&0x18], packetOperand(i)
	case clsALU:
		return aluNames[i.Op&0xf0], sourceOperand(i)
	case clsJMP:
		return jumpNames[i.Op&0xf0], sourceOperand(i)
	}
	panic(fmt.Sprintf("cbpfgen: no mnemonic for 0x%x", i.Op))
}

func packetOperand(i bpf.RawInstruction) string {
	if i.Op&0xe0 == modeIND {
		return fmt.Sprintf("[x + %d]", int32(i.K))
	}
	if i.K >= adOffset {
		if name := extensions[i.K-adOffset]; name != "" {
			return "[" + name + "]"
		}
	}
	return fmt.Sprintf("[%d]", int32(i.K))
}

// sourceOperand prints bit patterns in hexadecimal, amounts in decimal.
func sourceOperand(i bpf.RawInstruction) string {
	switch {
	case i.Op&srcX != 0:
		return "x"
	case i.Op&7 == clsJMP:
		return fmt.Sprintf("#0x%x", i.K)
	}
	switch i.Op & 0xf0 {
	case aluAND, aluOR, aluXOR:
		return fmt.Sprintf("#0x%x", i.K)
	}
	return fmt.Sprintf("#%d", int32(i.K))
}
