package inject_test

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/inject"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/internal/netlab"
)

// object compiles the C programs.
func object(t *testing.T) []byte {
	t.Helper()
	kernelrun.Require(t)
	if _, err := exec.LookPath("clang"); err != nil {
		netlab.Skip(t, "%v", err)
	}
	name := filepath.Join(t.TempDir(), "stubs.o")
	if out, err := exec.Command("clang", "-O2", "-g", "-target", "bpf", "-Wall", "-Werror", "-c", "testdata/stubs.c", "-o", name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// load loads one program of an object, changed.
func load(t *testing.T, object []byte, name string, change func(asm.Instructions) (asm.Instructions, error)) *ebpf.Program {
	t.Helper()
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	p := spec.Programs[name]
	spec.Programs = map[string]*ebpf.ProgramSpec{name: p}
	if p.Instructions, err = change(p.Instructions); err != nil {
		t.Fatal(err)
	}
	coll, err := ebpf.NewCollection(spec)
	if err != nil {
		t.Fatalf("%s: %+v", name, err)
	}
	t.Cleanup(coll.Close)
	return coll.Programs[name]
}

// datagram is a UDP frame from port 7000 to 7001.
func datagram() []byte {
	from, to := netip.MustParseAddrPort("192.0.2.1:7000"), netip.MustParseAddrPort("192.0.2.2:7001")
	return netlab.UDP4(net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}, to, from, []byte("a datagram of some length"))
}

// arp is a frame that no filter for the network layer matches but by its length.
func arp() []byte {
	return append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6}, make([]byte, 46)...)
}

func TestInject(t *testing.T) {
	raw := object(t)
	l2 := func(m inject.PacketAccessMode) inject.Options {
		return inject.Options{AtBpf2Bpf: "filter_l2", PacketAccessMode: m, L2Skb: true}
	}
	l3 := func(m inject.PacketAccessMode) inject.Options {
		return inject.Options{AtBpf2Bpf: "filter_l3", PacketAccessMode: m}
	}
	for _, test := range []struct {
		program string
		filter  string
		options inject.Options
		udp     uint32 // verdict on the datagram
		arp     uint32
	}{
		// The stub that stays as it is accepts.
		{"direct", "udp port 7001", l2(inject.Direct), 1 + 2, 2},
		{"direct", "tcp port 7001", l2(inject.Direct), 2, 2},
		{"direct", "arp", l2(inject.Direct), 2, 1 + 2},
		{"direct", "udp port 7001", l3(inject.Direct), 1 + 2, 1},
		{"direct", "udp[8:4] = 0x61206461", l3(inject.Direct), 1 + 2, 1},
		{"direct", "", l3(inject.Direct), 1 + 2, 1 + 2},
		{"direct", inject.RejectAllExpr, l3(inject.Direct), 1, 1},
		{"skb", "udp port 7001", l2(inject.BpfSkbLoadBytes), 1, 0},
		{"skb", "udp port 7002", l2(inject.BpfSkbLoadBytes), 0, 0},
		{"skb", "not ip", l2(inject.BpfSkbLoadBytes), 0, 1},
		{"raw", "udp port 7001", l2(inject.BpfProbeReadKernel), 1 + 2, 2},
		{"raw", "src net 192.0.2.0/24 and greater 53", l3(inject.BpfProbeReadKernel), 1 + 2, 1},
		{"raw", "src net 192.0.2.0/24 and greater 54", l3(inject.BpfProbeReadKernel), 1, 1},
	} {
		p := load(t, raw, test.program, func(insns asm.Instructions) (asm.Instructions, error) {
			return inject.Inject(test.filter, insns, test.options)
		})
		expect(t, test.program+", "+test.filter, p, test.udp, test.arp)
	}
}

// expect compares verdicts on the datagram and on the ARP frame.
func expect(t *testing.T, what string, p *ebpf.Program, udp, arpWant uint32) {
	t.Helper()
	for _, c := range []struct {
		pkt  []byte
		want uint32
	}{{datagram(), udp}, {arp(), arpWant}} {
		got, err := p.Run(&ebpf.RunOptions{Data: c.pkt})
		if err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%s: %d on a frame of type 0x%x, want %d", what, got, c.pkt[12:14], c.want)
		}
	}
}

// TestInjectBoth puts one filter into both functions.
func TestInjectBoth(t *testing.T) {
	raw := object(t)
	for _, test := range []struct {
		filter   string
		udp, arp uint32
	}{
		{"udp port 7001", 1 + 2, 0},
		{"arp", 0, 1},
		{"not arp", 1 + 2, 2},
		{inject.RejectAllExpr, 0, 0},
	} {
		for name, mode := range map[string]inject.PacketAccessMode{"direct": inject.Direct, "raw": inject.BpfProbeReadKernel} {
			p := load(t, raw, name, func(insns asm.Instructions) (asm.Instructions, error) {
				return inject.InjectBoth(test.filter, insns, "filter_l2", "filter_l3", inject.Options{PacketAccessMode: mode})
			})
			expect(t, name+", "+test.filter, p, test.udp, test.arp)
		}
	}
	none := asm.Instructions{asm.Return().WithSymbol("main")}
	if _, err := inject.InjectBoth("ip and ip6", none, "l2", "l3", inject.Options{}); !errors.Is(err, inject.ErrRejectsAll) {
		t.Errorf("a filter that no packet satisfies: %v", err)
	}
}
