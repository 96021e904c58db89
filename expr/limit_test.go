package expr

import (
	"strconv"
	"strings"
	"testing"
)

// nested are filters that nest n deep, each level in another way.
var nested = []struct {
	name   string
	filter func(n int) string
}{
	{"parentheses", func(n int) string { return strings.Repeat("(", n) + "ip" + strings.Repeat(")", n) }},
	{"numbers in parentheses", func(n int) string { return strings.Repeat("(", n) + "1" + strings.Repeat(")", n) + " = 1" }},
	{"an id in parentheses", func(n int) string { return "port " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }},
	{"encapsulation", func(n int) string { return "vlan " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }},
	{"ids", func(n int) string { return "host " + strings.Repeat("(a or ", n) + "b" + strings.Repeat(")", n) }},
	{"not", func(n int) string { return strings.Repeat("not ", n) + "ip" }},
	{"not before an id", func(n int) string { return "host " + strings.Repeat("!", n) + "a" }},
	{"minus", func(n int) string { return strings.Repeat("- ", n) + "1 = 1" }},
	{"index", func(n int) string { return strings.Repeat("ip[", n) + "1" + strings.Repeat("]", n) + " = 1" }},
	{"remainder", func(n int) string { return strings.Repeat("1 % ", n) + "1 = 1" }},
	{"exclusive or", func(n int) string { return "1 = " + strings.Repeat("1 ^ ", n) + "1" }},
}

func TestDepth(t *testing.T) {
	for _, test := range nested {
		t.Run(test.name, func(t *testing.T) {
			src := test.filter(MaxDepth)
			if !checkNested(t, src) {
				_, err := Parse(src)
				t.Errorf("depth %d: %v", MaxDepth, err)
			}
			for _, n := range []int{MaxDepth + 1, 2 * MaxDepth, 20 * MaxDepth} {
				_, err := Parse(test.filter(n))
				list, ok := err.(ErrorList)
				if !ok || len(list) != 1 || list[0].Code != CodeLimit || !strings.Contains(list[0].Msg, strconv.Itoa(MaxDepth)) {
					t.Errorf("depth %d: %v, want one error that names the limit", n, err)
				}
			}
		})
	}
}

// checkNested is checkRoundTrip without the check of each node's span, which for deep
// trees takes time quadratic in the depth.
func checkNested(t *testing.T, src string) bool {
	t.Helper()
	x, err := Parse(src)
	if err != nil {
		return false
	}
	again, err := Parse(Format(x))
	if err != nil || !Equal(x, again) {
		t.Errorf("%.20q...: Format gives another tree, %v", src, err)
	}
	nodes := 0
	Walk(x, func(Node) bool { nodes++; return true })
	if nodes == 0 {
		t.Errorf("%.20q...: Walk comes to no node", src)
	}
	return true
}

func TestLongChain(t *testing.T) {
	const n = 200_000
	for _, src := range []string{
		strings.Repeat("ip or ", n-1) + "ip",
		hosts(n),
		"host " + strings.Repeat("a or ", n-1) + "b",
		"port (" + strings.Repeat("1 or ", n-1) + "2)",
		strings.Repeat("1 + ", n-1) + "1 = 1",
		"vpi (" + strings.Repeat("1 or ", n-1) + "1)",
	} {
		x, err := Parse(src)
		if err != nil {
			t.Fatalf("%.20q...: %v", src, err)
		}
		if got := Format(x); got != src {
			t.Errorf("%.20q...: Format gives %.20q...", src, got)
		}
		again, err := Parse(src)
		if err != nil || !Equal(x, again) {
			t.Errorf("%.20q...: not equal to itself, %v", src, err)
		}
		nodes, sum := 0, 0
		Walk(x, func(n Node) bool {
			nodes++
			sum += int(n.Span().End) // of each node, in a time that is linear in all
			return true
		})
		if sum == 0 || nodes < n && !strings.HasPrefix(src, "vpi") {
			t.Errorf("%.20q...: %d nodes", src, nodes)
		}
	}
}

func TestSourceLimit(t *testing.T) {
	src := "ip" + strings.Repeat(" ", MaxSource-2)
	if _, err := Parse(src); err != nil {
		t.Errorf("%d bytes: %v", len(src), err)
	}
	_, err := Parse(src + " ")
	if list, ok := err.(ErrorList); !ok || len(list) != 1 || list[0].Code != CodeLimit ||
		!strings.Contains(err.Error(), strconv.Itoa(MaxSource)) {
		t.Errorf("%d bytes: %v, want an error that names the limit", len(src)+1, err)
	}
	var b strings.Builder
	if PrintError(&b, src+" ", err) != nil || b.Len() > 1000 {
		t.Errorf("the error is printed with %d bytes", b.Len())
	}
	if most := strings.Repeat("host 2001:0db8:0123:4567:89ab:cdef:0123:4567 or ", 100_000); len(most) > MaxSource {
		t.Errorf("100000 IPv6 hosts have %d bytes", len(most))
	}
}

// Inputs that a careless parser takes quadratic time for.
func TestHostile(t *testing.T) {
	const n = 200_000
	for _, src := range []string{
		strings.Repeat("(", n),
		strings.Repeat("(", MaxDepth-1) + strings.Repeat(" ", n),
		strings.Repeat("((ip", MaxDepth/2-1),
		strings.Repeat(")", n),
		strings.Repeat("1:", n),
		strings.Repeat("::", n),
		strings.Repeat("::1", n),
		strings.Repeat("1::1.2.3", n),
		strings.Repeat("a-", n),
		strings.Repeat("a--", n) + "(",
		"a" + strings.Repeat("-", n),
		strings.Repeat("ip[", n),
		strings.Repeat("vlan (", n),
		"vlan " + strings.Repeat("(", MaxDepth-1),
		strings.Repeat("9", n),
		strings.Repeat("\xff ", n),
		strings.Repeat("not (", n),
		strings.Repeat("(ip ip) or ", n),
		strings.Repeat("- ", n),
	} {
		if _, err := Parse(src); err == nil {
			t.Errorf("%.20q...: no error", src)
		} else {
			checkErrors(t, src, err)
		}
	}
}
