//go:build linux

package hook

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/netlab"
)

// A counting is someone else's program, which counts packets and hands them on.
type counting struct {
	prog *ebpf.Program
	m    *ebpf.Map
}

func newCounting(t *testing.T, typ ebpf.ProgramType, answer int32) *counting {
	t.Helper()
	m, err := attach.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		netlab.Skip(t, "%v", err)
	}
	t.Cleanup(func() { m.Close() })
	prog, err := attach.Load(asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, answer).WithSymbol("out"),
		asm.Return(),
	}, typ)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { prog.Close() })
	return &counting{prog, m}
}

func (c *counting) count(t *testing.T) (n uint64) {
	t.Helper()
	if err := c.m.Lookup(uint32(0), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// in attaches the program in a namespace until the test ends.
func (c *counting) in(t *testing.T, ns *netlab.Namespace, put func(p *ebpf.Program) (*attach.Link, error)) {
	t.Helper()
	var l *attach.Link
	err := ns.Do(func() (err error) {
		l, err = put(c.prog)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

// TestForeignTC: programs of others in front of the capturing one and behind it see every
// packet, while it is there and afterwards.
func TestForeignTC(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	for _, d := range []attach.Direction{attach.Ingress, attach.Egress} {
		put := func(p *ebpf.Program) (*attach.Link, error) { return attach.TC(lab.Right.Index, d, p) }
		before := newCounting(t, ebpf.SchedCLS, -1)
		before.in(t, lab.Right, put)
		at := Hook{Kind: TCX}
		if olderThan(t, 6, 6) {
			at.Kind = map[attach.Direction]Kind{attach.Ingress: TCIngress, attach.Egress: TCEgress}[d]
		}
		h := must(t, lab.Right, setup{Hook: at}, "udp port 7")
		behind := newCounting(t, ebpf.SchedCLS, -1)
		behind.in(t, lab.Right, put)
		sent := uint64(len(frames(lab.Left, lab.Right)))
		for round := uint64(1); round <= 2; round++ {
			exchange(t, lab)
			if n, m := before.count(t), behind.count(t); n != round*sent || m != round*sent {
				t.Errorf("%v: the program in front has seen %d packets and that behind %d, want %d", d, n, m, round*sent)
			}
			if round == 1 {
				if got := rest(t, h); len(got) == 0 {
					t.Error("no packet captured")
				}
				h.Close()
			}
		}
	}
}

// TestForeignXDP: someone else's XDP program stays and goes on, and the error names it.
func TestForeignXDP(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	for _, mode := range []attach.XDPMode{attach.XDPNative, attach.XDPGeneric} {
		t.Run(mode.String(), func(t *testing.T) {
			other := newCounting(t, ebpf.XDP, 2)
			other.in(t, lab.Right, func(p *ebpf.Program) (*attach.Link, error) { return attach.XDP(lab.Right.Index, p, mode) })
			for _, kind := range []Kind{XDP, XDPGeneric} {
				_, err := open(t, lab.Right, setup{Hook: Hook{Kind: kind}}, "")
				if !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), "someone else (id ") ||
					!strings.Contains(err.Error(), mode.String()+", gofilter), which stays") {
					t.Errorf("hook %d: %v", kind, err)
				}
			}
			exchange(t, lab)
			if n, want := other.count(t), uint64(len(frames(lab.Left, lab.Right))); n != want {
				t.Errorf("it has seen %d packets, want %d", n, want)
			}
		})
	}
}

// TestPushedTag: a tag that is in the metadata of a packet on its way out is where it is for a
// packet socket.
func TestPushedTag(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	pushes, err := attach.Load(asm.Instructions{
		asm.Mov.Imm(asm.R2, int32(binary.NativeEndian.Uint16([]byte{0x88, 0xa8}))),
		asm.Mov.Imm(asm.R3, 0x604d),
		asm.FnSkbVlanPush.Call(),
		asm.Mov.Imm(asm.R0, -1),
		asm.Return(),
	}, ebpf.SchedCLS)
	if err != nil {
		netlab.Skip(t, "%v", err)
	}
	defer pushes.Close()
	c := &counting{prog: pushes}
	c.in(t, lab.Right, func(p *ebpf.Program) (*attach.Link, error) {
		return attach.TC(lab.Right.Index, attach.Egress, p)
	})
	words := []string{"", "vlan 77 and udp port 7", "vlan 77 and vlan", "ip"}
	for _, cfg := range []setup{{}, {Snaplen: 60}, {Buffer: PerfBuffer}, {Buffer: PerfBuffer, Snaplen: 60}} {
		cfg.Hook, cfg.Direction = Hook{Kind: TCEgress}, capture.Out
		same(t, lab, cfg, words)
	}
	h := must(t, lab.Right, setup{Hook: Hook{Kind: TCEgress}}, "")
	exchange(t, lab)
	for i, p := range rest(t, h) {
		if p.tag != "true 88a8 604d" || string(p.data[12:16]) != "\x88\xa8\x60\x4d" {
			t.Fatalf("packet %d: %v", i+1, p)
		}
	}
}
