package untag

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/opt"
	"github.com/gofilter/gofilter/internal/packets"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

var filters = []string{
	"ip", "ip6", "arp or rarp", "tcp port 22", "port 53", "udp and not port 53", "host 10.0.0.10", "net 10.0.0.0/24 and tcp",
	"portrange 20-80", "tcp[tcpflags] & tcp-syn != 0", "less 60", "greater 100", "len > 71 and len < 200", "ether broadcast",
	"vlan", "vlan 5", "not vlan", "vlan and tcp", "vlan 100 or udp", "vlan and vlan", "vlan and vlan 5 and ip", "vlan and ip[2:2] + 14 = len",
	"ether[12:2] = 0x800", "ether[14] & 0xf > 5", "mpls", "pppoes and ip", "ifindex 3", "llc", "protochain 6",
}

// behind returns a frame as the stack hands it on.
func behind(frame []byte, length uint32) ([]byte, ir.Metadata) {
	md := ir.Metadata{Len: length, IfIndex: 3}
	if len(frame) < 16 {
		return frame, md
	}
	typ := binary.BigEndian.Uint16(frame[12:])
	if typ != 0x8100 && typ != 0x88a8 {
		return frame, md
	}
	md.VLANPresent, md.VLANTPID, md.VLANTCI, md.Len = true, typ, binary.BigEndian.Uint16(frame[14:]), length-4
	return append(append([]byte(nil), frame[:12]...), frame[16:]...), md
}

// The copied filter says of a frame what the filter says of it behind the stack, for each
// Ethernet frame of the corpus with no tag more, one and two, cut at every length that a frame
// can have.
func TestXDP(t *testing.T) {
	var frames []savefile.Record
	for name, file := range packets.Files() {
		if !strings.HasSuffix(name, ".pcap") {
			continue
		}
		r, err := savefile.NewReader(strings.NewReader(string(file)), name)
		if err != nil {
			t.Fatal(err)
		}
		var rec savefile.Record
		for r.Next(&rec) == nil {
			if rec.Interface.LinkType != linktype.Ethernet || len(rec.Data) < 18 || len(rec.Data) > 120 {
				continue
			}
			data := append([]byte(nil), rec.Data...)
			for range 3 {
				frames = append(frames, savefile.Record{Data: data, Len: uint32(len(data))})
				tag := binary.BigEndian.AppendUint32(nil, 0x81006005-uint32(len(frames)%2)*0x8100_0000+uint32(len(frames)%2)*0x88a8_0000)
				data = append(append(append([]byte(nil), data[:12]...), tag...), data[12:]...)
			}
		}
	}
	for _, src := range filters {
		f, err := gofilter.Compile(src, gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewTC})
		if err != nil {
			t.Fatal(err)
		}
		for _, fn := range []*ir.Func{f.Plain(), f.IR()} {
			g, err := XDP(fn)
			if err != nil {
				t.Errorf("%q: %v", src, err)
				continue
			}
			if err := opt.Run(g, opt.Options{}); err != nil {
				t.Fatal(err)
			}
			if err := g.Check(); err != nil {
				t.Fatalf("%q: %v\n%s", src, err, g)
			}
			accepted := 0
			for _, rec := range frames {
				for n := 18; n <= len(rec.Data); n++ {
					inside, md := behind(rec.Data[:n], rec.Len)
					want := ir.Eval(fn, inside, &md)
					if got := ir.Eval(g, rec.Data[:n], &ir.Metadata{Len: rec.Len, IfIndex: 3}); got != want {
						t.Fatalf("%q: %x: %d, want %d\n%s\n%s", src, rec.Data[:n], got, want, fn, g)
					}
					if want != 0 {
						accepted++
					}
				}
			}
			if accepted == 0 {
				t.Errorf("%q: no frame was accepted", src)
			}
		}
	}
}

func TestUnavailable(t *testing.T) {
	for src, want := range map[string]string{
		"outbound":            "pkttype",
		"ether[10:4] = 1":     "4 bytes at offset 10",
		"ether[ether[0]] = 1": "1 bytes at offset 0",
	} {
		f, err := gofilter.Compile(src, gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewTC})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := XDP(f.IR()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", src, err)
		}
	}
}
