package cbpfgen

import (
	"math/rand/v2"
	"testing"

	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/ir"
)

// TestBound: no value is ever larger than its bound.
func TestBound(t *testing.T) {
	most := func(f *ir.Func) []uint64 {
		b := make([]uint64, len(f.Values))
		for id := range f.Values {
			b[id] = maxWord
			if f.Values[id].Op == ir.OpConst {
				b[id] = uint64(f.Values[id].K)
			}
		}
		for _, id := range f.Blocks[0].Values {
			b[id] = bound(f, f.Value(id), func(v ir.ValueID) uint64 { return b[v] })
		}
		return b
	}
	known := 0
	for seed := range *rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 19))
		f := randomFunc(r, 1)
		b := most(f)
		pkt := randomPacket(r)
		for _, id := range f.Blocks[0].Values {
			if b[id] == maxWord {
				continue
			}
			known++
			// A Func that accepts if the value exceeds the bound.
			g := f.Clone()
			for i := range g.Blocks {
				g.Blocks[i] = ir.Block{Kind: ir.KindReject}
			}
			g.Blocks[0] = ir.Block{Values: f.Blocks[0].Values}
			g.Blocks = append(g.Blocks[:1], ir.Block{Kind: ir.KindAccept}, ir.Block{Kind: ir.KindReject})
			g.If(0, ir.Gt, id, g.Const(uint32(b[id])), 1, 2)
			if ir.Eval(g, pkt, randomMeta(r, len(pkt))) != 0 {
				t.Fatalf("seed %d: %s exceeds %d for % x\n%s", seed, f.FormatValue(id), b[id], pkt, f)
			}
		}
	}
	if known < *rounds {
		t.Errorf("only %d values have a bound", known)
	}
}

// TestCoalesce: a slot that is copied becomes one with its copy unless it changes
// while the copy is needed.
func TestCoalesce(t *testing.T) {
	copyOf := func(from, to uint32) []insn {
		return []insn{{op: opLdMem, k: from}, {op: opSt, k: to}}
	}
	for _, c := range []struct {
		name string
		rest []insn
		join bool
	}{
		{"only the copy is needed", []insn{{op: opLdxMem, k: 2}}, true},
		{"both are needed", []insn{{op: opLdxMem, k: 2}, {op: opLdMem, k: 1}}, true},
		{"the copy changes while the original is needed", []insn{
			{op: opLdImm}, {op: opSt, k: 2}, {op: opLdxMem, k: 1}, {op: opLdMem, k: 2},
		}, false},
		{"the original changes while the copy is needed", []insn{
			{op: opLdImm}, {op: opSt, k: 1}, {op: opLdxMem, k: 1}, {op: opLdMem, k: 2},
		}, false},
		{"the copy changes when the original is not needed any more", []insn{
			{op: opLdMem, k: 2}, {op: opSt, k: 3}, {op: opLdImm}, {op: opSt, k: 2}, {op: opLdxMem, k: 2}, {op: opLdMem, k: 3},
		}, true},
	} {
		code := append([]insn{{op: opLdImm, k: 7}, {op: opSt, k: 1}}, copyOf(1, 2)...)
		d := &draft{blocks: []codeBlock{{code: append(code, c.rest...), next: [2]target{toAccept, toAccept}}}}
		coalesce(d)
		if joined := len(d.blocks[0].code) == 3+len(c.rest); joined != c.join {
			t.Errorf("%s: %+v", c.name, d.blocks[0].code)
		}
	}
}

// pressure returns a Func that computes n values which are all needed at its end,
// each from the one before, and that are cheap or dear to compute again.
func pressure(n int, dear bool) *ir.Func {
	f := &ir.Func{LinkType: "RAW", Snaplen: 1}
	for range 4 {
		f.AddBlock()
	}
	var vals []ir.ValueID
	prev := f.Load(0, ir.Word, ir.None, 0)
	for i := range n {
		v := f.Load(0, ir.Byte, ir.None, uint32(i))
		if dear {
			v = f.Binary(0, ir.OpAdd, f.Binary(0, ir.OpMul, prev, prev), v)
			prev = v
		} else {
			v = f.Binary(0, ir.OpMul, f.Binary(0, ir.OpAdd, v, f.Const(3)), f.Const(7))
		}
		vals = append(vals, v)
	}
	f.Jump(0, 1)
	sum := f.Load(1, ir.Byte, ir.None, 1)
	for _, op := range []ir.Op{ir.OpXor, ir.OpMul, ir.OpSub} {
		for _, v := range vals {
			sum = f.Binary(1, op, sum, v)
		}
	}
	f.If(1, ir.Set, sum, f.Const(0x55), 2, 3)
	f.Accept(2)
	f.Reject(3)
	return f
}

// TestPressure: where values outnumber the slots some are computed again, unless
// that would take for ever.
func TestPressure(t *testing.T) {
	f := pressure(40, false)
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	prog, err := Generate(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(prog); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		pkt := make([]byte, 40)
		for i := range pkt {
			pkt[i] = byte(r.Uint32())
		}
		if got, want := cbpfvm.Run(cbpfvm.Libpcap, prog, pkt, nil), ir.Eval(f, pkt, nil); got != want {
			t.Fatalf("verdict %d, want %d for % x", got, want, pkt)
		}
	}
	_, err = Generate(pressure(60, true), Options{})
	if le, ok := err.(*LimitError); !ok || le.What != "scratch slots" {
		t.Errorf("60 values, each from the one before: error %v, want a LimitError", err)
	}
}

// TestChoices: whatever search chooses, the program is right.
func TestChoices(t *testing.T) {
	tried := 0
	for seed := range *rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 23))
		f := randomFunc(r, 15)
		s := newSelector(legal(f, false), f.Snaplen)
		s.tight, s.baseToX = r.IntN(2) == 0, r.IntN(2) == 0
		avoid := make([]bool, len(s.f.Values))
		for v := range avoid {
			avoid[v] = s.f.Values[v].Op != ir.OpParam && r.IntN(3) == 0
		}
		for b := range s.f.Blocks {
			// At most one parameter of a block in each register.
			taken := map[home]bool{}
			for _, p := range s.f.Blocks[b].Params {
				h := home(r.IntN(3))
				if s.homes[p] = h; taken[h] {
					s.homes[p] = homeSlot
				}
				taken[h] = true
			}
		}
		d := s.run(avoid, 1<<16)
		if d == nil {
			continue
		}
		prune(d, false)
		if assignSlots(d, slotUse(d)) > scratchWords {
			continue
		}
		tried++
		prog := assemble(d, f.Snaplen).Insns
		if err := verify(prog, 1<<16); err != nil {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, f, Format(prog))
		}
		full := randomPacket(r)
		for n := range len(full) + 1 {
			md := randomMeta(r, n)
			got, want := cbpfvm.Run(cbpfvm.Libpcap, prog, full[:n], md), ir.Eval(f, full[:n], md)
			if got != want {
				t.Fatalf("seed %d: verdict %d, want %d for % x, %+v\n%s\n%s", seed, got, want, full[:n], md, s.f, Format(prog))
			}
		}
	}
	if tried < *rounds*9/10 {
		t.Errorf("only %d programs were tried", tried)
	}
}
