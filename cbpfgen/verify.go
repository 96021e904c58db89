package cbpfgen

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// Verify reports why Linux would refuse prog as a socket filter, or nil. The rules
// are those of bpf_check_classic in net/core/filter.c: known instructions only, 1 to
// 4096 of them, jumps inside the program, the last instruction a return, no constant
// divisor 0, no constant shift by 32 or more, no load at an offset that is reserved and
// unused, no read of a scratch word that some path there has not written (what follows
// a return counts as a way from it). The size of the program in the kernel's own
// form, for which net.core.optmem_max is the limit, is not looked at.
func Verify(prog []bpf.RawInstruction) error {
	return verify(prog, MaxSocketInsns)
}

func verify(prog []bpf.RawInstruction, limit int) error {
	if len(prog) == 0 {
		return fmt.Errorf("program is empty")
	}
	if len(prog) > limit {
		return &LimitError{What: "instructions", Have: len(prog), Max: limit}
	}
	for pc, i := range prog {
		if err := verifyInsn(i, len(prog)-pc-1); err != nil {
			return fmt.Errorf("instruction %d: %w", pc, err)
		}
	}
	if last := prog[len(prog)-1].Op; last != opRetK && last != opRetA {
		return fmt.Errorf("instruction %d: the last instruction is not a return", len(prog)-1)
	}
	return verifyScratch(prog)
}

// verifyInsn checks an instruction with after others behind it.
func verifyInsn(i bpf.RawInstruction, after int) error {
	if !known(i.Op) {
		return fmt.Errorf("unknown operation code 0x%x", i.Op)
	}
	switch i.Op {
	case clsALU | aluDIV, clsALU | aluMOD:
		if i.K == 0 {
			return fmt.Errorf("division by zero")
		}
	case clsALU | aluLSH, clsALU | aluRSH:
		if i.K >= 32 {
			return fmt.Errorf("shift by %d", i.K)
		}
	case opLdMem, opLdxMem, opSt, opStx:
		if i.K >= scratchWords {
			return fmt.Errorf("there is no M[%d]", i.K)
		}
	case opJa:
		if uint64(i.K) >= uint64(after) {
			return fmt.Errorf("jump beyond the end")
		}
	case clsLD | modeABS | widthW, clsLD | modeABS | widthH, clsLD | modeABS | widthB:
		if i.K >= adOffset && extensions[i.K-adOffset] == "" {
			return fmt.Errorf("load at unused offset %d", int32(i.K))
		}
	}
	if i.Op&7 == clsJMP && i.Op != opJa && (int(i.Jt) >= after || int(i.Jf) >= after) {
		return fmt.Errorf("jump beyond the end")
	}
	return nil
}

// llOffset is SKF_LL_OFF of linux/filter.h, the lowest offset that is relative to a header.
const llOffset = 0xffe00000

// NeedsMetadata reports whether prog loads from where only Linux has anything: metadata, or
// bytes relative to a header. Elsewhere such a load ends the program with 0.
func NeedsMetadata(prog []bpf.RawInstruction) bool {
	for _, i := range prog {
		if i.Op&7 == clsLD && i.Op&0xe0 == modeABS && i.K >= llOffset {
			return true
		}
	}
	return false
}

// known reports whether op is an instruction.
func known(op uint16) bool {
	switch op & 7 {
	case clsLD:
		switch op &^ 0x18 {
		case modeABS, modeIND:
			return op&0x18 != 0x18
		}
		return op == opLdImm || op == opLdMem || op == opLdLen
	case clsLDX:
		return op == opLdxImm || op == opLdxMem || op == opLdxLen || op == opLdxMSH
	case clsST, clsSTX:
		return op&^7 == 0
	case clsALU:
		return op == opNeg || op < 0x100 && op&0xf0 != aluNEG && op&0xf0 <= aluXOR
	case clsJMP:
		return op == opJa || op < 0x100 && op&0xf0 != jmpJA && op&0xf0 <= jmpJSET
	case clsRET:
		return op == opRetK || op == opRetA
	case clsMISC:
		return op == opTax || op == opTxa
	}
	return false
}

// verifyScratch checks that scratch words are written before they are read. Jumps
// go forward only, so one pass sees all ways to an instruction before it.
func verifyScratch(prog []bpf.RawInstruction) error {
	written := make([]uint16, len(prog)) // by instruction: words that every way to it has written
	for pc := range written {
		written[pc] = 0xffff
	}
	written[0] = 0
	for pc, i := range prog {
		w := written[pc]
		switch i.Op {
		case opSt, opStx:
			w |= 1 << i.K
		case opLdMem, opLdxMem:
			if w&(1<<i.K) == 0 {
				return fmt.Errorf("instruction %d: M[%d] is read and may not have been written", pc, i.K)
			}
		case opRetA, opRetK:
			if pc+1 < len(prog) {
				written[pc+1] &= w // nothing comes from here, but the kernel thinks so
			}
			continue
		case opJa:
			written[pc+1+int(i.K)] &= w
			continue
		}
		if i.Op&7 == clsJMP {
			written[pc+1+int(i.Jt)] &= w
			written[pc+1+int(i.Jf)] &= w
			continue
		}
		written[pc+1] &= w
	}
	return nil
}
