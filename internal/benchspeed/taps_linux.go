package main

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// A link has many packet sockets with the same program, so that what sending a packet
// costs besides is small against what the programs do. Each has a copy of the program of its own,
// and all run once for a packet: their code and their branches are colder than those of a
// single socket.
const tapsEach = 12

// tapRounds is how often the packets are sent in one run.
const tapRounds = 120

// taps compares on packet sockets. Each program has a link of its own, so that they can take
// turns without being attached anew; in the next run it has another one.
func (b *bench) taps() error {
	s := &tapBench{runs: b.runs}
	defer s.close()
	for range 4 {
		if err := s.addLink(); err != nil {
			return err
		}
	}
	return b.table(s.measure, false)
}

// A tapBench is what programs are measured on.
type tapBench struct {
	runs  int
	links []*link
}

// A link is one end of a pair in a private namespace, with packet sockets.
type link struct {
	lab    *netlab.Lab
	sender *netlab.Sender
	fds    []int
}

func (s *tapBench) close() {
	for _, l := range s.links {
		for _, fd := range l.fds {
			unix.Close(fd)
		}
		if l.sender != nil {
			l.sender.Close()
		}
		l.lab.Close()
	}
}

func (s *tapBench) addLink() error {
	lab, err := netlab.Open(netlab.Options{Quiet: true})
	if err != nil {
		return err
	}
	l := &link{lab: lab}
	s.links = append(s.links, l)
	if l.sender, err = lab.Left.Sender(); err != nil {
		return err
	}
	for range tapsEach {
		err := lab.Left.Do(func() error {
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
			if err == nil {
				l.fds = append(l.fds, fd)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("packet socket: %w", err)
		}
	}
	// They see nothing without a program.
	if err := l.attach([]bpf.RawInstruction{{Op: 0x06}}); err != nil {
		return err
	}
	const all = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // network order
	for _, fd := range l.fds {
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: lab.Left.Index, Protocol: all & 0xffff}); err != nil {
			return fmt.Errorf("bind packet socket: %w", err)
		}
	}
	return nil
}

// attach gives all sockets a program.
func (l *link) attach(prog []bpf.RawInstruction) error {
	for _, fd := range l.fds {
		if err := attachRejecting(fd, prog); err != nil {
			return err
		}
	}
	return nil
}

// measure is the measure of programs on the sockets.
func (s *tapBench) measure(progs [][]bpf.RawInstruction, frames [][]byte) ([]float64, error) {
	times := make([][]float64, len(progs))
	for run := range s.runs {
		on := make([]*link, len(progs))
		for i, p := range progs {
			on[i] = s.links[(i+run)%len(s.links)]
			if err := on[i].attach(p); err != nil {
				return nil, err
			}
		}
		list := make([][]float64, len(progs))
		for n := range tapRounds {
			for i, l := range on {
				start := cpuTime()
				if err := l.sender.Send(frames...); err != nil {
					return nil, err
				}
				if took := cpuTime() - start; n > 2 { // the first ones warm up
					list[i] = append(list[i], float64(took.Nanoseconds())/float64(len(frames)*tapsEach))
				}
			}
		}
		for i := range list {
			// What interrupts only adds, so the fast rounds count.
			slices.Sort(list[i])
			times[i] = append(times[i], list[i][len(list[i])/8])
		}
	}
	out := make([]float64, len(progs))
	for i := range times {
		out[i] = median(times[i])
	}
	return out, nil
}
