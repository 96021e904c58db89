package ebpfgen_test

import (
	"bytes"
	"errors"
	"math/rand"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// stubObject compiles testdata/stub.c, with debugging information or without.
func stubObject(t *testing.T, flags ...string) []byte {
	t.Helper()
	return compileC(t, "testdata/stub.c", flags...)
}

// compileC compiles a program in C and returns the object.
func compileC(t *testing.T, source string, flags ...string) []byte {
	t.Helper()
	kernelrun.Require(t)
	// On a machine without a compiler the object may lie beside the source.
	ready := strings.TrimSuffix(source, ".c") + strings.Join(flags, "") + ".o"
	if raw, err := os.ReadFile(ready); err == nil {
		return raw
	}
	if _, err := exec.LookPath("clang"); err != nil {
		netlab.Skip(t, "%v", err)
	}
	name := filepath.Join(t.TempDir(), "program.o")
	args := append([]string{"-O2", "-target", "bpf", "-Wall", "-Werror", "-c", source, "-o", name}, flags...)
	if out, err := exec.Command("clang", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// inject loads one program of an object with stubs injected.
func inject(t *testing.T, object []byte, program string, stubs ...ebpfgen.Stub) *ebpf.Program {
	t.Helper()
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	p := spec.Programs[program]
	if p == nil {
		t.Fatalf("no program %s", program)
	}
	spec.Programs = map[string]*ebpf.ProgramSpec{program: p}
	p.Instructions, err = ebpfgen.Inject(p.Instructions, stubs...)
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	coll, err := ebpf.NewCollection(spec)
	if err != nil {
		t.Fatalf("%s: %+v\n%s\n%v", program, err, stubs[0].Filter, p.Instructions)
	}
	t.Cleanup(coll.Close)
	return coll.Programs[program]
}

// places are where in the C programs a filter can be.
var places = []struct {
	program string
	accept  uint32
	reject  uint32
	stub    ebpfgen.Stub
	view    ebpfgen.Target // whose packets the program sees
}{
	{"xdp_compares", 2, 1, ebpfgen.Stub{Symbol: "compares", Contract: ebpfgen.StubCompares}, ebpfgen.XDP},
	{"xdp_compares", 2, 1, ebpfgen.Stub{Symbol: "compares", Contract: ebpfgen.StubCompares, Arguments: ebpfgen.Context, Target: ebpfgen.XDP}, ebpfgen.XDP},
	{"xdp_returns", 2, 1, ebpfgen.Stub{Symbol: "returns"}, ebpfgen.XDP},
	{"xdp_context", 2, 1, ebpfgen.Stub{Symbol: "returns_context", Arguments: ebpfgen.Context, Target: ebpfgen.XDP}, ebpfgen.XDP},
	{"xdp_raw_compares", 2, 1, ebpfgen.Stub{Symbol: "compares", Contract: ebpfgen.StubCompares, Arguments: ebpfgen.RawPointers}, ebpfgen.XDP},
	{"xdp_raw_returns", 2, 1, ebpfgen.Stub{Symbol: "returns", Arguments: ebpfgen.RawPointers}, ebpfgen.XDP},
	{"tc_compares", 0xffffffff, 0, ebpfgen.Stub{Symbol: "compares", Contract: ebpfgen.StubCompares}, ebpfgen.SchedCLS},
	{"tc_compares", 0xffffffff, 0, ebpfgen.Stub{Symbol: "compares", Contract: ebpfgen.StubCompares, Arguments: ebpfgen.Context, Target: ebpfgen.SchedCLS,
		Options: ebpfgen.Options{Access: ebpfgen.AccessLoadBytes}}, ebpfgen.SchedCLS},
	{"tc_returns", 0xffffffff, 0, ebpfgen.Stub{Symbol: "returns"}, ebpfgen.SchedCLS},
	{"tc_context", 0xffffffff, 0, ebpfgen.Stub{Symbol: "returns_context", Arguments: ebpfgen.Context, Target: ebpfgen.SchedCLS}, ebpfgen.SchedCLS},
}

// datagram is a UDP frame to port 7001.
func datagram() []byte {
	from, to := netip.MustParseAddrPort("192.0.2.1:7000"), netip.MustParseAddrPort("192.0.2.2:7001")
	return netlab.UDP4(net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}, to, from, []byte("a datagram of some length"))
}

// verdict runs p on a packet; ok is false for a packet that the kernel does not run programs on.
func verdict(t *testing.T, p *ebpf.Program, pkt []byte) (r0 uint32, ok bool) {
	t.Helper()
	// An IPv4 packet of less than a header is refused.
	if len(pkt) < 14 || p.Type() == ebpf.SchedCLS && len(pkt) < 34 {
		return 0, false
	}
	r0, err := p.Run(&ebpf.RunOptions{Data: pkt})
	if err != nil {
		t.Fatalf("%d bytes: %v", len(pkt), err)
	}
	return r0, true
}

// TestInject puts filters into the functions of C programs.
func TestInject(t *testing.T) {
	object := stubObject(t, "-g")
	filters := []string{
		"udp dst port 7001", "tcp dst port 7001", "not udp", "udp[8] == 97 and ip[8] == 64", "udp[20:4] != 0",
		"src net 192.0.2.0/24 and dst portrange 7000-7002", "greater 55", "host 192.0.2.7 or host 192.0.2.1 or port 53", "",
	}
	for _, place := range places {
		accepted, rejected := 0, 0
		for _, text := range filters {
			f, err := gofilter.Compile(text, gofilter.Config{LinkType: linktype.Ethernet, View: place.view.View()})
			if err != nil {
				t.Fatal(err)
			}
			stub := place.stub
			stub.Filter = f.IR()
			p := inject(t, object, place.program, stub)
			for n := len(datagram()); n >= 14; n-- {
				pkt := datagram()[:n]
				got, ok := verdict(t, p, pkt)
				if !ok {
					continue
				}
				want := place.reject
				if ir.Eval(f.IR(), pkt, nil) != 0 {
					want = place.accept
					accepted++
				} else {
					rejected++
				}
				if got != want {
					t.Fatalf("%s, %q, %d bytes: got %d, want %d", place.program, text, n, int32(got), int32(want))
				}
			}
		}
		if accepted == 0 || rejected == 0 {
			t.Errorf("%s: %d packets accepted, %d rejected", place.program, accepted, rejected)
		}
	}
}

// TestInjectRandom puts random graphs into the functions of C programs without debugging information.
func TestInjectRandom(t *testing.T) {
	object := stubObject(t)
	r := rand.New(rand.NewSource(11))
	accepted := 0
	for i := range 120 {
		place := places[i%len(places)]
		pkt := randomPacket(r, 34+r.Intn(70))
		pkt[12], pkt[13] = 0x88, 0xb5
		f := randomFunc(r, place.view, 2+r.Intn(25), pkt)
		if hasMeta(f) {
			continue
		}
		stub := place.stub
		stub.Filter, stub.RejectAll = f, true
		p := inject(t, object, place.program, stub)
		for n := len(pkt); n >= 34; n-- {
			got, _ := verdict(t, p, pkt[:n])
			want := place.reject
			if ir.Eval(f, pkt[:n], nil) != 0 {
				want = place.accept
				accepted++
			}
			if got != want {
				t.Fatalf("%s: %x: got %d, want %d\n%s", place.program, pkt[:n], int32(got), int32(want), f)
			}
		}
		p.Close()
	}
	if accepted == 0 {
		t.Error("no packet was accepted")
	}
}

// TestInjectPair puts a filter for Ethernet and one for IP into one program.
func TestInjectPair(t *testing.T) {
	object := stubObject(t, "-g")
	compile := func(text string, link linktype.Type) *ir.Func {
		f, err := gofilter.Compile(text, gofilter.Config{LinkType: link, View: ir.ViewTC})
		if err != nil {
			t.Fatal(err)
		}
		return f.IR()
	}
	tests := []struct {
		l2, l3 string
		want   uint32
	}{
		{"udp port 7001", "udp port 7001", 3},
		{"udp port 7001", "tcp port 7001", 1},
		{"tcp port 7001", "udp port 7001", 2},
		{"tcp port 7001", "ip6", 0},
	}
	for _, test := range tests {
		p := inject(t, object, "tc_pair",
			ebpfgen.Stub{Symbol: "returns", Filter: compile(test.l2, linktype.Ethernet)},
			ebpfgen.Stub{Symbol: "returns_l3", Filter: compile(test.l3, linktype.Raw)})
		if got, _ := verdict(t, p, datagram()); got != test.want {
			t.Errorf("%s, %s: got %d, want %d", test.l2, test.l3, got, test.want)
		}
	}
}

// TestInjectWords looks for the filter's words in what the kernel knows of a program.
func TestInjectWords(t *testing.T) {
	f, err := gofilter.Compile("udp dst port 7001", gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewXDP})
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range places[:4] {
		stub := place.stub
		stub.Filter = f.IR()
		info, err := inject(t, stubObject(t, "-g"), place.program, stub).Info()
		if err != nil {
			t.Fatal(err)
		}
		lines, err := info.LineInfos()
		if err != nil {
			t.Fatal(err)
		}
		funcs, err := info.FuncInfos()
		if err != nil {
			t.Fatal(err)
		}
		if len(funcs) != 2 || funcs[1].Func.Name != stub.Symbol {
			t.Fatalf("%s: functions %v", place.program, funcs)
		}
		found := false
		for _, l := range lines {
			if l.Line.Line() == "udp dst port 7001" {
				found = true
				if l.Offset < funcs[1].Offset {
					t.Errorf("%s: instruction %d is before the function at %d", place.program, l.Offset, funcs[1].Offset)
				}
			}
		}
		if !found {
			t.Errorf("%s: no words in %v", place.program, lines)
		}
	}
}

// TestInjectLeavesInput injects into one specification twice.
func TestInjectLeavesInput(t *testing.T) {
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(stubObject(t, "-g")))
	if err != nil {
		t.Fatal(err)
	}
	insns := spec.Programs["xdp_compares"].Instructions
	before := insns.String()
	stub := ebpfgen.Stub{Symbol: "compares", Contract: ebpfgen.StubCompares, Filter: parse(t, tcpPort22, ebpfgen.XDP)}
	first, err := ebpfgen.Inject(insns, stub)
	if err != nil {
		t.Fatal(err)
	}
	if insns.String() != before {
		t.Error("the program that was given has changed")
	}
	second, err := ebpfgen.Inject(insns, stub)
	if err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("got\n%v\nand then\n%v", first, second)
	}
	named := 0
	for i := range first {
		if fn := btf.FuncMetadata(&first[i]); fn != nil && fn.Name != first[i].Symbol() {
			t.Errorf("instruction %d is function %s and has symbol %q", i, fn.Name, first[i].Symbol())
		} else if fn != nil {
			named++
		}
	}
	if named != 2 {
		t.Errorf("%d functions, want 2", named)
	}
}

// TestInjectRejectsAll injects filters that no packet satisfies.
func TestInjectRejectsAll(t *testing.T) {
	object := stubObject(t, "-g")
	for _, place := range places {
		f, err := gofilter.Compile("tcp and udp", gofilter.Config{LinkType: linktype.Ethernet, View: place.view.View()})
		if err != nil {
			t.Fatal(err)
		}
		stub := place.stub
		stub.Filter = f.IR()
		spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ebpfgen.Inject(spec.Programs[place.program].Instructions, stub); !errors.Is(err, ebpfgen.ErrRejectsAll) {
			t.Errorf("%s: got %v", place.program, err)
		}
		stub.RejectAll = true
		if got, _ := verdict(t, inject(t, object, place.program, stub), datagram()); got != place.reject {
			t.Errorf("%s: got %d, want %d", place.program, got, place.reject)
		}
	}
}
