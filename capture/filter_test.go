//go:build linux

package capture

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
	"golang.org/x/net/bpf"
)

// marked is a classic program that accepts a packet whose payload starts with b.
func marked(t testing.TB, b byte) []bpf.RawInstruction {
	t.Helper()
	prog, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: payloadOffset, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(b), SkipTrue: 1},
		bpf.RetConstant{Val: DefaultSnaplen},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// markedProgram is the same in eBPF.
func markedProgram(t testing.TB, b byte) *ebpf.Program {
	t.Helper()
	p, err := attach.Load(asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadAbs(payloadOffset, asm.Byte),
		asm.JNE.Imm(asm.R0, int32(b), "reject"),
		asm.Mov.Imm(asm.R0, DefaultSnaplen),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("reject"),
		asm.Return(),
	}, ebpf.SocketFilter)
	if errors.Is(err, os.ErrPermission) {
		netlab.Skip(t, "%v", err)
	}
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// twoKinds returns frames marked 'a' and 'b' by turns.
func twoKinds(lab *netlab.Lab) [][]byte {
	var frames [][]byte
	for i := range 64 {
		frames = append(frames, lab.Left.Datagram(lab.Right, 7, 9, []byte{"ab"[i%2], 0, 0, 0}))
	}
	return frames
}

// TestOpenUnderTraffic opens two hundred times under traffic, classic, eBPF and a
// function of the caller's by turns, and fails on the first packet that the
// filter rejects.
func TestOpenUnderTraffic(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	program := map[byte]*ebpf.Program{'a': markedProgram(t, 'a'), 'b': markedProgram(t, 'b')}
	stop := blast(t, lab, twoKinds(lab))
	defer stop()
	var p Packet
	for round := range 200 {
		want := "ab"[round%2]
		cfg := Config{Interface: lab.Right.Link, BufferSize: 1, Immediate: true}
		switch round % 3 {
		case 0:
			cfg.Filter.Classic = marked(t, want)
		case 1:
			cfg.Filter.Program = program[want]
		case 2:
			cfg.Filter.Attach = func(c syscall.Conn) (bool, error) { return true, attach.SocketProgram(c, program[want]) }
		}
		h := opened(t, lab.Right, cfg)
		for range 20 {
			if err := h.Next(&p); err != nil {
				t.Fatal(err)
			}
			if p.Data[payloadOffset] != want {
				t.Fatalf("round %d: a packet marked %q passes the filter for %q", round, p.Data[payloadOffset], want)
			}
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSetFilterUnderTraffic changes the filter of one handle two hundred times
// under traffic.
func TestSetFilterUnderTraffic(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	program := map[byte]*ebpf.Program{'a': markedProgram(t, 'a'), 'b': markedProgram(t, 'b')}
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true})
	stop := blast(t, lab, twoKinds(lab))
	defer stop()
	var p Packet
	for round := range 200 {
		want := "ab"[round%2]
		var f Filter
		switch round % 3 {
		case 0:
			f.Classic = marked(t, want)
		case 1:
			f.Program = program[want]
		case 2:
			f.Accept = func(p *Packet) bool { return p.Data[payloadOffset] == want }
		}
		if err := h.SetFilter(f); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if err := h.Next(&p); err != nil {
				t.Fatal(err)
			}
			if p.Data[payloadOffset] != want {
				t.Fatalf("round %d: a packet marked %q passes the filter for %q", round, p.Data[payloadOffset], want)
			}
		}
	}
	h.Break()
	rest(t, h)
	if st := checkSums(t, h); st.Discarded == 0 {
		t.Errorf("nothing was discarded under traffic: %+v", st)
	}
}

// TestSetFilterConcurrent changes the filter while another goroutine reads. Each
// packet must fit a filter that was in force between the start of the call that
// delivered it and its end.
func TestSetFilterConcurrent(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true, Filter: Filter{Classic: marked(t, 'a')}})
	stop := blast(t, lab, twoKinds(lab))
	defer stop()
	seen := make(chan map[byte]int)
	go func() {
		n := map[byte]int{}
		var p Packet
		for h.Next(&p) == nil {
			n[p.Data[payloadOffset]]++
		}
		seen <- n
	}()
	for round := range 20 {
		if err := h.SetFilter(Filter{Classic: marked(t, "ba"[round%2])}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	h.Break()
	if n := <-seen; n['a'] == 0 || n['b'] == 0 || len(n) != 2 {
		t.Errorf("packets by mark: %v", n)
	}
	checkSums(t, h)
}

// TestSetFilterRefused leaves a handle that rejects, and takes the next filter.
func TestSetFilterRefused(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true})
	s := sender(t, lab.Left)
	frames := twoKinds(lab)[:2]
	if err := h.SetFilter(Filter{Classic: []bpf.RawInstruction{{Op: 0x20}}}); err == nil {
		t.Fatal("an invalid program was taken")
	}
	if err := h.SetFilter(Filter{Classic: ret(1), Attach: func(syscall.Conn) (bool, error) { return true, nil }}); err == nil {
		t.Fatal("two programs were taken")
	}
	send(t, s, frames...)
	if err := h.SetFilter(Filter{Classic: marked(t, 'b')}); err != nil {
		t.Fatal(err)
	}
	send(t, s, frames...)
	h.Break()
	got := rest(t, h)
	if len(got) != 1 || got[0].Data[payloadOffset] != 'b' {
		t.Errorf("%d packets", len(got))
	}
	if st := checkSums(t, h); st.Received != 1 {
		t.Errorf("%+v", st)
	}
}

// TestLockedFilter stops a capture whose filter can no longer be replaced.
func TestLockedFilter(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	for _, name := range []string{lab.Right.Link, Any} {
		h := opened(t, lab.Right, Config{Interface: name, BlockTimeout: time.Hour, Filter: Filter{Attach: func(c syscall.Conn) (bool, error) {
			if err := attach.Socket(c, attach.Return(100)); err != nil {
				return false, err
			}
			return true, attach.Lock(c)
		}}})
		s := sender(t, lab.Left)
		send(t, s, twoKinds(lab)...)
		h.Break()
		var got []copied
		soon(t, 5*time.Second, "the end", func() { got = rest(t, h) })
		if len(got) != 64 {
			t.Errorf("%s: %d packets", name, len(got))
		}
		send(t, s, twoKinds(lab)...)
		if st := checkSums(t, h); st.Received != 64 {
			t.Errorf("%s: %+v after the end", name, st)
		}
	}
}

// TestCookedProgram shows what a program in the kernel has to work with on Any:
// the bytes start at the network layer, and the link layer is in the metadata.
func TestCookedProgram(t *testing.T) {
	prog, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtProto},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0x0800, SkipTrue: 5},
		bpf.LoadAbsolute{Off: 9, Size: 1}, // the protocol of the IPv4 header
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 17, SkipTrue: 3},
		bpf.LoadExtension{Num: bpf.ExtInterfaceIndex},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 1, SkipTrue: 1}, // not on lo
		bpf.RetConstant{Val: DefaultSnaplen},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: Any, Filter: Filter{Classic: prog}})
	udp := lab.Left.Datagram(lab.Right, 7, 9, []byte("udp"))
	tcp := append([]byte(nil), udp...)
	tcp[14+9] = 6
	arp := append([]byte(nil), udp...)
	arp[13] = 6
	send(t, sender(t, lab.Left), udp, tcp, arp, netlab.Tag(udp, 0x8100, 9))
	s, err := lab.Right.LoopbackSender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	send(t, s, udp)
	h.Break()
	got := rest(t, h)
	if len(got) != 2 || got[0].Tagged || !got[1].Tagged {
		t.Errorf("%d packets: %+v", len(got), got)
	}
	if st := checkSums(t, h); st.Received != 2 {
		t.Errorf("%+v", st)
	}
}
