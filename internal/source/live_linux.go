package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// liveFrames is BPF_F_TEST_XDP_LIVE_FRAMES of linux/bpf.h (5.18).
const liveFrames = 1 << 1

// What an XDP program answers (linux/bpf.h).
const (
	xdpDrop = 1
	xdpPass = 2
)

// portOffset is where the UDP destination port is.
const portOffset = ethernet + ipv4 + 2

// A Live makes frames in the kernel that arrive at an interface as if a driver had
// received them.
type Live struct {
	frame []byte
	index int
	cpu   int
	ns    *netlab.Namespace
	count *ebpf.Map
	prog  *ebpf.Program
	ready *ebpf.Program
	link  link.Link
}

// OpenLive makes a source of copies of a frame, UDP over IPv4 in Ethernet, that arrive at
// the namespace's end of the pair. Each gets the next number; the destination ports go
// round the ports given, one or two. cpu is the processor to send on, counted from 1; 0:
// any.
func OpenLive(ns *netlab.Namespace, frame []byte, cpu int, ports ...uint16) (*Live, error) {
	if len(frame) < NumberOffset+NumberSize || len(ports) < 1 || len(ports) > 2 {
		return nil, fmt.Errorf("source: a frame of %d bytes with %d ports: want %d bytes at least, and one or two ports", len(frame), len(ports), NumberOffset+NumberSize)
	}
	l := &Live{frame: slices.Clone(frame), index: ns.Index, cpu: cpu, ns: ns}
	prepare(l.frame)
	if err := l.open(ports[0], ports[len(ports)-1]); err != nil {
		l.Close()
		return nil, fmt.Errorf("source on %s: %w", ns.Link, err)
	}
	return l, nil
}

func (l *Live) open(even, odd uint16) (err error) {
	if l.count, err = ebpf.NewMap(&ebpf.MapSpec{Name: "sent", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}); err != nil {
		return err
	}
	l.prog, err = ebpf.NewProgram(&ebpf.ProgramSpec{Name: "source", Type: ebpf.XDP, License: "BSD", Instructions: numbering(l.count, even, odd)})
	if err != nil {
		return err
	}
	// A veth end knows queues of XDP only while it has a program.
	l.ready, err = ebpf.NewProgram(&ebpf.ProgramSpec{Name: "pass", Type: ebpf.XDP, License: "BSD", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R0, xdpPass), asm.Return(),
	}})
	if err != nil {
		return err
	}
	return l.ns.Do(func() error {
		l.link, err = link.AttachXDP(link.XDPOptions{Program: l.ready, Interface: l.index, Flags: link.XDPDriverMode})
		return err
	})
}

// numbering is a program that gives the frame its number and its port, and lets it in.
func numbering(count *ebpf.Map, even, odd uint16) asm.Instructions {
	network := func(port uint16) int32 {
		return int32(binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, port)))
	}
	return asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, count.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "drop"),
		asm.LoadMem(asm.R2, asm.R6, 0, asm.Word), // data
		asm.LoadMem(asm.R3, asm.R6, 4, asm.Word), // data_end
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, NumberOffset+NumberSize),
		asm.JGT.Reg(asm.R4, asm.R3, "drop"),
		asm.LoadMem(asm.R7, asm.R0, 0, asm.DWord),
		asm.Mov.Reg(asm.R8, asm.R7),
		asm.Add.Imm(asm.R8, 1),
		asm.StoreMem(asm.R0, 0, asm.R8, asm.DWord),
		asm.Mov.Imm(asm.R5, network(even)),
		asm.JSet.Imm(asm.R7, 1, "odd"),
		asm.Ja.Label("store"),
		asm.Mov.Imm(asm.R5, network(odd)).WithSymbol("odd"),
		asm.StoreMem(asm.R2, portOffset, asm.R5, asm.Half).WithSymbol("store"),
		asm.HostTo(asm.BE, asm.R7, asm.DWord),
		asm.StoreMem(asm.R2, NumberOffset, asm.R7, asm.DWord),
		asm.Mov.Imm(asm.R0, xdpPass),
		asm.Return(),
		asm.Mov.Imm(asm.R0, xdpDrop).WithSymbol("drop"),
		asm.Return(),
	}
}

// Send lets n frames arrive, as fast as they go.
func (l *Live) Send(n int) error {
	if n < 1 || n > math.MaxInt32 {
		return fmt.Errorf("source: %d frames", n)
	}
	// struct xdp_md: where the frame is, and the interface and queue that it came by.
	md := binary.NativeEndian.AppendUint32(nil, 0)
	md = binary.NativeEndian.AppendUint32(md, uint32(len(l.frame)))
	md = binary.NativeEndian.AppendUint32(md, 0)
	md = binary.NativeEndian.AppendUint32(md, uint32(l.index))
	md = append(md, make([]byte, 8)...)
	return l.ns.Do(func() error {
		if l.cpu > 0 {
			runtime.LockOSThread() // Do ends the thread
			var set unix.CPUSet
			set.Set(l.cpu - 1)
			if err := unix.SchedSetaffinity(0, &set); err != nil {
				return err
			}
		}
		_, err := l.prog.Run(&ebpf.RunOptions{Data: l.frame, Context: md, Repeat: uint32(n), Flags: liveFrames})
		if err != nil {
			return fmt.Errorf("source: %w", err)
		}
		return nil
	})
}

// Sent returns how many frames were made: those with lower numbers.
func (l *Live) Sent() (n uint64, err error) {
	err = l.count.Lookup(uint32(0), &n)
	return n, err
}

// Close removes the programs.
func (l *Live) Close() error {
	var errs []error
	if l.link != nil {
		errs = append(errs, l.link.Close())
	}
	for _, p := range []*ebpf.Program{l.prog, l.ready} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	if l.count != nil {
		errs = append(errs, l.count.Close())
	}
	return errors.Join(errs...)
}
