package opt

import (
	"strings"
	"testing"

	"github.com/gofilter/gofilter/ir"
)

// runPass runs one pass alone and returns what it left, values renumbered.
func runPass(t *testing.T, name string, f *ir.Func) string {
	t.Helper()
	for i := range passes {
		if passes[i].Name != name {
			continue
		}
		w := &work{f: f, testDropped: true}
		passes[i].run(w)
		if err := f.Check(); err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, f)
		}
		f.Compact()
		_, body, _ := strings.Cut(f.String(), "\n")
		return body
	}
	t.Fatalf("no pass %s", name)
	return ""
}

// TestPasses gives each pass a function and compares what it leaves. Blocks are
// written without the lists of where they are reached from.
func TestPasses(t *testing.T) {
	for _, c := range []struct{ pass, name, before, after string }{
		{"fold", "constants meet", `
b0:
	v1 = add 7 8
	v2 = mul v1 3
	v3 = load8 [v2+3]
	if eq 5 v3 -> b1, b2
b1:
	accept
b2:
	reject`, `
b0:
	v1 = add 7 8
	v2 = mul 15 3
	v3 = load8 [48]
	if eq v3 5 -> b1, b2
b1:
	accept
b2:
	reject`},
		{"fold", "powers of two", `
b0:
	v1 = load32 [0]
	v2 = mul 4 v1
	v3 = div v1 8
	v4 = mod v1 16
	v5 = add v2 v3
	v6 = add v5 v4
	if gt 9 v6 -> b1, b2
b1:
	accept
b2:
	reject`, `
b0:
	v1 = load32 [0]
	v2 = lsh v1 2
	v3 = rsh v1 3
	v4 = and v1 0xf
	v5 = add v2 v3
	v6 = add v5 v4
	if ge v6 9 -> b2, b1
b1:
	accept
b2:
	reject`},
		{"fold", "a mask that masks nothing; chains", `
b0:
	v1 = load8 [0]
	v2 = and v1 0xfff
	v3 = add v2 3
	v4 = sub v3 5
	v5 = xor v4 9
	if eq v5 8 -> b1, b2
b1:
	accept
b2:
	reject`, `
b0:
	v1 = load8 [0]
	v2 = and v1 0xfff
	v3 = add v1 3
	v4 = add v1 0xfffffffe
	v5 = xor v4 9
	if eq v1 3 -> b1, b2
b1:
	accept
b2:
	reject`},
		{"fold", "displacement that may wrap stays", `
b0:
	v1 = load8 [0]
	v2 = add v1 4
	v3 = load8 [v2+1]
	v4 = load32 [0]
	v5 = add v4 4
	v6 = load8 [v5+1]
	if eq v3 v6 -> b1, b2
b1:
	accept
b2:
	reject`, `
b0:
	v1 = load8 [0]
	v2 = add v1 4
	v3 = load8 [v1+5]
	v4 = load32 [0]
	v5 = add v4 4
	v6 = load8 [v5+1]
	if eq v3 v6 -> b1, b2
b1:
	accept
b2:
	reject`},
		{"fold", "mask and zero is a test of bits", `
b0:
	v1 = load16 [6]
	v2 = and v1 0x1fff
	if eq v2 0 -> b1, b2
b1:
	v3 = and v1 0x2000
	if eq v3 0x2000 -> b3, b2
b2:
	reject
b3:
	accept`, `
b0:
	v1 = load16 [6]
	v2 = and v1 0x1fff
	if set v1 0x1fff -> b2, b1
b1: 
	v3 = and v1 0x2000
	if set v1 0x2000 -> b3, b2
b2:
	reject
b3:
	accept`},
		{"fold", "division by zero rejects", `
b0:
	v1 = len
	if gt v1 60 -> b1, b2
b1:
	v2 = sub 5 5
	v3 = mod v1 v2
	if eq v3 1 -> b3, b2
b2:
	accept
b3:
	reject`, `
b0:
	v1 = len
	if gt v1 60 -> b1, b2
b1:
	v2 = sub 5 5
	v3 = mod v1 0
	reject
b2:
	accept`},
		{"param", "one value", `
b0:
	v1 = load8 [0]
	if eq v1 1 -> b1(v1 7), b1(v1 8)
b1(v2 v3):
	v4 = load8 [v2]
	v5 = add v3 v4
	if eq v5 9 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	v1 = load8 [0]
	if eq v1 1 -> b1(7), b1(8)
b1(v2):
	v3 = load8 [v1]
	v4 = add v2 v3
	if eq v4 9 -> b2, b3
b2:
	accept
b3:
	reject`},
		{"param", "equal values of two blocks", `
b0:
	v1 = len
	if gt v1 60 -> b1, b2
b1:
	v2 = load8 [0]
	jump b3(v2)
b2:
	v3 = load8 [0]
	jump b3(v3)
b3(v4):
	jump b4(v4)
b4(v5):
	if eq v5 9 -> b5, b6
b5:
	accept
b6:
	reject`, `
b0:
	v1 = len
	if gt v1 60 -> b1, b2
b1:
	v2 = load8 [0]
	jump b3
b2:
	v3 = load8 [0]
	jump b3
b3:
	jump b4
b4:
	v4 = load8 [0]
	if eq v4 9 -> b5, b6
b5:
	accept
b6:
	reject`},
		{"thread", "past a test, its value copied", `
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b2, b1
b1:
	v2 = len
	if gt v2 60 -> b2, b4
b2:
	v3 = load16 [12]
	v4 = load8 [14]
	if eq v3 0x800 -> b3, b4
b3:
	if eq v4 69 -> b5, b4
b4:
	reject
b5:
	accept`, `
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b2, b1
b1:
	v2 = len
	jump b3
b2:
	v3 = load8 [14]
	if eq v3 69 -> b4, b3
b3:
	reject
b4:
	accept`},
		{"thread", "answers by range and by bits", `
b0:
	v1 = load8 [0]
	if gt v1 100 -> b1, b4
b1:
	if gt v1 50 -> b2, b5
b2:
	v2 = load8 [1]
	if set v2 4 -> b3, b5
b3:
	v3 = and v2 6
	if eq v3 2 -> b5, b4
b4:
	accept
b5:
	reject`, `
b0:
	v1 = load8 [0]
	if gt v1 100 -> b1, b2
b1:
	v2 = load8 [1]
	if set v2 4 -> b2, b3
b2:
	accept
b3:
	reject`},
		{"thread", "where both ways lead to one place nothing is known there", `
b0:
	v1 = load8 [0]
	if eq v1 1 -> b1, b1
b1:
	v2 = load8 [1]
	jump b2
b2:
	if eq v1 1 -> b3, b4
b3:
	if eq v2 7 -> b5, b4
b4:
	reject
b5:
	accept`, `
b0:
	v1 = load8 [0]
	jump b1
b1:
	v2 = load8 [1]
	jump b2
b2:
	if eq v1 1 -> b3, b4
b3:
	if eq v2 7 -> b5, b4
b4:
	reject
b5:
	accept`},
		{"thread", "a parameter used below keeps the edge", `
b0:
	v1 = len
	if gt v1 60 -> b1(5), b1(6)
b1(v2):
	if gt v2 9 -> b3, b2
b2:
	v3 = load8 [v2]
	if eq v3 1 -> b4, b3
b3:
	reject
b4:
	accept`, `
b0:
	v1 = len
	if gt v1 60 -> b1(5), b1(6)
b1(v2):
	if gt v2 9 -> b3, b2
b2:
	v3 = load8 [v2]
	if eq v3 1 -> b4, b3
b3:
	reject
b4:
	accept`},
		{"thread", "what an edge carries decides", `
b0:
	v1 = len
	if gt v1 60 -> b1(5), b1(6)
b1(v2):
	v3 = add v2 1
	if gt v3 6 -> b2(v2), b3
b2(v4):
	v5 = load8 [v4]
	if eq v5 1 -> b4, b3
b3:
	reject
b4:
	accept`, `
b0:
	v1 = len
	if gt v1 60 -> b2, b1(6)
b1(v2):
	v3 = load8 [v2]
	if eq v3 1 -> b3, b2
b2:
	reject
b3:
	accept`},
		{"thread", "the edge that a packet came along", `
b0:
	v1 = load16 [12]
	if eq v1 1 -> b1, b3
b1:
	v2 = load8 [20]
	if eq v2 6 -> b2, b11
b2:
	v3 = load16 [54]
	jump b5(v3)
b3:
	if eq v1 2 -> b4, b11
b4:
	v4 = load16 [34]
	jump b5(v4)
b5(v5):
	if eq v5 22 -> b10, b6
b6:
	if eq v1 1 -> b7, b8
b7:
	v6 = load8 [20]
	if eq v6 6 -> b9, b11
b8:
	if eq v1 2 -> b9, b11
b9:
	v7 = load16 [56]
	if eq v7 22 -> b10, b11
b10:
	accept
b11:
	reject`, `
b0:
	v1 = load16 [12]
	if eq v1 1 -> b1, b3
b1:
	v2 = load8 [20]
	if eq v2 6 -> b2, b9
b2:
	v3 = load16 [54]
	jump b5(v3)
b3:
	if eq v1 2 -> b4, b9
b4:
	v4 = load16 [34]
	jump b5(v4)
b5(v5):
	if eq v5 22 -> b8, b6
b6:
	jump b7
b7:
	v6 = load16 [56]
	if eq v6 22 -> b8, b9
b8:
	accept
b9:
	reject`},
		{"thread", "what all edges say", `
b0:
	v1 = load8 [20]
	if eq v1 6 -> b3, b1
b1:
	if eq v1 17 -> b3, b2
b2:
	if eq v1 132 -> b3, b9
b3:
	v2 = load16 [54]
	if eq v2 53 -> b8, b4
b4:
	if eq v1 6 -> b7, b5
b5:
	if eq v1 17 -> b7, b6
b6:
	if eq v1 132 -> b7, b9
b7:
	if eq v2 80 -> b8, b9
b8:
	accept
b9:
	reject`, `
b0:
	v1 = load8 [20]
	if eq v1 6 -> b3, b1
b1:
	if eq v1 17 -> b3, b2
b2:
	if eq v1 132 -> b3, b8
b3:
	v2 = load16 [54]
	if eq v2 53 -> b7, b4
b4:
	if eq v1 6 -> b6, b5
b5:
	jump b6
b6:
	if eq v2 80 -> b7, b8
b7:
	accept
b8:
	reject`},
		{"merge", "equal tails", `
b0:
	v1 = load8 [9]
	if eq v1 6 -> b1, b3
b1:
	v2 = load8 [0]
	v3 = load8 [v2]
	if eq v3 80 -> b6, b2
b2:
	v4 = load8 [v2+2]
	if eq v4 80 -> b6, b7
b3:
	if eq v1 17 -> b4, b7
b4:
	v5 = load8 [0]
	v6 = load8 [v5]
	if eq v6 80 -> b6, b5
b5:
	v7 = load8 [v5+2]
	if eq v7 80 -> b6, b8
b6:
	accept
b7:
	reject
b8:
	reject`, `
b0:
	v1 = load8 [9]
	if eq v1 6 -> b2, b1
b1:
	if eq v1 17 -> b2, b5
b2:
	v2 = load8 [0]
	v3 = load8 [v2]
	if eq v3 80 -> b4, b3
b3:
	v4 = load8 [v2+2]
	if eq v4 80 -> b4, b5
b4:
	accept
b5:
	reject`},
		{"merge", "a tail whose values are elsewhere", `
b0:
	v1 = load8 [0]
	if eq v1 1 -> b1, b2
b1:
	v2 = load8 [1]
	if eq v2 2 -> b3, b6
b2:
	v3 = load8 [1]
	if eq v3 3 -> b4, b6
b3:
	v4 = load8 [v2]
	if eq v4 9 -> b5, b6
b4:
	v5 = load8 [v3]
	if eq v5 9 -> b5, b6
b5:
	accept
b6:
	reject`, `
b0:
	v1 = load8 [0]
	if eq v1 1 -> b1, b2
b1:
	v2 = load8 [1]
	if eq v2 2 -> b3, b5
b2:
	v3 = load8 [1]
	if eq v3 3 -> b3, b5
b3:
	v4 = load8 [1]
	v5 = load8 [v4]
	if eq v5 9 -> b4, b5
b4:
	accept
b5:
	reject`},
		{"rethread", "is thread", `
b0:
	v1 = len
	if eq v1 1 -> b1, b2
b1:
	if gt v1 9 -> b2, b3
b2:
	reject
b3:
	accept`, `
b0:
	v1 = len
	if eq v1 1 -> b2, b1
b1:
	reject
b2:
	accept`},
		{"reparam", "is param", `
b0:
	jump b1(7)
b1(v1):
	if eq v1 9 -> b2, b3
b2:
	accept
b3:
	reject`, `
b0:
	jump b1
b1:
	if eq 7 9 -> b2, b3
b2:
	accept
b3:
	reject`},
		{"narrow", "whole bytes", `
b0:
	v1 = load32 [26]
	v2 = and v1 0xffff0000
	if eq v2 0xa010000 -> b1, b4
b1:
	v3 = rsh v1 8
	v4 = and v3 0xff
	v5 = rsh v1 24
	v6 = and v1 0xffff
	v7 = add v4 v5
	if eq v6 v7 -> b2, b4
b2:
	v8 = and v1 0xff00
	if eq v8 0x500 -> b3, b4
b3:
	accept
b4:
	reject`, `
b0:
	v1 = load32 [26]
	v2 = and v1 0xffff0000
	v3 = load16 [26]
	if eq v3 0xa01 -> b1, b4
b1:
	v4 = rsh v1 8
	v5 = load8 [28]
	v6 = load8 [26]
	v7 = load16 [28]
	v8 = add v5 v6
	if eq v7 v8 -> b2, b4
b2:
	v9 = and v1 0xff00
	v10 = load8 [28]
	if eq v10 5 -> b3, b4
b3:
	accept
b4:
	reject`},
		{"narrow", "parts of bytes stay", `
b0:
	v1 = load32 [26]
	v2 = and v1 0xfff00000
	if eq v2 0xac100000 -> b1, b2
b1:
	v3 = load16 [0]
	v4 = rsh v3 4
	v5 = and v3 0xffff
	if eq v4 v5 -> b3, b2
b2:
	reject
b3:
	accept`, `
b0:
	v1 = load32 [26]
	v2 = and v1 0xfff00000
	if eq v2 0xac100000 -> b1, b2
b1:
	v3 = load16 [0]
	v4 = rsh v3 4
	v5 = and v3 0xffff
	if eq v4 v5 -> b3, b2
b2:
	reject
b3:
	accept`},
		{"number", "where it dominates", `
b0:
	v1 = load8 [0]
	v2 = load8 [0]
	v3 = add v1 5
	if eq v2 1 -> b1, b2
b1:
	v4 = load8 [1]
	v5 = load8 [0]
	v6 = add 5 v5
	if gt v4 v6 -> b3, b4
b2:
	v7 = load8 [1]
	v8 = load16 [0]
	if gt v7 v8 -> b3, b4
b3:
	v9 = load8 [1]
	if gt v9 v3 -> b5, b4
b4:
	reject
b5:
	accept`, `
b0:
	v1 = load8 [0]
	v2 = add v1 5
	if eq v1 1 -> b1, b2
b1:
	v3 = load8 [1]
	if gt v3 v2 -> b3, b4
b2:
	v4 = load8 [1]
	v5 = load16 [0]
	if gt v4 v5 -> b3, b4
b3:
	v6 = load8 [1]
	if gt v6 v2 -> b5, b4
b4:
	reject
b5:
	accept`},
		{"deadcode", "values, parameters, jumps, joins", `
b0:
	v1 = load8 [0]
	v2 = load8 [100]
	if eq v1 1 -> b1, b2
b1:
	v3 = len
	jump b3(v3 v1)
b2:
	jump b3(7 v2)
b3(v4 v5):
	v6 = add v5 1
	if gt v4 6 -> b4, b5
b4:
	v7 = load32 [0]
	jump b6
b5:
	jump b7
b6:
	v8 = load8 [1]
	if eq v8 v4 -> b8, b8
b7:
	jump b9(v4)
b8:
	accept
b9(v9):
	if eq v9 5 -> b10, b11
b10:
	accept
b11:
	reject`, `
b0:
	v1 = load8 [0]
	if eq v1 1 -> b1, b2(7)
b1:
	v2 = len
	jump b2(v2)
b2(v3):
	if gt v3 6 -> b3, b4
b3:
	accept
b4:
	if eq v3 5 -> b5, b6
b5:
	accept
b6:
	reject`},
		{"gather", "two values in turn", `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b8, b1
b1:
	v2 = load32 [30]
	if eq v2 1 -> b8, b2
b2:
	if eq v1 2 -> b8, b3
b3:
	if gt v2 2 -> b4, b8
b4:
	v3 = add v1 v2
	if eq v3 2 -> b8, b5
b5:
	if eq v1 v3 -> b8, b6
b6:
	if set v1 8 -> b8, b7
b7:
	if eq v3 v1 -> b8, b9
b8:
	accept
b9:
	reject`, `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b8, b1
b1:
	if eq v1 2 -> b8, b2
b2:
	if set v1 8 -> b8, b3
b3:
	v2 = load32 [30]
	if eq v2 1 -> b8, b4
b4:
	if gt v2 2 -> b5, b8
b5:
	v3 = add v1 v2
	if eq v3 2 -> b8, b6
b6:
	if eq v1 v3 -> b8, b7
b7:
	if eq v3 v1 -> b8, b9
b8:
	accept
b9:
	reject`},
		{"gather", "the value tested before", `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b1, b2
b1:
	v2 = load32 [30]
	if eq v2 2 -> b4, b5
b2:
	v3 = load32 [30]
	if eq v3 1 -> b3, b5
b3:
	if eq v1 2 -> b4, b5
b4:
	accept
b5:
	reject`, `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b1, b2
b1:
	v2 = load32 [30]
	if eq v2 2 -> b4, b5
b2:
	if eq v1 2 -> b3, b5
b3:
	v3 = load32 [30]
	if eq v3 1 -> b4, b5
b4:
	accept
b5:
	reject`},
		{"gather", "not where the exit needs what came first", `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b1, b1
b1:
	v2 = load32 [30]
	if eq v2 1 -> b2, b3
b2:
	if eq v1 2 -> b4, b3
b3:
	if eq v2 7 -> b4, b5
b4:
	accept
b5:
	reject`, `
b0:
	v1 = load32 [26]
	if eq v1 1 -> b1, b1
b1:
	v2 = load32 [30]
	if eq v2 1 -> b2, b3
b2:
	if eq v1 2 -> b4, b3
b3:
	if eq v2 7 -> b4, b5
b4:
	accept
b5:
	reject`},
		{"layout", "verdicts last, the true way next", `
b0:
	v1 = len
	if eq v1 1 -> b4, b1
b1:
	if eq v1 2 -> b3, b2
b2:
	reject
b3:
	accept
b4:
	v2 = load8 [0]
	if eq v2 1 -> b5, b6
b5:
	accept
b6:
	reject`, `
b0:
	v1 = len
	if eq v1 1 -> b1, b2
b1:
	v2 = load8 [0]
	if eq v2 1 -> b3, b5
b2:
	if eq v1 2 -> b4, b6
b3:
	accept
b4:
	accept
b5:
	reject
b6:
	reject`},
	} {
		head := "func linktype=RAW view=file snaplen=1 \"\""
		got := runPass(t, c.pass, parse(t, head+c.before))
		f, err := ir.Parse(head + c.after)
		if err != nil {
			t.Fatalf("%s: %s: %v", c.pass, c.name, err)
		}
		if _, want, _ := strings.Cut(f.String(), "\n"); got != want {
			t.Errorf("%s: %s: got\n%s\nwant\n%s", c.pass, c.name, got, want)
		}
	}
}

// TestRethreadOnlyWhereNeeded: rethread does nothing where merge dropped no test.
func TestRethreadOnlyWhereNeeded(t *testing.T) {
	f := parse(t, sshPlain)
	before := f.String()
	rethread(&work{f: f})
	if f.String() != before {
		t.Error("rethread ran though merge dropped no test")
	}
}
