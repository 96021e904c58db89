package ir

import (
	"strings"
	"testing"
)

// Each row breaks one law, by text where the form can hold the fault, else by
// change.
func TestLaws(t *testing.T) {
	const head = "func linktype=RAW view=file snaplen=1 \"ab\"\nb0:\n"
	const good = head + "v1 = load8 [0] ; 0:1\nif eq v1 1 -> b1(v1), b1(2)\nb1(v2):\nv3 = add v2 1\naccept"
	for _, c := range []struct {
		law    string
		text   string
		change func(*Func)
		want   string
	}{
		{"table", good, func(f *Func) { f.Blocks = nil }, "no blocks"},
		{"table", good, func(f *Func) { f.Values[0].Op = OpLen }, "v0 is len"},
		{"table", good, func(f *Func) { f.View = numViews }, "unknown view(5)"},
		{"kind", good, func(f *Func) { f.Blocks[1].Kind = KindInvalid }, "b1 is of invalid"},
		{"kind", good, func(f *Func) { f.Blocks[1].Kind = numKinds }, "b1 is of kind(5)"},
		{"kind", good, func(f *Func) { f.Blocks[0].Cond = CondInvalid }, "b0 tests invalid"},
		{"kind", good, func(f *Func) { f.Blocks[0].Y = None }, "operand missing"},
		{"kind", good, func(f *Func) { f.Blocks[1].X = 1 }, "has a condition"},
		{"way out", good, func(f *Func) { f.Blocks[1].Succ[False].To = 1 }, "b1 is of kind accept and leads to b1"},
		{"way out", head + "jump b7", nil, "b7, which is not there"},
		{"operation", good, func(f *Func) { f.Values[3].Op = numOps }, "v3 is op(17)"},
		{"operation", good, func(f *Func) { f.Values[1].Op = OpInvalid }, "v1 is no value and not empty"},
		{"operation", good, func(f *Func) { f.Values[1].Size = 3 }, "v1 loads 3 bytes"},
		{"operation", good, func(f *Func) { f.Values[3].Size = Byte }, "v3 is add and has a size"},
		{"operation", good, func(f *Func) { f.Values[3].K = 7 }, "holds the number 7"},
		{"operation", good, func(f *Func) { f.Values[3].Meta = MetaIfIndex }, "names ifindex"},
		{"operation", head + "v1 = meta proto\naccept", func(f *Func) { f.Values[1].Meta = 1 }, "unknown meta(1)"},
		{"arity", good, func(f *Func) { f.Values[1].Args[1] = 1 }, "v1 is load and has operand 1"},
		{"arity", head + "v1 = add v0 1\naccept", nil, "operand 0 of v1: missing"},
		{"arity", head + "v1 = neg v2\naccept", nil, "operand 0 of v1: v2 is not defined"},
		{"arity", good, func(f *Func) { f.Blocks[0].X = 99 }, "test of b0: v99 is not there"},
		{"arity", head + "jump b1(v5)\nb1(v1):\naccept", nil, "edge of b0 to b1: v5 is not defined"},
		{"constant", good, func(f *Func) { f.Values[f.Const(2)].Block = 0 }, "= 2 stands in b0"},
		{"constant", good, func(f *Func) { f.Values[f.Const(2)].K = 1 }, "are both 1"},
		{"constant", good, func(f *Func) { f.Values[f.Const(7)] = Value{} }, "is no constant"},
		{"constant", good, func(f *Func) {
			for k := range uint32(2 * maxListed) {
				f.Const(100 + k)
			}
			f.Values[f.Const(102)].K = 3
		}, "is not where it is looked for"},
		{"list", good, func(f *Func) { f.Blocks[1].Values[0] = 9 }, "list of b1: v9 is not there"},
		{"list", good, func(f *Func) { f.Blocks[1].Values[0] = f.Const(1) }, "in the wrong list of b1"},
		{"list", good, func(f *Func) { f.Blocks[1].Values[0] = 2 }, "v2 is param and in the wrong list of b1"},
		{"list", good, func(f *Func) { f.Values[3].Block = 0 }, "v3 names b0 and is listed in b1"},
		{"list", good, func(f *Func) { f.Blocks[1].Values = []ValueID{3, 3} }, "v3 is listed twice"},
		{"list", good, func(f *Func) { f.Blocks[1].Values = nil }, "v3 is listed in no block"},
		{"forward", head + "jump b0", nil, "b0 leads back to b0"},
		{"forward", head + "jump b2\nb1:\naccept\nb2:\njump b1", nil, "b2 leads back to b1"},
		{"reachable", head + "accept\nb1:\naccept", nil, "nothing leads to b1"},
		{"reachable", head + "accept\nb1:\njump b2\nb2:\naccept", nil, "nothing leads to b1"},
		{"parameter", good, func(f *Func) { f.Blocks[0].Succ[0].Args = nil }, "carries 0 values, not 1"},
		{"parameter", "func linktype=RAW view=file snaplen=1 \"\"\nb0(v1):\naccept", nil, "the entry has 1"},
		{"dominance", head + "v1 = neg v2\nv2 = len\naccept", nil, "v2 is used in b0"},
		{"dominance", head + "v1 = neg v1\naccept", nil, "v1 is used in b0"},
		{"dominance", head + "v1 = len\nif eq v1 1 -> b1, b2\nb1:\nv2 = len\njump b2\nb2:\nif eq v2 1 -> b3, b3\nb3:\naccept", nil, "v2 is used in b2"},
		{"dominance", head + "jump b1(v1)\nb1(v1):\naccept", nil, "v1 is used in b0"},
		{"dominance", head + "if eq 1 v1 -> b1(2), b1(3)\nb1(v1):\naccept", nil, "v1 is used in b0"},
		{"span", good, func(f *Func) { f.Values[1].Span.End = 3 }, "v1 spans 0:3 of 2 bytes"},
		{"span", good, func(f *Func) { f.Blocks[1].Span = Span{-1, 1} }, "b1 spans -1:1"},
	} {
		f := parse(t, c.text)
		if c.change != nil {
			if err := f.Check(); err != nil {
				t.Fatalf("%v in\n%s", err, f)
			}
			c.change(f)
		}
		err := f.Check()
		if err == nil {
			t.Errorf("%s: %q: no error", c.law, c.want)
			continue
		}
		if got := err.Error(); !strings.HasPrefix(got, "ir: "+c.law+": ") || !strings.Contains(got, c.want) {
			t.Errorf("got  %s\nwant ir: %s: ... %s", got, c.law, c.want)
		}
	}
}

func TestEveryLawIsTested(t *testing.T) {
	for _, l := range laws {
		if l.holds(parse(t, dnsText)) != nil {
			t.Errorf("%s does not hold for a good function", l.name)
		}
	}
}
