package ir

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const dnsText = `func linktype=EN10MB view=file snaplen=262144 "ip and udp dst port 53"
b0:
	v1 = load16 [12]                    ; 0:2 ip
	if eq v1 0x800 -> b1, b5            ; 0:2 ip
b1: <- b0
	v2 = load8 [23]                     ; 7:22 udp dst port 53
	if eq v2 17 -> b2, b5
b2: <- b1
	v3 = load16 [20]
	if set v3 0x1fff -> b5, b3
b3: <- b2
	v4 = load8 [14]
	v5 = and v4 15
	v6 = lsh v5 2
	v7 = load16 [v6+16]                 ; 15:22 port 53
	if eq v7 53 -> b4, b5
b4: <- b3
	accept
b5: <- b0 b1 b2 b3
	reject
`

const paramText = `func linktype="a b" view=socket snaplen=65535 "line one\nline \"two\""
b0:
	v1 = meta vlan_present
	if eq v1 1 -> b2(14 v1), b1
b1: <- b0
	v2 = load16 [12]                    ; 5:13 one line
	jump b2(18 v2)
b2(v3 v4): <- b0 b1
	v5 = load8 [v3+6]
	v6 = load32 [v3]
	v7 = neg v6
	v8 = add v7 0xffffffff
	v9 = len
	v10 = xor v9 v4
	if ge v8 v10 -> b3, b4
b3: <- b2
	accept
b4: <- b2
	reject
`

func parse(t testing.TB, text string) *Func {
	t.Helper()
	f, err := Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return f
}

func TestTextRoundTrip(t *testing.T) {
	for _, text := range []string{
		strings.Replace(dnsText, "and v4 15", "and v4 0xf", 1),
		paramText,
		"func linktype=\"\" view=xdp snaplen=0 \"\"\nb0:\n\taccept\n",
	} {
		f := parse(t, text)
		if err := f.Check(); err != nil {
			t.Error(err)
		}
		if got := f.String(); got != text {
			t.Errorf("got\n%s\nwant\n%s", got, text)
		}
		if got := f.Clone().String(); got != text {
			t.Errorf("clone is\n%s", got)
		}
	}
}

func TestParseLoose(t *testing.T) {
	f := parse(t, "\n; a note\nfunc linktype=RAW view=tc snaplen=0x10 \"x\" ; end\nb0: ;\n  v3=load16[v2 + 4];0:1\n v2 = len\n if set 7 v3->b1,b0\nb1:<-b0\n reject")
	const want = "func linktype=RAW view=tc snaplen=16 \"x\"\nb0: <- b0\n\tv3 = load16 [v2+4]                  ; 0:1 x\n\tv2 = len\n\tif set 7 v3 -> b1, b0\nb1: <- b0\n\treject\n"
	if got := f.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	const head = "func linktype=RAW view=file snaplen=1 \"\"\n"
	for _, c := range []struct{ text, want string }{
		{"", "line 1: no func line"},
		{"b0:", `line 1: unexpected "b0", want "func"`},
		{"func linktype=RAW view=moon snaplen=1 \"\"", `line 1: unknown view "moon"`},
		{"func linktype=RAW view=file snaplen=4294967296 \"\"", `line 1: unexpected "4294967296", want a number below 2^32`},
		{"func linktype=RAW view=file snaplen=1 x", `line 1: unexpected "x", want a string`},
		{"func linktype=RAW view=file snaplen=1 \"x", "line 1: string does not end"},
		{head + "b1:\n", "line 2: b1 stands where b0 should"},
		{head + "b0:\nb1:\n", "line 3: b0 has no way out yet"},
		{head + "b0:\n", "line 3: b0 has no way out yet"},
		{head + "accept", `line 2: unexpected "accept" before the first block`},
		{head + "b0:\naccept\nreject", `line 4: unexpected "reject" after the way out of b0`},
		{head + "b0:\nv1 = frob 1", `line 3: unknown operation "frob"`},
		{head + "b0:\nv1 = const 1", `line 3: unknown operation "const"`},
		{head + "b0:\nv1 = meta frob", `line 3: unknown metadatum "frob"`},
		{head + "b0:\nv1 = add 1", "line 3: line ends too early"},
		{head + "b0:\nv1 = neg 1 2", `line 3: unexpected "2"`},
		{head + "b0:\nv1 = len\nv1 = len", "line 4: v1 is defined twice"},
		{head + "b0:\nv0 = len", `line 3: unexpected "v0", want a value`},
		{head + "b0:\nv1048576 = len", "line 3: v1048576: values are numbered below 1048576"},
		{head + "b0:\nif lt 1 2 -> b0, b0", `line 3: unknown condition "lt"`},
		{head + "b0:\nif eq 1 2 -> b0 b0", `line 3: unexpected "b0", want ","`},
		{head + "b0:\njump v1", `line 3: unexpected "v1", want a block`},
		{head + "b0:\nv1 = load16 {12}", `line 3: unexpected '{'`},
	} {
		if f, err := Parse(c.text); err == nil {
			t.Errorf("%q: no error, got\n%s", c.text, f)
		} else if got := strings.TrimPrefix(err.Error(), "ir: "); got != c.want {
			t.Errorf("%q: got  %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestFormatParts(t *testing.T) {
	f := parse(t, dnsText)
	for _, c := range []struct{ got, want string }{
		{f.FormatValue(7), "v7 = load16 [v6+16]"},
		{f.FormatValue(f.Const(53)), fmt.Sprintf("v%d = const 53", f.Const(53))},
		{f.FormatOperand(7), "v7"},
		{f.FormatOperand(f.Const(0x800)), "0x800"},
		{f.FormatWay(2), "if set v3 0x1fff -> b5, b3"},
		{f.FormatWay(4), "accept"},
		{f.Words(f.Values[7].Span), "port 53"},
		{f.Words(Span{5, 99}), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWriteDot(t *testing.T) {
	var b bytes.Buffer
	if err := parse(t, paramText).WriteDot(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`label="line one\lline \"two\""`,
		`b1 [label="b1\lv2 = load16 [12]\l"]`,
		`b0 -> b2 [style=solid label="(14 v1)"]`,
		`b2 -> b4 [style=dashed label=""]`,
		`b3 [label="b3\laccept\l"]`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(dnsText)
	f.Add(paramText)
	f.Add("func linktype=v7 view=tc snaplen=1 \"\\xff;\"\nb0: <- b9\nv3 = load8 [4+5] ; 1:2\nif set 3 v9 -> b4(v1 3), b0\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		g, err := Parse(text)
		if err != nil {
			return
		}
		printed := g.String()
		h, err := Parse(printed)
		if err != nil {
			t.Fatalf("%v in\n%s\nprinted from\n%s", err, printed, text)
		}
		if again := h.String(); again != printed {
			t.Fatalf("got\n%s\nfrom\n%s", again, printed)
		}
		ok := g.Check() == nil
		if ok != (h.Check() == nil) {
			t.Fatalf("%v, then %v, for\n%s", g.Check(), h.Check(), printed)
		}
		if ok {
			pkt := []byte(text)
			md := &Metadata{Len: 1 << 20, VLANPresent: true, VLANTCI: 0x1fff}
			want := Eval(g, pkt, md)
			g.Compact()
			if err := g.Check(); err != nil {
				t.Fatal(err)
			}
			if got := Eval(g, pkt, md); got != want {
				t.Fatalf("compact: %d, was %d, for\n%s", got, want, printed)
			}
		}
	})
}
