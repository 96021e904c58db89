package ebpfgen_test

import (
	"encoding/binary"
	"math/rand"
	"os"
	"testing"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

// randomLadder returns a Func that compares up to two fields with constants from
// a small range, so that some occur twice. With one way, all tests
// that hold accept; else they lead to different places, some with parameters.
func randomLadder(r *rand.Rand, view ir.View, n int, oneWay bool) *ir.Func {
	f := &ir.Func{LinkType: "EN10MB", View: view, Snaplen: 1, Source: "ladder"}
	b := f.AddBlock()
	fields := []ir.ValueID{f.Load(b, ir.Half, ir.None, 16), f.Load(b, ir.Word, ir.None, 22)}
	fields = append(fields, f.Binary(b, ir.OpAnd, fields[1], f.Const(0xff)), f.Load(b, ir.Byte, ir.None, 30))
	fields = fields[r.Intn(len(fields)):]
	yes, no := f.AddBlock(), f.AddBlock()
	f.Accept(yes)
	f.Reject(no)
	join := f.AddBlock()
	param := f.Param(join)
	f.If(join, ir.Gt, param, fields[0], yes, no)
	for range n {
		next := f.AddBlock()
		x := fields[r.Intn(len(fields))]
		k := f.Const(uint32(r.Intn(3 * n)))
		if r.Intn(10) == 0 {
			x, k = k, x
		}
		f.If(b, ir.Eq, x, k, yes, next)
		if way := &f.Blocks[b].Succ[ir.True]; !oneWay {
			switch r.Intn(3) {
			case 0:
				way.To = no
			case 1:
				*way = ir.Edge{To: join, Args: []ir.ValueID{f.Const(uint32(r.Intn(3 * n)))}}
			}
		}
		b = next
	}
	f.Jump(b, join, fields[0])
	if err := f.Sort(); err != nil {
		panic(err)
	}
	f.Compact()
	return f
}

func TestLadder(t *testing.T) {
	kernelrun.Require(t)
	forEachAccess(t, func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access) {
		r := rand.New(rand.NewSource(6))
		o := ebpfgen.Options{Access: a, Kernel: &testKernel}
		for i := range 40 {
			n := 1 + r.Intn(40)
			f := randomLadder(r, target.View(), n, i%2 == 0)
			if err := f.Check(); err != nil {
				t.Fatalf("%v\n%s", err, f)
			}
			p := load(t, f, target, o)
			for k := range 3 * n {
				pkt := make([]byte, 60)
				binary.BigEndian.PutUint16(pkt[16:], uint16(k))
				binary.BigEndian.PutUint32(pkt[22:], uint32(r.Intn(3*n)))
				pkt[30] = byte(r.Intn(3 * n))
				agree(t, f, p, target, o, pkt, 60)
			}
			p.Close()
		}
	})
}

// TestLadderDepth checks that a long list is neither deep nor long.
func TestLadderDepth(t *testing.T) {
	const n = 10000
	insns, err := ebpfgen.Generate(compares(n, ir.Eq), ebpfgen.XDP, ebpfgen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if max := 2 * n; len(insns) > max {
		t.Errorf("%d instructions for %d tests, want at most %d", len(insns), n, max)
	}
	if got := depth(t, insns); got > 25 {
		t.Errorf("%d instructions in the longest path for %d tests", got, n)
	}
}

// TestLong loads a program in which the way to a verdict is longer than a jump.
func TestLong(t *testing.T) {
	const n = 28000
	f := compares(n, ir.Eq)
	insns, err := ebpfgen.Generate(f, ebpfgen.XDP, ebpfgen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := structure(insns); err != nil {
		t.Fatal(err)
	}
	if len(insns) < 40000 {
		t.Fatalf("%d instructions are not enough", len(insns))
	}
	kernelrun.Require(t)
	if os.Getenv(funcsEnv) == "" {
		return // loading takes seconds
	}
	p, err := kernelrun.Load(ebpfgen.XDP, insns, ebpfgen.XDP.Verdict(1, ebpfgen.Options{}))
	if err != nil {
		t.Fatalf("%.2000v", err)
	}
	defer p.Close()
	pkt := make([]byte, 60)
	for k := uint32(0x0a000000 - 1); k <= 0x0a000000+n; k += 101 {
		binary.BigEndian.PutUint32(pkt[26:], k)
		if got, err := p.Match(pkt); err != nil || got != (ir.Eval(f, pkt, nil) != 0) {
			t.Fatalf("%#x: %v, %v", k, got, err)
		}
	}
}
