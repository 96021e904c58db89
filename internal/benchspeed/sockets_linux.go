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
//
// There are two kinds of links. On a pair of Unix sockets the kernel does little between two
// runs of a program, whose code is at hand. On a pair of veth devices it does as much as
// for any packet that is captured; there many packet sockets have the same program, a copy each,
// and each sees every packet that is sent: what sending costs is divided by their number.
const (
	numLinks  = 4 // and programs
	tapsEach  = 16
	spacers   = 64 // programs that lie between
	spaceMost = 60 // instructions of one of them
)

// A kind of links.
type kind struct {
	parts int // of a run, a multiple of numLinks
	turns int // for each packet in a part
	train int // times that a packet is sent in one turn
	open  func() (*link, error)
}

var (
	unixPairs = kind{32 * numLinks, 1, 48, newUnixPair}
	taps      = kind{8 * numLinks, 1, 24, newTapped}
)

// sockets compares on Unix sockets.
func (b *bench) sockets() error { return b.compareOn(&unixPairs) }

// packets compares on packet sockets.
func (b *bench) packets() error { return b.compareOn(&taps) }

func (b *bench) compareOn(k *kind) error {
	s, err := openSockets(b.runs, k)
	if err != nil {
		return err
	}
	defer s.close()
	return b.compare(s.measure)
}

// A socketBench is what programs are measured on.
type socketBench struct {
	*kind
	runs    int
	links   []*link
	spacers []int // sockets; what comes to them nobody sends
	random  *rand.Rand
}

// A link has sockets that all get what is sent on it.
type link struct {
	lab    *netlab.Lab // nil for a pair of Unix sockets
	sender *netlab.Sender
	fds    []int
}

func (l *link) close() {
	for _, fd := range l.fds {
		unix.Close(fd)
	}
	if l.sender != nil {
		l.sender.Close()
	}
	if l.lab != nil {
		l.lab.Close()
	}
}

func openSockets(runs int, k *kind) (*socketBench, error) {
	s := &socketBench{kind: k, runs: runs, random: rand.New(rand.NewPCG(1, 2))}
	for range spacers {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			s.close()
			return nil, os.NewSyscallError("socket", err)
		}
		s.spacers = append(s.spacers, fd)
	}
	for range numLinks {
		l, err := k.open()
		if err != nil {
			s.close()
			return nil, err
		}
		s.links = append(s.links, l)
	}
	return s, nil
}

func (s *socketBench) close() {
	for _, fd := range s.spacers {
		unix.Close(fd)
	}
	for _, l := range s.links {
		l.close()
	}
}

// newUnixPair makes a link of two Unix sockets. What the filter of one rejects the other has
// sent all the same.
func newUnixPair() (*link, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	return &link{sender: netlab.SenderOn(fds[0]), fds: fds[1:]}, nil
}

// newTapped makes a link of two devices in a private namespace, with packet sockets on the one
// that sends.
func newTapped() (_ *link, err error) {
	l := &link{}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.lab, err = netlab.Open(netlab.Options{Quiet: true}); err != nil {
		return nil, err
	}
	if l.sender, err = l.lab.Left.Sender(); err != nil {
		return nil, err
	}
	for range tapsEach {
		err = l.lab.Left.Do(func() error {
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
			if err == nil {
				l.fds = append(l.fds, fd)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("packet socket: %w", err)
		}
	}
	const all = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // network order
	for _, fd := range l.fds {
		// It sees nothing without a program.
		if err = attachRejecting(fd, empty); err != nil {
			return nil, err
		}
		if err = unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: l.lab.Left.Index, Protocol: all & 0xffff}); err != nil {
			return nil, fmt.Errorf("bind packet socket: %w", err)
		}
	}
	return l, nil
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
		trains[i] = slices.Repeat([][]byte{f}, s.train)
	}
	out := make([][]float64, s.runs)
	for run := range out {
		above := make([][]float64, len(progs))
		for shift := range s.parts {
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
	for n := range (s.turns + 1) * len(trains) {
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
			took[i] = float64((cpuTime() - start).Nanoseconds()) / float64(s.train*len(on[i].fds))
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
