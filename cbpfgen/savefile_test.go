package cbpfgen

import (
	"encoding/hex"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
)

// savefileBytes is a file put together by hand from the figures of cbpf-savefile(5).
const savefileBytes = "a1b2c3cb 63425046 01 01 0003 00040000 0001 0004" +
	"0028 00 00 0000000c" + "0015 00 01 00000800" + "0006 00 00 00040000" + "0006 00 00 00000000" +
	"0001 0006 454e31304d42" + // EN10MB
	"0002 0002 6970" + // ip
	"0003 0001 01" +
	"0004 0004 ffffff00" +
	"0005 0003 c3a921" + // é!
	"0006 0008 0000000065920080" + // 2024-01-01
	"0000 0000"

func savefileContents() *Savefile {
	return &Savefile{
		Program:      []bpf.RawInstruction{{Op: 0x28, K: 12}, {Op: 0x15, Jf: 1, K: 0x800}, {Op: 6, K: 0x40000}, {Op: 6}},
		LinkType:     1,
		Snaplen:      0x40000,
		Dialect:      LinuxDialect,
		LinkTypeName: "EN10MB",
		Filter:       "ip",
		Optimization: Optimized,
		Netmask:      netip.MustParseAddr("255.255.255.0"),
		Comment:      "é!",
		Compiled:     time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSavefile(t *testing.T) {
	want := unhex(t, savefileBytes)
	got, err := FormatSavefile(savefileContents())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %x\nwant %x", err, got, want)
	}
	s, err := ParseSavefile(want)
	if err != nil || !reflect.DeepEqual(s, savefileContents()) {
		t.Errorf("%v, %+v", err, s)
	}
	// Nothing but the program.
	bare := &Savefile{Program: []bpf.RawInstruction{{Op: 6}}, LinkType: 12}
	got, err = FormatSavefile(bare)
	if err != nil || len(got) != headerSize+insnSize+tlvHeaderSize {
		t.Fatalf("%v, %x", err, got)
	}
	if s, err := ParseSavefile(got); err != nil || !reflect.DeepEqual(s, bare) {
		t.Errorf("%v, %+v", err, s)
	}
}

// TestSavefileCut cuts a file everywhere. Only in front of a TLV that cannot be seen.
func TestSavefileCut(t *testing.T) {
	data := unhex(t, savefileBytes)
	ends := []int{headerSize + 4*insnSize}
	for at := ends[0]; at+tlvHeaderSize < len(data); {
		at += tlvHeaderSize + int(data[at+3])
		ends = append(ends, at)
	}
	for n := range data {
		s, err := ParseSavefile(data[:n])
		if whole := slices.Contains(ends, n); (err == nil) != whole {
			t.Errorf("%d bytes: %v", n, err)
		}
		if err == nil && len(s.Program) != 4 {
			t.Errorf("%d bytes: %d instructions", n, len(s.Program))
		}
	}
}

func TestSavefileErrors(t *testing.T) {
	header := "a1b2c3cb 63425046 01 01 0003 00040000 0001 "
	whole := header + "0001 0006 00 00 00000000 "
	for _, c := range []struct{ data, want string }{
		{"", "no savefile of classic BPF begins like this"},
		{"a1b2c3d4 63425046", "begins like this"},
		{"a1b2c3cb 63425046", "cut off after 8 bytes, in the header"},
		{strings.Replace(whole, "01 01", "02 00", 1), "version 2, only 1 is known"},
		{strings.Replace(whole, "0003", "0023", 1), "byte 10: flags 0x23 have reserved bits"},
		{header + "0000", "byte 18: a program of no instructions"},
		{header + "0002 0006 00 00 00000000 0006 00", "cut off after 31 bytes, in instruction 1 of 2"},
		{strings.Replace(header, "0003", "0001", 1) + "0002 00a4 00 00 00000001 0006 00 00 00000000", "instruction 0 is xor, which the dialect does not have"},
		{strings.Replace(header, "0003", "0002", 1) + "0002 009c 00 00 00000001 0006 00 00 00000000", "instruction 0 is mod"},
		{whole + "0002", "cut off after 30 bytes, in the head of a TLV"},
		{whole + "0002 0002 69", "cut off after 33 bytes, in a TLV of type 2"},
		{whole + "0002 0001 69 0002 0001 69", "byte 33: a second TLV of type 2"},
		{whole + "0000 0000 0000 0000", "byte 28: 4 bytes behind the mark of the end"},
		{whole + "0000 0001 00", "byte 28: 1 bytes behind the mark of the end"},
		{whole + "0007 0000", "byte 28: TLV of unknown type 7"},
		{whole + "0002 0002 69e9", "byte 28: filter: byte 1 of it, 0xe9, is not ASCII"},
		{whole + "0001 0001 80", "link type name: byte 0"},
		{whole + "0003 0002 0101", "optimization of 2 bytes, which has 1"},
		{whole + "0003 0001 02", "optimization: 2 is neither 0 nor 1"},
		{whole + "0004 0003 ffffff", "netmask of 3 bytes, which has 4"},
		{whole + "0005 0001 e9", "comment: it is not UTF-8"},
		{whole + "0006 0008 ffffffffffffffff", "time stamp: 18446744073709551615 seconds are no time"},
	} {
		_, err := ParseSavefile(unhex(t, c.data))
		if err == nil || !strings.HasPrefix(err.Error(), "savefile: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.data, err, c.want)
		}
	}
	// A later minor version may have more.
	later := strings.Replace(whole, "01 01 0003", "01 02 0023", 1) + "0007 0001 00 0002 0002 6970"
	if s, err := ParseSavefile(unhex(t, later)); err != nil || s.Filter != "ip" || s.Dialect != LinuxDialect {
		t.Errorf("a later version: %v, %+v", err, s)
	}
}

func TestFormatSavefileErrors(t *testing.T) {
	for want, change := range map[string]func(*Savefile){
		"0 instructions, the format has 1 to 65535":         func(s *Savefile) { s.Program = nil },
		"65536 instructions":                                func(s *Savefile) { s.Program = make([]bpf.RawInstruction, 65536) },
		"dialect 0x20 has bits without a meaning":           func(s *Savefile) { s.Dialect = 0x20 },
		"instruction 1 is mod":                              func(s *Savefile) { s.Dialect, s.Program[1] = 0, bpf.RawInstruction{Op: 0x94, K: 3} },
		"filter: byte 0 of it, 0xc3, is not ASCII":          func(s *Savefile) { s.Filter = "é" },
		"filter of 65536 bytes, the format has room for":    func(s *Savefile) { s.Filter = strings.Repeat("x", 65536) },
		"comment: it is not UTF-8":                          func(s *Savefile) { s.Comment = "\xff" },
		"netmask ::1 is not IPv4":                           func(s *Savefile) { s.Netmask = netip.MustParseAddr("::1") },
		"optimization 3 does not exist":                     func(s *Savefile) { s.Optimization = 3 },
		"time stamp 1969-12-31 00:00:00 +0000 UTC is befor": func(s *Savefile) { s.Compiled = time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC) },
	} {
		s := savefileContents()
		change(s)
		if _, err := FormatSavefile(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func FuzzParseSavefile(f *testing.F) {
	f.Add(unhex(f, savefileBytes))
	f.Add(unhex(f, "a1b2c3cb 63425046 01 02 0063 00040000 0001 0001 0006 00 00 00000000 0007 0001 00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSavefile(data)
		if err != nil {
			return
		}
		again, err := FormatSavefile(s)
		if err != nil {
			t.Fatalf("%v of what was read: %+v", err, s)
		}
		if got, err := ParseSavefile(again); err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%v, read\n%+v from the file of\n%+v", err, got, s)
		}
	})
}
