package match

import (
	"encoding/hex"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"testing"

	"github.com/gofilter/gofilter/internal/opt"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/ir/irtest"
)

// TestEval compares with the definition on random functions, as they are and
// after the passes.
func TestEval(t *testing.T) {
	rounds := 6000
	if testing.Short() {
		rounds = 500
	}
	for seed := range rounds {
		r := rand.New(rand.NewSource(int64(seed)))
		f := irtest.Func(r)
		pkts, mds := irtest.Packets(r)
		compareAll(t, fmt.Sprintf("seed %d", seed), f, pkts, mds)
		if err := opt.Run(f, opt.Options{}); err != nil {
			t.Fatal(err)
		}
		compareAll(t, fmt.Sprintf("seed %d after the passes", seed), f, pkts, mds)
	}
}

func compareAll(t *testing.T, name string, f *ir.Func, pkts [][]byte, mds []ir.Metadata) {
	t.Helper()
	p := Compile(f)
	for i := range pkts {
		for _, md := range []*ir.Metadata{&mds[i], nil} {
			if got, want := p.Run(pkts[i], md), ir.Eval(f, pkts[i], md); got != want {
				t.Fatalf("%s: packet %x, metadata %v: %d, not %d, in\n%s", name, pkts[i], md, got, want, f)
			}
		}
	}
}

func parse(t testing.TB, text string) *ir.Func {
	t.Helper()
	f, err := ir.Parse(text)
	if err == nil {
		err = f.Check()
	}
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return f
}

const ssh = `func linktype=EN10MB view=file snaplen=65535 "ip and tcp port 22"
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b6
b1:
	v2 = load8 [23]
	if eq v2 6 -> b2, b6
b2:
	v3 = load16 [20]
	if set v3 0x1fff -> b6, b3
b3:
	v4 = load8 [14]
	v5 = and v4 0xf
	v6 = lsh v5 2
	v7 = load16 [v6+14]
	if eq v7 22 -> b5, b4
b4:
	v8 = load16 [v6+16]
	if eq v8 22 -> b5, b6
b5:
	accept
b6:
	reject
`

// sshPacket is an Ethernet frame with a TCP segment to port 22.
func sshPacket(t testing.TB) []byte {
	p, err := hex.DecodeString(strings.Join(strings.Fields(`
		001122334455 66778899aabb 0800
		4500003c 1c464000 4006b1e6 c0a80001 c0a80002
		d0140016 00000001 00000000 a002faf0 00000000`), ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSSH(t *testing.T) {
	f := parse(t, ssh)
	pkt := sshPacket(t)
	p := Compile(f)
	if got := p.Run(pkt, nil); got != 65535 {
		t.Errorf("%d, want 65535", got)
	}
	for n := range pkt {
		for at := range n {
			cut := append([]byte(nil), pkt[:n]...)
			cut[at] ^= 0x11
			if got, want := p.Run(cut, nil), ir.Eval(f, cut, nil); got != want {
				t.Fatalf("%x: %d, not %d", cut, got, want)
			}
		}
	}
	if n := len(p.code); n != 8 {
		t.Errorf("%d instructions for 6 loads and 2 verdicts: the parts do not fuse", n)
	}
	if n := testing.AllocsPerRun(100, func() { p.Run(pkt, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// manyValues is a function that needs n slots at the same time.
func manyValues(n int) *ir.Func {
	f := &ir.Func{LinkType: "RAW", Snaplen: 9}
	a, b, accept, reject := f.AddBlock(), f.AddBlock(), f.AddBlock(), f.AddBlock()
	f.Accept(accept)
	f.Reject(reject)
	var loads []ir.ValueID
	for i := range n {
		loads = append(loads, f.Load(a, ir.Byte, ir.None, uint32(i%40)))
	}
	f.Jump(a, b)
	sum := f.Const(0)
	for i, l := range loads {
		sum = f.Binary(b, ir.OpAdd, f.Binary(b, ir.OpMul, sum, f.Const(uint32(i)|1)), l)
	}
	f.If(b, ir.Set, sum, f.Const(4), accept, reject)
	return f
}

func TestManySlots(t *testing.T) {
	for _, n := range []int{3, 15, 16, 17, 300, 70000} {
		f := manyValues(n)
		if err := f.Check(); err != nil {
			t.Fatal(err)
		}
		p := Compile(f)
		var all sync.WaitGroup
		for g := range 4 {
			all.Add(1)
			go func() {
				defer all.Done()
				r := rand.New(rand.NewSource(int64(g)))
				for range 20 {
					pkt := make([]byte, 38+r.Intn(4))
					r.Read(pkt)
					if got, want := p.Run(pkt, nil), ir.Eval(f, pkt, nil); got != want {
						t.Errorf("%d values: %d, not %d", n, got, want)
					}
				}
			}()
		}
		all.Wait()
	}
}

// TestLargeOffsets: sums of displacements do not wrap.
func TestLargeOffsets(t *testing.T) {
	for _, load := range []string{
		"v2 = load8 [0xffffffff+1]", "v2 = load32 [0xfffffffe+2]", "v2 = load16 [4294967295]", "v2 = load32 [4294967293]",
		"v1 = load32 [0]\nv2 = load8 [v1+1]", "v1 = load32 [0]\nv2 = load16 [v1+2]", "v1 = load32 [0]\nv2 = load32 [v1+4294967295]",
	} {
		for _, test := range []string{"if ge v2 0 -> b1, b2", "if eq v2 v2 -> b1, b2", "if set v2 0 -> b2, b1", "if gt v2 v2 -> b2, b1", "jump b1"} {
			text := "func linktype=RAW view=file snaplen=1 \"\"\nb0:\n" + load + "\n" + test + "\nb1:\naccept\nb2:\nreject"
			if test == "jump b1" {
				text = strings.TrimSuffix(text, "\nb2:\nreject")
			}
			f := parse(t, text)
			if got := Compile(f).Run([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, nil); got != 0 {
				t.Errorf("accepted by\n%s", f)
			}
		}
	}
}

func BenchmarkSSH(b *testing.B) {
	f := parse(b, ssh)
	p := Compile(f)
	// Many packets, of which some match at each test: a loop over one packet is
	// learnt by the branch predictor.
	const packets, size = 4096, 64
	r := rand.New(rand.NewSource(1))
	one := sshPacket(b)
	memory := make([]byte, packets*size)
	for i := range packets {
		pkt := memory[i*size:][:len(one)]
		copy(pkt, one)
		switch r.Intn(8) {
		case 0:
			pkt[12] = 0x86
		case 1:
			pkt[23] = 17
		case 2, 3, 4:
			pkt[37] = byte(r.Intn(256))
		}
	}
	for _, c := range []struct {
		name string
		n    int
	}{{"one", 1}, {"many", packets}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			accepted := 0
			for i := 0; b.Loop(); i++ {
				pkt := memory[i%c.n*size:][:len(one):len(one)]
				if p.Run(pkt, nil) != 0 {
					accepted++
				}
			}
		})
	}
	b.Run("eval", func(b *testing.B) {
		for b.Loop() {
			ir.Eval(f, one, nil)
		}
	})
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Compile(f)
		}
	})
}
