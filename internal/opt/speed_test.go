package opt

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/ir/irtest"
)

// TestSpeedMeaning runs random functions on random packets, also cut at every length, before the
// passes for speed and after each. A packet that is rejected may meet a fault that it did not
// meet before; its verdict is compared all the same.
func TestSpeedMeaning(t *testing.T) { testSpeedMeaning(t, false) }

// TestUncutMeaning: so with packets that are never cut but may be of every length.
func TestUncutMeaning(t *testing.T) { testSpeedMeaning(t, true) }

func testSpeedMeaning(t *testing.T, uncut bool) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	widened := 0
	for seed := range rounds {
		r := rand.New(rand.NewSource(int64(seed)))
		f := irtest.Func(r)
		if seed%2 == 0 {
			halfLoads(f)
		}
		plain := f.Clone()
		pkts, mds := irtest.Packets(r)
		type run struct {
			pkt     []byte
			md      *ir.Metadata
			want    uint32
			faulted bool
		}
		var runs []run
		for i := range pkts {
			for n := len(pkts[i]); n >= 0; n-- {
				md := mds[i]
				if uncut {
					md.Len = uint32(n)
				}
				u := run{pkt: pkts[i][:n:n], md: &md}
				u.want = ir.Eval(plain, u.pkt, u.md)
				u.faulted = u.want == 0 && irtest.Faults(plain, u.pkt, u.md)
				runs = append(runs, u)
			}
		}
		before := f.String()
		err := Run(f, Options{Objective: Speed, Uncut: uncut, After: func(pass string, g *ir.Func) error {
			if err := g.Check(); err != nil {
				return fmt.Errorf("%v; before\n%s\nafter\n%s", err, before, g)
			}
			for _, u := range runs {
				if got := ir.Eval(g, u.pkt, u.md); got != u.want && !(u.faulted && got == g.Snaplen) {
					return fmt.Errorf("packet %x: %d, not %d; before\n%s\nafter\n%s", u.pkt, got, u.want, before, g)
				}
			}
			if after := g.String(); pass == "widen" && after != before {
				widened++
			}
			before = g.String()
			return nil
		}})
		if err != nil {
			t.Fatalf("seed %d: %v\nfirst\n%s", seed, err, plain)
		}
	}
	if widened < rounds/50 {
		t.Errorf("widen found something to do in %d of %d functions", widened, rounds)
	}
}

// eitherPort is a test of two ports.
const eitherPort = `
b0:
	v1 = load16 [34]
	if eq v1 22 -> b2, b1
b1: <- b0
	v2 = load16 [36]
	if eq v2 22 -> b2, b3
b2: <- b0 b1
	accept
b3: <- b1
	reject`

// halfLoads makes the absolute loads of f load halves of a few words.
func halfLoads(f *ir.Func) {
	for id := range f.Values {
		if v := &f.Values[id]; v.Op == ir.OpLoad && v.Args[0] == ir.None {
			v.Size, v.K = ir.Half, v.K&6
		}
	}
}

// TestSpeedTable: names are given once, and what must come before a pass does.
func TestSpeedTable(t *testing.T) {
	seen := map[string]bool{}
	all := table(Speed)
	for _, p := range all {
		if seen[p.Name] {
			t.Errorf("two passes named %s", p.Name)
		}
		for _, before := range p.after {
			if !seen[before] {
				t.Errorf("%s comes before %s", p.Name, before)
			}
		}
		seen[p.Name] = true
	}
	if all[len(all)-1].Name != "layout" || len(PassesFor(Speed)) != len(all) || len(PassesFor(Size)) != len(passes) {
		t.Error("layout is not last, or a table has lost a pass")
	}
}

// TestHalveRandom: searches of all kinds lead every number to where they led it before.
func TestHalveRandom(t *testing.T) {
	for seed := range 400 {
		r := rand.New(rand.NewSource(int64(seed)))
		var text strings.Builder
		n := 8 + r.Intn(24)
		base, spread := uint32(r.Intn(3))<<28, 2*n
		numbers := []uint32{0, 1, ^uint32(0)}
		fmt.Fprintf(&text, "b0:\n\tv1 = load32 [0]\n")
		for i := range n {
			if i > 0 {
				fmt.Fprintf(&text, "b%d:\n", i)
			}
			cond := "eq"
			if r.Intn(6) == 0 {
				cond = []string{"ge", "gt"}[r.Intn(2)]
			}
			k := base + uint32(r.Intn(spread))
			numbers = append(numbers, k-1, k, k+1)
			// To one of two verdicts, mostly the first; the other way is the next test.
			leave, on := n+1-min(r.Intn(8), 1), i+1
			if i == n-1 {
				on = n + 1
			}
			if cond != "eq" && r.Intn(2) == 0 {
				leave, on = on, leave
			}
			fmt.Fprintf(&text, "\tif %s v1 %d -> b%d, b%d\n", cond, k, leave, on)
		}
		fmt.Fprintf(&text, "b%d:\n\taccept\nb%d:\n\treject", n, n+1)
		f, err := ir.Parse(body(text.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
		w := &work{f: f}
		w.prune()
		plain := f.Clone()
		halve(w)
		deadcode(w)
		if err := f.Check(); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, f)
		}
		for _, k := range numbers {
			pkt := []byte{byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k)}
			if got, want := ir.Eval(f, pkt, nil), ir.Eval(plain, pkt, nil); got != want {
				t.Fatalf("seed %d: %#x: %d, not %d\n%s\n%s", seed, k, got, want, plain, f)
			}
		}
	}
}

// TestSpeedPasses gives each pass for speed a function and compares what it leaves, after
// deadcode.
func TestSpeedPasses(t *testing.T) {
	for _, c := range []struct {
		name          string
		pass          func(*work)
		before, after string
	}{
		{"type and first byte, a question of peel's, in front", fuse, `
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b5
b1:
	v2 = load8 [14]
	if eq v2 69 -> b2, b3
b2:
	v3 = load16 [34]
	if eq v3 22 -> b4, b5
b3:
	v4 = load16 [38]
	if eq v4 22 -> b4, b5
b4:
	accept
b5:
	reject`, `
b0:
	v1 = load32 [12]
	v2 = and v1 0xffffff00
	if eq v2 0x8004500 -> b1, b2
b1: <- b0
	v3 = load16 [34]
	if eq v3 22 -> b4, b5
b2: <- b0
	v4 = rsh v2 16
	if eq v4 0x800 -> b3, b5
b3: <- b2
	v5 = load16 [38]
	if eq v5 22 -> b4, b5
b4: <- b1 b3
	accept
b5: <- b1 b2 b3
	reject`},
		{"the word would read beyond what an accepted packet has: it begins farther left", fuse, `
b0:
	v1 = load16 [4]
	if eq v1 1 -> b1, b3
b1:
	v2 = load8 [6]
	if eq v2 2 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load32 [3]
	v2 = and v1 0xffffff
	if eq v2 0x102 -> b1, b2
b1: <- b0
	accept
b2: <- b0
	reject`},
		{"no word is allowed: three bytes at the beginning, and no more are read", fuse, `
b0:
	v1 = load16 [0]
	if eq v1 1 -> b1, b3
b1:
	v2 = load8 [2]
	if eq v2 2 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load16 [0]
	if eq v1 1 -> b1, b3
b1: <- b0
	v2 = load8 [2]
	if eq v2 2 -> b2, b3
b2: <- b1
	accept
b3: <- b0 b1
	reject`},
		{"a packet may be accepted that ends before the second test's byte", fuse, `
b0:
	v1 = load16 [4]
	if eq v1 1 -> b1, b2
b1:
	v2 = load16 [6]
	if eq v2 2 -> b3, b2
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load16 [4]
	if eq v1 1 -> b1, b2
b1: <- b0
	v2 = load16 [6]
	if eq v2 2 -> b3, b2
b2: <- b0 b1
	accept
b3: <- b1
	reject`},
		{"numbers of one byte, and bits of a neighbour that must be 0", fuse, `
b0:
	v1 = load8 [23]
	if eq v1 6 -> b2, b1
b1:
	if eq v1 17 -> b2, b4
b2:
	v2 = load16 [20]
	if set v2 0x1fff -> b4, b3
b3:
	accept
b4:
	reject`, `
b0:
	v1 = load32 [20]
	v2 = and v1 0x1fff00ff
	if eq v2 6 -> b2, b1
b1: <- b0
	if eq v2 17 -> b2, b3
b2: <- b0 b1
	accept
b3: <- b1
	reject`},
		{"both ports", fuse, `
b0:
	v1 = load16 [34]
	if eq v1 1 -> b1, b3
b1:
	v2 = load16 [36]
	if eq v2 2 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load32 [34]
	if eq v1 0x10002 -> b1, b2
b1: <- b0
	accept
b2: <- b0
	reject`},
		{"an address rejects more than a protocol", promote, `
b0:
	v1 = load8 [23]
	if eq v1 6 -> b1, b3
b1:
	v2 = load32 [26]
	if eq v2 0xa000001 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load32 [26]
	if eq v1 0xa000001 -> b1, b3
b1: <- b0
	v2 = load8 [23]
	if eq v2 6 -> b2, b3
b2: <- b1
	accept
b3: <- b0 b1
	reject`},
		{"tests that accept where they fail keep their order", promote, `
b0:
	v1 = load8 [23]
	if eq v1 6 -> b1, b2
b1:
	v2 = load32 [26]
	if eq v2 0xa000001 -> b3, b2
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load8 [23]
	if eq v1 6 -> b1, b2
b1: <- b0
	v2 = load32 [26]
	if eq v2 0xa000001 -> b3, b2
b2: <- b0 b1
	accept
b3: <- b1
	reject`},
		{"of two ports one is loaded on some ways only, but what follows reads beyond both", widen, `
b0:
	v1 = load16 [34]
	if eq v1 22 -> b2, b1
b1:
	v2 = load16 [36]
	if eq v2 22 -> b2, b4
b2:
	v3 = load8 [47]
	if set v3 2 -> b3, b4
b3:
	accept
b4:
	reject`, `
b0:
	v1 = load32 [34]
	if ge v1 0x160000 -> b1, b2
b1: <- b0
	if gt v1 0x16ffff -> b2, b3
b2: <- b0 b1
	v2 = and v1 0xffff
	if eq v2 22 -> b3, b5
b3: <- b1 b2
	v3 = load8 [47]
	if set v3 2 -> b4, b5
b4: <- b3
	accept
b5: <- b2 b3
	reject`},
		{"a packet may be accepted that ends behind the first port", widen, eitherPort, eitherPort},
		{"so there is a question for its length; a number of the upper half is a range", func(w *work) {
			w.uncut = true
			keep(w)
			widen(w)
		}, eitherPort, `
b0:
	v1 = len
	if ge v1 38 -> b1, b4
b1: <- b0
	v2 = load32 [34]
	if ge v2 0x160000 -> b2, b3
b2: <- b1
	if gt v2 0x16ffff -> b3, b6
b3: <- b1 b2
	v3 = and v2 0xffff
	if eq v3 22 -> b6, b7
b4: <- b0
	v4 = load16 [34]
	if eq v4 22 -> b6, b5
b5: <- b4
	v5 = load16 [36]
	if eq v5 22 -> b6, b7
b6: <- b2 b3 b4 b5
	accept
b7: <- b3 b5
	reject`},
		{"of the lower half one is cut out, of the upper one none", widen, `
b0:
	v1 = load16 [36]
	if eq v1 22 -> b3, b1
b1:
	if eq v1 80 -> b3, b2
b2:
	v2 = load16 [34]
	if gt v2 1023 -> b3, b4
b3:
	accept
b4:
	reject`, `
b0:
	v1 = load32 [34]
	v2 = and v1 0xffff
	if eq v2 22 -> b3, b1
b1: <- b0
	if eq v2 80 -> b3, b2
b2: <- b1
	if gt v1 0x3ffffff -> b3, b4
b3: <- b0 b1 b2
	accept
b4: <- b2
	reject`},
		{"the header's length is a number in the copy", peel, `
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b3
b1:
	v2 = load8 [14]
	v3 = and v2 15
	v4 = lsh v3 2
	v5 = load16 [v4+14]
	if eq v5 22 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b5
b1: <- b0
	v2 = load8 [14]
	if eq v2 69 -> b2, b3
b2: <- b1
	v3 = load16 [34]
	if eq v3 22 -> b4, b5
b3: <- b1
	v4 = load8 [14]
	v5 = and v4 0xf
	v6 = lsh v5 2
	v7 = load16 [v6+14]
	if eq v7 22 -> b4, b5
b4: <- b2 b3
	accept
b5: <- b0 b2 b3
	reject`},
		{"numbers that lie close together", halve, `
b0:
	v1 = load32 [26]
	if eq v1 0xa000001 -> b8, b1
b1:
	if eq v1 0xa000003 -> b8, b2
b2:
	if eq v1 0xa000005 -> b8, b3
b3:
	if eq v1 0xa000007 -> b8, b4
b4:
	if eq v1 0xa000009 -> b8, b5
b5:
	if eq v1 0xa00000b -> b8, b6
b6:
	if eq v1 0xa00000d -> b8, b7
b7:
	if eq v1 0xa00000f -> b8, b9
b8:
	accept
b9:
	reject`, `
b0:
	v1 = load32 [26]
	if ge v1 0xa000001 -> b1, b11
b1: <- b0
	if gt v1 0xa00000f -> b11, b2
b2: <- b1
	if eq v1 0xa000001 -> b10, b3
b3: <- b2
	if eq v1 0xa000003 -> b10, b4
b4: <- b3
	if eq v1 0xa000005 -> b10, b5
b5: <- b4
	if eq v1 0xa000007 -> b10, b6
b6: <- b5
	if eq v1 0xa000009 -> b10, b7
b7: <- b6
	if eq v1 0xa00000b -> b10, b8
b8: <- b7
	if eq v1 0xa00000d -> b10, b9
b9: <- b8
	if eq v1 0xa00000f -> b10, b11
b10: <- b2 b3 b4 b5 b6 b7 b8 b9
	accept
b11: <- b0 b1 b9
	reject`},
		{"few numbers stay", halve, `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b2, b1
b1:
	if eq v1 0xa000003 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b2, b1
b1: <- b0
	if eq v1 0xa000003 -> b2, b3
b2: <- b0 b1
	accept
b3: <- b1
	reject`},
		{"a copy for each number that is carried", split, `
b0:
	v1 = meta vlan_present
	if eq v1 1 -> b1(0), b1(4)
b1(v2):
	v3 = load16 [v2+12]
	if eq v3 0x86dd -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = meta vlan_present
	if eq v1 1 -> b1, b2
b1: <- b0
	v2 = load16 [12]
	if eq v2 0x86dd -> b3, b4
b2: <- b0
	v3 = load16 [16]
	if eq v3 0x86dd -> b3, b4
b3: <- b1 b2
	accept
b4: <- b1 b2
	reject`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, body(c.before))
			w := &work{f: f}
			for _, pass := range []func(*work){c.pass, deadcode, layout} {
				pass(w)
				if err := f.Check(); err != nil {
					t.Fatalf("%v in\n%s", err, f)
				}
			}
			_, got, _ := strings.Cut(f.String(), "\n")
			if want := strings.TrimSpace(c.after); strings.TrimSpace(got) != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
