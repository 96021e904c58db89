package linktype

import (
	"slices"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Type
		err  string
	}{
		{in: "EN10MB", want: Ethernet},
		{in: "en10mb", want: Ethernet},
		{in: "Ethernet", want: Ethernet},
		{in: "DLT_EN10MB", want: Ethernet},
		{in: "linktype_ethernet", want: Ethernet},
		{in: "NULL", want: Null},
		{in: "0", want: Null},
		{in: "1", want: Ethernet},
		{in: "101", want: Raw},
		{in: "raw", want: Raw},
		{in: "276", want: LinuxSLL2},
		{in: "LINUX_SLL", want: LinuxSLL},
		{in: "C_HDLC", want: CHDLC},
		{in: "CHDLC", want: CHDLC},
		{in: "IEEE802_15_4_WITHFCS", want: IEEE802_15_4WithFCS},
		{in: "", err: `unknown link type ""`},
		{in: "DLT_", err: `unknown link type "DLT_"`},
		{in: "DLT_LINKTYPE_RAW", err: `unknown link type "DLT_LINKTYPE_RAW"`},
		{in: "EN100MB", err: `unknown link type "EN100MB"`},
		{in: "12", err: "unknown link type 12"},
		{in: "65536", err: `unknown link type "65536"`},
		{in: "-1", err: `unknown link type "-1"`},
	} {
		got, err := Lookup(tt.in)
		if err != nil {
			if err.Error() != tt.err {
				t.Errorf("Lookup(%q): error %q, want %q", tt.in, err, tt.err)
			}
			continue
		}
		if tt.err != "" || got != tt.want {
			t.Errorf("Lookup(%q) = %v, want %v, error %q", tt.in, got, tt.want, tt.err)
		}
	}
}

func TestDLT(t *testing.T) {
	for _, tt := range []struct {
		typ Type
		dlt int
	}{
		{Null, 0}, {Ethernet, 1}, {Raw, 12}, {SLIPBSDOS, 15}, {PPPBSDOS, 16},
		{ATMRFC1483, 11}, {ATMCLIP, 19}, {Loop, 108}, {IPv4, 228}, {LinuxSLL2, 276},
	} {
		if got := tt.typ.DLT(); got != tt.dlt {
			t.Errorf("%v.DLT() = %d, want %d", tt.typ, got, tt.dlt)
		}
		if got, ok := FromDLT(tt.dlt); !ok || got != tt.typ {
			t.Errorf("FromDLT(%d) = %v, %v, want %v", tt.dlt, got, ok, tt.typ)
		}
	}
	for _, dlt := range []int{-1, 17, 101, 103, 106, 1000, 65536} {
		if got, ok := FromDLT(dlt); ok {
			t.Errorf("FromDLT(%d) = %v, want none", dlt, got)
		}
	}
}

func TestFromSavefile(t *testing.T) {
	for n, want := range map[uint16]Type{0: Null, 1: Ethernet, 12: Raw, 14: 14, 101: Raw, 113: LinuxSLL, 9999: 9999} {
		if got := FromSavefile(n); got != want {
			t.Errorf("FromSavefile(%d) = %v, want %v", n, got, want)
		}
	}
}

func TestUnknownPrints(t *testing.T) {
	if got, want := Type(4711).String(), "LINKTYPE_4711"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if Type(4711).Known() || Type(4711).Description() != "" || Type(4711).DLT() != 4711 {
		t.Error("type 4711 is described")
	}
}

// TestRows holds the laws of the table.
func TestRows(t *testing.T) {
	names := map[string]Type{}
	for i, r := range rows {
		if i > 0 && r.typ <= rows[i-1].typ {
			t.Errorf("%v stands after %v", r.typ, rows[i-1].typ)
		}
		for _, n := range append([]string{r.name}, r.aliases...) {
			if old, dup := names[n]; dup {
				t.Errorf("%s names both %d and %d", n, old, r.typ)
			}
			names[n] = r.typ
			if n != strings.ToUpper(n) || n == "" {
				t.Errorf("name %q is not in capitals", n)
			}
			if got, err := Lookup(n); err != nil || got != r.typ {
				t.Errorf("Lookup(%q) = %v, %v", n, got, err)
			}
		}
		if got, ok := FromDLT(r.typ.DLT()); !ok || got != r.typ {
			t.Errorf("%v: DLT number %d leads to %v, %v", r.typ, r.typ.DLT(), got, ok)
		}
	}
	if all := All(); len(all) != len(rows) || !slices.IsSorted(all) {
		t.Errorf("All() has %d types, sorted: %v", len(all), slices.IsSorted(all))
	}
}
