package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// The link has many packet sockets with the same program, so that what sending a packet
// costs besides is small against what the programs do; not so many that their code does not fit
// the cache, since each has a copy of its own. Every program is made to return 0 where it
// accepts, too: what a socket does with a packet that it takes is not measured.
const taps = 12

// rounds is how often the packets are sent in one run.
const rounds = 150

// sockets compares on packet sockets.
func (b *bench) sockets() error {
	lab, err := netlab.Open(netlab.Options{Quiet: true})
	if err != nil {
		return err
	}
	defer lab.Close()
	s := &socketLab{runs: b.runs, ns: lab.Left}
	if s.sender, err = lab.Left.Sender(); err != nil {
		return err
	}
	defer s.sender.Close()
	for range taps {
		fd := -1
		err := lab.Left.Do(func() (err error) {
			fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
			return err
		})
		if err != nil {
			return fmt.Errorf("packet socket: %w", err)
		}
		defer unix.Close(fd)
		s.fds = append(s.fds, fd)
	}
	// All of them see what is sent from the first program on.
	if err := s.attach([]bpf.RawInstruction{{Op: 0x06}}); err != nil {
		return err
	}
	for _, fd := range s.fds {
		all := uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8)
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: lab.Left.Index, Protocol: all}); err != nil {
			return fmt.Errorf("bind packet socket: %w", err)
		}
	}
	return b.compare(s.measure)
}

// A socketLab is a link with packet sockets.
type socketLab struct {
	runs   int
	ns     *netlab.Namespace
	sender *netlab.Sender
	fds    []int
}

// attach gives all sockets a program whose verdicts are 0.
func (s *socketLab) attach(prog []bpf.RawInstruction) error {
	insns := make([]unix.SockFilter, len(prog))
	for i, in := range prog {
		insns[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
		if in.Op == 0x06 {
			insns[i].K = 0
		}
	}
	p := unix.SockFprog{Len: uint16(len(insns)), Filter: unsafe.SliceData(insns)}
	for _, fd := range s.fds {
		if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &p); err != nil {
			return os.NewSyscallError("SO_ATTACH_FILTER", err)
		}
	}
	runtime.KeepAlive(insns)
	return nil
}

// measure is the measure of programs on the sockets.
func (s *socketLab) measure(progs [][]bpf.RawInstruction, frames [][]byte) ([]float64, error) {
	times := make([][]float64, len(progs))
	for range s.runs {
		for i, p := range progs {
			if err := s.attach(p); err != nil {
				return nil, err
			}
			// Each round is timed by itself: what interrupts only adds, so a fast one counts.
			var list []float64
			for n := range rounds {
				start := cpuTime()
				if err := s.sender.Send(frames...); err != nil {
					return nil, err
				}
				if took := cpuTime() - start; n > 1 { // the first warm up
					list = append(list, float64(took.Nanoseconds())/float64(len(frames)*taps))
				}
			}
			slices.Sort(list)
			times[i] = append(times[i], list[len(list)/8])
		}
	}
	out := make([]float64, len(progs))
	for i := range times {
		out[i] = median(times[i])
	}
	return out, nil
}
