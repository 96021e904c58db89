// Package cbpfvm runs classic BPF programs, one instruction at a time and with
// every rule of the machine written out. Generated programs are tested with it, and the
// command runs finished ones on files; it is not fast.
package cbpfvm

import (
	"encoding/binary"

	"github.com/gofilter/gofilter/ir"
	"golang.org/x/net/bpf"
)

// A Machine is one of the two readings of classic BPF. They differ in what a
// packet offset is, and in shifts.
type Machine uint8

const (
	// Libpcap is the interpreter of libpcap: offsets are unsigned and do not wrap,
	// a shift by 32 or more gives 0.
	Libpcap Machine = iota
	// Linux is the kernel: the offset of an indexed load wraps at 32 bits and is
	// signed, a negative one looks relative to the link or network header; the
	// count of a shift is taken from the low five bits of X.
	Linux
)

// Offsets from which on Linux reads relative to a header (linux/filter.h).
const (
	offAncillary = 0xfffff000 // SKF_AD_OFF
	offNetwork   = 0xfff00000 // SKF_NET_OFF
	offLink      = 0xffe00000 // SKF_LL_OFF
)

// Run returns what prog returns for a packet. With md nil there are no metadata
// but the length on the wire, which is then len(pkt). Loads of metadata at the offsets
// of Linux are understood by both machines.
//
// prog must be a program that cbpfgen.Verify accepts, or have backward jumps in
// addition; Run panics for what is no instruction.
func Run(m Machine, prog []bpf.RawInstruction, pkt []byte, md *ir.Metadata) uint32 {
	if md == nil {
		md = &ir.Metadata{Len: uint32(len(pkt))}
	}
	c := cpu{machine: m, pkt: pkt, md: md}
	for pc := 0; ; pc++ {
		i := prog[pc]
		switch i.Op & 7 {
		case 0: // ld
			if !c.load(i) {
				return 0
			}
		case 1: // ldx
			if !c.loadX(i) {
				return 0
			}
		case 2: // st
			c.mem[i.K] = c.a
		case 3: // stx
			c.mem[i.K] = c.x
		case 4: // alu
			if !c.alu(i) {
				return 0
			}
		case 5: // jmp
			pc += c.jump(i)
		case 6: // ret
			if i.Op&0x18 == 0x10 {
				return c.a
			}
			return i.K
		case 7: // misc
			if i.Op&0xf8 == 0x80 {
				c.a = c.x
			} else {
				c.x = c.a
			}
		}
	}
}

type cpu struct {
	machine Machine
	a, x    uint32
	mem     [16]uint32
	pkt     []byte
	md      *ir.Metadata
}

// load does an instruction that sets A; it returns false where that ends the program.
func (c *cpu) load(i bpf.RawInstruction) (ok bool) {
	size := map[uint16]int64{0x00: 4, 0x08: 2, 0x10: 1}[i.Op&0x18]
	switch i.Op & 0xe0 {
	case 0x00:
		c.a = i.K
		return true
	case 0x20:
		if i.K >= offAncillary {
			c.a = c.md.Get(ir.Meta(i.K - offAncillary))
			return true
		}
		c.a, ok = c.bytes(int64(i.K), size)
		return ok
	case 0x40:
		off := int64(c.x) + int64(i.K)
		if c.machine == Linux {
			off = int64(c.x + i.K)
		}
		c.a, ok = c.bytes(off, size)
		return ok
	case 0x60:
		c.a = c.mem[i.K]
		return true
	case 0x80:
		c.a = c.md.Len
		return true
	}
	panic("cbpfvm: unknown load")
}

func (c *cpu) loadX(i bpf.RawInstruction) bool {
	switch i.Op & 0xe0 {
	case 0x00:
		c.x = i.K
	case 0x60:
		c.x = c.mem[i.K]
	case 0x80:
		c.x = c.md.Len
	case 0xa0:
		b, ok := c.bytes(int64(i.K), 1)
		c.x = (b & 0xf) << 2
		return ok
	default:
		panic("cbpfvm: unknown ldx")
	}
	return true
}

// bytes reads size bytes of the packet.
func (c *cpu) bytes(off, size int64) (uint32, bool) {
	if c.machine == Linux && off >= 1<<31 {
		// Both headers are taken to begin with the packet.
		switch {
		case off >= offNetwork:
			off -= offNetwork
		case off >= offLink:
			off -= offLink
		default:
			return 0, false
		}
	}
	if off+size > int64(len(c.pkt)) {
		return 0, false
	}
	p := c.pkt[off:]
	switch size {
	case 4:
		return binary.BigEndian.Uint32(p), true
	case 2:
		return uint32(binary.BigEndian.Uint16(p)), true
	}
	return uint32(p[0]), true
}

func (c *cpu) alu(i bpf.RawInstruction) bool {
	y := i.K
	if i.Op&8 != 0 {
		y = c.x
	}
	switch i.Op & 0xf0 {
	case 0x00:
		c.a += y
	case 0x10:
		c.a -= y
	case 0x20:
		c.a *= y
	case 0x30:
		if y == 0 {
			return false
		}
		c.a /= y
	case 0x40:
		c.a |= y
	case 0x50:
		c.a &= y
	case 0x60:
		c.a <<= c.count(y)
	case 0x70:
		c.a >>= c.count(y)
	case 0x80:
		c.a = -c.a
	case 0x90:
		if y == 0 {
			return false
		}
		c.a %= y
	case 0xa0:
		c.a ^= y
	default:
		panic("cbpfvm: unknown arithmetic")
	}
	return true
}

func (c *cpu) count(y uint32) uint32 {
	if c.machine == Linux {
		return y & 31
	}
	return y
}

// jump returns the displacement to take.
func (c *cpu) jump(i bpf.RawInstruction) int {
	y := i.K
	if i.Op&8 != 0 {
		y = c.x
	}
	var holds bool
	switch i.Op & 0xf0 {
	case 0x00:
		return int(int32(i.K))
	case 0x10:
		holds = c.a == y
	case 0x20:
		holds = c.a > y
	case 0x30:
		holds = c.a >= y
	case 0x40:
		holds = c.a&y != 0
	default:
		panic("cbpfvm: unknown jump")
	}
	if holds {
		return int(i.Jt)
	}
	return int(i.Jf)
}
