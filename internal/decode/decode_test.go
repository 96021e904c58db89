package decode

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/packets"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A TCP SYN, a reply and data between 10.0.0.1 and 10.0.0.2, from the IP header on.
const (
	synHex  = "45000028000100004006 66cd 0a000001 0a000002 9c40 0016 000003e8 00000000 5002 ffff 0000 0000"
	ackHex  = "45000028000100004006 66cd 0a000002 0a000001 0016 9c40 00000bb8 000003e9 5012 ffff 0000 0000"
	dataHex = "4500002a000100004006 66cb 0a000001 0a000002 9c40 0016 000003e9 00000bb9 5018 ffff 0000 0000 6869"
)

func TestLines(t *testing.T) {
	raw := func(s string) *Packet {
		b := unhex(t, s)
		return &Packet{Data: b, Len: uint32(len(b)), Sec: 1e9, Nsec: 123456789, Number: 7, LinkType: linktype.Raw}
	}
	tests := []struct {
		name    string
		opt     Options
		packets []*Packet
		want    string
	}{
		{"relative numbers", Options{Stamp: StampNone}, []*Packet{raw(synHex), raw(ackHex), raw(dataHex)},
			"IP 10.0.0.1.40000 > 10.0.0.2.22: Flags [S], seq 1000, win 65535, length 0\n" +
				"IP 10.0.0.2.22 > 10.0.0.1.40000: Flags [S.], seq 3000, ack 1001, win 65535, length 0\n" +
				"IP 10.0.0.1.40000 > 10.0.0.2.22: Flags [P.], seq 1:3, ack 1, win 65535, length 2\n"},
		{"absolute numbers", Options{Stamp: StampNone, AbsoluteSeq: true}, []*Packet{raw(ackHex), raw(dataHex)},
			"IP 10.0.0.2.22 > 10.0.0.1.40000: Flags [S.], seq 3000, ack 1001, win 65535, length 0\n" +
				"IP 10.0.0.1.40000 > 10.0.0.2.22: Flags [P.], seq 1001:1003, ack 3001, win 65535, length 2\n"},
		{"time of day", Options{Zone: time.UTC, Quiet: true}, []*Packet{raw(synHex)},
			"01:46:40.123456 IP 10.0.0.1.40000 > 10.0.0.2.22: tcp 0\n"},
		{"nanoseconds", Options{Zone: time.UTC, Quiet: true, Nano: true, Stamp: StampDate}, []*Packet{raw(synHex)},
			"2001-09-09 01:46:40.123456789 IP 10.0.0.1.40000 > 10.0.0.2.22: tcp 0\n"},
		{"number", Options{Stamp: StampUnix, Number: true, Quiet: true}, []*Packet{raw(synHex)},
			"    7  1000000000.123456 IP 10.0.0.1.40000 > 10.0.0.2.22: tcp 0\n"},
		{"dump", Options{Stamp: StampNone, Quiet: true, Dump: DumpHex}, []*Packet{raw(dataHex)},
			"IP 10.0.0.1.40000 > 10.0.0.2.22: tcp 2\n" +
				"\t0x0000:  4500 002a 0001 0000 4006 66cb 0a00 0001\n" +
				"\t0x0010:  0a00 0002 9c40 0016 0000 03e9 0000 0bb9\n" +
				"\t0x0020:  5018 ffff 0000 0000 6869\n"},
		{"names", Options{Stamp: StampNone, Quiet: true, Names: words{}}, []*Packet{raw(synHex)},
			"IP one.40000 > 10.0.0.2.ssh: tcp 0\n"},
		{"link type that nothing is known of", Options{Stamp: StampNone}, []*Packet{{Data: []byte("ab"), Len: 2, LinkType: linktype.USBPcap}},
			"USBPCAP, length 2\n\t0x0000:  6162                                     ab\n"},
		{"nothing captured", Options{}, []*Packet{{Len: 60, LinkType: linktype.Ethernet}}, "[Invalid header: caplen==0]\n"},
	}
	for _, test := range tests {
		d := New(test.opt)
		var out []byte
		for _, p := range test.packets {
			out = d.Append(out, p)
		}
		if string(out) != test.want {
			t.Errorf("%s:\n got %q\nwant %q", test.name, out, test.want)
		}
	}
}

type words struct{}

func (words) Host(a netip.Addr) string {
	if a == netip.MustParseAddr("10.0.0.1") {
		return "one"
	}
	return ""
}

func (words) Port(proto string, port uint16) string {
	if proto == "tcp" && port == 22 {
		return "ssh"
	}
	return ""
}

func (words) Proto(uint8) string { return "" }

// TestBackwards gives times that run backwards.
func TestBackwards(t *testing.T) {
	d := New(Options{Stamp: StampDelta, Quiet: true})
	p := &Packet{Data: unhex(t, synHex), Len: 40, LinkType: linktype.Raw, Sec: 100}
	d.Append(nil, p)
	p.Sec, p.Nsec = 38, 5e8
	if got, want := string(d.Append(nil, p)), "-00:01:01.500000 IP 10.0.0.1.40000 > 10.0.0.2.22: tcp 0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// garbage calls f with every packet of the project's captures, whole, cut, and
// with one byte changed.
func garbage(t *testing.T, f func(*Packet)) {
	t.Helper()
	for name, file := range packets.Files() {
		if !strings.HasSuffix(name, ".pcap") {
			continue
		}
		r, err := savefile.NewReader(bytes.NewReader(file), name)
		if err != nil {
			t.Fatal(err)
		}
		var rec savefile.Record
		for r.Next(&rec) == nil {
			p := &Packet{Len: rec.Len, LinkType: rec.Interface.LinkType}
			b := bytes.Clone(rec.Data)
			for n := range len(b) {
				p.Data = b[:n]
				f(p)
				p.Data = bytes.Clone(b[:min(len(b), 200)])
				if n < len(p.Data) {
					for _, x := range []byte{0, 0xff, 0x80, b[n] + 1} {
						p.Data[n] = x
						f(p)
					}
				}
				if n > 200 {
					break
				}
			}
		}
	}
}

// TestGarbage looks for decoders that trip.
func TestGarbage(t *testing.T) {
	d := New(Options{Stamp: StampNone, Link: true, Verbose: 3})
	var out []byte
	undecodable := 0
	garbage(t, func(p *Packet) {
		out = d.Append(out[:0], p)
		if bytes.Contains(out, []byte("[undecodable packet]")) {
			if undecodable++; undecodable < 4 {
				t.Errorf("%v %x: %s", p.LinkType, p.Data, out)
			}
		}
		if bytes.Contains(out, []byte("%!")) {
			t.Errorf("%v %x: %s", p.LinkType, p.Data, out)
		}
	})
	if undecodable > 0 {
		t.Errorf("%d packets undecodable", undecodable)
	}
}

func FuzzDecoder(f *testing.F) {
	for _, t := range []linktype.Type{linktype.Ethernet, linktype.Raw, linktype.LinuxSLL, linktype.LinuxSLL2, linktype.PPP, linktype.Null} {
		f.Add(uint16(t), []byte("\x02\x00\x00\x00\x00\x0a\x02\x00\x00\x00\x00\x0b\x08\x00E\x00\x00("), uint32(60))
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte, length uint32) {
		d := New(Options{Verbose: 3, Link: true, Dump: DumpBoth, DumpLink: true})
		out := d.Append(nil, &Packet{Data: data, Len: length, LinkType: linktype.Type(link)})
		if bytes.Contains(out, []byte("[undecodable packet]")) {
			t.Errorf("undecodable: %v %x", linktype.Type(link), data)
		}
	})
}
