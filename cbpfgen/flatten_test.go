package cbpfgen

import (
	"testing"

	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/ir"
)

// searchTree is a search for the numbers 10, 20, ... among n, with one test a leaf and a
// choice of the order, greater or greater or equal, at each fork.
func searchTree(n int) *ir.Func {
	f := &ir.Func{LinkType: "EN10MB", Snaplen: 262144}
	root := f.AddBlock()
	v := f.Load(root, ir.Half, ir.None, 2)
	accept, reject := f.AddBlock(), f.AddBlock()
	f.Accept(accept)
	f.Reject(reject)
	var tree func(at ir.BlockID, lo, hi int)
	tree = func(at ir.BlockID, lo, hi int) {
		if hi-lo == 1 {
			f.If(at, ir.Eq, v, f.Const(uint32(10*lo)), accept, reject)
			return
		}
		mid := (lo + hi) / 2
		low, high := f.AddBlock(), f.AddBlock()
		if mid%2 == 0 {
			f.If(at, ir.Ge, v, f.Const(uint32(10*mid)), high, low)
		} else {
			f.If(at, ir.Gt, v, f.Const(uint32(10*mid-10)), high, low)
		}
		tree(high, mid, hi)
		tree(low, lo, mid)
	}
	tree(root, 1, n+1)
	if err := f.Sort(); err != nil {
		panic(err)
	}
	return f
}

// TestFlatten: a tree of up to maxFlat numbers is as long as the list of them, and says
// the same; a longer one keeps its upper levels.
func TestFlatten(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 8, 50, 100, maxFlat, maxFlat + 1, 3 * maxFlat} {
		f := searchTree(n)
		prog, err := Generate(f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if want := n + 3; n <= maxFlat && len(prog) != want {
			t.Errorf("%d numbers: %d instructions, want %d", n, len(prog), want)
		} else if longest := Measure(prog).Longest; n > maxFlat && longest > maxFlat+8 {
			t.Errorf("%d numbers: %d instructions on the longest way", n, longest)
		}
		for k := range 10*n + 20 {
			pkt := []byte{0, 0, byte(k >> 8), byte(k)}
			if got, want := cbpfvm.Run(cbpfvm.Linux, prog, pkt, nil), ir.Eval(f, pkt, nil); got != want {
				t.Fatalf("%d numbers: %d: %d, want %d", n, k, got, want)
			}
		}
	}
}

// TestFlattenOverlap: a number on the wrong side of the order is not found by the
// tree, and so must not be found by what is made of it.
func TestFlattenOverlap(t *testing.T) {
	for _, c := range []struct {
		cond            ir.Cond
		fork, high, low uint32
	}{
		{ir.Ge, 50, 60, 50},
		{ir.Gt, 50, 50, 40},
		{ir.Ge, 50, 40, 30},
		{ir.Gt, 50, 70, 60},
	} {
		f := &ir.Func{LinkType: "EN10MB", Snaplen: 262144}
		root, high, low, accept, reject := f.AddBlock(), f.AddBlock(), f.AddBlock(), f.AddBlock(), f.AddBlock()
		v := f.Load(root, ir.Half, ir.None, 2)
		f.If(root, c.cond, v, f.Const(c.fork), high, low)
		f.If(high, ir.Eq, v, f.Const(c.high), accept, reject)
		f.If(low, ir.Eq, v, f.Const(c.low), accept, reject)
		f.Accept(accept)
		f.Reject(reject)
		prog, err := Generate(f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for k := range 100 {
			pkt := []byte{0, 0, 0, byte(k)}
			if got, want := cbpfvm.Run(cbpfvm.Linux, prog, pkt, nil), ir.Eval(f, pkt, nil); got != want {
				t.Errorf("%v: %d: %d, want %d", c, k, got, want)
			}
		}
	}
}
