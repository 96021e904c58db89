// Package source sends packets whose number is known to the packet, for measurements
// and for tests of whether anything is lost.
//
// A [Source] sends frames of a few kinds by turns through sendmmsg(2), past the queueing
// discipline, where the kernel says of each frame whether the driver took it: what is
// counted as sent arrived at the other end of a veth pair. Each frame carries its number,
// so whoever captures can tell which are missing.
//
// [Live] sends through BPF_F_TEST_XDP_LIVE_FRAMES: the kernel makes the frames itself,
// which takes no system call and no copy of this program's.
package source
