// Package ebpfelf writes generated eBPF programs as ELF objects, the form in which the tools
// that load programs take them: bpftool prog load, tc filter add ... bpf obj, ip link set ... xdp obj,
// and what is built on libbpf. No compiler takes part.
//
// An object has one program, in a section that says its type, the license, a symbol for
// the function, its type in .BTF and, in .BTF.ext, the words of the filter that caused
// each instruction: `bpftool prog dump xlated linum` and the verifier's log show them.
package ebpfelf
