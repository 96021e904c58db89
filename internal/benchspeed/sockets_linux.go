package main

import (
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// The kernel converts a program that is attached to any socket in the same way. A pair of
// Unix datagram sockets is the cheapest way to one: a datagram that the receiver's filter
// rejects is freed in the sender's call. Every program is made to return 0 where it accepts,
// too, so that nothing else is measured.

// Of one part of a run: how often the packets are sent, and how many times in one call.
const (
	rounds   = 100
	together = 4
)

// numPairs is the number of pairs, and of programs.
const numPairs = 4

// sockets compares on pairs of sockets, one for each program, so that they can take turns. Pairs
// differ by some nanoseconds, from where their memory is; so in a run every program is on every
// pair once.
func (b *bench) sockets() error {
	s := &socketBench{runs: b.runs}
	defer s.close()
	for range numPairs {
		p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socketpair", err)
		}
		s.pairs = append(s.pairs, p)
	}
	return b.compare(s.measure)
}

// A socketBench is what programs are measured on.
type socketBench struct {
	runs  int
	pairs [][2]int
}

func (s *socketBench) close() {
	for _, p := range s.pairs {
		unix.Close(p[0])
		unix.Close(p[1])
	}
}

// attachRejecting attaches a program whose verdicts are made 0.
func attachRejecting(fd int, prog []bpf.RawInstruction) error {
	insns := make([]unix.SockFilter, len(prog))
	for i, in := range prog {
		insns[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
		if in.Op == 0x06 {
			insns[i].K = 0
		}
	}
	p := unix.SockFprog{Len: uint16(len(insns)), Filter: unsafe.SliceData(insns)}
	err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &p)
	runtime.KeepAlive(insns)
	return os.NewSyscallError("SO_ATTACH_FILTER", err)
}

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// messages returns what sends the frames several times over in one call.
func messages(frames [][]byte) []mmsghdr {
	msgs := make([]mmsghdr, together*len(frames))
	iovs := make([]unix.Iovec, len(msgs))
	for i := range msgs {
		f := frames[i%len(frames)]
		iovs[i].Base = unsafe.SliceData(f)
		iovs[i].SetLen(len(f))
		msgs[i].hdr.Iov = &iovs[i]
		msgs[i].hdr.Iovlen = 1
	}
	return msgs
}

// measure is the measure of programs on the pairs.
func (s *socketBench) measure(progs [][]bpf.RawInstruction, frames [][]byte) ([]float64, error) {
	msgs := messages(frames)
	times := make([][]float64, len(progs))
	for range s.runs {
		sums := make([]float64, len(progs))
		for shift := range numPairs {
			part, err := s.part(progs, shift, msgs)
			if err != nil {
				return nil, err
			}
			for i, ns := range part {
				sums[i] += ns / numPairs
			}
		}
		for i, ns := range sums {
			times[i] = append(times[i], ns)
		}
	}
	runtime.KeepAlive(frames)
	out := make([]float64, len(progs))
	for i := range times {
		out[i] = median(times[i])
	}
	return out, nil
}

// part is the part of a run in which program i is on pair i+shift.
func (s *socketBench) part(progs [][]bpf.RawInstruction, shift int, msgs []mmsghdr) ([]float64, error) {
	on := make([][2]int, len(progs))
	for i, p := range progs {
		on[i] = s.pairs[(i+shift)%numPairs]
		if err := attachRejecting(on[i][0], p); err != nil {
			return nil, err
		}
	}
	list := make([][]float64, len(progs))
	for n := range rounds {
		for i, p := range on {
			start := cpuTime()
			sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(p[1]), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(msgs)), 0, 0, 0)
			took := cpuTime() - start
			if errno != 0 {
				return nil, os.NewSyscallError("sendmmsg", errno)
			}
			if n > 4 { // the first ones warm up
				list[i] = append(list[i], float64(took.Nanoseconds())/float64(sent))
			}
		}
	}
	fast := make([]float64, len(progs))
	for i := range list {
		// What interrupts only adds, so the fast rounds count.
		slices.Sort(list[i])
		fast[i] = list[i][len(list[i])/50]
	}
	return fast, nil
}
