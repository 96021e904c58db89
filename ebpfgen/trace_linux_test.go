package ebpfgen_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A traceHook is a place on the receive path where testdata/trace.c has a program.
type traceHook struct {
	program string
	attach  func(p *ebpf.Program) (link.Link, error)
	lacks   func() error // why the running kernel does not have it; nil if it has
}

var traceHooks = []traceHook{
	{"tracepoint", func(p *ebpf.Program) (link.Link, error) {
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: "netif_receive_skb", Program: p})
	}, func() error { return nil }},
	{"kprobe", func(p *ebpf.Program) (link.Link, error) {
		return link.Kprobe("ip_rcv", p, nil)
	}, func() error {
		if runtime.GOARCH != "amd64" {
			return errors.New("the program knows the registers of x86-64 only")
		}
		_, err := os.Stat("/sys/bus/event_source/devices/kprobe")
		return err
	}},
	{"fentry", func(p *ebpf.Program) (link.Link, error) {
		return link.AttachTracing(link.TracingOptions{Program: p})
	}, lacksFentry},
}

// lacksFentry attaches a program that does nothing.
func lacksFentry() error {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: "ip_rcv", License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := link.AttachTracing(link.TracingOptions{Program: p})
	if err == nil {
		l.Close()
	}
	return err
}

// traced are filters for tracing programs: of Ethernet frames and of what they carry.
var traced = []struct{ frames, packets string }{
	{"udp dst port 7001", "udp dst port 7002"},
	{"not udp dst port 7001", "udp[8:4] = 0x64617461"},
	{"ip proto 17 and greater 100", "less 60"},
	{"dst host 192.0.2.2", "src net 10.0.0.0/8 or udp src portrange 7000-7003 or ip[8] < 3"},
}

// TestInjectTracing puts two filters into a program at a tracepoint or function of the receive path,
// sends frames, and compares how many the program counts with what the filters say of them.
func TestInjectTracing(t *testing.T) {
	object := compileC(t, "testdata/trace.c", "-g")
	if _, err := btf.LoadKernelSpec(); err != nil {
		netlab.Skip(t, "the program needs to know struct sk_buff: %v", err)
	}
	ran := 0
	for _, h := range traceHooks {
		if err := h.lacks(); err != nil {
			t.Logf("%s: %v", h.program, err)
			continue
		}
		t.Run(h.program, func(t *testing.T) {
			lab := netlab.NewWith(t, netlab.Options{Quiet: true})
			// The program sees the packets of all namespaces: link addresses make ours known.
			for _, text := range traced {
				h.compare(t, lab, object, text.frames, text.packets)
			}
			ran++
		})
	}
	if ran == 0 {
		t.Error("no hook ran")
	}
}

// compare runs a pair of filters at the hook.
func (h *traceHook) compare(t *testing.T, lab *netlab.Lab, object []byte, frames, packets string) {
	t.Helper()
	compile := func(text string, link linktype.Type) *ir.Func {
		f, err := gofilter.Compile(text, gofilter.Config{LinkType: link, View: ir.ViewFile})
		if err != nil {
			t.Fatal(err)
		}
		return f.IR()
	}
	// The second filter knows the namespace by the identification in the IP header; the first one has to
	// leave out the frames of Ready.
	ours := fmt.Sprintf("ether src %s and ip and (%s)", lab.Left.MAC, frames)
	id := uint16(lab.Left.MAC[4])<<8 | uint16(lab.Left.MAC[5])
	oursToo := fmt.Sprintf("ip[4:2] = %d and (%s)", id, packets)
	first, second := compile(ours, linktype.Ethernet), compile(oursToo, linktype.Raw)

	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	p := spec.Programs[h.program]
	spec.Programs = map[string]*ebpf.ProgramSpec{h.program: p}
	p.Instructions, err = ebpfgen.Inject(p.Instructions,
		ebpfgen.Stub{Symbol: "compares", Filter: first, Contract: ebpfgen.StubCompares, Arguments: ebpfgen.RawPointers},
		ebpfgen.Stub{Symbol: "compares_l3", Filter: second, Contract: ebpfgen.StubCompares, Arguments: ebpfgen.RawPointers})
	if err != nil {
		t.Fatal(err)
	}
	coll, err := ebpf.NewCollection(spec)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer coll.Close()
	at, err := h.attach(coll.Programs[h.program])
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()

	var want [2]uint64
	var sent [][]byte
	for i := range 60 {
		frame := lab.Left.Datagram(lab.Right, uint16(7000+i%5), uint16(7001+i%3), []byte("data"+strings.Repeat("gram", i)))
		frame[14+4], frame[14+5] = byte(id>>8), byte(id)
		sent = append(sent, frame)
		for k, verdict := range []uint32{ir.Eval(first, frame, nil), ir.Eval(second, frame[14:], nil)} {
			if verdict != 0 {
				want[k]++
			}
		}
	}
	sender, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	if err := sender.Send(sent...); err != nil {
		t.Fatal(err)
	}
	var got [2]uint64
	for deadline := time.Now().Add(5 * time.Second); got != want && time.Now().Before(deadline); {
		// Received means that a packet socket behind the tracepoint can see it.
		if err := lab.Ready(); err != nil {
			t.Fatal(err)
		}
		for k, name := range []string{"frames", "packets"} {
			if err := coll.Variables[name].Get(&got[k]); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%q: %d of %d frames, %q: %d packets", frames, got[0], len(sent), packets, got[1])
	if got != want {
		t.Errorf("%q, %q: counted %v, want %v", ours, oursToo, got, want)
	}
}
