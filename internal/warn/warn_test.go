package warn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/expr"
)

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		src  string
		want string // "rule word", joined by commas
	}{
		{"", ""},
		{"tcp port 80", ""},
		{"port 80 or 443", ""},
		{"host 10.0.0.1 or 10.0.0.2 or 10.0.0.3", ""},
		{"vlan 100 and tcp", ""},
		{"udp or vlan 100", ""},
		{"vlan 100 or vlan 200", "encap-or or"},
		{"(vlan 100 and tcp) or udp", "encap-or or"},
		{"mpls and host 10.0.0.1 or arp", "encap-or or"},
		{"pppoed or arp", ""},
		{"tcp dst port 80 or 443", "carried 443"},
		{"src host 10.0.0.1 or 10.0.0.2 or 10.0.0.3", "carried 10.0.0.2"},
		{"src host (10.0.0.1 or 10.0.0.2)", ""},
		{"arp or ip and host 10.0.0.1", "mixed and"},
		{"arp and ip or host 10.0.0.1", ""},
		{"(arp or ip) and host 10.0.0.1", ""},
		{"udp or (tcp or arp and ip)", "mixed and"},
		{"not host 10.0.0.1 or 10.0.0.2", "not-list 10.0.0.2"},
		{"not (host 10.0.0.1 or 10.0.0.2)", ""},
		{"tcp[13] & 2 != 0", "ipv4-only tcp"},
		{"ip[0] & 0xf > 5", ""},
		{"len > 4 and udp[4:2] > tcp[0]", "ipv4-only udp, ipv4-only tcp"},
		{"net 10.1.2.3", "net-host 10.1.2.3"},
		{"net 10.1.2 or net 10.0.0.0/8", ""},
		{"net 2001:db8::1", "net-host 2001:db8::1"},
		{"src net 10 or 10.0.0.1", "carried 10.0.0.1, net-host 10.0.0.1"},
	} {
		e, err := expr.Parse(tt.src)
		if err != nil {
			t.Errorf("%q: %v", tt.src, err)
			continue
		}
		var got []string
		for _, w := range Check(e) {
			got = append(got, fmt.Sprintf("%s %s", w.Rule, tt.src[w.Pos:w.End]))
			if w.Msg == "" {
				t.Errorf("%q: %s says nothing", tt.src, w.Rule)
			}
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%q: got %q, want %q", tt.src, s, tt.want)
		}
	}
}

// TestLongChain makes sure that a list as long as the source allows costs no stack
// and no quadratic time.
func TestLongChain(t *testing.T) {
	e, err := expr.Parse("port 1" + strings.Repeat(" or port 2", 100000))
	if err != nil {
		t.Fatal(err)
	}
	if ws := Check(e); len(ws) != 0 {
		t.Errorf("%d warnings", len(ws))
	}
}

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules {
		if r.name == "" || r.reason == "" || seen[r.name] {
			t.Errorf("rule %q, reason %q", r.name, r.reason)
		}
		seen[r.name] = true
	}
}
