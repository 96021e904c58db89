package ebpfgen

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/cilium/ebpf/asm"
)

// Format returns the listing of a program that [Generate] made: one instruction
// a line in the notation of LLVM and bpftool, with its number before it and
// the words of the filter that caused it behind it. Jumps name their target; a
// target stands on a line of its own before its instruction. source, the
// filter's text, is the first line if it is not empty.
func Format(insns asm.Instructions, source string) string {
	var s strings.Builder
	if source != "" {
		fmt.Fprintf(&s, "; %s\n", strings.Join(strings.Fields(source), " "))
	}
	width := len(fmt.Sprint(max(len(insns)-1, 0)))
	iter := insns.Iterate()
	for iter.Next() {
		ins := *iter.Ins
		if sym := ins.Symbol(); sym != "" {
			fmt.Fprintf(&s, "%s:\n", sym)
		}
		line := fmt.Sprintf("  %*d: %s", width, iter.Offset, notation(ins))
		if w := ins.Source(); w != nil && w.String() != "" {
			line = fmt.Sprintf("%-43s ; %s", line, strings.Join(strings.Fields(w.String()), " "))
		}
		s.WriteString(line)
		s.WriteByte('\n')
	}
	return s.String()
}

// notation returns one instruction in the notation of LLVM.
func notation(ins asm.Instruction) string {
	switch op := ins.OpCode; op.Class() {
	case asm.LdClass:
		size := memory(op.Size())
		switch op.Mode() {
		case asm.AbsMode:
			return fmt.Sprintf("r0 = *(%s *)skb[%d]", size, ins.Constant)
		case asm.IndMode:
			return fmt.Sprintf("r0 = *(%s *)skb[%s + %d]", size, reg(ins.Src, false), ins.Constant)
		}
	case asm.LdXClass:
		return fmt.Sprintf("%s = *(%s *)(%s %+d)", reg(ins.Dst, false), memory(op.Size()), reg(ins.Src, false), ins.Offset)
	case asm.StXClass:
		return fmt.Sprintf("*(%s *)(%s %+d) = %s", memory(op.Size()), reg(ins.Dst, false), ins.Offset, reg(ins.Src, false))
	case asm.StClass:
		return fmt.Sprintf("*(%s *)(%s %+d) = %d", memory(op.Size()), reg(ins.Dst, false), ins.Offset, ins.Constant)
	case asm.ALUClass, asm.ALU64Class:
		return alu(ins)
	case asm.JumpClass, asm.Jump32Class:
		return jump(ins)
	}
	return fmt.Sprintf("%v", ins)
}

// reg returns the name of a register: w0 for the lower half of r0.
func reg(r asm.Register, half bool) string {
	if half {
		return fmt.Sprintf("w%d", r)
	}
	return fmt.Sprintf("r%d", r)
}

func memory(s asm.Size) string {
	return fmt.Sprintf("u%d", 8*s.Sizeof())
}

// operators are the signs of the ALU operations.
var operators = map[asm.ALUOp]string{
	asm.Mov: "=", asm.Add: "+=", asm.Sub: "-=", asm.Mul: "*=", asm.Div: "/=", asm.Mod: "%=",
	asm.And: "&=", asm.Or: "|=", asm.Xor: "^=", asm.LSh: "<<=", asm.RSh: ">>=", asm.ArSh: "s>>=",
}

func alu(ins asm.Instruction) string {
	half := ins.OpCode.Class() == asm.ALUClass
	dst := reg(ins.Dst, half)
	switch op := ins.OpCode.ALUOp(); op {
	case asm.Neg:
		return fmt.Sprintf("%s = -%s", dst, dst)
	case asm.Swap:
		order := "le"
		if ins.OpCode.Endianness() == asm.BE {
			order = "be"
		}
		return fmt.Sprintf("%s = %s%d %s", reg(ins.Dst, false), order, ins.Constant, reg(ins.Dst, false))
	default:
		return fmt.Sprintf("%s %s %s", dst, operators[op], operandText(ins, half))
	}
}

// operandText returns the second operand: a register or a number. The filter's
// numbers, of 32 bits, stand in hexadecimal from 10 on, others in decimal.
func operandText(ins asm.Instruction, half bool) string {
	if ins.OpCode.Source() == asm.RegSource {
		return reg(ins.Src, half)
	}
	k := ins.Constant
	if half {
		k = int64(uint32(k))
	}
	if half && (k >= 10) {
		return fmt.Sprintf("%#x", k)
	}
	return fmt.Sprint(k)
}

// comparisons are the signs of the conditional jumps.
var comparisons = map[asm.JumpOp]string{
	asm.JEq: "==", asm.JNE: "!=", asm.JGT: ">", asm.JGE: ">=", asm.JLT: "<", asm.JLE: "<=", asm.JSet: "&",
	asm.JSGT: "s>", asm.JSGE: "s>=", asm.JSLT: "s<", asm.JSLE: "s<=",
}

func jump(ins asm.Instruction) string {
	half := ins.OpCode.Class() == asm.Jump32Class
	to := ins.Reference()
	if to == "" {
		to = fmt.Sprintf("%+d", ins.Offset)
	}
	switch op := ins.OpCode.JumpOp(); op {
	case asm.Exit:
		return "exit"
	case asm.Call:
		if ins.IsKfuncCall() {
			return fmt.Sprintf("call kernel function %d", ins.Constant) // its BTF id
		}
		return "call " + functionName(asm.BuiltinFunc(ins.Constant))
	case asm.Ja:
		return "goto " + to
	default:
		return fmt.Sprintf("if %s %s %s goto %s", reg(ins.Dst, half), comparisons[op], operandText(ins, half), to)
	}
}

// functionName returns the kernel's name of a BPF helper: bpf_skb_load_bytes
// for asm.FnSkbLoadBytes.
func functionName(fn asm.BuiltinFunc) string {
	name := []byte("bpf")
	for _, c := range strings.TrimPrefix(fn.String(), "Fn") {
		if unicode.IsUpper(c) {
			name = append(name, '_')
		}
		name = append(name, string(unicode.ToLower(c))...)
	}
	return string(name)
}
