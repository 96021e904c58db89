package conformance

import (
	"fmt"
	"strings"
)

// Listing prints a program, an instruction a line, in the words of bpf(4)'s assembler.
func Listing(prog []Insn) string {
	var b strings.Builder
	for pc, i := range prog {
		fmt.Fprintf(&b, "(%03d) %s\n", pc, i.text(pc))
	}
	return b.String()
}

func (i Insn) text(pc int) string {
	suffix := map[uint16]string{sizeW: "", sizeH: "h", sizeB: "b"}[i.Code&0x18]
	switch i.Code & 7 {
	case ld, ldx:
		name := "ld" + suffix
		if i.Code&7 == ldx {
			name = "ldx" + suffix
		}
		switch i.Code & 0xe0 {
		case modeIMM:
			return fmt.Sprintf("%-8s #%#x", name, i.K)
		case modeABS:
			return fmt.Sprintf("%-8s [%d]", name, int32(i.K))
		case modeIND:
			return fmt.Sprintf("%-8s [x + %d]", name, i.K)
		case modeMEM:
			return fmt.Sprintf("%-8s M[%d]", name, i.K)
		case modeLEN:
			return fmt.Sprintf("%-8s #pktlen", name)
		case modeMSH:
			return fmt.Sprintf("%-8s 4*([%d]&0xf)", name, i.K)
		}
	case st:
		return fmt.Sprintf("%-8s M[%d]", "st", i.K)
	case stx:
		return fmt.Sprintf("%-8s M[%d]", "stx", i.K)
	case alu:
		name := [...]string{"add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "neg", "mod", "xor"}[i.Code>>4]
		if i.Code&srcX != 0 {
			return fmt.Sprintf("%-8s x", name)
		}
		return fmt.Sprintf("%-8s #%#x", name, i.K)
	case jmp:
		if i.Code&0xf0 == jmpJA {
			return fmt.Sprintf("%-8s %d", "ja", pc+1+int(int32(i.K)))
		}
		name := [...]string{"ja", "jeq", "jgt", "jge", "jset"}[i.Code>>4]
		operand := fmt.Sprintf("#%#x", i.K)
		if i.Code&srcX != 0 {
			operand = "x"
		}
		return fmt.Sprintf("%-8s %-16s jt %d\tjf %d", name, operand, pc+1+int(i.JT), pc+1+int(i.JF))
	case ret:
		if i.Code&retA != 0 {
			return "ret      a"
		}
		return fmt.Sprintf("%-8s #%d", "ret", i.K)
	case misc:
		if i.Code&miscTXA != 0 {
			return "txa"
		}
		return "tax"
	}
	return fmt.Sprintf("code %#x k %d", i.Code, i.K)
}
