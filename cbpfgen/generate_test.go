package cbpfgen

import (
	"errors"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/ir"
	"golang.org/x/net/bpf"
)

func parseFunc(t testing.TB, text string) *ir.Func {
	t.Helper()
	f, err := ir.Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return f
}

var rounds = flag.Int("rounds", 3000, "random functions that TestAgreement tries")

// TestAgreement: the program and the Func have the same verdict, in both machines, on
// random packets cut at every length.
func TestAgreement(t *testing.T) {
	accepted, tooLarge := 0, 0
	for seed := range *rounds {
		size := 12
		if seed%50 == 0 {
			size = 400
		}
		a, l := checkAgreement(t, uint64(seed), size)
		accepted, tooLarge = accepted+a, tooLarge+l
	}
	if accepted < *rounds || tooLarge > *rounds/10 {
		t.Errorf("%d verdicts were accept, %d programs too large: the test shows little", accepted, tooLarge)
	}
}

func FuzzAgreement(f *testing.F) {
	f.Add(uint64(1), uint16(5))
	f.Add(uint64(2), uint16(500))
	f.Fuzz(func(t *testing.T, seed uint64, size uint16) {
		checkAgreement(t, seed, 1+int(size%1000))
	})
}

// checkAgreement tests one random Func of at most size blocks. It returns how many
// packets were accepted and how many programs needed more than the machine has.
func checkAgreement(t *testing.T, seed uint64, size int) (accepted, tooLarge int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	f := randomFunc(r, size)
	if err := f.Check(); err != nil {
		t.Fatalf("seed %d: generator: %v", seed, err)
	}
	text := f.String()
	for i := range 4 {
		m := []cbpfvm.Machine{cbpfvm.Libpcap, cbpfvm.Linux}[i%2]
		o := Options{Kernel: m == cbpfvm.Linux, Speed: i >= 2, MaxInsns: MaxSocketInsns}
		prog, err := Generate(f, o)
		var limit *LimitError
		if errors.As(err, &limit) {
			tooLarge++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if s := f.String(); s != text {
			t.Fatalf("seed %d: Generate changed the Func:\n%s\nbecame\n%s", seed, text, s)
		}
		if err := Verify(prog); err != nil {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, f, Format(prog))
		}
		for range 2 {
			full := randomPacket(r)
			for n := range len(full) + 1 {
				pkt, md := full[:n], randomMeta(r, n)
				want := ir.Eval(f, pkt, md)
				if want != 0 {
					accepted++
				}
				if got := cbpfvm.Run(m, prog, pkt, md); got != want {
					t.Fatalf("seed %d, machine %d, %+v: verdict %d, want %d for % x, %+v\n%s\n%s\n%s",
						seed, m, o, got, want, pkt, md, f, legal(f, m == cbpfvm.Linux), Format(prog))
				}
			}
		}
	}
	return accepted, tooLarge
}

// TestLegal: the legal form keeps the meaning, and the laws.
func TestLegal(t *testing.T) {
	for seed := range *rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 11))
		f := randomFunc(r, 20)
		for _, kernel := range []bool{false, true} {
			g := legal(f, kernel)
			g.Compact()
			if err := g.Check(); err != nil {
				t.Fatalf("seed %d: %v\n%s\n%s", seed, err, f, g)
			}
			full := randomPacket(r)
			for n := range len(full) + 1 {
				md := randomMeta(r, n)
				if got, want := ir.Eval(g, full[:n], md), ir.Eval(f, full[:n], md); got != want {
					t.Fatalf("seed %d: verdict %d, want %d for % x, %+v\n%s\n%s", seed, got, want, full[:n], md, f, g)
				}
			}
		}
	}
}

// hostList is "host A0 or A1 or ...", as an IR of n tests of one load.
func hostList(n int) *ir.Func {
	f := &ir.Func{LinkType: "RAW", Snaplen: 100}
	for range n + 2 {
		f.AddBlock()
	}
	yes, no := ir.BlockID(n), ir.BlockID(n+1)
	v := f.Load(0, ir.Word, ir.None, 12)
	for i := range n {
		next := ir.BlockID(i + 1)
		if i == n-1 {
			next = no
		}
		f.If(ir.BlockID(i), ir.Eq, v, f.Const(uint32(0x0a000000+i)), yes, next)
	}
	f.Accept(yes)
	f.Reject(no)
	return f
}

func TestLongJumps(t *testing.T) {
	const n = 10000
	f := hostList(n)
	prog, err := Generate(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(prog, 1<<20); err != nil {
		t.Fatal(err)
	}
	// A stepping stone serves all tests that can reach it.
	if most := 1 + n + n/250 + 2; len(prog) > most {
		t.Errorf("%d instructions, want at most %d", len(prog), most)
	}
	pkt := make([]byte, 16)
	for _, i := range []int{0, 1, 254, 255, 256, 257, 5000, n - 257, n - 256, n - 255, n - 1, n, n + 1} {
		want := uint32(0)
		if i < n {
			want = 100
		}
		copy(pkt[12:], []byte{0x0a, 0, byte(i >> 8), byte(i)})
		if got := cbpfvm.Run(cbpfvm.Libpcap, prog, pkt, nil); got != want {
			t.Errorf("host %d: verdict %d, want %d", i, got, want)
		}
	}
	_, err = Generate(f, Options{MaxInsns: MaxSocketInsns})
	le, ok := err.(*LimitError)
	if !ok || le.Have != len(prog) || le.Max != MaxSocketInsns || !strings.Contains(le.Error(), "instructions, the limit is 4096") {
		t.Errorf("error %v, want a LimitError", err)
	}
}

// TestScratchLimit: what cannot be computed with 16 slots is an error.
func TestScratchLimit(t *testing.T) {
	// A sum and product of n parameters.
	sum := func(n int) *ir.Func {
		f := &ir.Func{LinkType: "RAW", Snaplen: 1}
		for range 6 {
			f.AddBlock()
		}
		var ways [2][]ir.ValueID
		for i := range n {
			for w := range ways {
				ways[w] = append(ways[w], f.Const(uint32(3*i+w)))
			}
		}
		f.If(0, ir.Eq, f.Load(0, ir.Byte, ir.None, 0), f.Const(1), 1, 2)
		f.Jump(1, 3, ways[0]...)
		f.Jump(2, 3, ways[1]...)
		var params []ir.ValueID
		for range n {
			params = append(params, f.Param(3))
		}
		acc := f.Load(3, ir.Word, ir.None, 0)
		for _, op := range []ir.Op{ir.OpAdd, ir.OpMul} {
			for _, p := range params {
				acc = f.Binary(3, op, acc, p)
			}
		}
		f.If(3, ir.Eq, acc, f.Const(7), 4, 5)
		f.Accept(4)
		f.Reject(5)
		return f
	}
	if _, err := Generate(sum(14), Options{}); err != nil {
		t.Errorf("14 parameters: %v", err)
	}
	_, err := Generate(sum(20), Options{})
	le, ok := err.(*LimitError)
	if !ok || le.What != "scratch slots" || le.Max != 16 || le.Have <= 16 {
		t.Errorf("20 parameters: error %v, want a LimitError", err)
	}
}

func run(t *testing.T, text string, o Options) []bpf.RawInstruction {
	t.Helper()
	f := parseFunc(t, text)
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	prog, err := Generate(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return prog
}
