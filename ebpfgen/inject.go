package ebpfgen

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// ErrRejectsAll is wrapped by the error of [Inject] for a filter that no packet
// satisfies, where [Stub.RejectAll] does not allow it.
var ErrRejectsAll = errors.New("filter rejects all packets")

// A Contract says what a stub function expects of a filter that is put into it.
type Contract uint8

// The contracts. In either the function has to be static and not inlined, and its compiler may
// know neither what it returns nor which arguments it does not need.
const (
	// StubReturns: the function's instructions are taken out, and the filter stands
	// in their place. The function returns 1 for accept and 0 for reject. In C:
	//
	//	static __noinline int accepts(void *data, void *data_end)
	//	{
	//		int verdict;
	//
	//		asm volatile("%0 = 1" : "=r"(verdict) : "r"(data), "r"(data_end));
	//		return verdict;
	//	}
	//
	// With arguments of kind Context there is one, the context.
	StubReturns Contract = iota

	// StubCompares: the filter stands before the function's instructions, which make
	// the verdict of the registers that it leaves. It is the stub of elibpcap, which
	// pwru and others have. In C:
	//
	//	static __noinline bool accepts(void *skb1, void *skb2, void *skb3, void *data, void *data_end)
	//	{
	//		return data != data_end && skb1 == skb2 && skb2 == skb3;
	//	}
	//
	// The filter finds the packet by data and data_end, or by skb1. It leaves the verdict in R4, and
	// 0 in R1, R2, R3 and R5.
	StubCompares
)

// Arguments say what a stub function is called with.
type Arguments uint8

// The kinds of arguments.
const (
	// Pointers: data and data_end, as an XDP or TC program loads them from its
	// context. The filter sees the linear part of the packet only, as with Inline.
	Pointers Arguments = iota

	// RawPointers: data and data_end as numbers: addresses of kernel memory, such as
	// a tracing program computes from struct sk_buff or struct xdp_buff. The filter reads with
	// bpf_probe_read_kernel (Linux 5.5, programs under the GPL), and takes
	// data_end-data for the packet's length.
	RawPointers

	// Context: the context of a program of type Stub.Target. The filter has that
	// target's metadata, and reads packets that are not linear.
	Context
)

// A Stub is a function of a program, with the filter that it shall be.
type Stub struct {
	Symbol    string // name of the function
	Filter    *ir.Func
	Contract  Contract
	Arguments Arguments
	Target    Target // with Context: the type of the program that calls the function
	// Options are as for Generate. With Arguments other than Context the strategy of
	// access is given; Verdict is given by the contract.
	Options Options
	// RejectAll lets the filter reject all packets; without it such a filter is an error.
	RejectAll bool
}

// Inject returns a copy of a program whose stub functions are filters. Of one program several
// functions can be: one for packets that start at the link layer, and one for those
// that start at the network layer. insns are an
// ebpf.ProgramSpec's; each function begins with an instruction that has its name as symbol.
//
// The function's first instruction hands over its name and type to the filter's first. Nothing
// in it may need relocation. Besides the registers that a function may
// use, a filter uses up to 512 bytes of stack; the kernel counts the caller's to
// them. Where the program has line information, that of the filter is its words.
//
// The errors wrap ErrRejectsAll, *UnsupportedError or *LimitError if one of these is
// the reason.
func Inject(insns asm.Instructions, stubs ...Stub) (asm.Instructions, error) {
	out := append(asm.Instructions(nil), insns...)
	if err := unlink(out); err != nil {
		return nil, err
	}
	for i := range stubs {
		s := &stubs[i]
		code, err := s.code()
		if err == nil {
			out, err = s.splice(out, code)
		}
		if err != nil {
			return nil, fmt.Errorf("function %s: %w", s.Symbol, err)
		}
	}
	return out, nil
}

// unlink makes all that refers to a function do so by name.
func unlink(insns asm.Instructions) error {
	for i := range insns {
		if !insns[i].IsFunctionReference() {
			continue
		}
		if insns[i].Reference() == "" {
			return fmt.Errorf("instruction %d refers to a function without its name: %v", i, insns[i])
		}
		insns[i].Constant = -1 // unresolved, to package asm
	}
	return nil
}

// splice puts code into the function.
func (s *Stub) splice(insns, code asm.Instructions) (asm.Instructions, error) {
	start, end := function(insns, s.Symbol)
	if start < 0 {
		return nil, errors.New("the program has no such function")
	}
	// The kernel wants line information for all functions or none.
	first, lines := insns[start], insns[0].Source() != nil
	for i := range code {
		if !lines {
			code[i] = code[i].WithSource(nil)
		}
	}
	source := code[0].Source()
	if lines && source == nil {
		source = first.Source()
	}
	code[0].Metadata = first.Metadata
	code[0] = code[0].WithReference("").WithSource(source)
	if s.Contract == StubCompares {
		if first.IsLoadFromMap() || first.IsFunctionReference() {
			return nil, fmt.Errorf("it does not begin as a stub: %v", first)
		}
		reference := first.Reference()
		source := first.Source()
		first.Metadata = asm.Metadata{}
		code = append(code, first.WithReference(reference).WithSource(source))
		code = append(code, insns[start+1:end]...)
	}
	out := append(asm.Instructions(nil), insns[:start]...)
	return append(append(out, code...), insns[end:]...), nil
}

// function returns the range of a function's instructions; start is -1 if there
// is no such function. A symbol that a jump names is not the beginning of another one.
func function(insns asm.Instructions, symbol string) (start, end int) {
	start = -1
	inside := make(map[string]bool)
	for i := range insns {
		if insns[i].OpCode.Class().IsJump() && !insns[i].IsFunctionReference() {
			inside[insns[i].Reference()] = true
		}
	}
	for i := range insns {
		switch name := insns[i].Symbol(); {
		case name == "":
		case start >= 0 && !inside[name]:
			return start, i
		case name == symbol:
			start = i
		}
	}
	return start, len(insns)
}

// stubDone is where a filter goes on when it has its verdict in R0.
const stubDone = "done"

// code returns the instructions of the filter. Their jumps are numbers.
func (s *Stub) code() (asm.Instructions, error) {
	bodies, err := s.bodies()
	if err != nil {
		return nil, err
	}
	if !s.RejectAll && rejectsAll(bodies) {
		return nil, ErrRejectsAll
	}
	var on *Registers // nil: the function ends
	if s.Contract == StubCompares {
		on = &Registers{Result: asm.R0, Done: stubDone}
	}
	out := newAssembler("")
	for i, b := range bodies {
		if i > 0 {
			if !out.used[slowLabel] {
				break
			}
			out.label(slowLabel)
		}
		if err := b.emit(out, s.Options.littleEndian()); err != nil {
			return nil, err
		}
		out.verdict(b.label(toAccept), 1, on)
		out.verdict(b.label(toReject), 0, on)
	}
	if on != nil {
		out.label(stubDone)
		out.emit(asm.Mov.Reg(asm.R4, asm.R0))
		for _, r := range []asm.Register{asm.R1, asm.R2, asm.R3, asm.R5} {
			out.emit(asm.Mov.Imm(r, 0))
		}
	}
	insns, err := out.assemble("")
	if err != nil {
		return nil, err
	}
	if err := withinLimits(insns, s.Options); err != nil {
		return nil, err
	}
	return numbered(insns), nil
}

// rejectsAll reports whether no way leads to accept.
func rejectsAll(bodies []*body) bool {
	for _, b := range bodies {
		if entry := b.fl.entry(); entry != toFail {
			return entry == toReject
		}
	}
	return false
}

// numbered replaces the names of jump targets by displacements: a program
// can have the same names, and takes a symbol for a function.
func numbered(insns asm.Instructions) asm.Instructions {
	at := make(map[string]asm.RawInstructionOffset)
	for iter := insns.Iterate(); iter.Next(); {
		if name := iter.Ins.Symbol(); name != "" {
			at[name] = iter.Offset
		}
	}
	for iter := insns.Iterate(); iter.Next(); {
		ins := iter.Ins
		if name := ins.Reference(); name != "" {
			ins.Offset = int16(int64(at[name]) - int64(iter.Offset) - 1)
		}
		*ins = ins.WithReference("").WithSymbol("")
	}
	return insns
}

// bodies returns the bodies of the filter for the stub's arguments.
func (s *Stub) bodies() ([]*body, error) {
	if s.Filter == nil {
		return nil, errors.New("no filter was given")
	}
	if s.Contract > StubCompares || s.Arguments > Context {
		return nil, fmt.Errorf("no contract %d with arguments %d", s.Contract, s.Arguments)
	}
	t, access := s.target(), AccessDirect
	switch {
	case t.target == nil:
		return nil, &UnsupportedError{Target: "none", What: "the context is of no target"}
	case s.Arguments == Context && t.inline != nil:
		return nil, t.unsupported("has no context")
	case s.Options.Verdict != nil:
		return nil, t.unsupported("a stub's verdict is 1 or 0")
	}
	if err := t.fits(s.Filter); err != nil {
		return nil, err
	}
	switch s.Arguments {
	case RawPointers:
		if s.Options.Access != AccessDefault {
			return nil, t.unsupported("has no access %s", s.Options.Access)
		}
		if s.Options.Version.before(withProbe) {
			return nil, t.unsupported("bpf_probe_read_kernel needs Linux %s, not %s", withProbe, s.Options.Version)
		}
		from := probing{data: asm.R1, end: asm.R2}
		if s.Contract == StubCompares {
			from = probing{data: asm.R4, end: asm.R5}
		}
		return []*body{newBody(s.Filter, t, from, "", toReject)}, nil
	case Context:
		var err error
		if access, err = t.choose(s.Options, Verdict{Accept: 1}); err != nil {
			return nil, err
		}
	default:
		if _, err := t.choose(s.Options, Verdict{Accept: 1}); err != nil {
			return nil, err
		}
	}
	return bodies(s.Filter, t, access, s.Options.Kernel), nil
}

// target returns the target whose rows hold for the stub's arguments.
func (s *Stub) target() Target {
	r := Registers{
		Data: asm.R1, End: asm.R2,
		Working: []asm.Register{asm.R0, asm.R3, asm.R4, asm.R5, asm.R6, asm.R7, asm.R8, asm.R9},
	}
	if s.Contract == StubCompares {
		r.Data, r.End = asm.R4, asm.R5
		r.Working = []asm.Register{asm.R0, asm.R1, asm.R2, asm.R3, asm.R6, asm.R7, asm.R8, asm.R9}
	}
	row := *Inline(r).target
	switch s.Arguments {
	case Pointers:
		row.name = "pointers"
	case RawPointers:
		row.name, row.inline = "raw pointers", nil
	case Context:
		return s.Target
	default:
		panic(fmt.Sprintf("ebpfgen: arguments %d", s.Arguments))
	}
	return Target{&row}
}
