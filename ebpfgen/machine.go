package ebpfgen

import "github.com/cilium/ebpf/asm"

// machine says what the registers of a body are for. R10 is the frame.
type machine struct {
	ctx       asm.Register
	data, end asm.Register // direct access only
	scratch   [2]asm.Register
	clobbered []asm.Register // for values that live across no call
	saved     []asm.Register // for any value
}

// calling is the machine of a body that calls BPF helpers: R1-R5 are lost at
// each call, and LD_ABS wants the context in R6.
var calling = machine{
	ctx:       asm.R6,
	scratch:   [2]asm.Register{asm.R0, asm.R1},
	clobbered: []asm.Register{asm.R2, asm.R3, asm.R4, asm.R5},
	saved:     []asm.Register{asm.R7, asm.R8, asm.R9},
}

// leaf is the machine of a body without calls; the context stays where it
// comes in.
var leaf = machine{
	ctx:  asm.R1,
	data: asm.R2, end: asm.R3,
	scratch: [2]asm.Register{asm.R0, asm.R4},
	saved:   []asm.Register{asm.R5, asm.R6, asm.R7, asm.R8, asm.R9},
}
