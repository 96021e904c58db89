// Package ebpfgen turns a filter's [ir.Func] into an eBPF program.
//
// The way through the package:
//
//	flow     which blocks can still lead to accept, which values are needed
//	bound    how large a value can be, and whether the verifier knows it
//	order    which loaded values may stay in network byte order
//	extent   which bytes each path needs, and where one guard serves many loads
//	plan     the steps of the program in order
//	regs     a register or stack slot for every value
//	select   instructions for every step, packet access by an access strategy;
//	         lists of constants as trees (ladder)
//	assemble jumps, limits, the words behind each instruction
//
// What differs between the kernel's program types is a row ([Target]); what
// differs between the ways to read a packet is a strategy ([Access]). With
// direct access only the linear part of a packet can be read; where a target
// can see packets that have more, the program has two bodies: one that reads
// directly, and a second one that starts over with a BPF helper when a guard of
// the first one finds that the linear part is too short. A filter computes
// nothing but its verdict, so to start over is always right.
//
// The programs use instructions that Linux 5.10 has, and no kernel functions
// (kfuncs), except those for AccessRdonlyCast. Verdicts
// have been compared with [ir.Eval] in the kernels 5.10, 6.1, 6.12 and 6.18.
package ebpfgen
