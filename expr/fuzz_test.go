package expr

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// checkRoundTrip parses src, and if it is a filter prints and parses it again. It reports
// whether it is a filter.
func checkRoundTrip(t *testing.T, src string) bool {
	t.Helper()
	x, err := Parse(src)
	if err != nil {
		checkErrors(t, src, err)
		return false
	}
	text := Format(x)
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q) is right, Format gives %q, which is not: %v", src, text, err)
	}
	if !Equal(x, again) {
		t.Fatalf("%q: Format gives %q, which is another tree", src, text)
	}
	if text2 := Format(again); text2 != text {
		t.Fatalf("%q: Format gives %q and then %q", src, text, text2)
	}
	if x != nil {
		checkSpans(t, src, x)
	}
	return true
}

// checkErrors checks that err is a sorted list of located errors within src.
func checkErrors(t *testing.T, src string, err error) {
	t.Helper()
	list, ok := err.(ErrorList)
	if !ok || len(list) == 0 || len(list) > MaxErrors {
		t.Fatalf("%q: error is no proper list: %#v", src, err)
	}
	for i, e := range list {
		switch {
		case e.Pos < 0 || e.End < e.Pos || int(e.End) > len(src):
			t.Fatalf("%q: error outside the source: %+v", src, e)
		case e.Line < 1 || e.Col < 1 || e.Msg == "" || e.Code == "":
			t.Fatalf("%q: incomplete error: %+v", src, e)
		case i > 0 && list[i-1].Pos > e.Pos:
			t.Fatalf("%q: errors not in order", src)
		case e.Code != CodeLimit && e.Word != src[e.Pos:e.End]:
			t.Fatalf("%q: error at %q says its word is %q", src, src[e.Pos:e.End], e.Word)
		}
	}
	var b strings.Builder
	if err := PrintError(&b, src, err); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 3*len(list) {
		t.Fatalf("%q: %d lines for %d errors:\n%s", src, n, len(list), b.String())
	}
}

// checkSpans checks that each node is within the node around it and not empty.
func checkSpans(t *testing.T, src string, x Expr) {
	t.Helper()
	whole := x.Span()
	last := Pos(0)
	Walk(x, func(n Node) bool {
		at := n.Span()
		if at.Pos < whole.Pos || at.End > whole.End || at.Pos >= at.End {
			t.Fatalf("%q: %T has the span %v in one of %v", src, n, at, whole)
		}
		if at.Pos < last {
			t.Fatalf("%q: Walk comes to %T at %d after %d", src, n, at.Pos, last)
		}
		last = at.Pos
		return true
	})
}

func TestRandomFilters(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		src := strings.Join(randomFilter(r), " ")
		if !checkRoundTrip(t, src) {
			_, err := Parse(src)
			t.Fatalf("%q is a filter, Parse says: %v", src, err)
		}
	}
	wrong := 0
	for range 20_000 {
		words := randomSoup(r)
		if r.IntN(2) == 0 {
			words = spoil(r, randomFilter(r))
		}
		if !checkRoundTrip(t, strings.Join(words, " ")) {
			wrong++
		}
	}
	if wrong < 10_000 {
		t.Errorf("only %d of 20000 spoilt filters are wrong", wrong)
	}
}

func FuzzParse(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		words := randomFilter(r)
		f.Add(strings.Join(words, " "))
		f.Add(strings.Join(spoil(r, words), " "))
	}
	for _, src := range []string{
		"", " \t\r\n", "ip and tcp port 22", "host 10.0.0.1 \xff", "port 80'", "host\\", "$", "\x00",
		"1:2:3:4:5:6:7::1.2.3.4", "ether[0]&1!=0", strings.Repeat("(", 200), "((1)or a)",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) { checkRoundTrip(t, src) })
}
