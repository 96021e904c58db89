// Package capture reads packets from Linux network interfaces through a ring that
// the kernel fills (AF_PACKET with TPACKET_V3), in pure Go.
//
// Packets are handed out where the kernel put them, without a copy and without an
// allocation: a [Block] at a time ([Handle.NextBlock]), or one by one
// ([Handle.Next]). What a packet's bytes start with is [Handle.LinkType]. The
// outer VLAN tag, which the kernel delivers beside the bytes, is put back into
// them. On "any", and on links whose own header says nothing useful, the kernel
// takes the link-layer header away and a cooked one stands in its place.
//
// The package knows no filters. It takes a finished program, or a function that
// attaches one, and puts it on the socket so that nothing leaks: no packet is
// read that the program rejects, neither at the start nor after a change
// ([Handle.SetFilter]). Nothing is lost at the end either: after [Handle.Break]
// every packet that the kernel accepted is still delivered, then comes [io.EOF].
//
// A [Group] takes the packets of one interface in several rings, among which the kernel
// shares them out, for a goroutine each; a [Merge] makes one run of several rings again,
// ordered by time as far as that can be known.
//
// Elsewhere than on Linux, Open returns an error that wraps
// [errors.ErrUnsupported].
package capture
