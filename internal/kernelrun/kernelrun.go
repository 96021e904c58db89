// Package kernelrun runs generated programs on packets in the running kernel,
// through BPF_PROG_TEST_RUN, for tests.
package kernelrun

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
)

// RequireEnv is the environment variable that makes a test fail, and not skip,
// where the kernel cannot run programs. Its value is 1.
const RequireEnv = "GOFILTER_REQUIRE_KERNEL"

// T is the part of testing.TB that Require uses.
type T interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Require skips the test where the kernel does not let this process load and
// run programs, and says why. With RequireEnv set it fails instead.
func Require(t T) {
	t.Helper()
	err := available()
	switch {
	case err == nil:
	case os.Getenv(RequireEnv) == "1":
		t.Fatalf("the kernel runs no programs, and %s=1: %v", RequireEnv, err)
	default:
		t.Skipf("the kernel runs no programs: %v", err)
	}
}

func available() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	p, err := Load(ebpfgen.SchedCLS, asm.Instructions{
		asm.Mov.Imm32(asm.R0, 1), asm.Return(),
	}, ebpfgen.Verdict{Accept: 1})
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = p.Run(make([]byte, 64))
	return err
}

// Lacks reports what the running kernel lacks for a target's programs with a
// strategy of access; nil if it has all.
func Lacks(target ebpfgen.Target, a ebpfgen.Access) error {
	r, ok := rows[target.String()]
	if !ok {
		return fmt.Errorf("target %s: cannot be run", target)
	}
	if target.Flags() != 0 {
		// bpf_xdp_load_bytes came with multi-buffer frames, in 5.18.
		if err := features.HaveProgramHelper(r.typ, asm.FnXdpLoadBytes); err != nil {
			return err
		}
	}
	if a == ebpfgen.AccessDefault {
		a = target.Access()[0]
	}
	return attach.Access(r.typ, a.String())
}

// Kernel returns what a generator has to know of the running kernel to use every strategy
// that works here; nil where it knows nothing, or may not use it.
func Kernel() *ebpfgen.Kernel {
	return (*ebpfgen.Kernel)(attach.KernelFor(ebpf.SocketFilter))
}

// ErrSize is the error of Run for a packet that BPF_PROG_TEST_RUN does not take.
var ErrSize = errors.New("packet size is outside the range of BPF_PROG_TEST_RUN")

// etherLen is the length of an Ethernet header in bytes: what TEST_RUN wants at
// least, and takes away from the front of packets for programs that start
// elsewhere.
const etherLen = 14

// row says how TEST_RUN treats a program type.
type row struct {
	typ ebpf.ProgramType
	// stripped: the program does not see the first etherLen bytes of the input.
	stripped bool
	// ipOnly: packets start at the network layer.
	ipOnly   bool
	min, max int  // length of a packet in bytes
	splits   bool // TEST_RUN can be told how much of a packet is linear
}

// rows are seen to hold in Linux 5.10 to 6.18. The skb limit is a page less what
// the kernel keeps before and behind the data; an empty skb is refused since 5.16.
var rows = map[string]row{
	"socket":    {typ: ebpf.SocketFilter, stripped: true, min: 1, max: 3400},
	"tc":        {typ: ebpf.SchedCLS, min: etherLen + 1, max: 3400},
	"xdp":       {typ: ebpf.XDP, min: etherLen, max: 3400},
	"xdp.frags": {typ: ebpf.XDP, min: etherLen, max: 60000, splits: true},
	"cgroup":    {typ: ebpf.CGroupSKB, stripped: true, ipOnly: true, min: 1, max: 3400},
}

// A Program is a loaded program. It may not be used concurrently.
type Program struct {
	prog    *ebpf.Program
	row     row
	verdict ebpfgen.Verdict
	input   []byte
}

// licence is one that lets a program call functions of the kernel.
const licence = "Dual MIT/GPL"

// Load loads a program for target. verdict holds the values of R0 that
// the program uses. The error of a refused program has the verifier's words.
func Load(target ebpfgen.Target, insns asm.Instructions, verdict ebpfgen.Verdict) (*Program, error) {
	r, ok := rows[target.String()]
	if !ok {
		return nil, fmt.Errorf("target %s: cannot be run", target)
	}
	prog, err := ebpf.NewProgramWithOptions(&ebpf.ProgramSpec{
		Name: "gofilter", Type: r.typ, Instructions: insns, License: licence, Flags: target.Flags(),
	}, ebpf.ProgramOptions{LogDisabled: true})
	if err != nil {
		// Load again for the log; it makes loading slow.
		_, err = ebpf.NewProgramWithOptions(&ebpf.ProgramSpec{
			Name: "gofilter", Type: r.typ, Instructions: insns, License: licence, Flags: target.Flags(),
		}, ebpf.ProgramOptions{LogLevel: ebpf.LogLevelBranch, LogSizeStart: 1 << 22})
		var refused *ebpf.VerifierError
		if errors.As(err, &refused) {
			return nil, fmt.Errorf("%w\n%+v", err, refused)
		}
		return nil, err
	}
	return &Program{prog: prog, row: r, verdict: verdict}, nil
}

// Close unloads the program.
func (p *Program) Close() error { return p.prog.Close() }

// Loaded returns the program in the kernel, which stays p's, for a test that attaches it.
func (p *Program) Loaded() *ebpf.Program { return p.prog }

// Run runs the program on a packet as its target sees it, and returns R0. The
// error is ErrSize where the kernel's TEST_RUN does not take a packet of that size.
func (p *Program) Run(pkt []byte) (uint32, error) {
	return p.run(pkt, 1, nil)
}

// MatchSplit is Match for a frame of which only the first n bytes are in the linear
// part. The error is ErrSize for a target whose packets TEST_RUN cannot split: it can
// those of XDP in several pieces, since Linux 6.18.
func (p *Program) MatchSplit(pkt []byte, n int) (bool, error) {
	if !p.row.splits || n >= len(pkt) || len(pkt) < p.row.min || len(pkt) > p.row.max {
		return false, fmt.Errorf("%d of %d bytes linear: %w", n, len(pkt), ErrSize)
	}
	const dataEnd, fields = 1, 6 // struct xdp_md of linux/bpf.h
	var md [fields]uint32
	md[dataEnd] = uint32(n)
	r0, err := p.prog.Run(&ebpf.RunOptions{Data: pkt, Context: md[:]})
	if errors.Is(err, syscall.EINVAL) {
		return false, fmt.Errorf("%d of %d bytes linear: %w", n, len(pkt), ErrSize)
	}
	return p.judge(r0, err)
}

// Match runs the program and reports whether it accepts the packet.
// A value that is neither accept nor reject is an error.
func (p *Program) Match(pkt []byte) (bool, error) {
	return p.judge(p.Run(pkt))
}

// judge says what R0 means.
func (p *Program) judge(r0 uint32, err error) (bool, error) {
	switch {
	case err != nil:
		return false, err
	case r0 == p.verdict.Accept:
		return true, nil
	case r0 == p.verdict.Reject:
		return false, nil
	}
	return false, fmt.Errorf("program returned %#x, which is neither accept (%#x) nor reject (%#x)", r0, p.verdict.Accept, p.verdict.Reject)
}

// Repeat runs the program n times on a packet and returns what one run took, in
// nanoseconds.
func (p *Program) Repeat(pkt []byte, n uint32) (ns float64, err error) {
	var d float64
	_, err = p.run(pkt, n, &d)
	return d, err
}

func (p *Program) run(pkt []byte, n uint32, ns *float64) (uint32, error) {
	if len(pkt) < p.row.min || len(pkt) > p.row.max {
		return 0, fmt.Errorf("%d bytes: %w", len(pkt), ErrSize)
	}
	if p.row.typ == ebpf.SchedCLS && short(binary.BigEndian.Uint16(pkt[etherLen-2:]), len(pkt)-etherLen) {
		return 0, fmt.Errorf("%d bytes with a part of an IP header: %w", len(pkt), ErrSize)
	}
	in := p.input[:0]
	if p.row.stripped {
		in = append(in, make([]byte, etherLen)...)
		binary.BigEndian.PutUint16(in[etherLen-2:], p.etherType(pkt))
	}
	in = append(in, pkt...)
	p.input = in
	if ns != nil {
		r0, d, err := p.prog.Benchmark(in, int(n), nil)
		*ns = float64(d.Nanoseconds())
		return r0, err
	}
	return p.prog.Run(&ebpf.RunOptions{Data: in, Repeat: n})
}

// EtherTypes of the header that goes before a packet.
const (
	typeIPv4  = 0x0800
	typeIPv6  = 0x86dd
	typeOther = 0x88b5 // local experimental (IEEE 802)
)

// etherType returns the EtherType of the header that goes before a packet: what
// the packet says of itself. TEST_RUN refuses one that promises more of an IP
// header than is there.
func (p *Program) etherType(pkt []byte) uint16 {
	t := uint16(typeOther)
	switch {
	case p.row.ipOnly && len(pkt) > 0 && pkt[0]>>4 == 6:
		t = typeIPv6
	case p.row.ipOnly && len(pkt) > 0 && pkt[0]>>4 == 4:
		t = typeIPv4
	case !p.row.ipOnly && len(pkt) >= etherLen:
		t = binary.BigEndian.Uint16(pkt[etherLen-2:])
	}
	if short(t, len(pkt)) {
		return typeOther
	}
	return t
}

// short reports whether n bytes are less than the IP header that an EtherType
// promises.
func short(etherType uint16, n int) bool {
	return etherType == typeIPv4 && n < 20 || etherType == typeIPv6 && n < 40
}

// The numbers that eth_type_trans gives a frame whose type field is a length
// (linux/if_ether.h ETH_P_802_3, ETH_P_802_2), and the smallest number that is a type.
const (
	type8023     = 0x0001
	type8022     = 0x0004
	smallestType = 0x0600
)

// Packet types of linux/if_packet.h.
const (
	packetHost      = 0
	packetMulticast = 2
	packetOtherHost = 3
)

// Metadata returns the metadata of a packet under Run: TEST_RUN takes it for
// one received from Ethernet on the loopback interface, whose address is all
// zeroes, with no VLAN tag beside it.
func (p *Program) Metadata(pkt []byte) *ir.Metadata {
	md := &ir.Metadata{Len: uint32(len(pkt)), IfIndex: 1}
	if p.row.typ == ebpf.XDP {
		return md
	}
	frame := pkt
	if p.row.stripped {
		frame = make([]byte, etherLen, etherLen+2)
		binary.BigEndian.PutUint16(frame[etherLen-2:], p.etherType(pkt))
		if len(pkt) >= 2 {
			frame = append(frame, pkt[:2]...)
		}
	}
	if len(frame) < etherLen {
		return md
	}
	md.Protocol = protocol(frame)
	md.PacketType = packetType([6]byte(frame))
	return md
}

// protocol is what eth_type_trans gives a frame.
func protocol(frame []byte) uint16 {
	t := binary.BigEndian.Uint16(frame[etherLen-2:])
	switch {
	case t >= smallestType:
		return t
	case len(frame) >= etherLen+2 && frame[etherLen] == 0xff && frame[etherLen+1] == 0xff:
		return type8023
	}
	return type8022
}

// packetType is what eth_type_trans gives a frame to dst. The loopback
// interface has no broadcast address.
func packetType(dst [6]byte) uint8 {
	switch {
	case dst == [6]byte{}:
		return packetHost
	case dst[0]&1 != 0:
		return packetMulticast
	}
	return packetOtherHost
}
