package proto

import (
	"slices"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/linktype"
)

// TestLinks checks what every row must have.
func TestLinks(t *testing.T) {
	seen := map[linktype.Type]bool{}
	for _, l := range Links() {
		name := l.Type.String()
		if !l.Type.Known() || seen[l.Type] {
			t.Errorf("%s: unknown or there twice", name)
		}
		seen[l.Type] = true
		if l.Source == "" {
			t.Errorf("%s: no source", name)
		}
		if l.Prefix != PrefixNone && l.Hdr != 0 {
			t.Errorf("%s: the link header begins both at a fixed place and behind a prefix", name)
		}
		if l.Header != HeaderFixed && l.Payload != 0 {
			t.Errorf("%s: the link header ends both at a fixed place and at a variable one", name)
		}
		switch l.Carries {
		case CarriesEther, CarriesType16, CarriesHDLC, CarriesPPP, CarriesPPPBSDOS, CarriesSLL, CarriesARCnet, CarriesIPNET:
			if l.Proto == Unset || l.Payload == Unset {
				t.Errorf("%s: carries by a field that has no place", name)
			}
		}
		if l.Addresses == Address48 && l.Src == l.Dst {
			t.Errorf("%s: source and destination are in the same place", name)
		}
		if d := l.Direction; d != nil && (d.Size != 1 && d.Size != 2 || d.InMask != 0 && d.In == d.Out) {
			t.Errorf("%s: direction %+v", name, *d)
		}
		got, ok := LinkOf(l.Type)
		if !ok || got.Type != l.Type {
			t.Errorf("LinkOf(%s) = %v, %v", name, got, ok)
		}
	}
}

// TestLinkOf checks that each link type with a number has a row, if an empty one.
func TestLinkOf(t *testing.T) {
	for _, typ := range linktype.All() {
		l, ok := LinkOf(typ)
		if !ok || l.Type != typ {
			t.Errorf("%s has no row", typ)
		}
	}
	if _, ok := LinkOf(65535); ok {
		t.Error("a number that is no link type has a row")
	}
	if l, _ := LinkOf(linktype.User0); l.Variable() || l.Payload != Unset {
		t.Errorf("unknown header: %+v", *l)
	}
}

func TestNames(t *testing.T) {
	tables := map[string][]Name{
		"EtherTypeNames": EtherTypeNames, "NLPIDNames": NLPIDNames, "IPProtoNames": IPProtoNames,
		"WLANTypes": WLANTypes, "wlanMgt": wlanMgt, "wlanCtl": wlanCtl, "wlanData": wlanData, "WLANDirs": WLANDirs,
		"LLCSupervisory": LLCSupervisory, "LLCUnnumbered": LLCUnnumbered, "PFReasons": PFReasons, "PFActions": PFActions,
	}
	for table, names := range tables {
		var words []string
		for _, n := range names {
			if n.Name != strings.ToLower(n.Name) || n.Name == "" {
				t.Errorf("%s: %q", table, n.Name)
			}
			words = append(words, n.Name)
		}
		slices.Sort(words)
		if len(slices.Compact(slices.Clone(words))) != len(words) {
			t.Errorf("%s has a name twice", table)
		}
	}
}

func TestLookup(t *testing.T) {
	if n, ok := Exact(EtherTypeNames, "ip6"); !ok || n != EtherIPv6 {
		t.Errorf("ip6: %#x, %v", n, ok)
	}
	if _, ok := Exact(EtherTypeNames, "IP6"); ok {
		t.Error("Exact found IP6")
	}
	if n, ok := LookupName(PFReasons, "Bad-Offset"); !ok || n != 1 {
		t.Errorf("Bad-Offset: %d, %v", n, ok)
	}
	if typ, sub, ok := WLANTypeOfSubtype("data"); !ok || typ != WLANData || sub != 0 {
		t.Errorf("data: %#x %#x %v", typ, sub, ok)
	}
	if typ, sub, ok := WLANTypeOfSubtype("Beacon"); !ok || typ != 0 || sub != 0x80 {
		t.Errorf("Beacon: %#x %#x %v", typ, sub, ok)
	}
	if _, ok := WLANSubtype(0x0c, "data"); ok {
		t.Error("the fourth type has a subtype")
	}
	if n := len(WLANSubtypeNames()); n != len(wlanMgt)+len(wlanCtl)+len(wlanData) {
		t.Errorf("%d subtypes", n)
	}
	if PPPType(EtherIPv4) != PPPIPv4 || PPPType(0xc021) != 0xc021 {
		t.Error("PPPType")
	}
	if id, ok := ARCnetType(EtherARP); !ok || id != 213 {
		t.Errorf("ARCnetType(arp) = %d, %v", id, ok)
	}
}
