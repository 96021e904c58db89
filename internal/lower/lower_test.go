package lower

import (
	"strings"
	"testing"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/internal/resolve"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

func lowered(t *testing.T, src string, typ linktype.Type, view ir.View, order ByteOrder) *ir.Func {
	t.Helper()
	e, err := expr.Parse(src)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	link, _ := proto.LinkOf(typ)
	p, err := resolve.Filter(e, resolve.Config{Link: link, View: view})
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	f := new(ir.Func)
	Filter(f, p, Options{View: view, Snaplen: 100, Source: src, ByteOrder: order})
	if err := f.Check(); err != nil {
		t.Fatalf("%q: %v\n%s", src, err, f)
	}
	return f
}

// tests counts the two-way tests of f, loads its packet loads.
func counts(f *ir.Func) (tests, loads int) {
	for _, b := range f.Blocks {
		if b.Kind == ir.KindIf {
			tests++
		}
	}
	for _, v := range f.Values {
		if v.Op == ir.OpLoad {
			loads++
		}
	}
	return tests, loads
}

// TestKnown: what the link type alone decides is not looked at, and cannot fault.
func TestKnown(t *testing.T) {
	for _, tt := range []struct {
		src          string
		link         linktype.Type
		tests, loads int
	}{
		{"", linktype.Ethernet, 0, 0},
		{"ip", linktype.IPv4, 0, 0},
		{"ip6 and tcp port 80", linktype.IPv4, 0, 0},
		{"not ip6", linktype.IPv4, 0, 0},
		{"ip host 10.0.0.1", linktype.IPv4, 2, 2},
		{"host 10.0.0.1", linktype.Raw, 3, 3}, // no ARP there
		{"ip net 0.0.0.0/0", linktype.Ethernet, 1, 1},
		{"ip6 net 2001:db8::/32", linktype.IPv6, 2, 2},
		{"link[4:2] & 0 = 0", linktype.Raw, 1, 1}, // a plain program looks at it
	} {
		tests, loads := counts(lowered(t, tt.src, tt.link, ir.ViewFile, Live))
		if tests != tt.tests || loads != tt.loads {
			t.Errorf("%q on %s: %d tests and %d loads, want %d and %d", tt.src, tt.link, tests, loads, tt.tests, tt.loads)
		}
	}
}

// TestPrefix: the length of a pseudo-header is read where something behind it is,
// and not otherwise.
func TestPrefix(t *testing.T) {
	for src, want := range map[string]bool{"len > 100": false, "radio[0] = 0": false, "type data": true, "ip": true} {
		f := lowered(t, src, linktype.IEEE802_11Radiotap, ir.ViewFile, Live)
		if got := strings.Contains(f.String(), "load8 [2]"); got != want {
			t.Errorf("%q: length is read: %v\n%s", src, got, f)
		}
	}
}

// frame is n bytes of zeros with bytes put in, as far as they fit.
func frame(n int, at map[int]byte) []byte {
	p := make([]byte, n)
	for i, b := range at {
		if i < n {
			p[i] = b
		}
	}
	return p
}

// TestVerdicts has a case for each irregular rule.
func TestVerdicts(t *testing.T) {
	ip4tcp := map[int]byte{12: 8, 14: 0x46, 23: 6, 41: 80} // one option word
	for _, tt := range []struct {
		src  string
		link linktype.Type
		pkt  []byte
		want uint32
	}{
		{"tcp dst port 80", linktype.Ethernet, frame(60, map[int]byte{12: 8, 14: 0x46, 23: 6, 41: 80}), 100},
		{"tcp src port 80", linktype.Ethernet, frame(60, ip4tcp), 0},
		{"not tcp src port 80", linktype.Ethernet, frame(60, ip4tcp), 100},
		{"not tcp src port 80", linktype.Ethernet, frame(38, ip4tcp), 0},                                          // cut before the port: rejected, not "false"
		{"tcp dst port 80", linktype.Ethernet, frame(60, map[int]byte{12: 8, 14: 0x45, 21: 1, 23: 6, 37: 80}), 0}, // a later fragment
		{"tcp[2:2] = 80", linktype.Ethernet, frame(60, ip4tcp), 100},
		{"tcp[-2:2] = 0 and ip[-2:2] = 0x0800", linktype.Ethernet, frame(60, ip4tcp), 100}, // in front of a header
		{"ip6 and tcp", linktype.Ethernet, frame(60, map[int]byte{12: 0x86, 13: 0xdd, 20: 44, 54: 6}), 100},
		{"stp", linktype.Ethernet, frame(60, map[int]byte{13: 38, 14: 0x42}), 100},
		{"ether proto 0x42", linktype.Ethernet, frame(60, map[int]byte{12: 6, 14: 0x42}), 0},
		{"ipx", linktype.Ethernet, frame(60, map[int]byte{13: 38, 14: 0xff, 15: 0xff}), 100},
		{"llc", linktype.Ethernet, frame(60, map[int]byte{13: 38, 14: 0xff, 15: 0xff}), 0},
		{"ip", linktype.PPPBSDOS, frame(30, map[int]byte{6: 0x2d}), 100},
		{"ip", linktype.Null, frame(30, map[int]byte{0: 2}), 100},
		{"mpls and mpls and ip", linktype.Ethernet, frame(60, map[int]byte{12: 0x88, 13: 0x47, 20: 1, 22: 0x45}), 100},
		{"mpls and ip", linktype.Ethernet, frame(60, map[int]byte{12: 0x88, 13: 0x47, 16: 0, 18: 0x45}), 0}, // not the last label
		{"vlan and vlan and ip", linktype.Ethernet, frame(60, map[int]byte{12: 0x88, 13: 0xa8, 16: 0x81, 20: 8}), 100},
		{"pppoes 5 and ip", linktype.Ethernet, frame(60, map[int]byte{12: 0x88, 13: 0x64, 17: 5, 21: 0x21}), 100},
		// A chain of headers: hop by hop, AH, TCP.
		{"ip6 protochain 6", linktype.IPv6, frame(80, map[int]byte{6: 0, 40: 51, 48: 6, 49: 1}), 100},
		{"ip6 protochain 17", linktype.IPv6, frame(80, map[int]byte{6: 0, 40: 51, 48: 6, 49: 1}), 0},
		{"ip protochain 6", linktype.IPv4, frame(80, map[int]byte{0: 0x45, 9: 51, 20: 51, 21: 1, 32: 6, 33: 1}), 100},
		// 802.11: data with QoS has a header two bytes longer; a control frame has no source.
		{"ip", linktype.IEEE802_11, frame(60, map[int]byte{0: 0x88, 32: 8}), 100},
		{"ip", linktype.IEEE802_11, frame(60, map[int]byte{0: 0x08, 30: 8}), 100},
		{"wlan src 0:0:0:0:0:0", linktype.IEEE802_11, frame(60, map[int]byte{0: 0x04}), 0},
		// Radiotap with padding behind a QoS header.
		{"ip", linktype.IEEE802_11Radiotap, frame(80, map[int]byte{2: 9, 4: 2, 8: 0x20, 9: 0x88, 42: 8}), 100},
	} {
		f := lowered(t, tt.src, tt.link, ir.ViewFile, Native)
		if got := ir.Eval(f, tt.pkt, nil); got != tt.want {
			t.Errorf("%q on %s: verdict %d, want %d, on % x", tt.src, tt.link, got, tt.want, tt.pkt)
		}
	}
}

// TestTagInMetadata: in a live capture the outermost tag is beside the bytes or in
// them, and what follows lies accordingly.
func TestTagInMetadata(t *testing.T) {
	f := lowered(t, "vlan 5 and ip proto 6", linktype.Ethernet, ir.ViewSocket, Live)
	beside := frame(60, map[int]byte{12: 8, 23: 6})
	inside := frame(60, map[int]byte{12: 0x81, 15: 5, 16: 8, 27: 6})
	for _, tt := range []struct {
		pkt  []byte
		md   ir.Metadata
		want uint32
	}{
		{beside, ir.Metadata{VLANPresent: true, VLANTCI: 0xa005}, 100},
		{beside, ir.Metadata{VLANPresent: true, VLANTCI: 6}, 0},
		{beside, ir.Metadata{}, 0},
		{inside, ir.Metadata{}, 100},
		{inside, ir.Metadata{VLANPresent: true, VLANTCI: 5}, 0}, // the inner tag is no IP
	} {
		tt.md.Len = uint32(len(tt.pkt))
		if got := ir.Eval(f, tt.pkt, &tt.md); got != tt.want {
			t.Errorf("verdict %d, want %d, with %+v on % x", got, tt.want, tt.md, tt.pkt)
		}
	}
}

// TestTunnels: what is inside is found behind IPv4 options and Geneve options, and
// behind IPv6.
func TestTunnels(t *testing.T) {
	geneve4 := map[int]byte{12: 8, 14: 0x46, 23: 17, 40: 0x17, 41: 0xc1, 46: 1, 48: 0x65, 49: 0x58, 52: 7} // options: one word
	inner := 14 + 24 + 8 + 8 + 4
	geneve4[inner+12] = 8
	bare := map[int]byte{12: 8, 14: 0x45, 23: 17, 36: 0x17, 37: 0xc1, 44: 8}
	vxlan6 := map[int]byte{12: 0x86, 13: 0xdd, 20: 17, 56: 0x12, 57: 0xb5, 62: 8, 68: 7, 14 + 40 + 16 + 12: 8}
	for _, tt := range []struct {
		src  string
		pkt  map[int]byte
		want uint32
	}{
		{"geneve 7 and ip", geneve4, 100},
		{"geneve 8", geneve4, 0},
		{"geneve and ether dst 0:0:0:0:0:0", geneve4, 100},
		{"geneve and ip", bare, 100},
		{"geneve and ether dst 0:0:0:0:0:0", bare, 0}, // no frame inside, so no address
		{"vxlan 7 and ip", vxlan6, 100},
		{"vxlan and arp", vxlan6, 0},
		{"vxlan or ip6", vxlan6, 100},
	} {
		f := lowered(t, tt.src, linktype.Ethernet, ir.ViewFile, Live)
		if got := ir.Eval(f, frame(120, tt.pkt), nil); got != tt.want {
			t.Errorf("%q: verdict %d, want %d\n%s", tt.src, got, tt.want, f)
		}
	}
}
