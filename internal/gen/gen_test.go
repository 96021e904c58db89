package gen

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/linktype"
)

var types = []linktype.Type{
	linktype.Ethernet, linktype.Raw, linktype.IPv4, linktype.IPv6, linktype.Null,
	linktype.Loop, linktype.LinuxSLL, linktype.LinuxSLL2, linktype.PPP,
}

// TestDeterminism: the same seed gives the same filters and packets.
func TestDeterminism(t *testing.T) {
	for _, lt := range types {
		a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
		for range 100 {
			x, y := Expr(a, Options{LinkType: lt}), Expr(b, Options{LinkType: lt})
			if x != y {
				t.Fatalf("%q and %q", x, y)
			}
			p, q := Random(a, lt, BiasOf(x)), Random(b, lt, BiasOf(y))
			if !bytes.Equal(p.Data, q.Data) || p.WireLen != q.WireLen {
				t.Fatalf("%q: packets differ", x)
			}
			if p.WireLen < len(p.Data) {
				t.Fatalf("%d bytes captured of %d", len(p.Data), p.WireLen)
			}
		}
	}
}

func TestWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	off := map[string]int{}
	for _, name := range Primitives() {
		off[name] = 0
	}
	off["vlan"] = 1
	for range 50 {
		e := Expr(rng, Options{LinkType: linktype.Ethernet, Weights: off})
		if !strings.Contains(e, "vlan") || strings.Contains(e, "port") {
			t.Fatalf("%q", e)
		}
	}
}

func TestBiasOf(t *testing.T) {
	b := BiasOf("host 10.0.0.1 and ip6 net 2001:db8::/32 and ether host 02:00:00:00:00:0a and port 22 and ip[2:2] = 0xff")
	if len(b.Addrs) != 2 || b.Addrs[0].String() != "2001:db8::" || b.Addrs[1].String() != "10.0.0.1" {
		t.Errorf("addresses %v", b.Addrs)
	}
	if len(b.MACs) != 1 || b.MACs[0][5] != 0x0a {
		t.Errorf("Ethernet addresses %v", b.MACs)
	}
	for _, v := range []uint32{32, 22, 2, 0xff} {
		if !slices.Contains(b.Numbers, v) {
			t.Errorf("%d is not in %v", v, b.Numbers)
		}
	}
}

func TestSeeds(t *testing.T) {
	for _, lt := range append(types, linktype.IEEE802_11) {
		if len(Seeds(lt)) < 5 {
			t.Errorf("%v: %d seeds", lt, len(Seeds(lt)))
		}
	}
}
