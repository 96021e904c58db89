// Package cbpfgen turns a filter's intermediate form into a classic BPF program,
// prints such programs in the forms that tcpdump, iptables, tc and Stenographer have and as
// libpcap's savefiles of programs, reads those forms back, and checks programs by the
// kernel's rules.
//
// # The machine
//
// Classic BPF has an accumulator A, an index register X, and sixteen words of
// scratch memory M[]. Packet loads go to A: from a constant offset, or from X
// plus a constant. One odd instruction loads X with four times the low half of
// a packet byte, an IPv4 header's length. Arithmetic is A op constant or A op X.
// Conditional jumps compare A with a constant or X, have two displacements of
// eight bits and only go forward; an unconditional jump has 32 bits. A load
// beyond the captured bytes ends the program with 0, as does a division by zero.
//
// # The stages
//
//   - legal rewrites the Func into one that the machine can express: constants
//     folded, loads that always fault turned into reject, parameters only on jumps,
//     guards where the kernel's arithmetic differs from the Func's; sink then moves
//     values to the one block that needs them;
//   - select gives each block its instructions and keeps track of what A and X
//     hold where paths meet; every value that it computes is also stored to a
//     scratch slot of its own, of which there are as many as it likes;
//   - prune drops stores that nobody reads, results that nobody needs, copies
//     between slots that may be one, empty blocks and equal blocks;
//   - slots maps the slots that are left onto the sixteen of the machine;
//   - assemble places the blocks and resolves jumps, with a stepping stone where a
//     displacement does not fit eight bits.
//
// search runs select to slots several times: with values computed again instead of
// kept where that is no longer, or where sixteen slots do not suffice, and with
// parameters in slots instead of registers. It returns the shortest program. A Func
// without parameters and without kept values is selected once.
package cbpfgen
