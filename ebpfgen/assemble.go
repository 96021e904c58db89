package ebpfgen

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// Words are the part of the filter's text that caused an instruction; the
// Source of each instruction that has one.
type Words struct {
	Text string
	Span ir.Span
}

// MaxWords is the length of Words.String in bytes that is not exceeded.
const MaxWords = 120

// String returns the text on one line of at most MaxWords bytes: the kernel's line
// information and listings have no room for others. The middle of a longer text is left
// out. A loader asks for the string of every instruction, so a list of thousands of hosts
// must not be its answer each time.
func (w Words) String() string {
	if s := w.Text; len(s) > MaxWords {
		const gap = " ... "
		half := (MaxWords - len(gap)) / 2
		return oneLine(strings.ToValidUTF8(s[:half], "") + gap + strings.ToValidUTF8(s[len(s)-half:], ""))
	}
	return oneLine(w.Text)
}

// oneLine returns text with blanks for its control characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// An assembler collects instructions and labels.
type assembler struct {
	insns  asm.Instructions
	labels map[string]int // index of the instruction that follows
	used   map[string]bool
	prefix string // of labels that the assembler makes
	fresh  int
	words  Words // source of what is emitted next
}

func newAssembler(prefix string) *assembler {
	return &assembler{labels: make(map[string]int), used: make(map[string]bool), prefix: prefix}
}

func (a *assembler) emit(ins asm.Instruction) {
	if a.words.Text != "" {
		ins = ins.WithSource(a.words)
	}
	a.insns = append(a.insns, ins)
}

// jumpIf emits a conditional jump.
func (a *assembler) jumpIf(ins asm.Instruction) {
	a.used[ins.Reference()] = true
	a.emit(ins)
}

// jump emits a jump; one to the next instruction is taken away later.
func (a *assembler) jump(label string) { a.jumpIf(asm.Ja.Label(label)) }

// label puts a label before what is emitted next.
func (a *assembler) label(name string) {
	if _, ok := a.labels[name]; ok {
		panic("ebpfgen: second label " + name)
	}
	a.labels[name] = len(a.insns)
}

// newLabel returns an unused label.
func (a *assembler) newLabel() string {
	a.fresh++
	return fmt.Sprintf("%sskip%d", a.prefix, a.fresh)
}

// verdict emits a label, if something jumps there, and the end of the program: the
// return of a number, or what in stands for.
func (a *assembler) verdict(label string, n uint32, in *Registers) {
	if !a.used[label] {
		return
	}
	a.label(label)
	if in == nil {
		a.emit(asm.Mov.Imm32(asm.R0, int32(n)))
		a.emit(asm.Return())
		return
	}
	a.emit(asm.Mov.Imm32(in.Result, int32(n)))
	a.jump(in.Done)
}

// maxJump is the largest displacement of a jump instruction, in instructions.
const maxJump = math.MaxInt16

// assemble takes away jumps to the next instruction, makes those that are too
// long in steps, and gives each jump's target its symbol. outside is a symbol
// that is not the assembler's.
func (a *assembler) assemble(outside string) (asm.Instructions, error) {
	a.compact()
	if err := a.bridge(); err != nil {
		return nil, err
	}
	// Labels of one place become the first jump's one.
	symbol := make(map[int]string)
	for i := range a.insns {
		ref := a.insns[i].Reference()
		if ref == "" || ref == outside {
			continue
		}
		to, ok := a.labels[ref]
		if !ok {
			panic("ebpfgen: no label " + ref)
		}
		if symbol[to] == "" {
			symbol[to] = ref
		}
		a.insns[i] = a.insns[i].WithReference(symbol[to])
	}
	for i, s := range symbol {
		a.insns[i] = a.insns[i].WithSymbol(s)
	}
	return a.insns, nil
}

// compact takes away jumps to the next instruction.
func (a *assembler) compact() {
	gone := a.idle()
	index := make([]int, len(a.insns)+1) // new index of each old one
	out := make(asm.Instructions, 0, len(a.insns))
	for i, ins := range a.insns {
		index[i] = len(out)
		if !gone[i] {
			out = append(out, ins)
		}
	}
	index[len(a.insns)] = len(out)
	for label, i := range a.labels {
		a.labels[label] = index[i]
	}
	a.insns = out
}

// bridge gives jumps that are too long another one to land on, which goes on to their
// target. It can stand only where no path comes through: after a jump or
// an exit. Most jumps lead forward; those of stubs may lead back.
func (a *assembler) bridge() error {
	for {
		at := expanded(a.insns)
		i := a.tooLong(at)
		if i < 0 {
			return nil
		}
		ref := a.insns[i].Reference()
		to := a.labels[ref]
		pier := a.pier(i, to, at)
		if pier < 0 {
			return &LimitError{What: "instructions between a jump and its target", Have: max(at[to]-at[i+1], at[i+1]-at[to]),
				Max: maxJump, Kernel: "every kernel; 32-bit jumps came with 6.6"}
		}
		a.land(ref, i, pier, at)
	}
}

// pier returns where a jump can stand that jump i lands on, on its way to instruction to: as
// near to that as i reaches. It is -1 where there is no such place.
func (a *assembler) pier(i, to int, at []int) int {
	if to > i {
		pier := to
		for pier > i && (at[pier]-at[i+1] > maxJump || !leaves(&a.insns[pier-1])) {
			pier--
		}
		if pier > i+1 {
			return pier
		}
		return -1
	}
	pier := to + 1
	for pier < i && (at[i+1]+1-at[pier] > maxJump || !leaves(&a.insns[pier-1])) {
		pier++
	}
	if pier < i {
		return pier
	}
	return -1
}

// tooLong returns the first jump that is longer than maxJump, -1 if there is none. at
// has the place of each instruction.
func (a *assembler) tooLong(at []int) int {
	for i := range a.insns {
		if to, ok := a.labels[a.insns[i].Reference()]; ok && isFar(at, i, to) {
			return i
		}
	}
	return -1
}

// isFar reports whether a jump of instruction i to instruction to is too long.
func isFar(at []int, i, to int) bool {
	n := at[to] - at[i+1]
	return n > maxJump || -n > maxJump
}

// leaves reports whether the program never goes on with the instruction after ins.
func leaves(ins *asm.Instruction) bool {
	op := ins.OpCode
	return op.Class().IsJump() && (op.JumpOp() == asm.Exit || op.JumpOp() == asm.Ja)
}

// land puts a jump to ref before instruction pier, and makes it the target of jump i and of
// all others to ref that are too long and reach it from the same side.
func (a *assembler) land(ref string, i, pier int, at []int) {
	label := a.newLabel()
	to := a.labels[ref]
	first, end := i, pier-1 // a jump right before would lead to the next instruction
	if to < i {
		first, end = pier, len(a.insns)
	}
	for j := first; j < end; j++ {
		if a.insns[j].Reference() == ref && isFar(at, j, to) && at[j+1]+1-at[pier] <= maxJump {
			a.insns[j] = a.insns[j].WithReference(label)
		}
	}
	for l, i := range a.labels {
		if i >= pier {
			a.labels[l] = i + 1
		}
	}
	a.labels[label] = pier
	a.insns = append(a.insns, asm.Instruction{})
	copy(a.insns[pier+1:], a.insns[pier:])
	a.insns[pier] = asm.Ja.Label(ref)
}

// maxPending is BPF_COMPLEXITY_LIMIT_JMP_SEQ of kernel/bpf/verifier.c: how many
// jumps not taken the verifier remembers while it follows a path.
const maxPending = 8192

// pending returns how many jumps the verifier does not take on the first path
// that it follows: from the start, always on to the next instruction.
func pending(insns asm.Instructions) int {
	at := make(map[string]int)
	for i := range insns {
		if s := insns[i].Symbol(); s != "" {
			at[s] = i
		}
	}
	n := 0
	for i := 0; i < len(insns); i++ {
		switch ins := &insns[i]; {
		case !ins.OpCode.Class().IsJump():
		case ins.OpCode.JumpOp() == asm.Exit:
			return n
		case ins.OpCode.JumpOp() == asm.Ja:
			to, ok := at[ins.Reference()]
			if !ok {
				return n // out of the sequence
			}
			i = to - 1
		case ins.Reference() != "":
			n++
		}
	}
	return n
}

// expanded returns for each instruction, and for the end, how many the kernel has
// before it when it has replaced some by several: it widens the displacements, which stay 16
// bits. It replaces LD_ABS and LD_IND by calls (net/core/filter.c bpf_gen_ld_abs), reads
// metadata from where it has them (bpf_convert_ctx_access there), and looks at a divisor
// (kernel/bpf/verifier.c do_misc_fixups).
func expanded(insns asm.Instructions) []int {
	at := make([]int, len(insns)+1)
	for i := range insns {
		at[i+1] = at[i] + width(&insns[i])
	}
	return at
}

// width returns how many instructions the kernel makes of one; with metadata and divisions
// kernels differ, and it is one more than has been seen.
func width(ins *asm.Instruction) int {
	const loadAbs, metadatum, division = 6, 4, 5
	switch op := ins.OpCode; op.Class() {
	case asm.LdClass:
		if op.Mode() == asm.IndMode && ins.Constant != 0 {
			return loadAbs + 1 // the sum
		}
		return loadAbs
	case asm.LdXClass:
		if ins.Metadata.Get(metadatumKey{}) != nil {
			return metadatum
		}
	case asm.ALUClass, asm.ALU64Class:
		if alu := op.ALUOp(); (alu == asm.Div || alu == asm.Mod) && op.Source() == asm.RegSource {
			return division
		}
	}
	return 1
}

// metadatumKey marks the load of a metadatum from the context.
type metadatumKey struct{}

// idle marks the jumps that lead to the next instruction.
func (a *assembler) idle() []bool {
	gone := make([]bool, len(a.insns))
	next := len(a.insns) // first instruction after i that stays
	for i := len(a.insns) - 1; i >= 0; i-- {
		if ref := a.insns[i].Reference(); ref != "" {
			to, ok := a.labels[ref]
			gone[i] = ok && to > i && to <= next
		}
		if !gone[i] {
			next = i
		}
	}
	return gone
}
