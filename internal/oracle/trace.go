package oracle

import (
	"encoding/binary"
	"slices"

	"github.com/gofilter/gofilter/internal/conformance"
)

// Instruction codes of classic BPF, as pcap/bpf.h composes them.
const (
	classLD, classLDX, classST, classSTX, classALU, classJMP, classRET, classMISC = 0, 1, 2, 3, 4, 5, 6, 7

	modeIMM, modeABS, modeIND, modeMEM, modeLEN, modeMSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0

	opADD, opSUB, opMUL, opDIV, opOR, opAND, opLSH, opRSH, opNEG, opMOD, opXOR = 0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xa0

	jumpJA, jumpJEQ, jumpJGT, jumpJGE, jumpJSET = 0x00, 0x10, 0x20, 0x30, 0x40

	sourceX, useTXA uint16 = 0x08, 0x80

	// ancillary is where Linux's metadata begin as the offset of an absolute load.
	ancillary = 0xfffff000
)

// An origin says how a number came from the packet: one operation on an origin and
// a number, or one place. A number that is the same for every packet has none.
type origin struct {
	place place
	off   uint32 // placePacket, placeAncillary
	size  int    // placePacket
	from  *origin
	op    uint16 // placeNone: "from op k", or "k op from" where right is set
	right bool
	k     uint32
	val   uint32
}

type place uint8

const (
	placeNone place = iota
	placePacket
	placeLen
	placeAncillary
)

// A word is a number in the machine.
type word struct {
	v uint32
	o *origin
}

// A branch is a conditional jump that a run took. It compared a with b.
type branch struct {
	pc    int
	op    uint16
	taken bool
	a, b  word
}

// A trace is what a run met.
type trace struct {
	branches []branch
	indices  []*origin // what indirect loads added to their displacement
	ends     []int     // where loads began and ended
	verdict  uint32
	fault    bool
	endless  bool
	loops    int // backward jumps

	unwritten bool // scratch memory was read that nothing was written to
	wrapped   bool // there was an indirect load with a constant sum past 32 bits
	extension bool // see misplaced; set by inspect
	clobbered bool // see blocks
	divided   bool // by zero

	inspect bool // set before the run: clobbered is wanted

}

// maxEnd bounds the places of loads that are noted.
const maxEnd = 4096

// run runs a program and notes where its numbers come from. It stands beside
// conformance.Exec, which decides verdicts. second says which operand's origin is
// followed where both have one.
func (t *trace) run(prog []conformance.Insn, in *conformance.Input, second bool) {
	t.runOn(prog, in, second, nil)
}

// runOn is run. Where fill is set, a load beyond the packet is no fault, nor is a
// division by zero: fill says what byte lies where.
func (t *trace) runOn(prog []conformance.Insn, in *conformance.Input, second bool, fill func(off uint64) byte) {
	*t = trace{branches: t.branches[:0], indices: t.indices[:0], ends: t.ends[:0], inspect: t.inspect}
	var a, x word
	var mem [16]word
	var written [16]bool
	var first, last [16]int // instructions that wrote a word of scratch memory first and last
	var leads []int
	var compares map[int]bool
	start := 0
	if t.inspect {
		leads, compares = blocks(prog)
		start = prologue(prog)
	}
	for pc, steps := 0, 0; pc < len(prog); steps++ {
		if steps == 5000 {
			t.endless = true
			return
		}
		i := &prog[pc]
		pc++
		switch i.Code & 7 {
		case classLD, classLDX:
			var w word
			switch i.Code & 0xe0 {
			case modeIMM:
				w.v = i.K
			case modeMEM:
				w = mem[i.K&15]
				k := i.K & 15
				w := last[k]
				switch {
				case !written[k]:
					t.unwritten = true
				case !t.inspect || leads[w] == leads[pc-1] || !compares[leads[w]]:
				case w != first[k] || w >= start:
					t.clobbered = true
				}
			case modeLEN:
				w = word{in.Meta.Len, &origin{place: placeLen, val: in.Meta.Len}}
			case modeABS, modeIND, modeMSH:
				off := uint64(i.K)
				if i.Code&0xe0 == modeIND {
					off += uint64(x.v)
					if x.o != nil {
						t.indices = append(t.indices, x.o)
					}
				}
				if i.Code&0xe0 == modeABS && i.K >= ancillary {
					w = loadAncillary(in, i.K-ancillary)
					break
				}
				size := map[uint16]int{0x00: 4, 0x08: 2, 0x10: 1}[i.Code&0x18]
				if off < maxEnd {
					t.ends = append(t.ends, int(off), int(off)+size-1, int(off)+size)
				}
				if off+uint64(size) > uint64(len(in.Data)) {
					t.wrapped = t.wrapped || off > 1<<32-1 && x.o == nil
					if fill == nil {
						t.fault = true
						return
					}
					for at := off; at < off+uint64(size); at++ {
						c := byte(0)
						if at < uint64(len(in.Data)) {
							c = in.Data[at]
						} else {
							c = fill(at)
						}
						w.v = w.v<<8 | uint32(c)
					}
					if i.Code&0xe0 == modeMSH {
						w.v = w.v & 15 << 2
					}
					break
				}
				for _, c := range in.Data[off : int(off)+size] {
					w.v = w.v<<8 | uint32(c)
				}
				w.o = &origin{place: placePacket, off: uint32(off), size: size, val: w.v}
				if i.Code&0xe0 == modeMSH {
					w = compute(opAND, w, word{v: 15}, false)
					w = compute(opLSH, w, word{v: 2}, false)
				}
			}
			if i.Code&7 == classLD {
				a = w
			} else {
				x = w
			}
		case classST, classSTX:
			k := i.K & 15
			if mem[k] = a; i.Code&7 == classSTX {
				mem[k] = x
			}
			if last[k] = pc - 1; !written[k] {
				first[k], written[k] = pc-1, true
			}
		case classALU:
			y := word{v: i.K}
			if i.Code&sourceX != 0 {
				y = x
			}
			op := i.Code & 0xf0
			zero := (op == opDIV || op == opMOD) && y.v == 0
			t.divided = t.divided || zero
			if zero && fill != nil {
				// Neither a quotient nor a remainder is more than the dividend.
				n := uint64(fill(0)) * (uint64(a.v) + 1) / 256
				if n += uint64(a.v) / 255; fill(0) == 0 {
					n = 0
				}
				a = word{v: uint32(min(n, uint64(a.v)))}
				break
			}
			if zero {
				if y.o != nil {
					t.branches = append(t.branches, branch{pc - 1, jumpJEQ, true, y, word{}})
				}
				t.fault = true
				return
			}
			a = compute(op, a, y, second)
		case classJMP:
			op := i.Code & 0xf0
			if op == jumpJA {
				if int32(i.K) < 0 {
					t.loops++
				}
				pc += int(int32(i.K))
				break
			}
			y := word{v: i.K}
			if i.Code&sourceX != 0 {
				y = x
			}
			taken := false
			switch op {
			case jumpJEQ:
				taken = a.v == y.v
			case jumpJGT:
				taken = a.v > y.v
			case jumpJGE:
				taken = a.v >= y.v
			case jumpJSET:
				taken = a.v&y.v != 0
			}
			t.branches = append(t.branches, branch{pc - 1, op, taken, a, y})
			if taken {
				pc += int(i.JT)
			} else {
				pc += int(i.JF)
			}
		case classRET:
			t.verdict = i.K
			if i.Code&0x18 == 0x10 {
				t.verdict = a.v
			}
			return
		case classMISC:
			if i.Code&useTXA != 0 {
				a = x
			} else {
				x = a
			}
		}
	}
}

// blocks numbers the basic blocks of a program: for each instruction, its block. It
// also says which of them end in a comparison of A with X. Those are libpcap's
// comparisons of numbers, and what they write to scratch memory is for themselves;
// but libpcap gives the variable part of an offset a word when it first needs it, and
// takes words for that which arithmetic before in the text had and gave back. Where
// one is filled at the start of the program, or not at all, that arithmetic is in it when
// it is read.
func blocks(prog []conformance.Insn) (list []int, compares map[int]bool) {
	lead := make([]bool, len(prog)+1)
	for pc := range prog {
		if i := &prog[pc]; i.Code&7 == classJMP {
			lead[pc+1] = true
			targets := []int{pc + 1 + int(i.JT), pc + 1 + int(i.JF)}
			if i.Code&0xf0 == jumpJA {
				targets = []int{pc + 1 + int(int32(i.K))}
			}
			for _, t := range targets {
				lead[t] = true
			}
		}
	}
	list = make([]int, len(prog))
	compares = make(map[int]bool)
	n := 0
	for pc, i := range prog {
		if lead[pc] {
			n++
		}
		list[pc] = n
		switch {
		case i.Code&7 != classJMP || i.Code&0xf0 == jumpJA:
		case i.Code&sourceX != 0:
			compares[n] = true
		case i.K == 0 && pc > 0 && prog[pc-1].Code == classALU|opSUB|sourceX: // so 1.10 tests for equality
			compares[n] = true
		}
	}
	return list, compares
}

// prologue returns where the stores at the start of a program end with which it fills
// words for variable parts of offsets, as far as its first comparison may follow in
// the same block: those for the length of a PFLOG header, and for VLAN tags.
func prologue(prog []conformance.Insn) int {
	for _, p := range [][]uint16{
		{classLD | modeIMM, classST, classST},
		{classLD | modeABS | 0x10, classALU | opADD, classALU | opAND, classST},
	} {
		if len(prog) >= len(p) && slices.EqualFunc(prog[:len(p)], p, func(i conformance.Insn, code uint16) bool { return i.Code == code }) {
			return len(p)
		}
	}
	return 0
}

// misplaced reports whether a program loads metadata that no filter asks for, or
// loads metadata from where X says.
func misplaced(prog []conformance.Insn) bool {
	for _, i := range prog {
		if i.Code&7 != classLD || i.K < ancillary {
			continue
		}
		switch mode, size := i.Code&0xe0, i.Code&0x18; {
		case mode == modeIND:
			return true
		case mode == modeABS:
			switch [2]uint32{i.K - ancillary, uint32(size)} {
			case [2]uint32{4, 0x08}, [2]uint32{8, 0x00}, [2]uint32{44, 0x08}, [2]uint32{48, 0x10}:
			default:
				return true
			}
		}
	}
	return false
}

// loadAncillary reads one of Linux's metadata.
func loadAncillary(in *conformance.Input, off uint32) word {
	m := &in.Meta
	var v uint32
	switch off {
	case 0:
		v = uint32(m.Protocol)
	case 4:
		v = uint32(m.PacketType)
	case 8:
		v = m.IfIndex
	case 44:
		v = uint32(m.VLANTCI)
	case 48:
		if m.VLANPresent {
			v = 1
		}
	case 60:
		v = uint32(m.VLANTPID)
	}
	return word{v, &origin{place: placeAncillary, off: off, val: v}}
}

// compute applies an operation.
func compute(op uint16, a, b word, second bool) word {
	var v uint32
	switch op {
	case opADD:
		v = a.v + b.v
	case opSUB:
		v = a.v - b.v
	case opMUL:
		v = a.v * b.v
	case opDIV:
		v = a.v / b.v
	case opMOD:
		v = a.v % b.v
	case opOR:
		v = a.v | b.v
	case opAND:
		v = a.v & b.v
	case opXOR:
		v = a.v ^ b.v
	case opLSH:
		v = a.v << b.v
	case opRSH:
		v = a.v >> b.v
	case opNEG:
		v = -a.v
	}
	switch {
	case a.o != nil && (b.o == nil || !second):
		return word{v, &origin{from: a.o, op: op, k: b.v, val: v}}
	case b.o != nil:
		return word{v, &origin{from: b.o, op: op, right: true, k: a.v, val: v}}
	}
	return word{v: v}
}

// set changes the packet so that the number of origin o becomes want, if it sees a
// way; the other operand of each operation stays what it was.
func set(in *conformance.Input, o *origin, want uint32) bool {
	for o.place == placeNone {
		k, x := o.k, o.from.val
		switch o.op {
		case opADD:
			want -= k
		case opSUB:
			if o.right {
				want = k - want
			} else {
				want += k
			}
		case opXOR:
			want ^= k
		case opNEG:
			want = -want
		case opAND:
			if want&^k != 0 {
				return false
			}
			want |= x &^ k
		case opOR:
			if k&^want != 0 {
				return false
			}
			want = want&^k | x&k
		case opMUL:
			if k == 0 || want%k != 0 {
				return false
			}
			want /= k
		case opDIV:
			if o.right {
				if want == 0 {
					want = k + 1
				} else {
					want = k / want
				}
			} else {
				want = want*k + x%max(k, 1)
			}
		case opMOD:
			if o.right || want >= k {
				return false
			}
			want += x - x%k
		case opLSH:
			if o.right || k > 31 || want>>k<<k != want {
				return false
			}
			want >>= k
		case opRSH:
			if o.right || k > 31 || want<<k>>k != want {
				return false
			}
			want = want<<k | x&(1<<k-1)
		}
		o = o.from
	}
	switch o.place {
	case placePacket:
		if int(o.off)+o.size > len(in.Data) {
			return false
		}
		b := in.Data[o.off:]
		switch o.size {
		case 1:
			b[0] = byte(want)
			return want <= 0xff
		case 2:
			binary.BigEndian.PutUint16(b, uint16(want))
			return want <= 0xffff
		}
		binary.BigEndian.PutUint32(b, want)
	case placeLen:
		in.Meta.Len = want
		in.Data = in.Data[:min(uint64(len(in.Data)), uint64(want))]
	case placeAncillary:
		m := &in.Meta
		switch o.off {
		case 0:
			m.Protocol = uint16(want)
		case 4:
			m.PacketType = uint8(want)
		case 8:
			m.IfIndex = want
		case 44:
			m.VLANTCI, m.VLANPresent = uint16(want), true
		case 48:
			m.VLANPresent = want == 1
			if !m.VLANPresent {
				m.VLANTCI, m.VLANTPID = 0, 0
			}
		case 60:
			m.VLANTPID, m.VLANPresent = uint16(want), true
		}
	}
	return true
}
