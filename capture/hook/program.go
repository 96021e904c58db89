package hook

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/attach"
)

// Offsets in struct __sk_buff and struct xdp_md of linux/bpf.h.
const (
	skbLen         = 0
	skbPacketType  = 4
	skbProtocol    = 16
	skbVLANPresent = 20
	skbVLANTCI     = 24
	skbVLANProto   = 28
	skbInterface   = 40

	xdpData      = 0
	xdpDataEnd   = 4
	xdpInterface = 12
)

// Flags of linux/bpf.h.
const (
	ringNoWakeup    = 1
	ringForceWakeup = 2
	currentCPU      = 0xffffffff // BPF_F_CURRENT_CPU
	contextLenShift = 32         // of BPF_F_CTXLEN_MASK
)

// A program is what the capturing program is made for.
type program struct {
	typ       ebpf.ProgramType
	filter    asm.Instructions // nil: all packets
	verdict   int32
	direction attach.Direction
	place     int
	snaplen   int
	only      int  // index of the one interface that is wanted; 0: all
	tags      bool // a tag in the metadata is put back into the bytes
	helpers   bool // XDP has the BPF helpers of 5.18
	immediate bool

	buffer   Buffer
	events   int // descriptor of the buffer's map
	size     int // of a ring buffer, in bytes
	counters int // descriptor of the map of counters
}

// Registers that the program keeps: the context, a record, the bytes to capture, and the
// length on the wire.
const (
	rContext  = asm.R6
	rRecord   = asm.R7
	rCaptured = asm.R8
	rWire     = asm.R9
)

// Symbols of the program. The filter's have no such prefix.
const (
	symFilter     = "hook.filter"
	symOut        = "hook.out"
	symLost       = "hook.lost"
	symUnreadable = "hook.unreadable"
	symReserved   = "hook.reserved"
	symWhole      = "hook.whole"
	symUntagged   = "hook.untagged"
	symPlain      = "hook.plain"
	symCopy       = "hook.copy"
	symCut        = "hook.cut"
	symLongest    = "hook.longest"
	symSubmit     = "hook.submit"
	symQuiet      = "hook.quiet"
)

// build returns the program.
func (p *program) build() asm.Instructions {
	b := asm.Instructions{asm.Mov.Reg(rContext, asm.R1)}
	if p.only != 0 {
		b = append(b,
			asm.LoadMem(asm.R1, rContext, skbInterface, asm.Word),
			asm.JNE.Imm(asm.R1, int32(p.only), symOut))
	}
	if len(p.filter) > 0 {
		b = append(b,
			asm.Mov.Reg(asm.R1, rContext),
			asm.Call.Label(symFilter),
			asm.JEq.Imm(asm.R0, 0, symOut))
	}
	b = append(b, p.length()...)
	if p.buffer == PerfBuffer {
		b = append(b, p.output()...)
	} else {
		b = append(b, p.record()...)
	}
	b = append(b, p.lost()...)
	b = append(b, asm.Mov.Imm(asm.R0, p.verdict).WithSymbol(symOut), asm.Return())
	if len(p.filter) > 0 {
		// An instruction of its own: the filter's first may have a symbol.
		entry := asm.Mov.Reg(asm.R1, asm.R1).WithSymbol(symFilter)
		if words := p.filter[0].Source(); words != nil {
			// The kernel wants line information for all functions or none.
			b[0], entry = b[0].WithSource(asm.Comment("write what the filter accepts")), entry.WithSource(words)
		}
		b = append(b, entry)
		b = append(b, p.filter...)
	}
	return b
}

// length sets the length on the wire and the number of bytes to capture. Until there is a
// record its register says whether there is a tag.
func (p *program) length() asm.Instructions {
	var b asm.Instructions
	switch {
	case p.typ != ebpf.XDP:
		b = asm.Instructions{asm.LoadMem(rWire, rContext, skbLen, asm.Word)}
	case p.helpers:
		b = asm.Instructions{
			asm.Mov.Reg(asm.R1, rContext),
			asm.FnXdpGetBuffLen.Call(),
			asm.Mov.Reg(rWire, asm.R0),
		}
	default:
		b = asm.Instructions{
			asm.LoadMem(asm.R1, rContext, xdpData, asm.Word),
			asm.LoadMem(rWire, rContext, xdpDataEnd, asm.Word),
			asm.Sub.Reg(rWire, asm.R1),
		}
	}
	if p.tags && p.buffer == RingBuffer {
		b = append(b,
			asm.LoadMem(rRecord, rContext, skbVLANPresent, asm.Word),
			asm.JEq.Imm(rRecord, 0, symUntagged),
			asm.Add.Imm(rWire, tagLength))
		if p.snaplen < tagLength { // the test below would be decided: see record
			b = append(b, asm.Ja.Label(symCut))
		}
		b = append(b, asm.Mov.Reg(rCaptured, rWire).WithSymbol(symUntagged))
	} else {
		b = append(b, asm.Mov.Reg(rCaptured, rWire))
	}
	if p.buffer == RingBuffer {
		return append(b, asm.JGT.Imm(rCaptured, int32(p.snaplen), symCut))
	}
	return append(b,
		asm.JLE.Imm(rCaptured, int32(p.snaplen), symWhole),
		asm.Mov.Imm(rCaptured, int32(p.snaplen)),
		asm.Mov.Imm(asm.R0, 0).WithSymbol(symWhole))
}

// record writes a record into the ring buffer.
//
// A length that is cut is a constant, and goes to the largest room past the choice: where the
// caller lacks cap_perfmon the verifier also follows the way that a decided test does not take,
// and knows nothing of the tested register there (kernel/bpf/verifier.c
// sanitize_speculative_path; 5.10 and 6.12 refuse then, 6.18 does not), so that a room would be no
// bound of it.
func (p *program) record() asm.Instructions {
	rooms := roomsFor(p.snaplen)
	b := p.reserve(rooms, "hook")
	b = append(b, asm.Mov.Imm(rCaptured, int32(p.snaplen)).WithSymbol(symCut))
	b = append(b, p.reserveRoom(rooms[len(rooms)-1], symLongest)...)
	b = append(b, asm.JEq.Imm(asm.R0, 0, symLost).WithSymbol(symReserved))
	if p.tags {
		b = append(b, asm.StoreMem(asm.R0, recordTagged, rRecord, asm.Byte))
	} else {
		b = append(b, asm.StoreImm(asm.R0, recordTagged, 0, asm.Byte))
	}
	b = append(b, asm.Mov.Reg(rRecord, asm.R0))
	b = append(b, p.header(rRecord, 0)...)
	b = append(b, p.copyPacket()...)
	return append(b, p.submit()...)
}

// reserve emits the choice among rooms by halving, and the reservation of each. Each has
// its own call, since the kernel has to know its size.
func (p *program) reserve(rooms []int, name string) asm.Instructions {
	if len(rooms) == 1 {
		return append(p.reserveRoom(rooms[0], name), asm.Ja.Label(symReserved))
	}
	half := (len(rooms) + 1) / 2
	b := asm.Instructions{asm.JGT.Imm(rCaptured, int32(rooms[half-1]), name+".1").WithSymbol(name)}
	b = append(b, p.reserve(rooms[:half], name+".0")...)
	return append(b, p.reserve(rooms[half:], name+".1")...)
}

// reserveRoom emits the reservation of a record with room for so many bytes of packet.
func (p *program) reserveRoom(room int, name string) asm.Instructions {
	return asm.Instructions{
		asm.LoadMapPtr(asm.R1, p.events).WithSymbol(name),
		asm.Mov.Imm(asm.R2, int32(recordHeader+room)),
		asm.Mov.Imm(asm.R3, 0),
		asm.FnRingbufReserve.Call(),
	}
}

// header fills a record's header, off bytes from where a register points to, all but
// recordTagged.
func (p *program) header(to asm.Register, off int16) asm.Instructions {
	b := asm.Instructions{
		asm.FnKtimeGetNs.Call(),
		asm.StoreMem(to, off+recordTime, asm.R0, asm.DWord),
		asm.StoreMem(to, off+recordWire, rWire, asm.Word),
		asm.StoreMem(to, off+recordCaptured, rCaptured, asm.Word),
		asm.StoreImm(to, off+recordDirection, int64(p.direction), asm.Byte),
		asm.StoreImm(to, off+recordPlace, int64(int16(p.place)), asm.Half),
	}
	field := func(from, at int16, size asm.Size) {
		b = append(b, asm.LoadMem(asm.R1, rContext, from, asm.Word), asm.StoreMem(to, off+at, asm.R1, size))
	}
	if p.typ == ebpf.XDP {
		field(xdpInterface, recordInterface, asm.Word)
		return append(b,
			asm.StoreImm(to, off+recordTPID, 0, asm.Word),
			asm.StoreImm(to, off+recordProtocol, 0, asm.Half),
			asm.StoreImm(to, off+recordType, 0, asm.Byte))
	}
	field(skbInterface, recordInterface, asm.Word)
	field(skbVLANProto, recordTPID, asm.Half)
	b = append(b,
		asm.LoadMem(asm.R1, rContext, skbVLANTCI, asm.Word),
		asm.HostTo(asm.BE, asm.R1, asm.Half),
		asm.StoreMem(to, off+recordTCI, asm.R1, asm.Half))
	field(skbProtocol, recordProtocol, asm.Half)
	field(skbPacketType, recordType, asm.Byte)
	return b
}

// copyPacket copies the packet's bytes behind the header, with the tag where it belongs.
func (p *program) copyPacket() asm.Instructions {
	fn := asm.FnSkbLoadBytes
	if p.typ == ebpf.XDP {
		fn = asm.FnXdpLoadBytes
	}
	copied := asm.Instructions{
		asm.Mov.Reg(asm.R1, rContext).WithSymbol(symCopy),
		fn.Call(),
		asm.JNE.Imm(asm.R0, 0, symUnreadable),
	}
	var b asm.Instructions
	if p.tags {
		b = append(b,
			asm.LoadMem(asm.R1, rRecord, recordTagged, asm.Byte),
			asm.JEq.Imm(asm.R1, 0, symPlain),
			asm.Mov.Reg(asm.R1, rContext),
			asm.Mov.Imm(asm.R2, 0),
			asm.Mov.Reg(asm.R3, rRecord),
			asm.Add.Imm(asm.R3, recordHeader),
			asm.Mov.Imm(asm.R4, tagOffset),
			fn.Call(),
			asm.JNE.Imm(asm.R0, 0, symUnreadable),
			asm.LoadMem(asm.R1, rRecord, recordTPID, asm.Word),
			asm.StoreMem(rRecord, recordHeader+tagOffset, asm.R1, asm.Word))
		if p.snaplen <= behindTagEnd { // a test would be decided: see record
			b = append(b, asm.Ja.Label(symSubmit))
		} else {
			b = append(b,
				asm.JLE.Imm(rCaptured, behindTagEnd, symSubmit),
				asm.Mov.Imm(asm.R2, tagOffset),
				asm.Mov.Reg(asm.R3, rRecord),
				asm.Add.Imm(asm.R3, recordHeader+behindTagEnd),
				asm.Mov.Reg(asm.R4, rCaptured),
				asm.Sub.Imm(asm.R4, behindTagEnd),
				asm.Ja.Label(symCopy))
		}
	}
	b = append(b,
		asm.JLT.Imm(rCaptured, 1, symSubmit).WithSymbol(symPlain),
		asm.Mov.Imm(asm.R2, 0),
		asm.Mov.Reg(asm.R3, rRecord),
		asm.Add.Imm(asm.R3, recordHeader),
		asm.Mov.Reg(asm.R4, rCaptured))
	return append(b, copied...)
}

// submit hands the record over. Who waits for packets one by one is woken when he has
// read all before; who takes them together when a quarter of the buffer is full. He may be
// told again up to half of it, so that no processor's view of how full it is decides.
func (p *program) submit() asm.Instructions {
	if p.immediate {
		return asm.Instructions{
			asm.Mov.Reg(asm.R1, rRecord).WithSymbol(symSubmit),
			asm.Mov.Imm(asm.R2, 0),
			asm.FnRingbufSubmit.Call(),
			asm.Ja.Label(symOut),
		}
	}
	return asm.Instructions{
		asm.LoadMapPtr(asm.R1, p.events).WithSymbol(symSubmit),
		asm.Mov.Imm(asm.R2, 0), // BPF_RB_AVAIL_DATA
		asm.FnRingbufQuery.Call(),
		asm.Mov.Imm(asm.R2, ringNoWakeup),
		asm.JLT.Imm(asm.R0, int32(p.size/4), symQuiet),
		asm.JGT.Imm(asm.R0, int32(p.size/2), symQuiet),
		asm.Mov.Imm(asm.R2, ringForceWakeup),
		asm.Mov.Reg(asm.R1, rRecord).WithSymbol(symQuiet),
		asm.FnRingbufSubmit.Call(),
		asm.Ja.Label(symOut),
	}
}

// output has the kernel put a record into the perf buffer. The tag stays in the header.
func (p *program) output() asm.Instructions {
	const at = -recordHeader // on the stack
	b := asm.Instructions{
		asm.StoreImm(asm.RFP, at+recordTagged, 0, asm.Word),
	}
	if p.typ != ebpf.XDP {
		b = append(b,
			asm.LoadMem(asm.R1, rContext, skbVLANPresent, asm.Word),
			asm.StoreMem(asm.RFP, at+recordTagged, asm.R1, asm.Byte))
	}
	b = append(b, p.header(asm.RFP, at)...)
	return append(b,
		asm.Mov.Reg(asm.R1, rContext),
		asm.LoadMapPtr(asm.R2, p.events),
		asm.Mov.Reg(asm.R3, rCaptured),
		asm.LSh.Imm(asm.R3, contextLenShift),
		asm.LoadImm(asm.R4, currentCPU, asm.DWord),
		asm.Or.Reg(asm.R3, asm.R4),
		asm.Mov.Reg(asm.R4, asm.RFP),
		asm.Add.Imm(asm.R4, at),
		asm.Mov.Imm(asm.R5, recordHeader),
		asm.FnPerfEventOutput.Call(),
		asm.JEq.Imm(asm.R0, 0, symOut))
}

// lost counts a packet that there was no room for.
func (p *program) lost() asm.Instructions {
	var b asm.Instructions
	if p.buffer == RingBuffer {
		b = asm.Instructions{
			asm.Mov.Reg(asm.R1, rRecord).WithSymbol(symUnreadable),
			asm.Mov.Imm(asm.R2, ringNoWakeup),
			asm.FnRingbufDiscard.Call(),
		}
	}
	return append(b,
		asm.FnGetSmpProcessorId.Call().WithSymbol(symLost),
		asm.StoreMem(asm.RFP, -4, asm.R0, asm.Word),
		asm.LoadMapPtr(asm.R1, p.counters),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, symOut),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord))
}

// instructions counts a program's instructions as the kernel does.
func instructions(insns asm.Instructions) int {
	n := 0
	for i := range insns {
		n += int(insns[i].Size() / asm.InstructionSize)
	}
	return n
}

// what names the program for people.
func (p *program) what() string { return fmt.Sprintf("%s program with a %s", p.typ, p.buffer) }
