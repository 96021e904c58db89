package resolve

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

func filter(t *testing.T, src string, typ linktype.Type, view ir.View) (*pred.Filter, error) {
	t.Helper()
	e, err := expr.Parse(src)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	link, ok := proto.LinkOf(typ)
	if !ok {
		t.Fatal(typ)
	}
	return Filter(e, Config{Link: link, View: view, Netmask: netip.MustParseAddr("255.255.255.0"), Names: names{}})
}

// names is a small database.
type names struct{}

func pick[V any](m map[string]V, name string) (V, error) {
	if v, ok := m[name]; ok {
		return v, nil
	}
	var zero V
	return zero, ErrUnknown
}

func (names) Host(name string) ([]netip.Addr, error) {
	return pick(map[string][]netip.Addr{
		"four": {netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")},
		"six":  {netip.MustParseAddr("2001:db8::1")},
		"both": {netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:10.0.0.1")},
	}, name)
}
func (names) Network(name string) (uint32, error) {
	return pick(map[string]uint32{"ten": 10, "ten-one": 10<<8 + 1}, name)
}
func (names) Port(name, transport string) (uint16, error) {
	return pick(map[string]uint16{"ssh/tcp": 22, "ntp/udp": 123, "domain/tcp": 53, "domain/udp": 53, "x/tcp": 1, "x/udp": 2}, name+"/"+transport)
}
func (names) Protocol(name string) (uint8, error) {
	return pick(map[string]uint8{"ospf": 89}, name)
}
func (names) Ether(name string) ([6]byte, error) {
	return pick(map[string][6]byte{"four": {2, 0, 0, 0, 0, 4}, "both": {2, 0, 0, 0, 0, 5}}, name)
}

func TestFilter(t *testing.T) {
	const en, raw = linktype.Ethernet, linktype.Raw
	for _, tt := range []struct {
		src  string
		link linktype.Type
		want string
	}{
		// Protocols.
		{"ip", en, "carries(EN10MB 0x800)"},
		{"tcp", en, "(or ip4-proto(6) ip6-proto(6))"},
		{"icmp6", en, "ip6-proto(58)"},
		{"ip proto 47", en, "ip4-proto(47)"},
		{`proto \ospf`, en, "(or ip4-proto(89) ip6-proto(89))"},
		{`proto \udp`, en, "(or ip4-proto(17) ip6-proto(17))"},
		{`ether proto \arp`, en, "carries(EN10MB 0x806)"},
		{"lsp", en, "(or isis-type(18) isis-type(20))"},
		{`iso proto \clnp`, en, "iso-proto(0x81)"},
		{"ip6 protochain 51", en, "ip6-chain(51)"},

		// Qualifiers that were left out.
		{"tcp dst port 80 or 443", en, "(or port(ip6 6 dst 80-80) port(ip4 6 dst 80-80) (or port(ip6 6 dst 443-443) port(ip4 6 dst 443-443)))"},
		{"ip src host 10.0.0.1 and not 10.0.0.2", en, "(and host4(0x800 src 0a000001/ffffffff) (not host4(0x800 src 0a000002/ffffffff)))"},
		{"ip src (10.0.0.1 or 10.0.0.2)", en, "(or host4(0x800 src 0a000001/ffffffff) host4(0x800 src 0a000002/ffffffff))"},
		{"udp port 1 and (tcp or 2)", en, "error"},
		{"udp port 1 and (arp src host 1.2.3.4) and 2", en, "(and (or port(ip6 17 src-or-dst 1-1) port(ip4 17 src-or-dst 1-1)) host4(0x806 src 01020304/ffffffff) (or port(ip6 17 src-or-dst 2-2) port(ip4 17 src-or-dst 2-2)))"},

		// Addresses.
		{"host 10.1", raw, "(or host4(0x800 src-or-dst 0a010000/ffff0000) host4(0x806 src-or-dst 0a010000/ffff0000) host4(0x8035 src-or-dst 0a010000/ffff0000))"},
		{"ip net 10", raw, "host4(0x800 src-or-dst 0a000000/ff000000)"},
		{"ip net 10.1.2.0/24", raw, "host4(0x800 src-or-dst 0a010200/ffffff00)"},
		{"ip net 0.0.0.0/0", raw, "host4(0x800 src-or-dst 00000000/00000000)"},
		{"ip net 10.0.3.0 mask 255.0.255.0", raw, "host4(0x800 src-or-dst 0a000300/ff00ff00)"},
		{"ip net ten-one", raw, "host4(0x800 src-or-dst 0a010000/ffff0000)"},
		{"ip6 net 2001:db8::/29", raw, "host6(src-or-dst [20010db8 00000000 00000000 00000000]/[fffffff8 00000000 00000000 00000000])"},
		{"ip host four", raw, "host4(0x800 src-or-dst 0a000001/ffffffff 0a000002/ffffffff)"},
		{"ip6 dst host both", raw, "host6(dst [20010db8 00000000 00000000 00000001]/[ffffffff ffffffff ffffffff ffffffff])"},
		{"ip host six", raw, "error"},
		{"ether src 0:1:2:a:b:c", en, "mac(src 0001020a0b0c)"},
		{"ether host 0001.020a.0b0c", en, "mac(src-or-dst 0001020a0b0c)"},
		{"ether dst four", en, "mac(dst 020000000004)"},
		{"ip gateway both", en, "(and mac(src-or-dst 020000000005) host4(0x800 src-or-dst not 0a000001/ffffffff))"},
		{"host $1f", linktype.ArcnetBSD, "error"},
		{"link host $1f", linktype.ArcnetBSD, "mac8(src-or-dst 1f)"},
		{"broadcast", linktype.BACnetMSTP, "mac8(dst ff)"},
		{"broadcast", linktype.ArcnetLinux, "mac8(dst 0)"},
		{"decnet src host 10.15", en, "decnet(src 0x280f)"},

		// Ports.
		{"port ssh", en, "(or port(ip6 6 src-or-dst 22-22) port(ip4 6 src-or-dst 22-22))"},
		{"port domain", en, "(or port(ip6 0 src-or-dst 53-53) port(ip4 0 src-or-dst 53-53))"},
		{"port x", en, "(or port(ip6 6 src-or-dst 1-1) port(ip4 6 src-or-dst 1-1))"},
		{"udp port x", en, "error"},
		{"portrange 20-10", en, "(or port(ip6 0 src-or-dst 10-20) port(ip4 0 src-or-dst 10-20))"},
		{"portrange ssh-0x50", en, "(or port(ip6 0 src-or-dst 22-80) port(ip4 0 src-or-dst 22-80))"},

		// Encapsulations move what is to their right, across "or" too.
		{"vlan 5 or vlan", en, "(or (and (or carries(EN10MB 0x8100) carries(EN10MB 0x88a8) carries(EN10MB 0x9100)) field(net+0:2 & 0xfff eq 0x5)) (or carries(EN10MB 0x8100) carries(EN10MB 0x88a8) carries(EN10MB 0x9100)))"},
		{"mpls 3 and mpls", en, "(and carries(EN10MB 0x8847) field(net+0:4 & 0xfffff000 eq 0x3000) (not field(label+2:1 & 0xffffffff set 0x1)))"},
		{"pppoes and ip", en, "(and carries(EN10MB 0x8864) carries(PPP 0x800))"},
		{"geneve 7 and ip", en, "(and geneve(7) carries(EN10MB 0x800))"},
		{"lane and ip", linktype.SunATM, "(and field(link+0:1 & 0xf eq 0x1) carries(EN10MB 0x800))"},

		// The rest.
		{"less 100", en, "(not len(gt 100))"},
		{"greater 100", en, "len(ge 100)"},
		{"len / 2 >= -1 - 3", en, "(ge (div len 2) 4294967292)"},
		{"tcp[tcp[12] >> 4:2] != 7", en, "(not-eq tcp[(rsh tcp[12:1] 4):2] 7)"},
		{"byte 3 & 4", en, "field(link+3:1 & 0xffffffff set 0x4)"},
		{"ip broadcast", en, "(and carries(EN10MB 0x800) (or field(net+16:4 & 0xff eq 0x0) field(net+16:4 & 0xff eq 0xff)))"},
		{"inbound", linktype.LinuxSLL, "(not field(link+0:2 & 0xffffffff eq 0x4))"},
		{"ifindex 3", linktype.LinuxSLL2, "field(link+4:4 & 0xffffffff eq 0x3)"},
		{"type mgt subtype beacon", linktype.IEEE802_11, "field(link+0:1 & 0xfc eq 0x80)"},
		{"dir tods", linktype.IEEE802_11, "field(link+1:1 & 0x3 eq 0x1)"},
		{"rnr 7", linktype.PFLog, "field(link+36:4 & 0xffffffff eq 0x7)"},
		{"on em0", linktype.PFLog, "(and field(link+5:2 & 0xffffffff eq 0x6d30) field(link+4:1 & 0xffffffff eq 0x65))"},
		{"opc (1 or 2)", linktype.MTP2, "(or field(packet+4:4 & 0xc0ff0f eq 0x400000) field(packet+4:4 & 0xc0ff0f eq 0x800000))"},
		{"llc rnr", en, "(and has-llc field(llc+2:1 & 0xf eq 0x5))"},
	} {
		f, err := filter(t, tt.src, tt.link, ir.ViewFile)
		if err != nil {
			if tt.want != "error" {
				t.Errorf("%q: %v", tt.src, err)
			}
			continue
		}
		if got := f.Root.String(); got != tt.want {
			t.Errorf("%q on %s:\n got %s\nwant %s", tt.src, tt.link, got, tt.want)
		}
	}
}

// TestEmpty: no text accepts every packet.
func TestEmpty(t *testing.T) {
	f, err := filter(t, "", linktype.Ethernet, ir.ViewFile)
	if err != nil || f.Root != nil {
		t.Errorf("%v, %v", f, err)
	}
}

// TestView: where there are metadata, the outermost tag may be there.
func TestView(t *testing.T) {
	for view, want := range map[ir.View]string{
		ir.ViewSocket: "(and vlan(5) (or carries(EN10MB 0x8100) carries(EN10MB 0x88a8) carries(EN10MB 0x9100)))",
		ir.ViewTC:     "(and vlan(5) (or carries(EN10MB 0x8100) carries(EN10MB 0x88a8) carries(EN10MB 0x9100)))",
		ir.ViewXDP:    "(and (or carries(EN10MB 0x8100) carries(EN10MB 0x88a8) carries(EN10MB 0x9100)) field(net+0:2 & 0xfff eq 0x5) (or carries(EN10MB 0x8100) carries(EN10MB 0x88a8) carries(EN10MB 0x9100)))",
	} {
		f, err := filter(t, "vlan 5 and vlan", linktype.Ethernet, view)
		if err != nil {
			t.Errorf("%s: %v", view, err)
		} else if got := f.Root.String(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", view, got, want)
		}
	}
	if f, err := filter(t, "inbound and ifindex 2", linktype.Ethernet, ir.ViewSocket); err != nil ||
		f.Root.String() != "(and (not meta(pkttype eq 4)) meta(ifindex eq 2))" {
		t.Errorf("%v, %v", f, err)
	}
	if _, err := filter(t, "inbound", linktype.Ethernet, ir.ViewXDP); err == nil {
		t.Error("inbound compiles for XDP")
	}
}

// TestSpans: a predicate has the words of its primitive, an error those that are
// wrong, and each place has one error.
func TestSpans(t *testing.T) {
	src := "ip and tcp dst port 80 or 443"
	f, err := filter(t, src, linktype.Ethernet, ir.ViewFile)
	if err != nil {
		t.Fatal(err)
	}
	or := f.Root.(pred.Or)
	if s := or.Y.(pred.Or).X.(pred.Port).Span; src[s.Pos:s.End] != "443" {
		t.Errorf("second port: %q", src[s.Pos:s.End])
	}
	if s := or.X.(pred.And).Y.(pred.Or).X.(pred.Port).Span; src[s.Pos:s.End] != "tcp dst port 80" {
		t.Errorf("first port: %q", src[s.Pos:s.End])
	}

	src = "host nowhere or port 70000 or tcp or vlan 5000"
	_, err = filter(t, src, linktype.User0, ir.ViewFile)
	list, ok := err.(expr.ErrorList)
	var got []string
	for _, e := range list {
		got = append(got, src[e.Pos:e.End])
	}
	if want := "nowhere 70000 tcp vlan 5000"; !ok || strings.Join(got, " ") != want {
		t.Errorf("errors at %q, want %q", got, want)
	}
}

func TestParseMAC48(t *testing.T) {
	want := [6]byte{0, 1, 2, 0xa, 0xb, 0xc}
	for _, s := range []string{"0:1:2:a:b:c", "00-01-02-0a-0b-0c", "0.1.2.A.B.C", "0001.020a.0b0c", "0001020A0b0c"} {
		if got, ok := parseMAC48(s); !ok || got != want {
			t.Errorf("%q: %x, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "0:1:2:3:4", "0:1:2:3:4:5:6", "0:1:2:3:4:x", "001.020a.0b0c", "0:1:2:3:4:123", "00010203040"} {
		if got, ok := parseMAC48(s); ok {
			t.Errorf("%q: %x", s, got)
		}
	}
}
