package savefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gofilter/gofilter/linktype"
)

// fileHeader returns a pcap file header.
func fileHeader(o binary.AppendByteOrder, magic uint32, major, minor uint16, snaplen, link uint32) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, major)
	b = o.AppendUint16(b, minor)
	b = o.AppendUint32(b, 0)
	b = o.AppendUint32(b, 0)
	b = o.AppendUint32(b, snaplen)
	return o.AppendUint32(b, link)
}

// words returns numbers of 32 bits one after the other.
func words(o binary.AppendByteOrder, ns ...uint32) []byte {
	var b []byte
	for _, n := range ns {
		b = o.AppendUint32(b, n)
	}
	return b
}

// onePacket returns a file with one five-byte packet.
func onePacket(o binary.AppendByteOrder, magic uint32, major, minor uint16, lengths ...uint32) []byte {
	b := fileHeader(o, magic, major, minor, 1000, 1)
	b = append(b, words(o, 100, 7)...)
	b = append(b, words(o, lengths...)...)
	return append(b, "hello"...)
}

// block returns a pcapng block.
func block(o binary.AppendByteOrder, typ uint32, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	for len(all)%4 != 0 {
		all = append(all, 0)
	}
	n := uint32(minBlock + len(all))
	b := o.AppendUint32(o.AppendUint32(nil, typ), n)
	return o.AppendUint32(append(b, all...), n)
}

func section(o binary.AppendByteOrder) []byte {
	b := o.AppendUint32(nil, byteOrderMagic)
	b = o.AppendUint16(b, 1)
	b = o.AppendUint16(b, 0)
	return block(o, blockSection, o.AppendUint64(b, 1<<64-1))
}

func iface(o binary.AppendByteOrder, link uint16, snaplen uint32, options ...[]byte) []byte {
	b := o.AppendUint16(nil, link)
	b = o.AppendUint16(b, 0)
	b = o.AppendUint32(b, snaplen)
	return block(o, blockInterface, append([][]byte{b}, options...)...)
}

func option(o binary.AppendByteOrder, code uint16, value string) []byte {
	b := o.AppendUint16(nil, code)
	b = o.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func enhanced(o binary.AppendByteOrder, id uint32, t uint64, caplen, length uint32, data string) []byte {
	return block(o, blockEnhanced, words(o, id, uint32(t>>32), uint32(t), caplen, length), []byte(data))
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// got is a record with its data copied.
type got struct {
	data   string
	sec    int64
	nsec   uint32
	length uint32
	iface  int
	link   linktype.Type
}

func readAll(r io.Reader) ([]got, error) {
	f, err := NewReader(r, "f")
	if err != nil {
		return nil, err
	}
	var all []got
	var rec Record
	for {
		err := f.Next(&rec)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			if again := f.Next(&rec); again != err {
				return all, errors.New("a second Next gave another error")
			}
			return all, err
		}
		all = append(all, got{string(rec.Data), rec.Sec, rec.Nsec, rec.Len, rec.Interface.ID, rec.Interface.LinkType})
	}
}

func TestRead(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	hello := func(nsec uint32) []got { return []got{{"hello", 100, nsec, 60, 0, 1}} }
	tests := []struct {
		name string
		file []byte
		want []got
	}{
		{"little-endian", onePacket(le, magicMicro, 2, 4, 5, 60), hello(7000)},
		{"big-endian", onePacket(be, magicMicro, 2, 4, 5, 60), hello(7000)},
		{"nanoseconds", onePacket(le, magicNano, 2, 4, 5, 60), hello(7)},
		{"big-endian nanoseconds", onePacket(be, magicNano, 2, 4, 5, 60), hello(7)},
		{"modified", cat(fileHeader(le, magicModified, 2, 4, 1000, 1),
			words(le, 100, 7, 5, 60, 1, 8), []byte("hello")), hello(7000)},
		{"old order of lengths", onePacket(le, magicMicro, 2, 2, 60, 5), hello(7000)},
		{"2.3 in the new order", onePacket(le, magicMicro, 2, 3, 5, 60), hello(7000)},
		{"2.3 in the old order", onePacket(le, magicMicro, 2, 3, 60, 5), hello(7000)},
		{"DG/UX", onePacket(be, magicMicro, 543, 0, 60, 5), hello(7000)},
		{"microseconds past a second", cat(fileHeader(le, magicMicro, 2, 4, 1000, 1),
			words(le, 100, 1500000, 5, 60), []byte("hello")), []got{{"hello", 101, 5e8, 60, 0, 1}}},
		{"longer than the snapshot length", cat(fileHeader(le, magicMicro, 2, 4, 3, 1),
			words(le, 100, 7, 5, 60), []byte("hello"), words(le, 100, 7, 2, 2), []byte("ab")),
			[]got{{"hel", 100, 7000, 60, 0, 1}, {"ab", 100, 7000, 2, 0, 1}}},
		{"frame check sequence", cat(fileHeader(le, magicMicro, 2, 4, 0, 0x24000001)), nil},
		{"raw IP by its DLT number", cat(fileHeader(le, magicMicro, 2, 4, 0, 12), words(le, 1, 0, 1, 1), []byte("E")),
			[]got{{"E", 1, 0, 1, 0, linktype.Raw}}},
		{"no packets", fileHeader(le, magicMicro, 2, 4, 0, 1), nil},
		{"pcapng", cat(section(le), iface(le, 1, 0), enhanced(le, 0, 100e6+7, 5, 60, "hello")), hello(7000)},
		{"pcapng big-endian", cat(section(be), iface(be, 1, 0), enhanced(be, 0, 100e6+7, 5, 60, "hello")), hello(7000)},
		{"pcapng milliseconds", cat(section(le), iface(le, 1, 0, option(le, 9, "\x03")),
			enhanced(le, 0, 100007, 5, 60, "hello")), hello(7e6)},
		{"pcapng nanoseconds", cat(section(le), iface(le, 1, 0, option(le, 2, "eth0"), option(le, 9, "\x09"), option(le, 0, "")),
			enhanced(le, 0, 100e9+7, 5, 60, "hello")), hello(7)},
		{"pcapng binary fractions", cat(section(le), iface(le, 1, 0, option(le, 9, "\x81")),
			enhanced(le, 0, 201, 5, 60, "hello")), hello(5e8)},
		{"pcapng finest binary fractions", cat(section(le), iface(le, 1, 0, option(le, 9, "\xbf")),
			enhanced(le, 0, 1<<63|1<<62, 5, 60, "hello")), []got{{"hello", 1, 5e8, 60, 0, 1}}},
		{"pcapng time offset", cat(section(be), iface(be, 1, 0, option(be, 14, "\x00\x00\x00\x00\x00\x00\x00\x63")),
			enhanced(be, 0, 1e6, 5, 60, "hello")), hello(0)},
		{"pcapng simple", cat(section(le), iface(le, 1, 5), block(le, blockSimple, words(le, 60), []byte("hello"))),
			[]got{{"hello", 0, 0, 60, 0, 1}}},
		{"pcapng obsolete packet block", cat(section(le), iface(le, 1, 0), iface(le, 113, 0),
			block(le, blockPacket, []byte{1, 0, 9, 9}, words(le, 0, 100e6, 5, 60), []byte("hello"))),
			[]got{{"hello", 100, 0, 60, 1, 113}}},
		{"pcapng unknown blocks", cat(section(le), block(le, 0x4242, []byte("xx")), iface(le, 1, 0), block(le, 5, nil),
			enhanced(le, 0, 100e6, 5, 60, "hello"), block(le, 0x80000001, nil)), hello(0)},
		{"pcapng two sections of either order", cat(section(le), iface(le, 1, 0), enhanced(le, 0, 100e6, 5, 60, "hello"),
			section(be), iface(be, 101, 0), enhanced(be, 0, 100e6, 5, 60, "hello")),
			[]got{{"hello", 100, 0, 60, 0, 1}, {"hello", 100, 0, 60, 0, 101}}},
	}
	for _, test := range tests {
		for _, way := range []struct {
			name string
			wrap func(io.Reader) io.Reader
		}{
			{"whole", func(r io.Reader) io.Reader { return r }},
			{"byte by byte", iotest.OneByteReader},
			{"data with EOF", iotest.DataErrReader},
		} {
			all, err := readAll(way.wrap(bytes.NewReader(test.file)))
			if err != nil {
				t.Errorf("%s, %s: %v", test.name, way.name, err)
				continue
			}
			if len(all) != len(test.want) {
				t.Errorf("%s, %s: %d packets, want %d", test.name, way.name, len(all), len(test.want))
				continue
			}
			for i := range all {
				if all[i] != test.want[i] {
					t.Errorf("%s, %s: packet %d is %+v, want %+v", test.name, way.name, i+1, all[i], test.want[i])
				}
			}
		}
	}
}

func TestBadFiles(t *testing.T) {
	le := binary.LittleEndian
	ng := cat(section(le), iface(le, 1, 100))
	tests := []struct {
		name    string
		file    []byte
		packets int // before the error
		want    string
	}{
		{"empty", nil, 0, "f: empty file"},
		{"three bytes", []byte("abc"), 0, "f: truncated: 3 of 4 bytes of the file header are there"},
		{"text", []byte("hello, world"), 0, "f: unknown file format"},
		{"gzip", []byte("\x1f\x8b\x08\x00"), 0, "f: unknown file format (gzip)"},
		{"cut file header", fileHeader(le, magicMicro, 2, 4, 0, 1)[:20], 0, "f: truncated: 20 of 24 bytes of the file header are there"},
		{"version 1.4", fileHeader(le, magicMicro, 1, 4, 0, 1), 0, "f: unsupported pcap savefile version 1.4"},
		{"version 2.5", fileHeader(le, magicMicro, 2, 5, 0, 1), 0, "f: unsupported pcap savefile version 2.5"},
		{"reserved bits", fileHeader(le, magicMicro, 2, 4, 0, 0x300001), 0, "f: savefile linktype reserved field not zero (0x00300000)"},
		{"cut record header", cat(onePacket(le, magicMicro, 2, 4, 5, 60), []byte("xyz")), 1,
			"f: truncated at packet 2 (offset 45): 3 of 16 bytes of the record header are there"},
		{"cut packet", cat(onePacket(le, magicMicro, 2, 4, 5, 60), words(le, 1, 1, 50, 50), []byte("xyz")), 1,
			"f: truncated at packet 2 (offset 45): 3 of 50 bytes of the packet are there"},
		{"huge packet", onePacket(le, magicMicro, 2, 4, 262145, 262145), 0,
			"f: packet 1 (offset 24): captured length 262145 is more than the 262144 bytes allowed for EN10MB"},
		{"not pcapng", cat(words(le, blockSection, 28), []byte("what is this text file?")), 0, "f: unknown file format"},
		{"pcapng without interface", section(le), 0, "f: header (offset 28): the capture file has no Interface Description Blocks"},
		{"pcapng packet before interface", cat(section(le), enhanced(le, 0, 0, 5, 5, "hello")), 0,
			"f: header (offset 28): the capture file has a packet block before any Interface Description Blocks"},
		{"pcapng short section", cat(words(le, blockSection, 24, byteOrderMagic, 0x00010000, 0, 24)), 0,
			"f: section header block has a length of 24 < 28"},
		{"pcapng version", block(le, blockSection, words(le, byteOrderMagic, 0x00000002, 0, 0)), 0,
			"f: unsupported pcapng savefile version 2.0"},
		{"pcapng trailer", cat(ng, words(le, 77, 12, 16)), 0, "f: packet 1 (offset 48): block total length in header 12 and trailer 16 don't match"},
		{"pcapng odd length", cat(ng, words(le, 77, 13, 13, 13)), 0, "f: packet 1 (offset 48): block has a length of 13 that is not a multiple of 4"},
		{"pcapng tiny block", cat(ng, words(le, 77, 8, 8)), 0, "f: packet 1 (offset 48): block has a length of 8 < 12"},
		{"pcapng huge block", cat(ng, words(le, 77, 1<<31, 8)), 0, "f: packet 1 (offset 48): block has a length of 2147483648 > 16777216"},
		{"pcapng unknown interface", cat(ng, enhanced(le, 1, 0, 5, 5, "hello")), 0,
			"f: packet 1 (offset 48): a packet arrived on interface 1, but there's no Interface Description Block for that interface"},
		{"pcapng caplen past block", cat(ng, enhanced(le, 0, 0, 50, 50, "hello")), 0,
			"f: packet 1 (offset 48): captured length 50 is more than the 8 bytes left in the block"},
		{"pcapng caplen past snaplen", cat(ng, enhanced(le, 0, 0, 101, 101, strings.Repeat("x", 101))), 0,
			"f: packet 1 (offset 48): captured length 101 is more than the snapshot length 100"},
		{"pcapng cut block", cat(ng, enhanced(le, 0, 0, 5, 5, "hello"), enhanced(le, 0, 0, 5, 5, "hello")[:20]), 1,
			"f: truncated at packet 2 (offset 88): 20 of 40 bytes of the block are there"},
		{"pcapng short enhanced", cat(ng, block(le, blockEnhanced, words(le, 0))), 0, "f: packet 1 (offset 48): enhanced packet block is too short: 4 bytes"},
		{"pcapng option past block", cat(section(le), iface(le, 1, 0, words(le, 0x00500009))), 0,
			"f: header (offset 28): interface description block has an option of 80 bytes where 0 are left"},
		{"pcapng resolution", cat(section(le), iface(le, 1, 0, option(le, 9, "\x14"))), 0,
			"f: header (offset 28): if_tsresol 10^-20 is finer than 64 bits can count"},
		{"pcapng resolution twice", cat(section(le), iface(le, 1, 0, option(le, 9, "\x06"), option(le, 9, "\x06"))), 0,
			"f: header (offset 28): interface description block has option 9 more than once"},
	}
	for _, test := range tests {
		all, err := readAll(bytes.NewReader(test.file))
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		var fe *Error
		if !errors.As(err, &fe) {
			t.Errorf("%s: error is a %T", test.name, err)
		}
		if err.Error() != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, err, test.want)
		}
		if len(all) != test.packets {
			t.Errorf("%s: %d packets before the error, want %d", test.name, len(all), test.packets)
		}
	}
}

// Every cut of a good file gives the packets that are whole, and an error unless
// the cut is between two packets.
func TestCutAnywhere(t *testing.T) {
	le := binary.LittleEndian
	p := onePacket(le, magicMicro, 2, 4, 5, 60)
	record := p[pcapHeaderSize:]
	epb := enhanced(le, 0, 0, 5, 60, "hello")
	tests := []struct {
		name   string
		header []byte
		record []byte
	}{
		{"pcap", p[:pcapHeaderSize], record},
		{"pcapng", cat(section(le), iface(le, 1, 0)), epb},
	}
	for _, test := range tests {
		file := cat(test.header, test.record, test.record, test.record)
		for n := range len(file) + 1 {
			all, err := readAll(bytes.NewReader(file[:n]))
			past := n - len(test.header)
			if past < 0 {
				if err == nil {
					t.Errorf("%s cut to %d: no error", test.name, n)
				}
				continue
			}
			if want := past / len(test.record); len(all) != want {
				t.Errorf("%s cut to %d: %d packets, want %d", test.name, n, len(all), want)
			}
			var fe *Error
			if clean := past%len(test.record) == 0; clean != (err == nil) {
				t.Errorf("%s cut to %d: error %v", test.name, n, err)
			} else if !clean && (!errors.As(err, &fe) || !fe.Truncated || int(fe.Record) != len(all)+1) {
				t.Errorf("%s cut to %d: error %#v", test.name, n, err)
			}
		}
	}
}

func TestReadError(t *testing.T) {
	good := onePacket(binary.LittleEndian, magicMicro, 2, 4, 5, 60)
	broken := errors.New("device on fire")
	all, err := readAll(io.MultiReader(bytes.NewReader(good), iotest.ErrReader(broken)))
	if len(all) != 1 || !errors.Is(err, broken) || err.Error() != "f: packet 2 (offset 45): read: device on fire" {
		t.Errorf("%d packets, error %v", len(all), err)
	}
}

// Packets around the size of the window, so that records straddle its end.
func TestWindow(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, Header{LinkType: linktype.Ethernet, Snaplen: 262144})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 262144)
	for i := range data {
		data[i] = byte(i * i)
	}
	sizes := []int{0, 1, 262144, 100000, 262144, 262144, 17, 262143, 65536, 262144}
	for round := range 3 {
		for i, n := range sizes {
			if err := w.Write(&Record{Data: data[i : n-min(n, i)+i], Sec: int64(round), Len: uint32(n)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if w.Whole() != int64(file.Len()) {
		t.Errorf("Whole is %d, file has %d bytes", w.Whole(), file.Len())
	}
	all, err := readAll(bytes.NewReader(file.Bytes()))
	if err != nil || len(all) != 3*len(sizes) {
		t.Fatalf("%d packets, error %v", len(all), err)
	}
	for k, g := range all {
		i, n := k%len(sizes), sizes[k%len(sizes)]
		if g.data != string(data[i:n-min(n, i)+i]) {
			t.Errorf("packet %d differs", k+1)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	for _, file := range [][]byte{
		onePacket(le, magicMicro, 2, 4, 5, 60),
		onePacket(be, magicMicro, 2, 4, 5, 60),
		onePacket(le, magicNano, 2, 4, 5, 60),
		onePacket(be, magicNano, 2, 4, 5, 60),
		cat(fileHeader(le, magicMicro, 2, 4, 4096, 0x24000071), words(le, 1, 2, 1, 9), []byte("x")),
	} {
		f, err := NewReader(bytes.NewReader(file), "f")
		if err != nil {
			t.Fatal(err)
		}
		i := f.Interface()
		var out bytes.Buffer
		w, err := NewWriter(&out, Header{i.LinkType, i.LinkExt, i.Snaplen, i.Nano, i.BigEndian})
		if err != nil {
			t.Fatal(err)
		}
		var rec Record
		for f.Next(&rec) == nil {
			if err := w.Write(&rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), file) {
			t.Errorf("read and written:\n got %x\nwant %x", out.Bytes(), file)
		}
	}
}

// fullDisk takes room bytes and no more.
type fullDisk struct {
	bytes.Buffer
	room int
}

var errFull = errors.New("disk full")

func (d *fullDisk) Write(b []byte) (int, error) {
	if n := d.room - d.Len(); n < len(b) {
		d.Buffer.Write(b[:n])
		return n, errFull
	}
	return d.Buffer.Write(b)
}

func TestFullDisk(t *testing.T) {
	for room := range 200 {
		disk := &fullDisk{room: room}
		w, err := NewWriter(disk, Header{LinkType: linktype.Ethernet, Snaplen: 100})
		if room < pcapHeaderSize {
			if err != errFull {
				t.Errorf("room %d: header: %v", room, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rec := &Record{Data: []byte("0123456789"), Len: 10}
		for range 10 {
			if err := w.Write(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != errFull {
			t.Errorf("room %d: flush: %v", room, err)
		}
		if err := w.Write(rec); err != errFull {
			t.Errorf("room %d: write after the error: %v", room, err)
		}
		all, err := readAll(bytes.NewReader(disk.Bytes()[:w.Whole()]))
		if want := (room - pcapHeaderSize) / 26; err != nil || len(all) != want {
			t.Errorf("room %d: %d packets and %v in what is whole, want %d", room, len(all), err, want)
		}
	}
}

func TestWriteTimeOutOfRange(t *testing.T) {
	w, err := NewWriter(io.Discard, Header{LinkType: linktype.Ethernet})
	if err != nil {
		t.Fatal(err)
	}
	for _, sec := range []int64{-1, 1 << 32} {
		if w.Write(&Record{Sec: sec}) == nil {
			t.Errorf("%d seconds written", sec)
		}
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	record := onePacket(binary.LittleEndian, magicMicro, 2, 4, 5, 60)[pcapHeaderSize:]
	file := cat(fileHeader(binary.LittleEndian, magicMicro, 2, 4, 100, 1), bytes.Repeat(record, 2000))
	f, err := NewReader(bytes.NewReader(file), "f")
	if err != nil {
		t.Fatal(err)
	}
	var rec Record
	if n := testing.AllocsPerRun(1000, func() {
		if err := f.Next(&rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// FuzzReader looks for panics, for data longer than its file, and for an end that
// is not an end.
func FuzzReader(f *testing.F) {
	le, be := binary.LittleEndian, binary.BigEndian
	f.Add(onePacket(le, magicMicro, 2, 4, 5, 60))
	f.Add(onePacket(be, magicNano, 2, 3, 60, 5))
	f.Add(cat(fileHeader(le, magicModified, 2, 4, 1000, 1), words(le, 100, 7, 5, 60, 1, 8), []byte("hello")))
	f.Add(cat(section(le), iface(le, 1, 0, option(le, 9, "\x09")), enhanced(le, 0, 1, 5, 5, "hello"),
		section(be), iface(be, 1, 9), block(be, blockSimple, words(be, 9), []byte("123456789"))))
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := readAll(bytes.NewReader(file))
		var fe *Error
		if err != nil && !errors.As(err, &fe) {
			t.Errorf("error %v is a %T", err, err)
		}
		total := 0
		for _, g := range all {
			total += len(g.data)
		}
		if total > len(file) {
			t.Errorf("%d bytes of packets in a file of %d", total, len(file))
		}
	})
}
