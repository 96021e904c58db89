package cbpfgen

import "golang.org/x/net/bpf"

// Stats are measures of a program.
type Stats struct {
	Insns   int // instructions
	Longest int // instructions on the longest way through it, the return included
	Slots   int // words of scratch memory used
}

// Measure returns the measures of a program that [Verify] accepts, however long it is.
func Measure(prog []bpf.RawInstruction) Stats {
	s := Stats{Insns: len(prog)}
	var words [scratchWords]bool
	longest := make([]int, len(prog)) // from each instruction on
	for pc := len(prog) - 1; pc >= 0; pc-- {
		i := prog[pc]
		rest := 0
		switch {
		case i.Op&7 == clsRET:
		case i.Op == opJa:
			rest = longest[pc+1+int(i.K)]
		case i.Op&7 == clsJMP:
			rest = max(longest[pc+1+int(i.Jt)], longest[pc+1+int(i.Jf)])
		default:
			rest = longest[pc+1]
		}
		longest[pc] = 1 + rest
		if (insn{op: i.Op}).storesSlot() && !words[i.K] {
			words[i.K] = true
			s.Slots++
		}
	}
	if len(prog) > 0 {
		s.Longest = longest[0]
	}
	return s
}
