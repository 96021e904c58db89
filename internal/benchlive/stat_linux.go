package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/count"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/packets"
)

// statLimit is what counting by one filter is held to: of the cost of a program that is
// written by hand, reads the same fields, and counts packets and nothing else.
const statLimit = 1.5

// statFilter is what is counted by.
const statFilter = "ip and tcp port 22"

// manyFilters are filters that a packet may match several of.
var manyFilters = []string{statFilter, "udp port 53", "ip", "tcp port 80 or tcp port 443"}

// stat measures counting in the kernel.
func (b *bench) stat() error {
	all := []contender{
		{"nothing", func(*netlab.Lab) (io.Closer, error) { return io.NopCloser(nil), nil }},
		{"per-CPU counter", func(lab *netlab.Lab) (io.Closer, error) { return byHand(lab, false) }},
		{"by hand: direct access, per-CPU counter", func(lab *netlab.Lab) (io.Closer, error) { return byHand(lab, true) }},
		{"--stat '" + statFilter + "'", counting(count.Hook, statFilter)},
		{"--stat with four filters", counting(count.Hook, manyFilters...)},
		{"packet socket, ret 0", rejecting},
		{"--stat-at socket '" + statFilter + "'", counting(count.Socket, statFilter)},
	}
	const nothing, bare, ours = 0, 2, 3
	for _, src := range sources {
		for _, kind := range []struct {
			name string
			port uint16
		}{{"matches", 22}, {"does not match", 80}} {
			ns, err := pay(b.runs, src, all, segments(kind.port))
			if err != nil {
				return err
			}
			fmt.Fprintf(b.out, "%s; a packet costs %.0f, and more where it %s\n", src.name, ns[nothing], kind.name)
			for i, c := range all[1:] {
				fmt.Fprintf(b.out, "  %-42s %6.1f\n", c.name, ns[i+1])
			}
			b.hold("--stat against the program by hand", ns[ours]/ns[bare], statLimit)
		}
	}
	return nil
}

// segments returns TCP segments to a port, in frames of 64 bytes without the check sequence.
func segments(port uint16) [][]byte {
	var all [][]byte
	for i := range numFrames {
		src, dst := netip.AddrFrom4([4]byte{10, 1, byte(i), 1}), netip.MustParseAddr("10.2.0.1")
		tcp := packets.TCP{SrcPort: uint16(32768 + 97*i), DstPort: port, Flags: packets.ACK}.Bytes(src, dst, make([]byte, 10))
		ip := packets.IPv4{Src: src, Dst: dst, Proto: packets.ProtoTCP, DF: true, ID: uint16(i)}.Bytes(tcp)
		all = append(all, packets.Ethernet(packets.MAC{2, 0, 0, 0, 0, 2}, packets.MAC{2, 0, 0, 0, 0, 1}, packets.EtherIPv4, ip))
	}
	return all
}

// counting returns what counts as --stat does.
func counting(where count.Where, texts ...string) func(*netlab.Lab) (io.Closer, error) {
	return func(lab *netlab.Lab) (io.Closer, error) {
		cfg := count.Config{Interface: lab.Right.Link, Where: where, Direction: capture.In}
		for _, text := range texts {
			cfg.Filters = append(cfg.Filters, count.Filter{Program: func(p count.Place) (asm.Instructions, error) {
				target := ebpfgen.SchedCLS
				if p.Type == ebpf.SocketFilter {
					target = ebpfgen.SocketFilter
				}
				f, err := gofilter.Compile(text, gofilter.Config{LinkType: p.LinkType, View: target.View()})
				if err != nil {
					return nil, err
				}
				return ebpfgen.Generate(f.IR(), target, ebpfgen.Options{Kernel: (*ebpfgen.Kernel)(attach.KernelFor(p.Type))})
			}})
		}
		return count.Open(cfg)
	}
}

// rejecting is a packet socket that takes nothing.
func rejecting(lab *netlab.Lab) (io.Closer, error) {
	return capture.Open(capture.Config{Interface: lab.Right.Link, BufferSize: 1, Direction: capture.In,
		Filter: capture.Filter{Classic: attach.Return(0)}})
}

// byHand attaches a program at the ingress hook that adds one to a per-CPU counter, for every
// packet or for TCP segments over IPv4 to or from port 22 that are no fragments.
func byHand(lab *netlab.Lab, filter bool) (io.Closer, error) {
	counter, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		return nil, err
	}
	defer counter.Close() // the program keeps it
	var insns asm.Instructions
	if filter {
		insns = sshByHand()
	}
	insns = append(insns,
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.LoadMapPtr(asm.R1, counter.FD()),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "next"),
		asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord),
		asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(asm.R0, 0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, -1).WithSymbol("next"), // TC_ACT_UNSPEC
		asm.Return())
	prog, err := attach.Load(insns, ebpf.SchedCLS)
	if err != nil {
		return nil, err
	}
	defer prog.Close()
	return attach.TCFirst(lab.Right.Index, attach.Ingress, prog)
}

// sshByHand leaves for next with all packets but those of statFilter. It takes headers of IPv4
// of any length.
func sshByHand() asm.Instructions {
	const (
		data, dataEnd = 76, 80 // in struct __sk_buff of linux/bpf.h
		ethLen        = 14
	)
	return asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, data, asm.Word),
		asm.LoadMem(asm.R3, asm.R1, dataEnd, asm.Word),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, ethLen+20+4),
		asm.JGT.Reg(asm.R4, asm.R3, "next"),
		asm.LoadMem(asm.R5, asm.R2, 12, asm.Half),
		asm.JNE.Imm(asm.R5, int32(networkOrder(0x0800)), "next"),
		asm.LoadMem(asm.R5, asm.R2, ethLen+9, asm.Byte),
		asm.JNE.Imm(asm.R5, unix.IPPROTO_TCP, "next"),
		asm.LoadMem(asm.R5, asm.R2, ethLen+6, asm.Half),
		asm.JSet.Imm(asm.R5, int32(networkOrder(0x1fff)), "next"),
		asm.LoadMem(asm.R5, asm.R2, ethLen, asm.Byte),
		asm.And.Imm(asm.R5, 0xf),
		asm.LSh.Imm(asm.R5, 2),
		asm.Add.Reg(asm.R2, asm.R5),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, ethLen+4),
		asm.JGT.Reg(asm.R4, asm.R3, "next"),
		asm.LoadMem(asm.R5, asm.R2, ethLen, asm.Half),
		asm.JEq.Imm(asm.R5, int32(networkOrder(22)), "count"),
		asm.LoadMem(asm.R5, asm.R2, ethLen+2, asm.Half),
		asm.JNE.Imm(asm.R5, int32(networkOrder(22)), "next"),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("count"),
	}
}

// networkOrder returns n as a load of two bytes of a packet gives it.
func networkOrder(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}
