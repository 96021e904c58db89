package cooked

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/packets"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

var filters = []string{
	"ip", "ip6", "arp", "tcp", "udp", "icmp", "icmp6", "not ip", "tcp port 22", "port 53", "udp and not port 53",
	"host 10.0.0.10", "net 10.0.0.0/24 and tcp", "ip6 host 2001:db8::a", "portrange 20-80", "tcp[tcpflags] & tcp-syn != 0",
	"ip[8] > 10", "less 60", "greater 100", "len > 71 and len < 200", "ip[2:2] + 20 = len", "sctp", "dst port 80 or src port 80",
	"ether proto 0x86dd", "inbound", "outbound", "ifindex 2", "ip or ifindex 3",
}

// The rewritten filter on what the kernel sees is the filter on what the reader
// sees, for every packet cut at every length.
func TestKernel(t *testing.T) {
	files := packets.Files()
	tests := []struct {
		file string
		link linktype.Type
		md   func(head []byte) ir.Metadata
	}{
		{"linux-sll.pcap", linktype.LinuxSLL, func(b []byte) ir.Metadata {
			return ir.Metadata{Protocol: binary.BigEndian.Uint16(b[14:]), PacketType: b[1]}
		}},
		{"linux-sll2.pcap", linktype.LinuxSLL2, func(b []byte) ir.Metadata {
			return ir.Metadata{Protocol: binary.BigEndian.Uint16(b), PacketType: b[10], IfIndex: binary.BigEndian.Uint32(b[4:])}
		}},
	}
	for _, test := range tests {
		size := int(headers[test.link].size)
		accepted := 0
		for _, src := range filters {
			f, err := gofilter.Compile(src, gofilter.Config{LinkType: test.link, View: ir.ViewSocket})
			if err != nil {
				t.Logf("%v %q: %v", test.link, src, err)
				continue
			}
			for _, fn := range []*ir.Func{f.Plain(), f.IR()} {
				before := fn.String()
				k, err := Kernel(fn, test.link)
				if err != nil {
					t.Errorf("%v %q: %v", test.link, src, err)
					continue
				}
				if err := k.Check(); err != nil {
					t.Fatalf("%v %q: %v\n%s", test.link, src, err, k)
				}
				if fn.String() != before {
					t.Fatalf("%v %q: the filter itself was changed", test.link, src)
				}
				r, err := savefile.NewReader(bytes.NewReader(files[test.file]), test.file)
				if err != nil {
					t.Fatal(err)
				}
				var rec savefile.Record
				for r.Next(&rec) == nil {
					inside := test.md(rec.Data)
					outside := inside
					outside.Len = rec.Len
					inside.Len = rec.Len - uint32(size)
					for n := size; n <= len(rec.Data); n++ {
						want := ir.Eval(fn, rec.Data[:n], &outside)
						if got := ir.Eval(k, rec.Data[size:n], &inside); got != want {
							t.Fatalf("%v %q: packet %d cut to %d: %d, want %d\n%s\n%s", test.link, src, rec.Number, n, got, want, fn, k)
						}
						if want != 0 {
							accepted++
						}
					}
				}
			}
		}
		if accepted == 0 {
			t.Errorf("%v: no packet was accepted", test.link)
		}
	}
}

func TestUnavailable(t *testing.T) {
	for _, src := range []string{"ether[4:2] = 6", "ether[8:2] = 1", "ether[ether[5]] = 1"} {
		f, err := gofilter.Compile(src, gofilter.Config{LinkType: linktype.LinuxSLL, View: ir.ViewSocket})
		if err != nil {
			t.Fatal(err)
		}
		if k, err := Kernel(f.IR(), linktype.LinuxSLL); err == nil {
			t.Errorf("%q: no error\n%s", src, k)
		}
	}
	if Is(linktype.Ethernet) {
		t.Error("Ethernet has no cooked header")
	}
}
