package opt

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/ir"
)

// TestTable: names are given once, order constraints name passes and hold.
func TestTable(t *testing.T) {
	place := make(map[string]int)
	for i, p := range Passes() {
		if _, dup := place[p.Name]; dup {
			t.Errorf("two passes named %s", p.Name)
		}
		place[p.Name] = i
		if p.Reason == "" {
			t.Errorf("%s has no reason", p.Name)
		}
	}
	for i, p := range passes {
		for _, before := range p.after {
			if at, ok := place[before]; !ok || at >= i {
				t.Errorf("%s must come after %s", p.Name, before)
			}
		}
	}
	if last := passes[len(passes)-1]; last.Name != "layout" || !last.Required {
		t.Errorf("the last pass is %s", last.Name)
	}
}

func TestHooks(t *testing.T) {
	var seen []string
	f := parse(t, sshPlain)
	after := func(pass string, g *ir.Func) error {
		seen = append(seen, pass)
		return g.Check()
	}
	if err := Run(f, Options{After: after, Plain: true}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(seen); got != "[layout]" {
		t.Errorf("plain runs %s", got)
	}
	seen = nil
	if err := Run(f, Options{After: after, Check: true}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != len(passes) {
		t.Errorf("called after %v", seen)
	}
	err := Run(f, Options{After: func(string, *ir.Func) error { return fmt.Errorf("stop") }})
	if err == nil || err.Error() != "opt: after fold: stop" {
		t.Errorf("got %v", err)
	}
	f.Blocks[0].Succ[ir.True].To = 0
	if err := Run(f, Options{Check: true}); err == nil || !strings.Contains(err.Error(), "before the first pass") {
		t.Errorf("got %v", err)
	}
}

func parse(t testing.TB, text string) *ir.Func {
	t.Helper()
	f, err := ir.Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if err := f.Check(); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return f
}

const sshPlain = `func linktype=EN10MB view=file snaplen=65535 "ip and tcp port 22"
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b11
b1:
	v2 = load16 [12]
	if eq v2 0x86dd -> b2, b5
b2:
	v3 = load8 [20]
	if eq v3 6 -> b3, b5
b3:
	v4 = load16 [54]
	if eq v4 22 -> b10, b4
b4:
	v5 = load16 [56]
	if eq v5 22 -> b10, b5
b5:
	v6 = load16 [12]
	if eq v6 0x800 -> b6, b11
b6:
	v7 = load8 [23]
	if eq v7 6 -> b7, b11
b7:
	v8 = load16 [20]
	if set v8 0x1fff -> b11, b8
b8:
	v9 = load8 [14]
	v10 = and v9 15
	v11 = mul v10 4
	v12 = load16 [v11+14]
	if eq v12 22 -> b10, b9
b9:
	v13 = load8 [14]
	v14 = and v13 15
	v15 = mul v14 4
	v16 = load16 [v15+16]
	if eq v16 22 -> b10, b11
b10:
	accept
b11:
	reject
`

const sshWant = `func linktype=EN10MB view=file snaplen=65535 "ip and tcp port 22"
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b6
b1: <- b0
	v2 = load8 [23]
	if eq v2 6 -> b2, b6
b2: <- b1
	v3 = load16 [20]
	if set v3 0x1fff -> b6, b3
b3: <- b2
	v4 = load8 [14]
	v5 = and v4 0xf
	v6 = lsh v5 2
	v7 = load16 [v6+14]
	if eq v7 22 -> b5, b4
b4: <- b3
	v8 = load16 [v6+16]
	if eq v8 22 -> b5, b6
b5: <- b3 b4
	accept
b6: <- b0 b1 b2 b4
	reject
`

func TestSSH(t *testing.T) {
	f := parse(t, sshPlain)
	if err := Run(f, Options{Check: true}); err != nil {
		t.Fatal(err)
	}
	if got := f.String(); got != sshWant {
		t.Errorf("got\n%s\nwant\n%s", got, sshWant)
	}
	// A second run finds nothing more to do.
	if err := Run(f, Options{Check: true}); err != nil {
		t.Fatal(err)
	}
	if got := f.String(); got != sshWant {
		t.Errorf("again: got\n%s", got)
	}
}

// body builds a function of the given lines.
func body(lines string) string {
	return "func linktype=RAW view=file snaplen=1 \"\"\n" + strings.ReplaceAll(strings.TrimSpace(lines), "; ", "\n") + "\n"
}

// TestVerdicts: functions that reject, or accept, all packets end as one block.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        ir.Kind
	}{
		{"ip and ip6", `b0:; v1 = load16 [12]; if eq v1 0x800 -> b1, b3; b1:; v2 = load16 [12]; if eq v2 0x86dd -> b2, b3
			b2:; accept; b3:; reject`, ir.KindReject},
		{"not ip and ip", `b0:; v1 = load16 [12]; if eq v1 0x800 -> b3, b1; b1:; v2 = load16 [12]; if eq v2 0x800 -> b2, b3
			b2:; accept; b3:; reject`, ir.KindReject},
		{"ip or not ip", `b0:; v1 = load16 [12]; if eq v1 0x800 -> b2, b1; b1:; v2 = load16 [12]; if eq v2 0x800 -> b3, b2
			b2:; accept; b3:; reject`, ir.KindAccept},
		{"len < 10 and len > 20", `b0:; v1 = len; if ge v1 10 -> b3, b1; b1:; v2 = len; if gt v2 20 -> b2, b3
			b2:; accept; b3:; reject`, ir.KindReject},
		{"len <= 20 or len > 20", `b0:; v1 = len; if gt v1 20 -> b1, b2; b1:; v2 = len; if gt v2 20 -> b2, b3
			b2:; accept; b3:; reject`, ir.KindAccept},
		{"load8 > 255", `b0:; v1 = load8 [0]; if gt v1 255 -> b1, b2; b1:; accept; b2:; reject`, ir.KindReject},
		{"1 = 1", `b0:; if eq 1 1 -> b1, b2; b1:; accept; b2:; reject`, ir.KindAccept},
		{"division by zero", `b0:; v1 = len; v2 = div v1 0; if eq v2 1 -> b1, b1; b1:; accept`, ir.KindReject},
		{"load beyond all", `b0:; v1 = load8 [0]; v2 = mul v1 0; v3 = add v2 0xffffffff; v4 = load8 [v3+1]; jump b1; b1:; accept`, ir.KindReject},
		{"one value two masks", `b0:; v1 = load8 [0]; v2 = and v1 0xf; if eq v2 5 -> b1, b3
			b1:; v3 = load8 [0]; if set v3 2 -> b2, b3; b2:; accept; b3:; reject`, ir.KindReject},
		{"twice the same arithmetic", `b0:; v1 = load8 [0]; v2 = load8 [1]; v3 = mul v1 v2; if gt v3 7 -> b1, b3
			b1:; v4 = load8 [1]; v5 = load8 [0]; v6 = mul v4 v5; if gt v6 7 -> b3, b2; b2:; accept; b3:; reject`, ir.KindReject},
		{"equal, then greater", `b0:; v1 = load8 [0]; v2 = load8 [1]; if gt v1 v2 -> b1, b3
			b1:; if set v1 0xff -> b2, b3; b2:; if eq v1 0 -> b4, b3; b3:; reject; b4:; accept`, ir.KindReject},
		{"on each path", `b0:; v1 = load8 [0]; if eq v1 1 -> b2, b1; b1:; v2 = load8 [0]; if eq v2 2 -> b2, b4
			b2:; v3 = load8 [0]; if eq v3 3 -> b3, b4; b3:; accept; b4:; reject`, ir.KindReject},
		{"carried constants", `b0:; v1 = meta vlan_present; if eq v1 1 -> b2(14), b1; b1:; jump b2(18)
			b2(v2):; if gt v2 18 -> b3, b4; b3:; accept; b4:; reject`, ir.KindReject},
	} {
		f := parse(t, body(c.lines))
		if err := Run(f, Options{Check: true}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(f.Blocks) != 1 || f.Blocks[0].Kind != c.want || len(f.Blocks[0].Values) != 0 {
			t.Errorf("%s: got\n%s", c.name, f)
		}
		if RejectsAll(f) != (c.want == ir.KindReject) {
			t.Errorf("%s: RejectsAll is %v", c.name, RejectsAll(f))
		}
	}
}

// faults reports whether f faults on a packet: f with every verdict an accept
// then still rejects it.
func faults(f *ir.Func, pkt []byte, md *ir.Metadata) bool {
	g := f.Clone()
	for b := range g.Blocks {
		if g.Blocks[b].Kind == ir.KindReject {
			g.Blocks[b].Kind = ir.KindAccept
		}
	}
	return ir.Eval(g, pkt, md) == 0
}

// TestMeaning runs random functions on random packets before the passes and
// after each.
func TestMeaning(t *testing.T) {
	rounds := 6000
	if testing.Short() {
		rounds = 500
	}
	for seed := range rounds {
		r := rand.New(rand.NewSource(int64(seed)))
		f := randomFunc(r)
		if err := f.Check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		plain := f.Clone()
		pkts, mds := randomPackets(r)
		want := make([]uint32, len(pkts))
		faulted := make([]bool, len(pkts))
		for i := range pkts {
			want[i] = ir.Eval(plain, pkts[i], &mds[i])
			faulted[i] = want[i] == 0 && faults(plain, pkts[i], &mds[i])
		}
		before := f.String()
		err := Run(f, Options{After: func(pass string, g *ir.Func) error {
			if err := g.Check(); err != nil {
				return fmt.Errorf("%v; before\n%s\nafter\n%s", err, before, g)
			}
			for i := range pkts {
				if got := ir.Eval(g, pkts[i], &mds[i]); got != want[i] && !(faulted[i] && got == g.Snaplen) {
					return fmt.Errorf("packet %x (length %d): %d, not %d; before\n%s\nafter\n%s", pkts[i], mds[i].Len, got, want[i], before, g)
				}
				// A packet that did not fault must not do so now, even where
				// that would not change the verdict: a later pass relies on it.
				if !faulted[i] && faults(g, pkts[i], &mds[i]) {
					return fmt.Errorf("packet %x faults now; before\n%s\nafter\n%s", pkts[i], before, g)
				}
			}
			before = g.String()
			return nil
		}})
		if err != nil {
			t.Fatalf("seed %d: %v\nfirst\n%s", seed, err, plain)
		}
	}
}

// randomFunc makes functions in which loads, tests and constants come again and
// again, so that there is much to find.
func randomFunc(r *rand.Rand) *ir.Func {
	f := &ir.Func{LinkType: "RAW", Snaplen: 1, Source: "random"}
	one := f.Const(1)
	n := 2 + r.Intn(14)
	for b := range n + 2 {
		f.AddBlock()
		to := func() ir.BlockID { return ir.BlockID(b + 1 + r.Intn(min(n+1-b, 2+r.Intn(n)))) }
		switch {
		case b == n:
			f.Accept(ir.BlockID(b))
		case b == n+1:
			f.Reject(ir.BlockID(b))
		case r.Intn(8) == 0:
			f.Jump(ir.BlockID(b), to())
		default:
			f.If(ir.BlockID(b), ir.Eq, one, one, to(), to())
		}
	}
	if err := f.Sort(); err != nil {
		panic(err)
	}
	var preds ir.Preds
	var dom ir.DomTree
	preds.Fill(f)
	dom.Fill(f, &preds)
	scope := make([][]ir.ValueID, len(f.Blocks))
	pick := func(b ir.BlockID) ir.ValueID {
		consts := []uint32{0, 1, 2, 3, 4, 6, 8, 0xff, 0x0f, 0x100, 0x201, 31, 33, 0xffff, 0xff00, 0xffffffff, 0x1fff, 0xff000000, 0x01000000}
		if len(scope[b]) == 0 || r.Intn(4) == 0 {
			return f.Const(consts[r.Intn(len(consts))])
		}
		return scope[b][r.Intn(len(scope[b]))]
	}
	for i := range f.Blocks {
		b := ir.BlockID(i)
		if b > 0 {
			scope[b] = append(scope[b], scope[dom.Parent(b)]...)
			if r.Intn(3) == 0 {
				for range 1 + r.Intn(2) {
					scope[b] = append(scope[b], f.Param(b))
					same := pick(dom.Parent(b))
					for _, e := range preds.Of(b) {
						a := pick(e.From)
						if r.Intn(3) > 0 {
							a = same
						}
						edge := &f.Blocks[e.From].Succ[e.Way]
						edge.Args = append(edge.Args, a)
					}
				}
			}
		}
		for range r.Intn(4) {
			scope[b] = append(scope[b], randomValue(r, f, b, func() ir.ValueID { return pick(b) }))
		}
		if blk := &f.Blocks[b]; blk.Kind == ir.KindIf {
			blk.Cond = ir.Cond(1 + r.Intn(4))
			x, y := pick(b), pick(b)
			if r.Intn(3) > 0 {
				y = f.Const([]uint32{0, 1, 2, 3, 4, 8, 0x100, 0x102, 0xff}[r.Intn(9)])
			}
			blk.X, blk.Y = x, y
		}
	}
	return f
}

func randomValue(r *rand.Rand, f *ir.Func, b ir.BlockID, pick func() ir.ValueID) ir.ValueID {
	sizes := []ir.Size{ir.Byte, ir.Half, ir.Word}
	switch k := r.Intn(12); {
	case k < 5:
		return f.Load(b, sizes[r.Intn(3)], ir.None, uint32(r.Intn(5)))
	case k == 5:
		disp := uint32(r.Intn(4))
		if r.Intn(8) == 0 {
			disp = -disp
		}
		return f.Load(b, sizes[r.Intn(3)], pick(), disp)
	case k == 6:
		switch r.Intn(4) {
		case 0:
			return f.New(b, ir.Value{Op: ir.OpMeta, Meta: ir.MetaVLANPresent})
		case 1:
			return f.New(b, ir.Value{Op: ir.OpMeta, Meta: ir.MetaVLANTag})
		case 2:
			return f.New(b, ir.Value{Op: ir.OpNeg, Args: [2]ir.ValueID{pick()}})
		}
		return f.New(b, ir.Value{Op: ir.OpLen})
	}
	op := ir.OpAdd + ir.Op(r.Intn(int(ir.OpRsh-ir.OpAdd)+1))
	if r.Intn(2) == 0 {
		op = []ir.Op{ir.OpAnd, ir.OpLsh, ir.OpRsh, ir.OpAdd}[r.Intn(4)]
	}
	x, y := pick(), pick()
	if r.Intn(2) == 0 {
		y = f.Const([]uint32{1, 2, 3, 4, 8, 15, 16, 24, 0xff, 0xff00, 0xf0}[r.Intn(11)])
	}
	return f.Binary(b, op, x, y)
}

func randomPackets(r *rand.Rand) ([][]byte, []ir.Metadata) {
	var pkts [][]byte
	var mds []ir.Metadata
	bytes := []byte{0, 1, 2, 3, 4, 6, 8, 0xff, 0x0f, 0x1f}
	for range 12 {
		p := make([]byte, r.Intn(12))
		for i := range p {
			p[i] = bytes[r.Intn(len(bytes))]
		}
		pkts = append(pkts, p)
		mds = append(mds, ir.Metadata{Len: uint32(len(p) + r.Intn(3)), VLANPresent: r.Intn(2) == 0, VLANTCI: uint16(r.Intn(3)), Protocol: 0x800})
	}
	return pkts, mds
}
