package expr

import (
	"fmt"
	"strings"
	"testing"
)

// dump returns x as an s-expression.
func dump(x Expr) string {
	switch x := x.(type) {
	case nil:
		return "nil"
	case *Binary:
		return list(x.Op.String(), dump(x.X), dump(x.Y))
	case *Not:
		return list("not", dump(x.X))
	case *Paren:
		return list("paren", dump(x.X))
	case *Qualified:
		return list("qual", x.Quals.Proto.String(), x.Quals.Dir.String(), x.Quals.Type.String(), dump(x.X))
	case *ID:
		text := x.Text
		if x.Escaped {
			text = `\` + text
		}
		switch x.Kind {
		case IDName, IDAddr4, IDAddr6, IDMAC48, IDMAC8:
			return x.Kind.String() + ":" + text
		case IDMask4:
			return x.Kind.String() + ":" + text + "," + x.Mask
		}
		return fmt.Sprintf("%v:%s,%d", x.Kind, text, x.Num)
	case *ProtoTest:
		return x.Proto.String()
	case *Relation:
		return list(x.Op.String(), dumpArith(x.X), dumpArith(x.Y))
	case *Cast:
		return list("cast", x.Proto.String(), pick(x.Multicast, "multicast", "broadcast"))
	case *Length:
		return list(pick(x.Greater, "greater", "less"), dumpNumber(&x.Num))
	case *Byte:
		return list("byte", x.Op.Symbol(), dumpNumber(&x.Index), dumpNumber(&x.Value))
	case *Direction:
		return pick(x.Outbound, "outbound", "inbound")
	case *Ifindex:
		return list("ifindex", dumpNumber(&x.Num))
	case *Encap:
		return list("encap", x.Kind.String(), dumpNumber(x.Num))
	case *PF:
		return list("pf", x.Field.String(), x.Name, dumpNumber(x.Num))
	case *WLANType:
		return list("wlan-type", x.Proto.String(), dumpName(x.Type), dumpName(x.Subtype))
	case *WLANDir:
		return list("wlan-dir", x.Proto.String(), dumpName(&x.Dir))
	case *LLC:
		return list("llc", x.Name)
	case *ATMTest:
		return list("atm", x.Kind.String())
	case *MTP2Test:
		return list("mtp2", x.Kind.String())
	case *FieldTest:
		words := []string{"field", x.Field.String(), x.Op.String()}
		if x.List {
			words = append(words, "list")
		}
		for i := range x.Values {
			words = append(words, dumpNumber(&x.Values[i]))
		}
		return list(words...)
	}
	panic(fmt.Sprintf("%T", x))
}

func dumpArith(x Arith) string {
	switch x := x.(type) {
	case *Num:
		return dumpNumber(&x.Number)
	case *Len:
		return "len"
	case *Accessor:
		return list("at", x.Proto.String(), dumpArith(x.Index), dumpNumber(x.Size))
	case *BinaryArith:
		return list(x.Op.Symbol(), dumpArith(x.X), dumpArith(x.Y))
	case *Neg:
		return list("neg", dumpArith(x.X))
	case *ParenArith:
		return list("paren", dumpArith(x.X))
	}
	panic(fmt.Sprintf("%T", x))
}

func dumpNumber(n *Number) string {
	switch {
	case n == nil:
		return ""
	case n.Text != fmt.Sprint(n.Value):
		return fmt.Sprintf("%s=%d", n.Text, n.Value)
	}
	return n.Text
}

func dumpName(v *NameOrNumber) string {
	switch {
	case v == nil:
		return "-"
	case v.Name != "":
		return v.Name
	}
	return fmt.Sprint(v.Num)
}

// list returns the words that are not empty in parentheses.
func list(words ...string) string {
	var full []string
	for _, w := range words {
		if w != "" {
			full = append(full, w)
		}
	}
	return "(" + strings.Join(full, " ") + ")"
}

func TestParse(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"", "nil"},
		{" \n", "nil"},
		{"ip", "ip"},
		{"ip and tcp port 22", "(and ip (qual tcp port number:22,22))"},

		// "and" and "or" are equal and group to the left, "not" binds tightest.
		{"ip or arp and tcp or udp", "(or (and (or ip arp) tcp) udp)"},
		{"ip || arp && not tcp", "(and (or ip arp) (not tcp))"},
		{"not ip and !arp", "(and (not ip) (not arp))"},
		{"not not (ip or arp)", "(not (not (paren (or ip arp))))"},

		// Qualifiers.
		{"link host 1:2:3:4:5:6", "(qual ether host mac48:1:2:3:4:5:6)"},
		{"fddi src 1:2:3:4:5:6", "(qual ether src mac48:1:2:3:4:5:6)"},
		{"src or dst port ftp-data", "(qual src or dst port name:ftp-data)"},
		{"dst || src net 10", "(qual src or dst net number:10,10)"},
		{"ip src and dst 10.1", "(qual ip src and dst addr4:10.1)"},
		{"dst && src host x", "(qual src and dst host name:x)"},
		{"src x or dst y", "(or (qual src name:x) (qual dst name:y))"},
		{"wlan address1 1:2:3:4:5:6", "(qual ether addr1 mac48:1:2:3:4:5:6)"},
		{"ra 1:2:3:4:5:6 or ta host a", "(or (qual ra mac48:1:2:3:4:5:6) (qual ta host name:a))"},
		{"tcp portrange 1-2", "(qual tcp portrange name:1-2)"},
		{`ip proto \tcp`, `(qual ip proto name:\tcp)`},
		{"ip6 protochain 6", "(qual ip6 protochain number:6,6)"},
		{"gateway snup", "(qual gateway name:snup)"},

		// Ids.
		{"net 10.1/16", "(qual net prefix4:10.1,16)"},
		{"net 10.1.0.0 mask 255.255.0.0", "(qual net mask4:10.1.0.0,255.255.0.0)"},
		{"net 2001:db8::/0x20", "(qual net prefix6:2001:db8::,32)"},
		{"host ::1", "(qual host addr6:::1)"},
		{"host $1f", "(qual host mac8:1f)"},
		{"port 0x50", "(qual port number:0x50,80)"},
		{"port tcp-syn", "(qual port number:tcp-syn,2)"},

		// Ids take over the qualifiers of the one to the left.
		{"host a or b and not c", "(and (or (qual host name:a) name:b) (not name:c))"},
		{"port 80 or 443", "(or (qual port number:80,80) number:443,443)"},
		{"host (a or b and (c or 1))", "(qual host (paren (and (or name:a name:b) (paren (or name:c number:1,1)))))"},
		{"host not a", "(qual host (not name:a))"},
		{"host not (a or b)", "(qual host (not (paren (or name:a name:b))))"},
		{"host (not (a) or b)", "(qual host (paren (or (not (paren name:a)) name:b)))"},
		{"port (80)", "(qual port (paren number:80,80))"},
		{"port ((80))", "(qual port (paren (paren number:80,80)))"},
		{"port (80 or ((443)))", "(qual port (paren (or number:80,80 (paren (paren number:443,443)))))"},
		{"ip or (a or b)", "(or ip (paren (or name:a name:b)))"},
		{"ip or ((1) or b)", "(or ip (paren (or (paren number:1,1) name:b)))"},
		{"ip or (tcp or b)", "(or ip (paren (or tcp name:b)))"},
		{"ip or not (a)", "(or ip (not (paren name:a)))"},
		{"ip or not (tcp)", "(or ip (not (paren tcp)))"},

		// A parenthesis may begin a filter, ids, or a number.
		{"(tcp)", "(paren tcp)"},
		{"(tcp[0]) = 1", "(= (paren (at tcp 0)) 1)"},
		{"((tcp[0]) = 1)", "(paren (= (paren (at tcp 0)) 1))"},
		{"((1)) = (2)", "(= (paren (paren 1)) (paren 2))"},
		{"ip and (1) = 1", "(and ip (= (paren 1) 1))"},
		{"ip and (1)", "(and ip (paren number:1,1))"},
		{"not (1) = 1", "(not (= (paren 1) 1))"},
		{"ip and not 1", "(and ip (not number:1,1))"},
		{"((((1 + 2)) * len = 4) and ip)", "(paren (and (paren (= (* (paren (paren (+ 1 2))) len) 4)) ip))"},

		// Precedence of arithmetic.
		{"1 + 2 * 3 - 4 = 5", "(= (- (+ 1 (* 2 3)) 4) 5)"},
		{"1 | 2 & 3 << 4 + 5 * 6 = 7", "(= (| 1 (& 2 (<< 3 (+ 4 (* 5 6))))) 7)"},
		{"1 * 2 + 3 >> 4 & 5 | 6 = 7", "(= (| (& (>> (+ (* 1 2) 3) 4) 5) 6) 7)"},
		{"1 / 2 / 3 = 4", "(= (/ (/ 1 2) 3) 4)"},
		{"1 % 2 * 3 = 4", "(= (% 1 (* 2 3)) 4)"},
		{"1 * 2 % 3 = 4", "(= (* 1 (% 2 3)) 4)"},
		{"1 % 2 % 3 = 4", "(= (% 1 (% 2 3)) 4)"},
		{"1 ^ 2 | 3 = 4", "(= (^ 1 (| 2 3)) 4)"},
		{"1 | 2 ^ 3 | 4 = 5", "(= (| 1 (^ 2 (| 3 4))) 5)"},
		{"-1 * 2 = 3", "(= (* (neg 1) 2) 3)"},
		{"-1 % 2 + 3 = 4", "(= (neg (% 1 (+ 2 3))) 4)"},
		{"- - 1 - -2 = 3", "(= (- (neg (neg 1)) (neg 2)) 3)"},
		{"tcp[tcpflags] & (tcp-syn|tcp-ack) == 0x2", "(= (& (at tcp tcpflags=13) (paren (| tcp-syn=2 tcp-ack=16))) 0x2=2)"},
		{"ether[ip[0]&0xf:2] >= length", "(>= (at ether (& (at ip 0) 0xf=15) 2) len)"},
		{"len != 1 and len < 2 or len <= 3", "(or (and (!= len 1) (< len 2)) (<= len 3))"},
		{"ip[0:3] > 1", "(> (at ip 0 3) 1)"}, // whether 3 is a size is for later

		// Other primitives.
		{"broadcast or ip multicast", "(or (cast broadcast) (cast ip multicast))"},
		{"less 5 or greater 0x6", "(or (less 5) (greater 0x6=6))"},
		{"byte 0 = 1 and byte 2 & 3", "(and (byte = 0 1) (byte & 2 3))"},
		{"inbound or outbound", "(or inbound outbound)"},
		{"ifindex 3", "(ifindex 3)"},
		{"vlan and vlan 100", "(and (encap vlan) (encap vlan 100))"},
		{"mpls ((100)) and pppoes 1 and pppoed", "(and (and (encap mpls 100) (encap pppoes 1)) (encap pppoed))"},
		{"geneve or vxlan 7", "(or (encap geneve) (encap vxlan 7))"},
		{"vlan or 5", "(or (encap vlan) number:5,5)"},
		{"on em0 or ifname em1", "(or (pf ifname em0) (pf ifname em1))"},
		{"rset a and rnr 1 and srnr 2", "(and (and (pf ruleset a) (pf rulenum 1)) (pf subrulenum 2))"},
		{"reason match or reason 3 or action pass", "(or (or (pf reason match) (pf reason 3)) (pf action pass))"},
		{"type mgt", "(wlan-type mgt -)"},
		{"wlan type mgt subtype beacon", "(wlan-type ether mgt beacon)"},
		{"type 0 subtype 0x80", "(wlan-type 0 128)"},
		{"subtype beacon", "(wlan-type - beacon)"},
		{"dir nods or wlan direction 1", "(or (wlan-dir nods) (wlan-dir ether 1))"},
		{`type \host`, "(wlan-type host -)"},
		{"llc or llc i or llc rnr or llc rulenum", "(or (or (or (llc) (llc i)) (llc rnr)) (llc rnr))"},
		{"lane or oamf4 or metac", "(or (or (atm lane) (atm oamf4)) (atm metac))"},
		{"fisu or lsu", "(or (mtp2 fisu) (mtp2 lssu))"},
		{"vpi 3 and vci > 4", "(and (field vpi = 3) (field vci > 4))"},
		{"opc (1) or hdpc (1 or 2 || 3)", "(or (field opc = list 1) (field hdpc = list 1 2 3))"},
		{"sio != 5", "(field sio != 5)"},
	} {
		x, err := Parse(test.src)
		if err != nil {
			t.Errorf("%q: %v", test.src, err)
			continue
		}
		if got := dump(x); got != test.want {
			t.Errorf("%q:\n got %s\nwant %s", test.src, got, test.want)
		}
		checkRoundTrip(t, test.src)
	}
}

// What libpcap's grammar refuses, though it looks as if it should not.
func TestParseRefuses(t *testing.T) {
	for _, src := range []string{
		"host ((a))",          // ids in parentheses begin with one that is not
		"host ((a) or b)",     //
		"(1 or 2)",            // an id needs a primitive to its left
		"10.0.0.1",            //
		"not a",               //
		"vlan (1 + 2)",        // a number, not arithmetic
		"vpi ((1))",           // of a list only one pair of parentheses
		"vpi (1 and 2)",       //
		"vpi (> 1)",           //
		"subtype 8",           // of which type?
		"action 1",            //
		"rnr x",               //
		"src or port 80",      // "src or" wants "dst"
		"src port or dst x",   //
		"src proto 6",         // "proto" takes no direction
		"gateway port x",      //
		"ip proto tcp",        // a keyword is no name
		"10.0.0.0 mask 8",     //
		"net 10.0.0.0/a",      //
		"net a/8",             //
		"1 = 2 = 3",           // comparisons do not chain
		"len",                 // a number is no primitive
		"tcp[0:len] = 1",      // a size is a number
		"tcp[0] = (ip)",       //
		"byte (1) = 2",        //
		"byte 1 != 2",         //
		"ip and (tcp and) ip", //
		"pppoed 3",            //
		"less (3)",            //
		"llc 3",               //
		"ip[0] + 1",           //
		"host x + 1 = 2",      //
		"and", "()", "(", ")", "not", "ip or", "ip ip", "ip[", "port", "ip,",
	} {
		if x, err := Parse(src); err == nil {
			t.Errorf("%q: no error, but %s", src, dump(x))
		} else {
			checkErrors(t, src, err)
		}
	}
}

func TestSpans(t *testing.T) {
	const src = "not ip src  host (a or b) && -tcp[ 2 : 1 ]%3 =(1)or wlan type mgt subtype beacon"
	x, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	Walk(x, func(n Node) bool {
		at := n.Span()
		got = append(got, fmt.Sprintf("%T %s", n, src[at.Pos:at.End]))
		return true
	})
	want := []string{
		"*expr.Binary " + src,
		"*expr.Binary not ip src  host (a or b) && -tcp[ 2 : 1 ]%3 =(1)",
		"*expr.Not not ip src  host (a or b)",
		"*expr.Qualified ip src  host (a or b)",
		"*expr.Paren (a or b)",
		"*expr.Binary a or b",
		"*expr.ID a",
		"*expr.ID b",
		"*expr.Relation -tcp[ 2 : 1 ]%3 =(1)",
		"*expr.Neg -tcp[ 2 : 1 ]%3",
		"*expr.BinaryArith tcp[ 2 : 1 ]%3",
		"*expr.Accessor tcp[ 2 : 1 ]",
		"*expr.Num 2",
		"*expr.Num 3",
		"*expr.ParenArith (1)",
		"*expr.Num 1",
		"*expr.WLANType wlan type mgt subtype beacon",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The parts of a node that have a place of their own.
func TestPartSpans(t *testing.T) {
	const src = "tcp src or dst port 80 or byte 1 & 2 or reason match or vlan ( 5 ) or llc ui"
	part := func(at Span) string { return src[at.Pos:at.End] }
	x, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	Walk(x, func(n Node) bool {
		switch n := n.(type) {
		case *Qualified:
			if n.Quals.Proto != ProtoNone {
				got = append(got, part(n.Quals.ProtoSpan), part(n.Quals.DirSpan), part(n.Quals.TypeSpan), part(n.Quals.Span()))
			}
		case *Byte:
			got = append(got, part(n.At), part(n.Index.At), part(n.OpPos), part(n.Value.At))
		case *PF:
			got = append(got, part(n.At), part(n.ValueSpan))
		case *Encap:
			got = append(got, part(n.At), part(n.Num.At))
		case *LLC:
			got = append(got, part(n.At), part(n.NameSpan))
		}
		return true
	})
	want := "tcp|src or dst|port|tcp src or dst port|byte 1 & 2|1|&|2|reason match|match|vlan ( 5 )|5|llc ui|ui"
	if strings.Join(got, "|") != want {
		t.Errorf(" got %s\nwant %s", strings.Join(got, "|"), want)
	}
}
