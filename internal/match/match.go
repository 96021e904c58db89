// Package match runs filters over packets in memory: the engine for saved files
// and for systems without BPF. [Compile] turns an [ir.Func] into a flat list of
// instructions, [Program.Run] interprets it; for every packet the verdict is that
// of [ir.Eval].
//
// An instruction does as much as fits: a load, a mask, a comparison and the
// branch are one; so are several comparisons of one value. Values that outlive an instruction are in slots, which are
// shared by values that are not needed at the same time.
package match

import (
	"encoding/binary"
	"sync"

	"github.com/gofilter/gofilter/ir"
)

// A Program is a compiled filter. It may be used by several goroutines.
type Program struct {
	code    []insn
	numbers []uint32 // lists, each in ascending order
	slots   int
	large   sync.Pool // of *[]uint32, where smallSlots are not enough
	f       *ir.Func  // in the place of code where maxSlots are not enough
}

// smallSlots is how many slots Run has without a detour, maxSlots how many an
// instruction can name.
const (
	smallSlots = 16
	maxSlots   = 1 << 16
)

// Run returns the verdict on a packet: the snapshot length of the filter or 0.
// pkt is the captured part; md is what travels beside it, nil for no metadata
// and a length on the wire of len(pkt). Run does not allocate, unless the filter
// needs more than 65,536 values at a time.
func (p *Program) Run(pkt []byte, md *ir.Metadata) uint32 {
	if p.f == nil && p.slots <= smallSlots {
		var slots [smallSlots]uint32
		return p.run(slots[:], pkt, md)
	}
	if p.f != nil {
		return ir.Eval(p.f, pkt, md)
	}
	slots, ok := p.large.Get().(*[]uint32)
	if !ok {
		s := make([]uint32, p.slots)
		slots = &s
	}
	verdict := p.run(*slots, pkt, md)
	p.large.Put(slots)
	return verdict
}

func (p *Program) run(r []uint32, pkt []byte, md *ir.Metadata) uint32 {
	code := p.code
	var x uint32
	var yes bool
	for pc := uint32(0); ; {
		i := &code[pc]
		switch i.op {
		case opReturn:
			return i.k
		case opJump:
			pc = i.yes
			continue
		case opMove:
			r[i.dst] = r[i.a]
			pc++
			continue
		case opConst:
			r[i.dst] = i.k
			pc++
			continue
		case opLen:
			if md == nil {
				r[i.dst] = uint32(len(pkt))
			} else {
				r[i.dst] = md.Len
			}
			pc++
			continue
		case opMeta:
			x = 0
			if md != nil {
				x = md.Get(ir.Meta(i.k))
			}
			r[i.dst] = x
			pc++
			continue
		case opNeg:
			r[i.dst] = -r[i.a]
			pc++
			continue

		case opLoadShift8:
			if uint64(i.off)+1 > uint64(len(pkt)) {
				return 0
			}
			r[i.dst] = uint32(pkt[i.off]) & i.mask << i.size
			pc++
			continue
		case opLoad8:
			if uint64(i.off)+1 > uint64(len(pkt)) {
				return 0
			}
			r[i.dst] = uint32(pkt[i.off])
			pc++
			continue
		case opLoad16:
			if uint64(i.off)+2 > uint64(len(pkt)) {
				return 0
			}
			r[i.dst] = uint32(binary.BigEndian.Uint16(pkt[i.off:]))
			pc++
			continue
		case opLoad32:
			if uint64(i.off)+4 > uint64(len(pkt)) {
				return 0
			}
			r[i.dst] = binary.BigEndian.Uint32(pkt[i.off:])
			pc++
			continue
		case opLoadAt8:
			off := uint64(r[i.a]) + uint64(i.off)
			if off+1 > uint64(len(pkt)) {
				return 0
			}
			r[i.dst] = uint32(pkt[off])
			pc++
			continue
		case opLoadAt16:
			off := uint64(r[i.a]) + uint64(i.off)
			if off+2 > uint64(len(pkt)) {
				return 0
			}
			r[i.dst] = uint32(binary.BigEndian.Uint16(pkt[off:]))
			pc++
			continue
		case opLoadAt32:
			off := uint64(r[i.a]) + uint64(i.off)
			if off+4 > uint64(len(pkt)) {
				return 0
			}
			r[i.dst] = binary.BigEndian.Uint32(pkt[off:])
			pc++
			continue

		case opAdd:
			r[i.dst] = r[i.a] + r[i.b]
			pc++
			continue
		case opSub:
			r[i.dst] = r[i.a] - r[i.b]
			pc++
			continue
		case opMul:
			r[i.dst] = r[i.a] * r[i.b]
			pc++
			continue
		case opDiv:
			if r[i.b] == 0 {
				return 0
			}
			r[i.dst] = r[i.a] / r[i.b]
			pc++
			continue
		case opMod:
			if r[i.b] == 0 {
				return 0
			}
			r[i.dst] = r[i.a] % r[i.b]
			pc++
			continue
		case opAnd:
			r[i.dst] = r[i.a] & r[i.b]
			pc++
			continue
		case opOr:
			r[i.dst] = r[i.a] | r[i.b]
			pc++
			continue
		case opXor:
			r[i.dst] = r[i.a] ^ r[i.b]
			pc++
			continue
		case opLsh:
			r[i.dst] = r[i.a] << r[i.b]
			pc++
			continue
		case opRsh:
			r[i.dst] = r[i.a] >> r[i.b]
			pc++
			continue

		case opAddK:
			r[i.dst] = r[i.a] + i.k
			pc++
			continue
		case opSubK:
			r[i.dst] = r[i.a] - i.k
			pc++
			continue
		case opMulK:
			r[i.dst] = r[i.a] * i.k
			pc++
			continue
		case opDivK:
			r[i.dst] = r[i.a] / i.k
			pc++
			continue
		case opModK:
			r[i.dst] = r[i.a] % i.k
			pc++
			continue
		case opAndK:
			r[i.dst] = r[i.a] & i.k
			pc++
			continue
		case opOrK:
			r[i.dst] = r[i.a] | i.k
			pc++
			continue
		case opXorK:
			r[i.dst] = r[i.a] ^ i.k
			pc++
			continue
		case opLshK:
			r[i.dst] = r[i.a] << i.k
			pc++
			continue
		case opRshK:
			r[i.dst] = r[i.a] >> i.k
			pc++
			continue

		case opEq:
			yes = r[i.a] == r[i.b]
		case opGt:
			yes = r[i.a] > r[i.b]
		case opGe:
			yes = r[i.a] >= r[i.b]
		case opSet:
			yes = r[i.a]&r[i.b] != 0
		case opEqK:
			yes = r[i.a] == i.k
		case opGtK:
			yes = r[i.a] > i.k
		case opGeK:
			yes = r[i.a] >= i.k
		case opSetK:
			yes = r[i.a]&i.k != 0

		case opLoad8EqK:
			if uint64(i.off)+1 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(pkt[i.off]) == i.k
		case opLoad8GtK:
			if uint64(i.off)+1 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(pkt[i.off]) > i.k
		case opLoad8GeK:
			if uint64(i.off)+1 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(pkt[i.off]) >= i.k
		case opLoad8SetK:
			if uint64(i.off)+1 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(pkt[i.off])&i.k != 0
		case opLoad16EqK:
			if uint64(i.off)+2 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(binary.BigEndian.Uint16(pkt[i.off:])) == i.k
		case opLoad16GtK:
			if uint64(i.off)+2 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(binary.BigEndian.Uint16(pkt[i.off:])) > i.k
		case opLoad16GeK:
			if uint64(i.off)+2 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(binary.BigEndian.Uint16(pkt[i.off:])) >= i.k
		case opLoad16SetK:
			if uint64(i.off)+2 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(binary.BigEndian.Uint16(pkt[i.off:]))&i.k != 0
		case opLoad32EqK:
			if uint64(i.off)+4 > uint64(len(pkt)) {
				return 0
			}
			yes = binary.BigEndian.Uint32(pkt[i.off:]) == i.k
		case opLoad32GtK:
			if uint64(i.off)+4 > uint64(len(pkt)) {
				return 0
			}
			yes = binary.BigEndian.Uint32(pkt[i.off:]) > i.k
		case opLoad32GeK:
			if uint64(i.off)+4 > uint64(len(pkt)) {
				return 0
			}
			yes = binary.BigEndian.Uint32(pkt[i.off:]) >= i.k
		case opLoad32SetK:
			if uint64(i.off)+4 > uint64(len(pkt)) {
				return 0
			}
			yes = binary.BigEndian.Uint32(pkt[i.off:])&i.k != 0

		case opLoadAt8EqK, opLoadAt8GtK, opLoadAt8GeK, opLoadAt8SetK:
			off := uint64(r[i.a]) + uint64(i.off)
			if off+1 > uint64(len(pkt)) {
				return 0
			}
			yes = compare(i.op-opLoadAt8EqK, uint32(pkt[off]), i.k)
		case opLoadAt16EqK:
			off := uint64(r[i.a]) + uint64(i.off)
			if off+2 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(binary.BigEndian.Uint16(pkt[off:])) == i.k
		case opLoadAt16GtK, opLoadAt16GeK, opLoadAt16SetK:
			off := uint64(r[i.a]) + uint64(i.off)
			if off+2 > uint64(len(pkt)) {
				return 0
			}
			yes = compare(i.op-opLoadAt16EqK, uint32(binary.BigEndian.Uint16(pkt[off:])), i.k)
		case opLoadAt32EqK, opLoadAt32GtK, opLoadAt32GeK, opLoadAt32SetK:
			off := uint64(r[i.a]) + uint64(i.off)
			if off+4 > uint64(len(pkt)) {
				return 0
			}
			yes = compare(i.op-opLoadAt32EqK, binary.BigEndian.Uint32(pkt[off:]), i.k)

		case opMask8EqK:
			if uint64(i.off)+1 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(pkt[i.off])&i.mask == i.k
		case opMask16EqK:
			if uint64(i.off)+2 > uint64(len(pkt)) {
				return 0
			}
			yes = uint32(binary.BigEndian.Uint16(pkt[i.off:]))&i.mask == i.k
		case opMask32EqK:
			if uint64(i.off)+4 > uint64(len(pkt)) {
				return 0
			}
			yes = binary.BigEndian.Uint32(pkt[i.off:])&i.mask == i.k
		case opIn:
			yes = contains(p.numbers[i.off:i.k], r[i.a])
		default:
			panic(i.op)
		}
		if yes {
			pc = i.yes
		} else {
			pc = i.no
		}
	}
}

// contains reports whether x is in a list in ascending order.
func contains(list []uint32, x uint32) bool {
	for len(list) > 8 {
		if half := len(list) / 2; x < list[half] {
			list = list[:half]
		} else {
			list = list[half:]
		}
	}
	for _, k := range list {
		if k == x {
			return true
		}
	}
	return false
}

// compare answers a test by its place among four.
func compare(c opcode, x, y uint32) bool {
	switch c {
	case 0:
		return x == y
	case 1:
		return x > y
	case 2:
		return x >= y
	}
	return x&y != 0
}
