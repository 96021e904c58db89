package match

import (
	"math/rand"
	"testing"

	"github.com/gofilter/gofilter/ir"
)

// lists makes a function of chains of comparisons, each of one value.
func lists(r *rand.Rand) *ir.Func {
	f := &ir.Func{LinkType: "RAW", Snaplen: 5}
	f.AddBlock()
	accept, reject := f.AddBlock(), f.AddBlock()
	f.Accept(accept)
	f.Reject(reject)
	next := []ir.BlockID{accept, reject}[r.Intn(2)]
	for range 1 + r.Intn(3) {
		next = list(r, f, []ir.BlockID{accept, reject, next}[r.Intn(3)], next)
	}
	f.Jump(0, next)
	if err := f.Sort(); err != nil {
		panic(err)
	}
	return f
}

// list makes a chain of comparisons of one value.
func list(r *rand.Rand, f *ir.Func, yes, no ir.BlockID) ir.BlockID {
	head := f.AddBlock()
	x := f.Load(head, ir.Half, ir.None, uint32(r.Intn(28)))
	for range 1 + r.Intn(40) {
		b := f.AddBlock()
		f.If(b, ir.Eq, x, f.Const(uint32(r.Intn(0x120))), yes, no)
		no = b
	}
	f.Jump(head, no)
	return head
}

func TestLists(t *testing.T) {
	numbers := 0
	for seed := range 2000 {
		r := rand.New(rand.NewSource(int64(seed)))
		f := lists(r)
		if err := f.Check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		p := Compile(f)
		numbers += len(p.numbers)
		for range 40 {
			pkt := make([]byte, 8+r.Intn(28))
			for i := range pkt {
				pkt[i] = []byte{0, 0, 1, 2, byte(r.Intn(0x20))}[r.Intn(5)]
			}
			if got, want := p.Run(pkt, nil), ir.Eval(f, pkt, nil); got != want {
				t.Fatalf("seed %d: packet %x: %d, not %d, in\n%s", seed, pkt, got, want, f)
			}
		}
	}
	if numbers < 1000 {
		t.Errorf("%d numbers in lists: nothing was tested", numbers)
	}
}

func TestContains(t *testing.T) {
	for n := range 70 {
		list := make([]uint32, n)
		for i := range list {
			list[i] = uint32(i)*3 + 1
		}
		for x := range uint32(3*n + 3) {
			if got, want := contains(list, x), x%3 == 1 && x < uint32(3*n); got != want {
				t.Errorf("%d in %v: %v", x, list, got)
			}
		}
	}
}
