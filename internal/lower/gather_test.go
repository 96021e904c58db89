package lower

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/internal/resolve"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// both lowers a filter as it is written and gathered.
func both(t *testing.T, src string, typ linktype.Type) (plain, gathered *ir.Func) {
	t.Helper()
	e, err := expr.Parse(src)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	link, _ := proto.LinkOf(typ)
	p, err := resolve.Filter(e, resolve.Config{Link: link, Names: manyHosts{}})
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	o := Options{Snaplen: 1, Source: src}
	plain, gathered = new(ir.Func), new(ir.Func)
	Filter(plain, p, o)
	o.Gather = true
	Filter(gathered, p, o)
	if err := gathered.Check(); err != nil {
		t.Fatalf("%q: %v\n%s", src, err, gathered)
	}
	return plain, gathered
}

// manyHosts knows hosts with several addresses.
type manyHosts struct{ resolve.Names }

func (manyHosts) Host(name string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	for i := range 4 {
		addrs = append(addrs, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i)))
	}
	return addrs, nil
}

// TestGather: a gathered list has the verdict of the list as it is written, but
// that a packet that is cut may be accepted where a term in front faults.
func TestGather(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(ss ...string) string { return ss[r.IntN(len(ss))] }
	addr := func() string { return fmt.Sprintf("10.0.%d.%d", r.IntN(2), r.IntN(4)) }
	addr6 := func() string { return fmt.Sprintf("2001:db8:%d::%d", r.IntN(2), r.IntN(3)) }
	dir := func() string { return pick("", "src ", "dst ", "src and dst ", "src or dst ") }
	term := func() string {
		switch r.IntN(12) {
		case 0, 1:
			return dir() + "host " + addr()
		case 2:
			return pick("ip ", "arp ", "rarp ") + dir() + "host " + addr()
		case 3:
			return dir() + "net 10.0." + pick("0.0/24", "1.0/24", "0.0/30", "0.2/31", "0.0/16", "0.0 mask 255.0.255.0")
		case 4, 5:
			return "ip6 " + dir() + "host " + addr6()
		case 6:
			return "ip6 " + dir() + "net 2001:db8::" + pick("/32", "/33", "/64", "/128", "1/128")
		case 7:
			return pick("", "tcp ", "udp ") + dir() + fmt.Sprintf("port %d", r.IntN(6))
		case 8:
			return pick("", "tcp ", "udp ") + dir() + fmt.Sprintf("portrange %d-%d", r.IntN(6), r.IntN(6))
		case 9:
			return "ether " + dir() + "host 0:0:0:0:" + fmt.Sprintf("%d:%d", r.IntN(2), r.IntN(3))
		case 10:
			return dir() + "host many"
		}
		return pick("ip", "ip6", "arp", "tcp", "len > 60")
	}
	differ := 0
	for range 3000 {
		var b strings.Builder
		conn, not := pick(" or ", " or ", " and "), ""
		if conn == " and " {
			not = "not "
		}
		for i := range 1 + r.IntN(9) {
			if i > 0 {
				b.WriteString(pick(conn, conn, conn, " or ", " and "))
			}
			b.WriteString(pick(not, not, "", "not ") + term())
		}
		src := b.String()
		plain, gathered := both(t, src, linktype.Ethernet)
		for range 40 {
			pkt := randomFrame(r)
			want, got := ir.Eval(plain, pkt, nil), ir.Eval(gathered, pkt, nil)
			if want == got {
				continue
			}
			// The longer packet, which faults nowhere, tells what was meant.
			whole := append(pkt[:len(pkt):len(pkt)], make([]byte, 200)...)
			md := ir.Metadata{Len: uint32(len(pkt))}
			if want != 0 || len(pkt) > 74 || ir.Eval(plain, whole, &md) != ir.Eval(gathered, whole, &md) {
				t.Fatalf("%q: as written %d, gathered %d, on %d bytes % x\n%s", src, want, got, len(pkt), pkt, gathered)
			}
			differ++
		}
	}
	if differ == 0 {
		t.Error("no packet was spared a fault; are there lists and cut packets?")
	}
}

// randomFrame makes a frame that the terms of TestGather are about, often cut.
func randomFrame(r *rand.Rand) []byte {
	p := make([]byte, 90)
	p[4], p[5], p[10], p[11] = byte(r.IntN(2)), byte(r.IntN(3)), byte(r.IntN(2)), byte(r.IntN(3))
	put4 := func(at int) { copy(p[at:], []byte{10, 0, byte(r.IntN(2)), byte(r.IntN(4))}) }
	put6 := func(at int) {
		copy(p[at:], []byte{0x20, 1, 0xd, 0xb8, 0, byte(r.IntN(2))})
		p[at+15] = byte(r.IntN(3))
	}
	proto := []byte{6, 17, 1}[r.IntN(3)]
	switch r.IntN(4) {
	case 0, 1:
		p[12], p[14], p[23] = 8, 0x45, proto
		put4(26)
		put4(30)
		p[35], p[37] = byte(r.IntN(6)), byte(r.IntN(6))
	case 2:
		p[12], p[13], p[20] = 0x86, 0xdd, proto
		put6(22)
		put6(38)
		p[55], p[57] = byte(r.IntN(6)), byte(r.IntN(6))
	case 3:
		p[12], p[13] = 8, 6
		put4(28)
		put4(38)
	}
	if r.IntN(2) == 0 {
		return p[:r.IntN(len(p))]
	}
	return p
}

// TestLists: a list costs a test an entry, and few more.
func TestLists(t *testing.T) {
	for _, tt := range []struct {
		entry string
		sides int // lists that the filter needs
	}{
		{"host 10.%d.%d.1", 2},
		{"src net 10.%d.%d.0/24", 1},
		{"port %d%02d", 2},
		{"tcp dst port %d%02d", 1},
		{"ip6 src host 2001:%d:%d::1", 4},
	} {
		const n = 90
		var terms []string
		for i := range n {
			terms = append(terms, fmt.Sprintf(tt.entry, i/10+1, i*7%10))
		}
		_, f := both(t, strings.Join(terms, " or "), linktype.Ethernet)
		tests, _ := counts(f)
		if most := tt.sides*(n+n/4) + 30; tests > most {
			t.Errorf("%d times %q: %d tests, want at most %d", n, tt.entry, tests, most)
		}
	}
}

// TestSearch: in a list of any length each number is found, and none of their
// neighbours.
func TestSearch(t *testing.T) {
	for n := 1; n < 60; n++ {
		var terms []string
		for i := range n {
			terms = append(terms, fmt.Sprintf("ip src host 10.0.0.%d", 3*i+1))
		}
		plain, gathered := both(t, strings.Join(terms, " or "), linktype.Ethernet)
		for k := range 3*n + 3 {
			pkt := frame(34, map[int]byte{12: 8, 14: 0x45, 26: 10, 29: byte(k)})
			want := ir.Eval(plain, pkt, nil)
			if got := ir.Eval(gathered, pkt, nil); got != want || (want == 1) != (k%3 == 1 && k/3 < n) {
				t.Fatalf("%d hosts: 10.0.0.%d: %d, as it is written %d", n, k, got, want)
			}
		}
	}
}

// TestBarrier: a packet that a test between two IPv6 addresses accepts is not missed for
// what the second address would load of it.
func TestBarrier(t *testing.T) {
	plain, gathered := both(t, "ip6 src host 1::8 or ip6[6] = 17 or ip6 src host 2001:db8::7", linktype.Ethernet)
	whole := frame(60, map[int]byte{12: 0x86, 13: 0xdd, 20: 17, 22: 0x20, 23: 1, 24: 0xd, 25: 0xb8, 37: 7})
	for n := range whole {
		if want := ir.Eval(plain, whole[:n], nil); want != 0 && ir.Eval(gathered, whole[:n], nil) != want {
			t.Errorf("%d bytes: rejected, as it is written accepted", n)
		}
	}
}

// TestNormal: ranges that overlap or touch are one.
func TestNormal(t *testing.T) {
	got := fmt.Sprint(normal([]span32{{5, 9}, {1, 2}, {3, 3}, {8, 20}, {30, 30}, {^uint32(0), ^uint32(0)}, {40, ^uint32(0)}}))
	if want := "[{1 3} {5 20} {30 30} {40 4294967295}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for s, want := range map[span32]int{{0, ^uint32(0)}: 0, {8, 15}: 29, {7, 7}: 32, {8, 14}: -1, {4, 11}: -1} {
		n, ok := s.prefixLen()
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("prefix of %v: %d, want %d", s, n, want)
		}
	}
}
