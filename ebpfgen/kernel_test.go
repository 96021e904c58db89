package ebpfgen_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

// testKernel is what a kernel could be like, for tests that load nothing.
var testKernel = ebpfgen.Kernel{Len: 112, DataLen: 116, Data: 200, CastToKernCtx: 1001, RdonlyCast: 1002}

// forEachAccess runs a subtest for each target and each of its strategies.
func forEachAccess(t *testing.T, test func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access)) {
	for _, target := range ebpfgen.Targets() {
		for _, a := range target.AccessOn(&testKernel) {
			t.Run(fmt.Sprintf("%s/%s", target, a), func(t *testing.T) { test(t, target, a) })
		}
	}
}

// load generates f and loads it. It skips the test where the kernel is too old for
// the target or the strategy.
func load(t *testing.T, f *ir.Func, target ebpfgen.Target, o ebpfgen.Options) *kernelrun.Program {
	t.Helper()
	if err := kernelrun.Lacks(target, o.Access); err != nil {
		t.Skip(err)
	}
	if o.Kernel != nil {
		o.Kernel = kernelrun.Kernel()
	}
	insns, err := ebpfgen.Generate(f, target, o)
	if err != nil {
		t.Fatalf("%v\n%s", err, f)
	}
	p, err := kernelrun.Load(target, insns, target.Verdict(f.Snaplen, o))
	if err != nil {
		t.Fatalf("%v\n%s\n%v", err, f, insns)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// agree compares the kernel's verdict with Eval's on pkt and on its truncations.
func agree(t *testing.T, f *ir.Func, p *kernelrun.Program, target ebpfgen.Target, o ebpfgen.Options, pkt []byte, step int) (accepted int) {
	t.Helper()
	for n := len(pkt); n >= 0; n -= step {
		cut := pkt[:n]
		got, err := p.Match(cut)
		if errors.Is(err, kernelrun.ErrSize) {
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		want := ir.Eval(f, cut, p.Metadata(cut)) != 0
		if got != want {
			insns, _ := ebpfgen.Generate(f, target, o)
			t.Fatalf("%x: kernel says %v, Eval %v\n%s\n%v", cut, got, want, f, insns)
		}
		if got {
			accepted++
		}
	}
	return accepted
}

// randomPacket returns bytes, most of them small, so that they serve as offsets.
func randomPacket(r *rand.Rand, n int) []byte {
	pkt := make([]byte, n)
	for i := range pkt {
		pkt[i] = byte(r.Intn(256) >> r.Intn(8))
	}
	return pkt
}

// funcsEnv is the environment variable that asks for a longer run with fresh
// random numbers: how many Funcs for each target and strategy.
// seedEnv is the one that repeats such a run: the number that it has printed.
const (
	funcsEnv = "GOFILTER_KERNEL_FUNCS"
	seedEnv  = "GOFILTER_KERNEL_SEED"
)

// TestRandomAgreement compares programs made of random Funcs, run by the
// kernel, with Eval.
func TestRandomAgreement(t *testing.T) {
	kernelrun.Require(t)
	funcs, seed := 150, int64(1)
	if testing.Short() {
		funcs = 20
	}
	if n, err := strconv.Atoi(os.Getenv(funcsEnv)); err == nil {
		funcs, seed = n, time.Now().UnixNano()
		if n, err := strconv.ParseInt(os.Getenv(seedEnv), 10, 64); err == nil {
			seed = n
		}
		t.Logf("seed %d", seed)
	}
	forEachAccess(t, func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access) {
		r := rand.New(rand.NewSource(seed))
		accepted, tried, size := 0, 0, 0
		for i := range funcs {
			pkt := randomPacket(r, 20+r.Intn(100))
			f := randomFunc(r, target, 2+r.Intn(30), pkt)
			if err := f.Check(); err != nil {
				t.Fatalf("func %d: %v\n%s", i, err, f)
			}
			o := ebpfgen.Options{Access: a, Kernel: &testKernel}
			p := load(t, f, target, o)
			tried += len(pkt)
			if insns, err := ebpfgen.Generate(f, target, o); err == nil {
				size += len(insns)
			}
			accepted += agree(t, f, p, target, o, pkt, 1)
			accepted += agree(t, f, p, target, o, randomPacket(r, 100), 7)
			p.Close()
		}
		t.Logf("%d of %d packets accepted, %d instructions a program", accepted, tried, size/funcs)
		if accepted == 0 {
			t.Error("no packet was accepted")
		}
	})
}

// TestExample runs "ip and tcp port 22" on packets that it tells apart, whole
// and cut, for each target and strategy.
func TestExample(t *testing.T) {
	kernelrun.Require(t)
	base := make([]byte, 80)
	base[12], base[14], base[23] = 8, 0x45, 6
	packets := map[string]struct {
		change map[int]byte
		want   bool
	}{
		"destination port": {map[int]byte{37: 22}, true},
		"source port":      {map[int]byte{35: 22}, true},
		"other port":       {map[int]byte{35: 80, 37: 80}, false},
		"high byte":        {map[int]byte{36: 22}, false},
		"options":          {map[int]byte{14: 0x48, 49: 22}, true},
		"long header":      {map[int]byte{14: 0x4f, 77: 22}, true},
		"udp":              {map[int]byte{23: 17, 37: 22}, false},
		"fragment":         {map[int]byte{21: 1, 37: 22}, false},
		"flags":            {map[int]byte{20: 0x40, 37: 22}, true},
		"ip6":              {map[int]byte{12: 0x86, 13: 0xdd, 37: 22}, false},
	}
	forEachAccess(t, func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access) {
		f := parse(t, tcpPort22, target)
		o := ebpfgen.Options{Access: a, Kernel: &testKernel}
		p := load(t, f, target, o)
		for name, test := range packets {
			pkt := append([]byte(nil), base...)
			for i, c := range test.change {
				pkt[i] = c
			}
			if got, err := p.Match(pkt); err != nil || got != test.want {
				t.Errorf("%s: %v, %v", name, got, err)
			}
			agree(t, f, p, target, o, pkt, 1)
		}
	})
}

// edges are filters at the edge of what the verifier follows.
var edges = map[string]string{
	"a base that is the sum of a value and a large constant": `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load32 [0]
	v2 = sub v1 0x4d6eee40
	v3 = load32 [v2+55]
	if ge v3 v1 -> b1, b2
b1:
	accept
b2:
	reject
`,
	"a guard of an unbounded base that a later one extends": `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load16 [0]
	v2 = load8 [v1+3]
	if eq v2 7 -> b2, b1
b1:
	v3 = load8 [v1+30]
	if eq v3 7 -> b2, b3
b2:
	accept
b3:
	reject
`,
	"offsets at the end of what the verifier follows": `func linktype=EN10MB view=VIEW snaplen=1 ""
b0:
	v1 = load8 [0]
	v2 = load8 [65534]
	v3 = load8 [v1+65200]
	v4 = load32 [v1+32767]
	if eq v2 v3 -> b1, b2
b1:
	accept
b2:
	if eq v4 v3 -> b3, b4
b3:
	accept
b4:
	reject
`,
}

func TestEdges(t *testing.T) {
	kernelrun.Require(t)
	for name, text := range edges {
		t.Run(name, func(t *testing.T) {
			forEachAccess(t, func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access) {
				f := parse(t, text, target)
				o := ebpfgen.Options{Access: a, Kernel: &testKernel}
				p := load(t, f, target, o)
				pkt := make([]byte, 100)
				binary.BigEndian.PutUint32(pkt, 0x4d6eee40-50)
				agree(t, f, p, target, o, pkt, 1)
				pkt = make([]byte, 100)
				pkt[1], pkt[40], pkt[33] = 10, 7, 3
				agree(t, f, p, target, o, pkt, 1)
			})
		})
	}
}

// TestFragments runs filters that read around the end of the linear part of an
// XDP frame: TEST_RUN hands over what does not fit a page in pieces.
func TestFragments(t *testing.T) {
	kernelrun.Require(t)
	const linear = 3520 // a page less headroom and tail of an XDP buffer
	target := ebpfgen.XDPFrags
	for _, a := range target.Access() {
		t.Run(a.String(), func(t *testing.T) {
			r := rand.New(rand.NewSource(5))
			accepted := 0
			for range 100 {
				pkt := make([]byte, linear+200+r.Intn(3000))
				part := pkt[linear-60 : linear+60]
				copy(part, randomPacket(r, len(part)))
				f := randomFunc(r, target, 2+r.Intn(20), part)
				for id := range f.Values {
					if v := &f.Values[id]; v.Op == ir.OpLoad && v.Args[0] == ir.None && int(v.K) < len(part) {
						v.K += linear - 60
					}
				}
				o := ebpfgen.Options{Access: a, Kernel: &testKernel}
				p := load(t, f, target, o)
				accepted += agree(t, f, p, target, o, pkt, 100)
				p.Close()
			}
			if accepted == 0 {
				t.Error("no packet was accepted")
			}
		})
	}
}

// TestWords loads a program whose filter has a text that is not one line.
func TestWords(t *testing.T) {
	kernelrun.Require(t)
	f := parse(t, tcpPort22, ebpfgen.XDP)
	f.Source = "ip\nand\x00tcp\tport 22"
	load(t, f, ebpfgen.XDP, ebpfgen.Options{})
	insns, err := ebpfgen.Generate(f, ebpfgen.XDP, ebpfgen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	words, ok := insns[len(insns)-5].Source().(ebpfgen.Words)
	if !ok || words.String() != "tcp port 22" || words.Span != (ir.Span{Pos: 7, End: 18}) {
		t.Errorf("got %#v", insns[len(insns)-5].Source())
	}
}
