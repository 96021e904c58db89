package ir

import (
	"math/rand"
	"strings"
	"testing"
)

// TestBuild builds targets before sources, as lowering in continuation-passing
// style does.
func TestBuild(t *testing.T) {
	f := &Func{LinkType: "EN10MB", Snaplen: 96, Source: "ip"}
	entry := f.AddBlock()
	reject, accept := f.AddBlock(), f.AddBlock()
	f.Reject(reject)
	f.Accept(accept)
	join := f.AddBlock()
	p := f.Param(join)
	v := f.Load(join, Half, p, 2)
	f.If(join, Eq, v, f.Const(0x800), accept, reject)
	unused := f.AddBlock()
	f.Load(unused, Byte, None, 0)
	f.Jump(unused, accept)
	tag := f.Load(entry, Half, None, 12)
	f.If(entry, Set, tag, f.Const(0x8100), join, join)
	f.Block(entry).Succ[True].Args = []ValueID{f.Const(16)}
	f.Block(entry).Succ[False].Args = []ValueID{f.Binary(entry, OpAnd, tag, f.Const(0xf))}
	if err := f.Sort(); err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Fatalf("%v in\n%s", err, f)
	}
	f.Compact()
	const want = `func linktype=EN10MB view=file snaplen=96 "ip"
b0:
	v1 = load16 [12]
	v2 = and v1 0xf
	if set v1 0x8100 -> b1(16), b1(v2)
b1(v3): <- b0
	v4 = load16 [v3+2]
	if eq v4 0x800 -> b2, b3
b2: <- b1
	accept
b3: <- b1
	reject
`
	if got := f.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := len(f.Values) - 1; n != 4+4 {
		t.Errorf("%d values left, want 4 and the constants 15, 0x8100, 16, 0x800", n)
	}
}

func TestSortErrors(t *testing.T) {
	for _, c := range []struct {
		build func(*Func)
		want  string
	}{
		{func(f *Func) {}, "no blocks"},
		{func(f *Func) { f.AddBlock() }, "b0 has no way out"},
		{func(f *Func) { a, b := f.AddBlock(), f.AddBlock(); f.Jump(a, b); f.Jump(b, a) }, "b1 leads back to b0"},
		{func(f *Func) { f.Jump(f.AddBlock(), 7) }, "b0 leads to b7, which is not there"},
		{func(f *Func) { a := f.AddBlock(); f.Jump(a, f.AddBlock()) }, "b1 has no way out"},
	} {
		var f Func
		c.build(&f)
		if err := f.Sort(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestBuildPanics(t *testing.T) {
	for name, fn := range map[string]func(f *Func){
		"two ways out": func(f *Func) { b := f.AddBlock(); f.Accept(b); f.Reject(b) },
		"not binary":   func(f *Func) { f.Binary(f.AddBlock(), OpLoad, f.Const(1), f.Const(2)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			fn(new(Func))
		}()
	}
}

// TestSortDeep: a chain as long as a big list does not exhaust the stack, and
// its order is that of the source.
func TestSortDeep(t *testing.T) {
	const n = 100000
	var f Func
	f.AddBlock()
	accept, reject := f.AddBlock(), f.AddBlock()
	f.Accept(accept)
	f.Reject(reject)
	next := reject
	for range n {
		b := f.AddBlock()
		f.If(b, Eq, f.Const(1), f.Const(2), accept, next)
		next = b
	}
	f.Jump(0, next)
	if err := f.Sort(); err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	if f.Blocks[n].Kind != KindIf || f.Blocks[n+1].Kind != KindAccept || f.Blocks[n+2].Kind != KindReject {
		t.Error("tests do not stand before the verdicts")
	}
}

// TestDominators compares the tree with the definition on random graphs.
func TestDominators(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 200 {
		n := 2 + r.Intn(30)
		var f Func
		for b := range n {
			f.AddBlock()
			switch k := r.Intn(8); {
			case b == n-1:
				f.Accept(BlockID(b))
			case k == 0:
				f.Jump(BlockID(b), BlockID(b+1+r.Intn(n-b-1)))
			default:
				f.If(BlockID(b), Eq, f.Const(0), f.Const(0), BlockID(b+1+r.Intn(min(3, n-b-1))), BlockID(b+1+r.Intn(n-b-1)))
			}
		}
		if err := f.Sort(); err != nil {
			t.Fatal(err)
		}
		var preds Preds
		var dom DomTree
		preds.Fill(&f)
		dom.Fill(&f, &preds)
		edges := 0
		for b := range f.Blocks {
			for _, e := range preds.Of(BlockID(b)) {
				if edges++; f.Blocks[e.From].Succ[e.Way].To != BlockID(b) {
					t.Fatalf("edge %v does not lead to b%d", e, b)
				}
			}
		}
		for a := range f.Blocks {
			edges -= f.Blocks[a].NumSucc()
			// Without a, what is still reached from the entry?
			reached := make([]bool, len(f.Blocks))
			reached[0] = a != 0
			for b := range f.Blocks {
				for w := range f.Blocks[b].NumSucc() {
					if to := f.Blocks[b].Succ[w].To; reached[b] && int(to) != a {
						reached[to] = true
					}
				}
			}
			for b := range f.Blocks {
				if got := dom.Dominates(BlockID(a), BlockID(b)); got == reached[b] {
					t.Fatalf("dominates(b%d, b%d) is %v in\n%s", a, b, got, &f)
				}
			}
		}
		if edges != 0 {
			t.Fatalf("%d edges too many", edges)
		}
	}
}
