// Package hook captures packets where programs of the kernel meet them before, or
// instead of, a packet socket: at the TC hooks of an interface, at XDP, at a control
// group. It works on Linux.
//
// A program around a finished filter writes what the filter accepts into a buffer that
// is shared with this process, up to a snapshot length, with its time, interface and
// direction; then it hands the packet on. It never changes what becomes of a packet, and
// it replaces nothing that is attached there already: see [Hook] for what it answers the
// kernel. It is gone when this process is, however that ends, except where
// [Handle.Lasts] says otherwise.
//
// The buffer is a BPF ring buffer, which keeps the order of packets of all processors;
// where the kernel has none, or cannot copy packets into it, a perf buffer for each
// processor. Packets are handed out as by package capture: a [Block] at a time, without
// an allocation.
//
// The package knows no filters. A filter is a program of the hook's type that leaves 1
// or 0 in R0, as ebpfgen.Generate makes with these verdicts.
package hook
