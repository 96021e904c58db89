// Package netlab makes private networks for tests of what only a live kernel
// can show: two network namespaces joined by a veth pair, nothing else in them,
// nothing of them left when the test ends.
//
// A test starts with
//
//	lab := netlab.New(t)
//
// and has lab.Left and lab.Right, each a [Namespace] with the loopback device
// and one end of the pair, up, with an IPv4 and an IPv6 address. What has to
// happen inside a namespace (open a socket, attach a program) goes through
// [Namespace.Do]; a socket made there stays there, wherever it is used later.
// Traffic is either real ([Lab.TCP], [Lab.UDP], [Lab.Ping]) or raw frames
// ([Namespace.Sender]).
//
// No other traffic is in the namespaces: IPv6 addresses skip duplicate address
// detection, and unless [Options.IPv6] asks for it there is no IPv6 at all. A
// test that counts packets sets [Options.Quiet]: then the kernel does not even
// answer.
//
// Making namespaces takes CAP_SYS_ADMIN. A test that has not got it is skipped,
// or fails where the environment has GOFILTER_REQUIRE_KERNEL=1.
package netlab
