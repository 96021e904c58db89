package expr

import (
	"fmt"
	"strings"
	"testing"
)

var tokenNames = map[tokenKind]string{
	tokID: "ID", tokNumber: "NUM", tokAddr4: "HID", tokAddr6: "HID6", tokMAC48: "EID", tokMAC8: "AID",
}

// tokens returns the scanner's tokens as a text: "KIND:word", keywords and signs as "word".
func tokens(src string) (string, ErrorList) {
	s := scanner{src: src}
	var list []string
	for {
		t := s.next()
		if t.kind == tokEOF {
			return strings.Join(list, " "), s.errs
		}
		word := src[t.pos:t.end]
		switch name := tokenNames[t.kind]; {
		case t.kind == tokNumber:
			list = append(list, fmt.Sprintf("%s:%s=%d", name, word, t.num))
		case name != "":
			list = append(list, name+":"+word)
		default:
			list = append(list, word)
		}
	}
}

func TestScanner(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"", ""},
		{" \t\r\n", ""},
		{"ip and tcp port 22", "ip and tcp port NUM:22=22"},

		// A word is as long as it can be.
		{"hosts host", "ID:hosts host"},
		{"len-4", "ID:len-4"},
		{"len - 4", "len - NUM:4=4"},
		{"len -4", "len - NUM:4=4"},
		{"1-2", "ID:1-2"},
		{"1-", "NUM:1=1 -"},
		{"a-_b--", "ID:a-_b - -"},
		{"a.", "ID:a."},
		{"10.", "ID:10."},
		{"es-is is-is tcp-syn tcp-syna", "es-is is-is NUM:tcp-syn=2 ID:tcp-syna"},
		{"22a 0x 0xg", "ID:22a ID:0x ID:0xg"},
		{"IP Host", "ID:IP ID:Host"},
		{"tcp[13]&2!=0", "tcp [ NUM:13=13 ] & NUM:2=2 != NUM:0=0"},
		{"ether[0:4]", "ether [ NUM:0=0 : NUM:4=4 ]"},

		// Numbers.
		{"0 00 010 0x10 0X1F 4294967295", "NUM:0=0 NUM:00=0 NUM:010=8 NUM:0x10=16 NUM:0X1F=31 NUM:4294967295=4294967295"},
		{"0037777777777 0xffffffff 0x000000000001", "NUM:0037777777777=4294967295 NUM:0xffffffff=4294967295 NUM:0x000000000001=1"},
		{"icmptype icmp6-echo tcp-cwr", "NUM:icmptype=0 NUM:icmp6-echo=128 NUM:tcp-cwr=128"},

		// Dotted numbers.
		{"10.1 10.1.2 10.1.2.3 0x7f.1", "HID:10.1 HID:10.1.2 HID:10.1.2.3 HID:0x7f.1"},
		{"10.1.2.3.4", "ID:10.1.2.3.4"},
		{"10.1/16", "HID:10.1 / NUM:16=16"},
		{"999.999", "HID:999.999"},

		// MAC-48 addresses in each spelling.
		{"0:1:2:3:4:5 00:11:22:aa:bB:CC", "EID:0:1:2:3:4:5 EID:00:11:22:aa:bB:CC"},
		{"0-1-2-3-4-5 0.1.2.3.4.5", "EID:0-1-2-3-4-5 EID:0.1.2.3.4.5"},
		{"0011.2233.4455 001122334455 deadbeefcafe", "EID:0011.2233.4455 EID:001122334455 EID:deadbeefcafe"},
		{"010000000000", "EID:010000000000"}, // twelve digits are no octal number
		{"00112233445 0011223344556", "NUM:00112233445=19478309 NUM:0011223344556=1246611822"},
		{"0-1-2-3-4-5-6 0011.2233.44556", "ID:0-1-2-3-4-5-6 HID:0011.2233.44556"},
		{"deadbeefcafg face", "ID:deadbeefcafg ID:face"},
		{"0:1:2:3:4:5g", "EID:0:1:2:3:4:5 ID:g"},

		// ARCnet addresses.
		{"$1 $1f $1fa $aag", "AID:$1 AID:$1f AID:$1f ID:a AID:$aa ID:g"},

		// IPv6 addresses.
		{":: ::1 1:: 1::2", "HID6::: HID6:::1 HID6:1:: HID6:1::2"},
		{"1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8", "HID6:1:2:3:4:5:6:7:8 HID6:1:2:3:4:5:6:7:: HID6:::2:3:4:5:6:7:8"},
		{"1:2:3:4:5:6:1.2.3.4 ::1.2.3.4 1::2:1.2.3.4", "HID6:1:2:3:4:5:6:1.2.3.4 HID6:::1.2.3.4 HID6:1::2:1.2.3.4"},
		{"fe80::1/64", "HID6:fe80::1 / NUM:64=64"},
		{"fe80::1%em0", "HID6:fe80::1 % ID:em0"},
		{"1:::2", "HID6:1:: : NUM:2=2"},
		{"12345::", "NUM:12345=12345 HID6:::"},
		{"::12345", "HID6:::1234 NUM:5=5"},
		{"fe80::1fg", "HID6:fe80::1f ID:g"},
		{"aa:bb::", "HID6:aa:bb::"},

		// Escaped names.
		{`\tcp (\ip)`, `ID:\tcp ( ID:\ip )`},
		{`\a]b[:&`, `ID:\a]b[:&`},
		{"\\caf\u00e9 x", "ID:\\caf\u00e9 ID:x"},
		{"\\a\rb", "ID:\\a\rb"},

		// Signs.
		{"&&&|||", "&& & || |"},
		{"====", "== =="},
		{"===", "== ="},
		{"!==", "!= ="},
		{"<<<=>>>=<>", "<< <= >> >= < >"},
		{"!(+-*/%^)", "! ( + - * / % ^ )"},
		{"[:]", "[ : ]"},
	} {
		got, errs := tokens(test.src)
		if got != test.want || len(errs) > 0 {
			t.Errorf("%q:\n got %q %v\nwant %q", test.src, got, errs, test.want)
		}
	}
}

func TestScannerRefuses(t *testing.T) {
	for _, test := range []struct{ src, tokens, want string }{
		{"09", "NUM:09=0", "number 09 has the digit 9, but its leading 0 makes it octal"},
		{"4294967296", "NUM:4294967296=0", "decimal number 4294967296 does not fit in 32 bits"},
		{"0x100000000", "NUM:0x100000000=0", "hexadecimal number 0x100000000 does not fit in 32 bits"},
		{"0040000000000", "NUM:0040000000000=0", "octal number 0040000000000 does not fit in 32 bits"},
		{"1:2:3:", "EID:1:2:3:", `malformed address "1:2:3:" (a MAC address has six groups, an IPv6 address eight or a "::")`},
		{"0:1:2:3:4:5:6", "EID:0:1:2:3:4:5:6", `malformed address "0:1:2:3:4:5:6" (a MAC address has six groups, an IPv6 address eight or a "::")`},
		{"1:2:3:4:5:6:7:8:9", "EID:1:2:3:4:5:6:7:8:9", `malformed address "1:2:3:4:5:6:7:8:9" (a MAC address has six groups, an IPv6 address eight or a "::")`},
		{"::1.2.3", "HID6:::1 HID:2.3", `illegal character "."`},
		{"::1.2.3.256", "HID6:::1.2.3.256", `malformed IPv6 address "::1.2.3.256"`},
		{"::1.2.3.04", "HID6:::1.2.3.04", `malformed IPv6 address "::1.2.3.04"`},
		{"'ip'", "ip", `illegal character "'" (a quote that the shell left in the filter?)` + "\n" +
			`illegal character "'" (a quote that the shell left in the filter?)`},
		{"$x", "ID:x", `illegal character "$" (a variable that the shell did not expand?)`},
		{`\(ip`, "( ip", `illegal character "\\" (inside quotes "(" needs no backslash)`},
		{`\ ip`, "ip", `illegal character "\\" (a backslash stands directly in front of a name)`},
		{"ip\u00a0or", "ip or", `illegal character "\u00a0" (a no-break space; use a plain one)`},
		{"порт 80", "NUM:80=80", `illegal characters "порт"`},
		{"ip\x00", "ip", `illegal character "\x00"`},
		{"\xff", "", `illegal character "\xff"`},
		{"\f_.", "", "illegal character \"\\f\"\nillegal character \"_\"\nillegal character \".\""},
		{"80, 443", "NUM:80=80 NUM:443=443", `illegal character "," (alternatives are written with "or")`},
	} {
		got, errs := tokens(test.src)
		if got != test.tokens || errs.Error() != test.want {
			t.Errorf("%q:\n got %q, %v\nwant %q, %v", test.src, got, errs, test.tokens, test.want)
		}
	}
}

// Each keyword is one token of its kind, and its row is found.
func TestKeywords(t *testing.T) {
	seen := map[string]bool{}
	for i := range keywords {
		row := &keywords[i]
		if seen[row.word] {
			t.Errorf("%q has two rows", row.word)
		}
		seen[row.word] = true
		s := scanner{src: row.word}
		got := s.next()
		if got.kind != row.kind || got.val != row.val || got.num != row.num || int(got.end) != len(row.word) {
			t.Errorf("%q: token %+v, row %+v", row.word, got, *row)
		}
	}
}

// The first keyword of each kind and value is the one that the enumeration prints.
func TestKeywordNames(t *testing.T) {
	name := func(kind tokenKind, val uint8) string {
		switch kind {
		case tokProto:
			return Proto(val).String()
		case tokDir:
			return Dir(val).String()
		case tokType, tokProtoType:
			return Type(val).String()
		case tokEncap:
			return EncapKind(val).String()
		case tokATM:
			return ATMKind(val).String()
		case tokMTP2:
			return MTP2Kind(val).String()
		case tokField:
			return Field(val).String()
		case tokPF:
			return PFField(val).String()
		case tokAnd, tokOr:
			return Op(val).String()
		}
		return ""
	}
	type key struct {
		kind tokenKind
		val  uint8
	}
	seen := map[key]bool{}
	for i := range keywords {
		row := &keywords[i]
		k := key{row.kind, row.val}
		want := name(row.kind, row.val)
		if want == "" || seen[k] {
			continue
		}
		seen[k] = true
		if row.word != want {
			t.Errorf("the first row of %v is %q, the value prints as %q", k, row.word, want)
		}
	}
	for _, set := range []struct {
		kinds kinds
		names []string
		first int
	}{
		{kindSet(tokProto), protoNames[:], 1},
		{kindSet(tokEncap), encapNames[:], 1},
		{kindSet(tokATM), atmNames[:], 1},
		{kindSet(tokMTP2), mtp2Names[:], 1},
		{kindSet(tokField), fieldNames[:], 1},
		{kindSet(tokPF), pfNames[:], 1},
		{kindSet(tokDir), dirNames[:], int(DirAddr1)},
		{kindSet(tokType, tokProtoType, tokGateway), typeNames[:], 1},
	} {
		for _, word := range set.names[set.first:] {
			if row := keywordIndex[word]; row == nil || !set.kinds.has(row.kind) {
				t.Errorf("%q is printed for a value, and no keyword of its kind", word)
			}
		}
	}
}

func TestUnknownValuesPrint(t *testing.T) {
	for _, test := range []struct {
		got  fmt.Stringer
		want string
	}{
		{Op(200), "Op(200)"}, {Proto(200), "Proto(200)"}, {Dir(200), "Dir(200)"}, {Type(200), "Type(200)"},
		{IDKind(200), "IDKind(200)"}, {EncapKind(200), "EncapKind(200)"}, {PFField(200), "PFField(200)"},
		{ATMKind(200), "ATMKind(200)"}, {MTP2Kind(200), "MTP2Kind(200)"}, {Field(200), "Field(200)"},
	} {
		if got := test.got.String(); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}
