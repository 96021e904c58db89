package count

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/cilium/ebpf/asm"
)

// Offsets in struct __sk_buff of linux/bpf.h.
const (
	skbLen         = 0
	skbPacketType  = 4
	skbVLANPresent = 20
	skbIfIndex     = 40
)

// packetOutgoing is PACKET_OUTGOING of linux/if_packet.h.
const packetOutgoing = 4

// loopbackIndex is LOOPBACK_IFINDEX of net/flow.h: the loopback device is the first of every
// network namespace.
const loopbackIndex = 1

// vlanTagShift: a VLAN tag is 1<<2 bytes long.
const vlanTagShift = 2

// maxStack is MAX_BPF_STACK of linux/filter.h.
const maxStack = 512

// A layout says what a counting program is made of beside its filters.
type layout struct {
	counters int // file descriptor of the array, an element for each filter and processor
	cpus     int // how many processors have elements
	table    int // of the array with the table of places
	header   int // bytes of a cooked header, which count but are not there
	skip     skip
	returns  int32 // for every packet

	contextSlot, counterKey int16 // in the stack, relative to the frame pointer
}

// skip says which packets are not counted because of their direction.
type skip uint8

const (
	skipIncoming skip = 1 << iota // what this machine receives
	skipOutgoing                  // what it sends
	skipRepeated                  // what the loopback device sends, since it comes in as well
)

// assemble makes one program of filters: each runs, whatever the others said, and where it
// accepts its counters are raised. Its exits become jumps.
func assemble(l layout, filters []asm.Instructions) (asm.Instructions, error) {
	depth := 0
	for _, f := range filters {
		depth = max(depth, stackDepth(f))
	}
	const own = 16 // the context's slot and the key's
	if depth+own > maxStack {
		return nil, fmt.Errorf("count: a filter uses %d bytes of stack, %d are left beside the counting", depth, maxStack-own)
	}
	l.contextSlot, l.counterKey = int16(-depth-8), int16(-depth-16)
	const end = "end"
	out := asm.Instructions{
		// The kernel takes line information of a program only where the first
		// instruction has some.
		asm.StoreMem(asm.RFP, l.contextSlot, asm.R1, asm.DWord).WithSource(asm.Comment("count")),
	}
	out = append(out, l.direction(end)...)
	for i, f := range filters {
		prefix := "f" + strconv.Itoa(i) + "."
		if i > 0 {
			out = append(out, asm.LoadMem(asm.R1, asm.RFP, l.contextSlot, asm.DWord).WithSymbol(prefix+"begin"))
		}
		p := part{prefix: prefix, next: end, leave: asm.Instructions{asm.Mov.Imm(asm.R0, l.returns), asm.Return()}}
		if i+1 < len(filters) {
			p.next = "f" + strconv.Itoa(i+1) + ".begin"
			p.leave = asm.Instructions{asm.Ja.Label(p.next)}
		}
		body, err := p.embed(f, l.raise(i, p))
		if err != nil {
			return nil, err
		}
		out = append(out, body...)
	}
	return append(out, asm.Mov.Imm(asm.R0, l.returns).WithSymbol(end), asm.Return()), nil
}

// A part is a filter's place in the program.
type part struct {
	prefix string           // of its labels
	next   string           // label of what follows
	leave  asm.Instructions // what goes on there
}

// direction returns what leaves for end with packets that do not count.
func (l *layout) direction(end string) (out asm.Instructions) {
	if l.skip == 0 {
		return nil
	}
	out = append(out, asm.LoadMem(asm.R2, asm.R1, skbPacketType, asm.Word))
	if l.skip&skipIncoming != 0 {
		out = append(out, asm.JNE.Imm(asm.R2, packetOutgoing, end))
	}
	if l.skip&skipOutgoing != 0 {
		out = append(out, asm.JEq.Imm(asm.R2, packetOutgoing, end))
	}
	if l.skip&skipRepeated != 0 { // both differences are 0
		out = append(out,
			asm.Xor.Imm(asm.R2, packetOutgoing),
			asm.LoadMem(asm.R3, asm.R1, skbIfIndex, asm.Word), asm.Xor.Imm(asm.R3, loopbackIndex),
			asm.Or.Reg(asm.R2, asm.R3), asm.JEq.Imm(asm.R2, 0, end))
	}
	return out
}

// embed returns a program as a part of a larger one: where it ends with 0 it goes on at next, else with
// raise. That stands right behind the first place that accepts: most packets that match
// come by there, and find code that is near.
func (p *part) embed(prog, raise asm.Instructions) (asm.Instructions, error) {
	out := make(asm.Instructions, 0, len(prog)+len(raise)+4)
	accept := func(old asm.Instruction) {
		out = append(out, from(asm.Ja.Label(p.prefix+accepted), old))
		out = append(out, raise...)
		raise = nil
	}
	for i := 0; i < len(prog); i++ {
		ins := relabel(prog[i], p.prefix)
		switch {
		case ins.OpCode.Class() == asm.LdClass && ins.OpCode.Mode() != asm.ImmMode:
			return nil, fmt.Errorf("count: instruction %d of a filter may end the program: %v", i, prog[i])
		case ins.IsFunctionCall():
			return nil, fmt.Errorf("count: instruction %d of a filter calls a function of its own: %v", i, prog[i])
		case constant(ins) && i+1 < len(prog) && returns(prog[i+1]) && prog[i+1].Symbol() == "":
			// The answer needs no register where it is known.
			i++
			if ins.Constant == 0 {
				out = append(out, from(asm.Ja.Label(p.next), ins))
			} else {
				accept(ins)
			}
		case returns(ins):
			out = append(out, from(asm.JEq.Imm(asm.R0, 0, p.next), ins))
			accept(asm.Instruction{})
		default:
			out = append(out, ins)
		}
	}
	return out, nil
}

// accepted is the label of what raises a filter's counters.
const accepted = "accepted"

// relabel puts prefix in front of an instruction's labels.
func relabel(ins asm.Instruction, prefix string) asm.Instruction {
	if ref := ins.Reference(); ref != "" && !ins.IsLoadFromMap() {
		ins = ins.WithReference(prefix + ref)
	}
	if sym := ins.Symbol(); sym != "" {
		ins = ins.WithSymbol(prefix + sym)
	}
	return ins
}

// from returns ins with the label and the words of old, in whose place it stands.
func from(ins, old asm.Instruction) asm.Instruction {
	if sym := old.Symbol(); sym != "" {
		ins = ins.WithSymbol(sym)
	}
	return ins.WithSource(old.Source())
}

func returns(ins asm.Instruction) bool {
	return ins.OpCode.Class().IsJump() && ins.OpCode.JumpOp() == asm.Exit
}

// constant reports whether ins puts a number into R0.
func constant(ins asm.Instruction) bool {
	op := ins.OpCode
	return op.Class().IsALU() && op.ALUOp() == asm.Mov && op.Source() == asm.ImmSource && ins.Dst == asm.R0
}

// raise returns what counts a packet for filter i and goes on behind it. What depends on the
// length is there three times: from a caller without cap_perfmon the verifier takes no
// addition to a pointer that is reached with different numbers.
func (l *layout) raise(i int, p part) asm.Instructions {
	out := asm.Instructions{
		asm.FnGetSmpProcessorId.Call().WithSymbol(p.prefix + accepted),
		asm.Add.Imm(asm.R0, int32(i*l.cpus)),
		asm.StoreMem(asm.RFP, l.counterKey, asm.R0, asm.Word),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, int32(l.counterKey)),
		asm.LoadMapPtr(asm.R1, l.counters),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, p.next),
		asm.LoadMem(asm.R1, asm.RFP, l.contextSlot, asm.DWord),
		asm.LoadMem(asm.R2, asm.R1, skbLen, asm.Word),
		asm.LoadMem(asm.R3, asm.R1, skbVLANPresent, asm.Word),
		asm.LSh.Imm(asm.R3, vlanTagShift),
		asm.Add.Reg(asm.R2, asm.R3),
	}
	if l.header != 0 {
		out = append(out, asm.Add.Imm(asm.R2, int32(l.header)))
	}
	long, longest := p.prefix+"long", p.prefix+"longest"
	return slices.Concat(out,
		add(byteCounter*counterSize, asm.Add.Reg(asm.R3, asm.R2)),
		l.raiseSize(fineShift, 0, long), p.leave,
		labelled(long, l.raiseSize(coarseShift, tableHalf, longest)), p.leave,
		labelled(longest, add((rangeZero+NumSizes-1)*counterSize, asm.Add.Imm(asm.R3, 1))), p.leave)
}

// add returns what changes the counter at off.
func add(off int16, by asm.Instruction) asm.Instructions {
	return asm.Instructions{
		asm.LoadMem(asm.R3, asm.R0, off, asm.DWord), by, asm.StoreMem(asm.R0, off, asm.R3, asm.DWord),
	}
}

// raiseSize returns what raises the counter of the range that a half of the table has for the
// length in R2, or leaves for otherwise where it has none.
func (l *layout) raiseSize(shift int32, half uint32, otherwise string) asm.Instructions {
	return append(asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R2),
		asm.RSh.Imm(asm.R1, shift),
		asm.JGT.Imm(asm.R1, tableHalf-1, otherwise),
		asm.LoadMapValue(asm.R4, l.table, half),
		asm.Add.Reg(asm.R4, asm.R1),
		asm.LoadMem(asm.R4, asm.R4, 0, asm.Byte),
		// The verifier does not know what is in the table.
		asm.And.Imm(asm.R4, (numCounters-1)*counterSize),
		asm.Add.Reg(asm.R0, asm.R4),
	}, add(0, asm.Add.Imm(asm.R3, 1))...)
}

// labelled puts a label in front of instructions.
func labelled(label string, insns asm.Instructions) asm.Instructions {
	insns[0] = insns[0].WithSymbol(label)
	return insns
}

// stackDepth returns how many bytes of the stack a program uses, rounded up to 8: what it
// loads and stores relative to the frame pointer, and what it makes pointers to.
func stackDepth(prog asm.Instructions) int {
	lowest := int64(0)
	for i := range prog {
		ins := &prog[i]
		switch class := ins.OpCode.Class(); {
		case class.IsLoad() && ins.Src == asm.RFP, class.IsStore() && ins.Dst == asm.RFP:
			lowest = min(lowest, int64(ins.Offset))
		case class == asm.ALU64Class && ins.OpCode.ALUOp() == asm.Add && ins.OpCode.Source() == asm.ImmSource &&
			i > 0 && prog[i-1].OpCode == asm.Mov.Reg(ins.Dst, asm.RFP).OpCode && prog[i-1].Src == asm.RFP && prog[i-1].Dst == ins.Dst:
			lowest = min(lowest, ins.Constant)
		}
	}
	return int(min(-lowest, math.MaxInt16)+7) &^ 7
}

// rawLength returns the length of a program in 8-byte instructions.
func rawLength(insns asm.Instructions) int {
	n := 0
	for i := range insns {
		n += int(insns[i].Size() / asm.InstructionSize)
	}
	return n
}
