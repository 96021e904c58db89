package conformance

import (
	"fmt"

	"github.com/gofilter/gofilter/ir"
)

// An Insn is one instruction of a classic BPF program as the recorded cases hold it:
// struct bpf_insn of pcap/bpf.h.
type Insn struct {
	Code   uint16
	JT, JF uint8
	K      uint32
}

// Instruction codes, composed as pcap/bpf.h composes them.
const (
	ld, ldx, st, stx, alu, jmp, ret, misc = 0, 1, 2, 3, 4, 5, 6, 7 // class

	sizeW, sizeH, sizeB                           = 0x00, 0x08, 0x10
	modeIMM, modeABS, modeIND, modeMEM            = 0x00, 0x20, 0x40, 0x60
	modeLEN, modeMSH                              = 0x80, 0xa0
	aluADD, aluSUB, aluMUL, aluDIV, aluOR         = 0x00, 0x10, 0x20, 0x30, 0x40
	aluAND, aluLSH, aluRSH, aluNEG, aluMOD        = 0x50, 0x60, 0x70, 0x80, 0x90
	aluXOR                                        = 0xa0
	jmpJA, jmpJEQ, jmpJGT, jmpJGE, jmpJSET        = 0x00, 0x10, 0x20, 0x30, 0x40
	srcX, retA, miscTAX, miscTXA           uint16 = 0x08, 0x10, 0x00, 0x80

	// auxOff is where Linux's ancillary data start as the offset of an absolute load
	// (SKF_AD_OFF of linux/filter.h).
	auxOff = 0xfffff000
)

// stepLimit ends a run: the loops of the reference's protochain programs do not all end.
const stepLimit = 20_000

// An Input is all that a program can see of a packet.
type Input struct {
	Data []byte
	Meta ir.Metadata // Meta.Len is the length on the wire
}

// A Result is how a run ended.
type Result struct {
	Verdict uint32
	Fault   bool // by a load beyond the captured bytes or a division by zero
	Endless bool // at the step limit; the verdict means nothing
	// PastAH: a loop took a step past an AH header, where the reference is known
	// to mis-step.
	PastAH bool
	Loops  int // backward jumps: headers that a protochain program stepped over
}

// Validate reports an instruction that Exec does not know, a jump out of the
// program, or a way to run past its end.
func Validate(prog []Insn) error {
	for pc, in := range prog {
		if !known(in) {
			return fmt.Errorf("instruction %d: unknown code %#x", pc, in.Code)
		}
		var targets []int
		switch in.Code & 7 {
		case ret:
			continue
		case jmp:
			if in.Code&0xf0 == jmpJA {
				targets = []int{pc + 1 + int(int32(in.K))}
			} else {
				targets = []int{pc + 1 + int(in.JT), pc + 1 + int(in.JF)}
			}
		default:
			targets = []int{pc + 1}
		}
		for _, t := range targets {
			if t < 0 || t >= len(prog) {
				return fmt.Errorf("instruction %d: leads to %d of %d", pc, t, len(prog))
			}
		}
	}
	if len(prog) == 0 {
		return fmt.Errorf("empty program")
	}
	return nil
}

// known reports whether in is an instruction of the machine.
func known(in Insn) bool {
	switch in.Code & 7 {
	case ld, ldx:
		size, mode := in.Code&0x18, in.Code&0xe0
		switch mode {
		case modeIMM, modeLEN:
			return size == sizeW
		case modeMEM:
			return size == sizeW && in.K < 16
		case modeABS, modeIND:
			return in.Code&7 == ld && size != 0x18
		case modeMSH:
			return in.Code&7 == ldx && size == sizeB
		}
		return false
	case st, stx:
		return in.Code <= 7 && in.K < 16
	case alu:
		return in.Code&0xf0 <= aluXOR
	case jmp:
		return in.Code&0xf0 <= jmpJSET && in.Code < 0x80
	case ret:
		return in.Code == ret || in.Code == ret|retA
	case misc:
		return in.Code == misc|miscTAX || in.Code == misc|miscTXA
	}
	return false
}

// Exec runs a valid program on a packet. It has the meaning of bpf_filter(9) as libpcap
// implements it: a load is refused where any of its bytes lies beyond the captured
// length, the sum of X and K taken without wrapping; scratch memory starts as zeros; a
// JA may go backwards. Loads of Linux's ancillary data are answered from in.Meta.
func Exec(prog []Insn, in *Input) Result {
	var m machine
	return m.run(prog, in, nil)
}

// machine is the state of a run. The nodes say where the numbers came from; they are nil
// for what is the same for every packet, and all nil when nothing is traced.
type machine struct {
	a, x   uint32
	mem    [16]uint32
	na, nx *node
	nm     [16]*node
	tail   *Tail // if set, stands in for what is missing, and nothing faults
}

// read returns n bytes at off as a number; ok is false where some were not captured.
func (m *machine) read(data []byte, off uint64, n int) (v uint32, ok bool) {
	if m.tail != nil {
		return m.tail.Load(data, off, n), true
	}
	if off+uint64(n) > uint64(len(data)) {
		return 0, false
	}
	for _, c := range data[off : off+uint64(n)] {
		v = v<<8 | uint32(c)
	}
	return v, true
}

// run is Exec; with a trace it also writes down what the run depended on.
func (m *machine) run(prog []Insn, in *Input, tr *trace) Result {
	var res Result
	fault := func() Result { res.Fault, res.Verdict = true, 0; return res }
	pc := 0
	for step := 0; ; step++ {
		if step == stepLimit {
			res.Endless = true
			return res
		}
		i := prog[pc]
		at := pc
		pc++
		switch i.Code & 7 {
		case ld:
			switch i.Code & 0xe0 {
			case modeIMM:
				m.a, m.na = i.K, nil
			case modeMEM:
				m.a, m.na = m.mem[i.K], m.nm[i.K]
			case modeLEN:
				m.a, m.na = in.Meta.Len, tr.leaf(nodeLen, 0, 0, in.Meta.Len)
			case modeABS, modeIND:
				off := uint64(i.K)
				if i.Code&0xe0 == modeIND {
					off += uint64(m.x)
					tr.index(m.nx)
				} else if i.K >= auxOff {
					v, ok := auxiliary(&in.Meta, i.K-auxOff)
					if !ok {
						return fault()
					}
					m.a, m.na = v, tr.leaf(nodeAux, int(i.K-auxOff), 0, v)
					break
				}
				n := loadSize(i.Code)
				tr.load(off, n)
				v, ok := m.read(in.Data, off, n)
				if !ok {
					return fault()
				}
				m.a = v
				m.na = tr.leaf(nodePacket, int(off), n, m.a)
			}
		case ldx:
			switch i.Code & 0xe0 {
			case modeIMM:
				m.x, m.nx = i.K, nil
			case modeMEM:
				m.x, m.nx = m.mem[i.K], m.nm[i.K]
			case modeLEN:
				m.x, m.nx = in.Meta.Len, tr.leaf(nodeLen, 0, 0, in.Meta.Len)
			case modeMSH:
				tr.load(uint64(i.K), 1)
				b, ok := m.read(in.Data, uint64(i.K), 1)
				if !ok {
					return fault()
				}
				m.x = b & 0xf << 2
				m.nx = tr.arith(aluLSH, tr.arith(aluAND, tr.leaf(nodePacket, int(i.K), 1, b), nil, 0xf, b&0xf), nil, 2, m.x)
			}
		case st:
			m.mem[i.K], m.nm[i.K] = m.a, m.na
		case stx:
			m.mem[i.K], m.nm[i.K] = m.x, m.nx
		case alu:
			op := i.Code & 0xf0
			y, ny := i.K, (*node)(nil)
			if i.Code&srcX != 0 {
				y, ny = m.x, m.nx
			}
			v, ok := arith(op, m.a, y)
			if !ok {
				if m.tail == nil {
					return fault()
				}
				v = m.tail.Quotient()
			}
			m.na = tr.arith2(op, m.na, m.a, ny, y, v)
			m.a = v
		case jmp:
			if i.Code&0xf0 == jmpJA {
				if int32(i.K) < 0 {
					res.Loops++
				}
				pc += int(int32(i.K))
				break
			}
			y, ny := i.K, (*node)(nil)
			if i.Code&srcX != 0 {
				y, ny = m.x, m.nx
			}
			taken := holds(i.Code&0xf0, m.a, y)
			tr.branch(at, i.Code&0xf0, taken, m.na, m.a, ny, y)
			if taken {
				res.PastAH = res.PastAH || (i.K == 51 && i.Code&srcX == 0 && loops(prog))
				pc += int(i.JT)
			} else {
				pc += int(i.JF)
			}
		case ret:
			res.Verdict = i.K
			if i.Code&retA != 0 {
				res.Verdict = m.a
			}
			return res
		case misc:
			if i.Code&miscTXA != 0 {
				m.a, m.na = m.x, m.nx
			} else {
				m.x, m.nx = m.a, m.na
			}
		}
	}
}

// loops reports whether a program has a backward jump: it is one of protochain's.
func loops(prog []Insn) bool {
	for _, i := range prog {
		if i.Code == jmp|jmpJA && int32(i.K) < 0 {
			return true
		}
	}
	return false
}

// loadSize returns the width of a packet load in bytes.
func loadSize(code uint16) int {
	switch code & 0x18 {
	case sizeW:
		return 4
	case sizeH:
		return 2
	case sizeB:
		return 1
	}
	panic(fmt.Sprintf("conformance: load of code %#x", code))
}

// arith computes an ALU operation; ok is false for a division by zero.
func arith(op uint16, x, y uint32) (v uint32, ok bool) {
	switch op {
	case aluADD:
		return x + y, true
	case aluSUB:
		return x - y, true
	case aluMUL:
		return x * y, true
	case aluDIV:
		if y == 0 {
			return 0, false
		}
		return x / y, true
	case aluMOD:
		if y == 0 {
			return 0, false
		}
		return x % y, true
	case aluOR:
		return x | y, true
	case aluAND:
		return x & y, true
	case aluXOR:
		return x ^ y, true
	case aluLSH:
		return x << y, true
	case aluRSH:
		return x >> y, true
	case aluNEG:
		return -x, true
	}
	panic(fmt.Sprintf("conformance: arithmetic %#x", op))
}

// holds decides a conditional jump.
func holds(op uint16, x, y uint32) bool {
	switch op {
	case jmpJEQ:
		return x == y
	case jmpJGT:
		return x > y
	case jmpJGE:
		return x >= y
	case jmpJSET:
		return x&y != 0
	}
	panic(fmt.Sprintf("conformance: jump %#x", op))
}

// auxiliary answers a load of Linux's ancillary data; ok is false for one that a filter of
// this language does not use.
func auxiliary(md *ir.Metadata, off uint32) (v uint32, ok bool) {
	switch off {
	case 0:
		return uint32(md.Protocol), true
	case 4:
		return uint32(md.PacketType), true
	case 8:
		return md.IfIndex, true
	case 44:
		return uint32(md.VLANTCI), true
	case 48:
		if md.VLANPresent {
			return 1, true
		}
		return 0, true
	case 60:
		return uint32(md.VLANTPID), true
	}
	return 0, false
}
