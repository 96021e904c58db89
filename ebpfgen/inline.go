package ebpfgen

import (
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// Registers say how a filter fits into another program.
type Registers struct {
	// Data and End hold pointers to the start and the end of the packet, as an
	// XDP or TC program loads them from its context. They keep their values.
	Data, End asm.Register

	// Result receives the verdict: 1 for accept and 0 for reject, unless
	// Options.Verdict has other values.
	Result asm.Register

	// Working are at least three registers that the filter may change. Result
	// can be one of them, Data and End cannot.
	Working []asm.Register

	// StackOffset is how many bytes below the frame pointer the program uses
	// itself, a multiple of 8. The filter uses what is below them.
	StackOffset int

	// Done is the symbol of the program's instruction to go on with.
	Done string

	// Prefix begins all symbols of the filter, so that several filters fit into one
	// program.
	Prefix string
}

// Inline is a sequence of instructions for another program, that has direct
// access to the packet. It calls nothing, and knows no metadata and no length but that
// of the linear area: bytes outside it are beyond the packet's end. Generate
// does not resolve jumps to Registers.Done.
func Inline(r Registers) Target {
	return Target{&target{
		name: "inline", typ: "any with direct packet access",
		views:   []ir.View{ir.ViewXDP, ir.ViewFile, ir.ViewTC, ir.ViewCgroup, ir.ViewSocket},
		verdict: Verdict{Accept: 1, Reject: 0},
		ctx:     context{length: -1}, access: []way{{AccessDirect, withJump32}},
		source: "cbpfc's EBPFOpts",
		inline: &r,
	}}
}

// minWorking is how many registers a body needs to change: two for the operands of
// one operation, one to keep a value in.
const minWorking = 3

// machine returns what the registers are for.
func (r *Registers) machine() *machine {
	return &machine{
		data: r.Data, end: r.End,
		scratch: [2]asm.Register{r.Working[0], r.Working[1]},
		saved:   r.Working[2:],
	}
}

// check reports what is wrong with r.
func (r *Registers) check(t Target) error {
	if len(r.Working) < minWorking {
		return t.unsupported("needs %d working registers, not %d", minWorking, len(r.Working))
	}
	if r.Done == "" {
		return t.unsupported("needs a symbol to go on with")
	}
	if r.StackOffset < 0 || r.StackOffset%8 != 0 || r.StackOffset > frameSize {
		return t.unsupported("stack offset %d is not a multiple of 8 from 0 to %d", r.StackOffset, frameSize)
	}
	taken := map[asm.Register]bool{asm.RFP: true}
	take := func(reg asm.Register, what string) error {
		if reg > asm.R9 || taken[reg] {
			return t.unsupported("%s cannot be %s", reg, what)
		}
		taken[reg] = true
		return nil
	}
	if err := take(r.Data, "the packet's start"); err != nil {
		return err
	}
	if err := take(r.End, "the packet's end"); err != nil {
		return err
	}
	if r.Result > asm.R9 || taken[r.Result] {
		return t.unsupported("%s cannot be the result", r.Result)
	}
	for _, reg := range r.Working {
		if err := take(reg, "a working register"); err != nil {
			return err
		}
	}
	return nil
}
