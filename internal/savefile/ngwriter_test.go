package savefile

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/linktype"
)

// ngInterfaces differ in all that a description says.
func ngInterfaces() []*Interface {
	return []*Interface{
		{Name: "eth0", Filter: "tcp port 22", LinkType: linktype.Ethernet, Snaplen: 262144, Nano: true},
		{Name: "a", LinkType: linktype.Raw, Snaplen: 96},
		{LinkType: linktype.LinuxSLL2, Snaplen: 1000, BigEndian: true, Nano: true},
		{Name: "big", LinkType: linktype.Null, Snaplen: 1000, BigEndian: true},
	}
}

// writeNg writes packets of the interfaces in turn.
func writeNg(t *testing.T, ifaces []*Interface, n int) (file []byte, want []got) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewNgWriter(&out, ifaces[0].BigEndian, "savefile's test")
	if err != nil {
		t.Fatal(err)
	}
	for k := range n {
		i := ifaces[k%len(ifaces)]
		data := strings.Repeat("x", k%70)
		rec := &Record{Data: []byte(data), Sec: 1_767_225_600 + int64(k), Nsec: 123_456_789, Len: uint32(len(data) + k%3), Interface: i}
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		g := got{data: data, sec: rec.Sec, nsec: rec.Nsec, length: rec.Len, link: i.LinkType}
		if !i.Nano {
			g.nsec = 123_456_000
		}
		want = append(want, g)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if w.Whole() != int64(out.Len()) || w.Buffered() != 0 {
		t.Errorf("%d bytes whole of %d, %d buffered", w.Whole(), out.Len(), w.Buffered())
	}
	return out.Bytes(), want
}

func TestNgRoundTrip(t *testing.T) {
	all := ngInterfaces()
	for _, ifaces := range [][]*Interface{all[:1], all[:2], all[2:], all, {all[3], all[0]}} {
		file, want := writeNg(t, ifaces, 100)
		f, err := NewReader(bytes.NewReader(file), "f")
		if err != nil {
			t.Fatal(err)
		}
		if f.Format() != Pcapng {
			t.Errorf("format %v", f.Format())
		}
		var rec Record
		for k, w := range want {
			if err := f.Next(&rec); err != nil {
				t.Fatalf("packet %d: %v", k+1, err)
			}
			if g := (got{string(rec.Data), rec.Sec, rec.Nsec, rec.Len, 0, rec.Interface.LinkType}); g != w {
				t.Errorf("packet %d: %+v, want %+v", k+1, g, w)
			}
			i, o := rec.Interface, ifaces[k%len(ifaces)]
			if i.Name != o.Name || i.Filter != o.Filter || i.Snaplen != o.Snaplen || i.BigEndian != o.BigEndian || i.Nano != o.Nano {
				t.Errorf("packet %d: interface %+v, want %+v", k+1, i, o)
			}
		}
		if err := f.Next(&rec); err == nil {
			t.Errorf("%d interfaces: one more packet", len(ifaces))
		}
	}
}

// The layout, against blocks put together by hand.
func TestNgBytes(t *testing.T) {
	for _, o := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		big := o.String() == "BigEndian"
		i := &Interface{Name: "eth0", Filter: "ip", LinkType: linktype.Ethernet, Snaplen: 1000, Nano: true, BigEndian: big}
		var out bytes.Buffer
		w, err := NewNgWriter(&out, big, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&Record{Data: []byte("hello"), Sec: 5, Nsec: 6, Len: 60, Interface: i}); err != nil {
			t.Fatal(err)
		}
		if err := w.Statistics(i, Statistics{Start: 1, End: 7, Received: 3, Dropped: 2, Delivered: 1}); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		count := func(n uint64) string { return string(o.AppendUint64(nil, n)) }
		stamp := func(n uint64) string { return string(words(o, uint32(n>>32), uint32(n))) }
		want := cat(section(o),
			iface(o, 1, 1000, option(o, 2, "eth0"), option(o, 9, "\x09"), option(o, 11, "\x00ip"), option(o, 0, "")),
			enhanced(o, 0, 5_000_000_006, 5, 60, "hello"),
			block(o, 5, words(o, 0, 0, 7), option(o, 2, stamp(1)), option(o, 3, stamp(7)),
				option(o, 4, count(3)), option(o, 5, count(2)), option(o, 8, count(1)), option(o, 0, "")))
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%v:\n got %x\nwant %x", o, out.Bytes(), want)
		}
	}
}

// What is whole when the disk is full can be read.
func TestNgFullDisk(t *testing.T) {
	all := ngInterfaces()
	whole, want := writeNg(t, all, 8)
	for room := range len(whole) {
		disk := &fullDisk{room: room}
		w, err := NewNgWriter(disk, false, "savefile's test")
		if err != nil {
			continue // in the header
		}
		for k, g := range want {
			rec := &Record{Data: []byte(g.data), Sec: g.sec, Nsec: g.nsec, Len: g.length, Interface: all[k%len(all)]}
			if err := w.Write(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != errFull {
			t.Fatalf("room %d: %v", room, err)
		}
		if w.Whole() > int64(room) || w.Write(&Record{Interface: all[0]}) != errFull {
			t.Errorf("room %d: %d bytes whole", room, w.Whole())
		}
		f, err := NewReader(bytes.NewReader(disk.Bytes()[:w.Whole()]), "f")
		if err != nil {
			continue // no interface yet
		}
		var rec Record
		n := 0
		for ; ; n++ {
			if err = f.Next(&rec); err != nil {
				break
			}
		}
		if err.Error() != "EOF" {
			t.Errorf("room %d: %d packets, then %v", room, n, err)
		}
	}
}

func TestNgRefused(t *testing.T) {
	var out bytes.Buffer
	w, err := NewNgWriter(&out, false, strings.Repeat("x", maxOption+1)) // too long for an option
	if err != nil {
		t.Fatal(err)
	}
	nano := &Interface{LinkType: linktype.Ethernet, Snaplen: 100, Nano: true, Filter: strings.Repeat("x", maxOption)}
	for _, sec := range []int64{-1, math.MinInt64, 1 << 35, math.MaxInt64} {
		if w.Write(&Record{Sec: sec, Interface: nano}) == nil {
			t.Errorf("%d seconds written", sec)
		}
	}
	if err := w.Write(&Record{Sec: 1 << 34, Interface: nano}); err != nil {
		t.Error(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if all, err := readAll(&out); err != nil || len(all) != 1 || all[0].sec != 1<<34 {
		t.Errorf("%+v, %v", all, err)
	}
}

// What a hook says of a packet stands behind its bytes, in both byte orders, and a reader that
// does not ask for it has the packet.
func TestNgOptions(t *testing.T) {
	for _, big := range []bool{false, true} {
		iface := &Interface{LinkType: linktype.Ethernet, Snaplen: 100, BigEndian: big, Description: "hook tcx", Comment: "a comment",
			Verdict: &Verdict{VerdictTC, -1}}
		var out bytes.Buffer
		w, err := NewNgWriter(&out, big, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, flags := range []uint32{FlagOutbound, 0} {
			if err := w.Write(&Record{Data: []byte("12345"), Len: 5, Flags: flags, Interface: iface}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		verdict := "\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00"
		for order, want := range map[bool][]string{
			false: {"\x03\x00\x08\x00hook tcx", "\x01\x00\x09\x00a comment", "12345\x00\x00\x00\x02\x00\x04\x00\x02\x00\x00\x00\x07\x00\x09\x00" + verdict + "\x00\x00\x00\x00",
				"12345\x00\x00\x00\x07\x00\x09\x00" + verdict + "\x00\x00\x00\x00"},
			true: {"\x00\x03\x00\x08hook tcx", "\x00\x01\x00\x09a comment", "12345\x00\x00\x00\x00\x02\x00\x04\x00\x00\x00\x02\x00\x07\x00\x09" + verdict + "\x00\x00\x00\x00",
				"12345\x00\x00\x00\x00\x07\x00\x09" + verdict + "\x00\x00\x00\x00"},
		} {
			for _, bytes := range want {
				if order == big && strings.Count(out.String(), bytes) != 1 {
					t.Errorf("big-endian %v: no %q in %q", big, bytes, out.String())
				}
			}
		}
		if all, err := readAll(&out); err != nil || len(all) != 2 || all[1].data != "12345" {
			t.Errorf("%+v, %v", all, err)
		}
	}
}

func TestNgWriteDoesNotAllocate(t *testing.T) {
	w, err := NewNgWriter(new(nowhere), false, "")
	if err != nil {
		t.Fatal(err)
	}
	rec := &Record{Data: make([]byte, 61), Len: 61, Sec: 1, Interface: ngInterfaces()[0]}
	if rec.Interface.Verdict = (&Verdict{VerdictXDP, 2}); testing.AllocsPerRun(20000, func() { w.Write(rec) }) > 0 {
		t.Error("an allocation a packet with a verdict")
	}
	rec.Interface.Verdict = nil
	if n := testing.AllocsPerRun(20000, func() { w.Write(rec) }); n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

type nowhere struct{}

func (*nowhere) Write(b []byte) (int, error) { return len(b), nil }

// Wireshark's programs read all of it.
func TestNgAsWireshark(t *testing.T) {
	capinfos, err := exec.LookPath("capinfos")
	if err != nil {
		t.Skip("no capinfos to ask")
	}
	for _, ifaces := range [][]*Interface{ngInterfaces()[:2], ngInterfaces()[2:]} {
		file, _ := writeNg(t, ifaces, 40)
		name := filepath.Join(t.TempDir(), "f.pcapng")
		if err := os.WriteFile(name, file, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(capinfos, "-M", name).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, words := range []string{"pcapng", "Capture application: savefile's test", "Number of packets:   40", "Number of interfaces in file: 2"} {
			if !bytes.Contains(out, []byte(words)) {
				t.Errorf("no %q in\n%s", words, out)
			}
		}
		if ifaces[0].Filter != "" && !bytes.Contains(out, []byte("Filter string = tcp port 22")) {
			t.Errorf("no filter in\n%s", out)
		}
	}
}
