package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// What a filter costs is little against what the kernel does for a packet besides, and that
// changes from one millisecond to the next by more than the filter costs. So
//
//   - many packet sockets of one link have the same program, a copy each, and each sees every
//     packet that is sent: what sending costs is divided by their number;
//   - each program has a link of its own, so that they can take turns after some
//     forty microseconds, without being attached anew; what all have in common in such a turn
//     is taken out;
//   - in the parts of a run every program is on every link equally often: links differ, too;
//   - for each part all programs are attached anew, in random order and with programs of random
//     length between them: where in memory a program lies, and how far from the others, makes
//     as much of a difference as one of its loads;
//   - of the differences the middle half counts.
//
// Every program is made to return 0 where it accepts, too, as the empty one does, so that
// nothing else is measured.
const (
	numLinks  = 4 // and programs
	tapsEach  = 16
	train     = 24 // times that a packet is sent in one turn
	partsEach = 4 * numLinks
	turnsEach = 3  // turns for each packet in a part of a run
	spacers   = 64 // programs that lie between
	spaceMost = 60 // instructions of one of them
)

// sockets compares on packet sockets.
func (b *bench) sockets() error {
	s, err := openSockets(b.runs)
	if err != nil {
		return err
	}
	defer s.close()
	return b.compare(s.measure)
}

// A socketBench is what programs are measured on.
type socketBench struct {
	runs    int
	links   []*link
	spacers []int // sockets; what comes to them nobody sends
	random  *rand.Rand
}

// A link is one end of a pair in a private namespace, with packet sockets.
type link struct {
	lab    *netlab.Lab
	sender *netlab.Sender
	fds    []int
}

func openSockets(runs int) (*socketBench, error) {
	s := &socketBench{runs: runs, random: rand.New(rand.NewPCG(1, 2))}
	for range spacers {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			s.close()
			return nil, os.NewSyscallError("socket", err)
		}
		s.spacers = append(s.spacers, fd)
	}
	for range numLinks {
		if err := s.addLink(); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *socketBench) close() {
	for _, fd := range s.spacers {
		unix.Close(fd)
	}
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

func (s *socketBench) addLink() error {
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
	for _, fd := range l.fds {
		if err := attachRejecting(fd, empty); err != nil {
			return err
		}
	}
	const all = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // network order
	for _, fd := range l.fds {
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: lab.Left.Index, Protocol: all & 0xffff}); err != nil {
			return fmt.Errorf("bind packet socket: %w", err)
		}
	}
	return nil
}

// place attaches program i to the sockets of the i-th link of on.
func (s *socketBench) place(progs [][]bpf.RawInstruction, on []*link) error {
	type home struct {
		fd   int
		prog []bpf.RawInstruction
	}
	var homes []home
	for i, l := range on {
		for _, fd := range l.fds {
			homes = append(homes, home{fd, progs[i]})
		}
	}
	s.random.Shuffle(len(homes), func(i, j int) { homes[i], homes[j] = homes[j], homes[i] })
	for _, h := range homes {
		space := slices.Repeat([]bpf.RawInstruction{{Op: 0x04, K: 1}}, 1+s.random.IntN(spaceMost))
		if err := attachRejecting(s.spacers[s.random.IntN(spacers)], append(space, empty...)); err != nil {
			return err
		}
		if err := attachRejecting(h.fd, h.prog); err != nil {
			return err
		}
	}
	return nil
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

// measure is the measure of programs on the sockets.
func (s *socketBench) measure(progs [][]bpf.RawInstruction, frames [][]byte) ([][]float64, error) {
	trains := make([][][]byte, len(frames))
	for i, f := range frames {
		trains[i] = slices.Repeat([][]byte{f}, train)
	}
	out := make([][]float64, s.runs)
	for run := range out {
		above := make([][]float64, len(progs))
		for shift := range partsEach {
			if err := s.part(progs, shift, trains, above); err != nil {
				return nil, err
			}
		}
		out[run] = make([]float64, len(progs))
		for i, list := range above {
			out[run][i] = middle(list)
		}
	}
	return out, nil
}

// part is the part of a run in which program i is on link i+shift. It adds to above what
// the program took in each turn more than all took on average, in ns a packet.
func (s *socketBench) part(progs [][]bpf.RawInstruction, shift int, trains [][][]byte, above [][]float64) error {
	on := make([]*link, len(progs))
	for i := range progs {
		on[i] = s.links[(i+shift)%numLinks]
	}
	if err := s.place(progs, on); err != nil {
		return err
	}
	took := make([]float64, len(progs))
	for n := range (turnsEach + 1) * len(trains) {
		sum := 0.0
		for j := range progs {
			i := (j + n) % len(progs) // nobody is always behind the same one's caches
			if n/len(progs)%2 == 1 {
				i = len(progs) - 1 - i
			}
			start := cpuTime()
			if err := on[i].sender.Send(trains[n%len(trains)]...); err != nil {
				return err
			}
			took[i] = float64((cpuTime() - start).Nanoseconds()) / (train * tapsEach)
			sum += took[i]
		}
		if n < len(trains) {
			continue // to warm up
		}
		for i, ns := range took {
			above[i] = append(above[i], ns-sum/float64(len(progs)))
		}
	}
	return nil
}

// middle returns the mean of the middle half.
func middle(list []float64) float64 {
	slices.Sort(list)
	half := list[len(list)/4 : len(list)-len(list)/4]
	sum := 0.0
	for _, x := range half {
		sum += x
	}
	return sum / float64(len(half))
}
