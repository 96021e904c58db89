package opt

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/ir/irtest"
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

// TestMeaning runs random functions on random packets before the passes and
// after each.
func TestMeaning(t *testing.T) {
	rounds := 6000
	if testing.Short() {
		rounds = 500
	}
	for seed := range rounds {
		r := rand.New(rand.NewSource(int64(seed)))
		f := irtest.Func(r)
		if err := f.Check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		plain := f.Clone()
		pkts, mds := irtest.Packets(r)
		want := make([]uint32, len(pkts))
		faulted := make([]bool, len(pkts))
		for i := range pkts {
			want[i] = ir.Eval(plain, pkts[i], &mds[i])
			faulted[i] = want[i] == 0 && irtest.Faults(plain, pkts[i], &mds[i])
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
				if !faulted[i] && irtest.Faults(g, pkts[i], &mds[i]) {
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
