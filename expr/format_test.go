package expr

import (
	"math/rand/v2"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"", ""},
		{"\n ip\t&& !tcp ", "ip and not tcp"},
		{"( ip )||not not udp", "(ip) or not not udp"},
		{"link src host a", "ether src host a"},
		{"is-is or es-is or wlan", "isis or esis or ether"},
		{"dst||src port 0x50", "src or dst port 0x50"},
		{"dst && src net 10.1 mask 255.255", "src and dst net 10.1 mask 255.255"},
		{"net 10.1/0x10 or ::/0", "net 10.1/16 or ::/0"},
		{`ip proto \tcp or \a:b`, `ip proto \tcp or \a:b`},
		{"host $1f or 001122334455", "host $1f or 001122334455"},
		{"port(1 or((2)))", "port (1 or ((2)))"},
		{"tcp[tcpflags]&(tcp-syn|2)==0x2", "tcp[tcpflags] & (tcp-syn | 2) = 0x2"},
		{"ip[ 0 : 2 ]>=-length", "ip[0:2] >= -len"},
		{"- -1%2*3=4", "--1 % 2 * 3 = 4"},
		{"vlan((5)) and pppoes", "vlan 5 and pppoes"},
		{"on em0 and rset x and rnr 1", "ifname em0 and ruleset x and rulenum 1"},
		{"on \\host", "ifname \\host"},
		{"ether type mgt subtype 0x10", "ether type mgt subtype 16"},
		{"wlan subtype beacon or direction nods", "ether subtype beacon or dir nods"},
		{"llc or llc i or llc rulenum or llc \\rnr", "llc or llc i or llc rnr or llc rnr"},
		{"vpi=3 or opc(1||2) or sls (3)", "vpi 3 or opc (1 or 2) or sls (3)"},
		{"byte 1|2 and byte 3==4", "byte 1 | 2 and byte 3 = 4"},
		{"less 1 or greater 2 or ifindex 3", "less 1 or greater 2 or ifindex 3"},
		{"ip6 multicast or broadcast or inbound or outbound", "ip6 multicast or broadcast or inbound or outbound"},
		{"lsu or oamf4", "lssu or oamf4"},
	} {
		x, err := Parse(test.src)
		if err != nil {
			t.Errorf("%q: %v", test.src, err)
			continue
		}
		if got := Format(x); got != test.want {
			t.Errorf("%q: got %q, want %q", test.src, got, test.want)
		}
	}
}

// Trees that no source text has get the parentheses that keep their meaning.
func TestFormatBuilt(t *testing.T) {
	p := func(p Proto) Expr { return &ProtoTest{Proto: p} }
	n := func(v uint32) Arith { return &Num{Number{Value: v}} }
	bin := func(op Op, x, y Arith) Arith { return &BinaryArith{Op: op, X: x, Y: y} }
	or := &Binary{Op: Or, X: p(ProtoTCP), Y: p(ProtoUDP)}
	for _, test := range []struct {
		x    Expr
		want string
	}{
		{&Binary{Op: And, X: p(ProtoIP), Y: or}, "ip and (tcp or udp)"},
		{&Binary{Op: And, X: or, Y: p(ProtoIP)}, "tcp or udp and ip"},
		{&Not{X: or}, "not (tcp or udp)"},
		{&Qualified{Quals: Qualifiers{Type: TypeHost}, X: &Binary{Op: Or,
			X: &ID{Kind: IDName, Text: "a"}, Y: &ID{Kind: IDName, Text: "host"}}}, `host (a or \host)`},
		{&Qualified{Quals: Qualifiers{Type: TypePort}, X: &ID{Kind: IDNumber, Num: 80}}, "port 80"},
		{&Relation{Op: Eq, X: bin(Mul, bin(Add, n(1), n(2)), bin(Add, n(3), n(4))), Y: n(5)}, "(1 + 2) * (3 + 4) = 5"},
		{&Relation{Op: Eq, X: bin(Sub, n(1), bin(Sub, n(2), n(3))), Y: n(5)}, "1 - (2 - 3) = 5"},
		{&Relation{Op: Eq, X: bin(Mod, bin(Mul, n(1), n(2)), n(3)), Y: n(5)}, "(1 * 2) % 3 = 5"},
		{&Relation{Op: Eq, X: bin(Add, bin(Xor, n(1), n(2)), n(3)), Y: n(5)}, "(1 ^ 2) + 3 = 5"},
		{&Relation{Op: Eq, X: bin(Mul, &Neg{X: bin(Mod, n(1), n(2))}, n(3)), Y: n(5)}, "(-1 % 2) * 3 = 5"},
		{&Relation{Op: Eq, X: bin(Mod, &Neg{X: n(1)}, n(2)), Y: n(5)}, "(-1) % 2 = 5"},
		{&Relation{Op: Eq, X: &Neg{X: bin(Add, n(1), n(2))}, Y: &Len{}}, "-(1 + 2) = len"},
		{&FieldTest{Field: FieldVPI, Op: Eq, Values: []Number{{Value: 1}, {Value: 2}}}, "vpi (1 or 2)"},
	} {
		got := Format(test.x)
		if got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
		if _, err := Parse(got); err != nil {
			t.Errorf("%q: %v", got, err)
		}
	}
}

// arithmetic returns a random tree, not only such as a source text can have.
func arithmetic(r *rand.Rand, depth int) Arith {
	switch k := r.IntN(8); {
	case depth == 0 || k == 0:
		return &Num{Number{Value: uint32(r.IntN(10))}}
	case k == 1:
		return &Neg{X: arithmetic(r, depth-1)}
	default:
		ops := []Op{Add, Sub, Mul, Div, Mod, And, Or, Xor, Lsh, Rsh}
		return &BinaryArith{Op: ops[r.IntN(len(ops))], X: arithmetic(r, depth-1), Y: arithmetic(r, depth-1)}
	}
}

// bare returns an s-expression without the parentheses of the source.
func bare(x Arith) string {
	switch x := x.(type) {
	case *ParenArith:
		return bare(x.X)
	case *Neg:
		return list("neg", bare(x.X))
	case *BinaryArith:
		return list(x.Op.Symbol(), bare(x.X), bare(x.Y))
	}
	return dumpArith(x)
}

// Whatever its shape, a tree prints as a text that means the same.
func TestFormatArithMeaning(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		x := arithmetic(r, 4)
		want := bare(unspelt(x))
		parsed, err := Parse(FormatArith(x) + " = 0")
		if err != nil {
			t.Fatalf("%s: %v", FormatArith(x), err)
		}
		if got := bare(parsed.(*Relation).X); got != want {
			t.Fatalf("%s:\n got %s\nwant %s", FormatArith(x), got, want)
		}
	}
}

// unspelt gives the numbers of x the spelling that Format gives them.
func unspelt(x Arith) Arith {
	switch x := x.(type) {
	case *Num:
		return &Num{Number{Value: x.Value, Text: FormatArith(x)}}
	case *Neg:
		return &Neg{X: unspelt(x.X)}
	case *BinaryArith:
		return &BinaryArith{Op: x.Op, X: unspelt(x.X), Y: unspelt(x.Y)}
	}
	return x
}

func TestEqual(t *testing.T) {
	// Each is a filter that differs from all others.
	filters := []string{
		"", "ip", "ip6", "not ip", "(ip)", "ip and ip", "ip or ip", "ip and ip and ip", "ip and (ip)", "ip and not ip",
		"host a", "src host a", "ip host a", "net a", "host b", `host \a`, "host 1", "host 0x1", "host not a", "host (a)",
		"net 10.1/8", "net 10.1/9", "net 10.1", "net 10.1 mask 255.0", "net 10.1 mask 255.1", "host ::1", "net ::1/1",
		"1 = 1", "1 != 1", "1 = 2", "2 = 1", "1 = 0x1", "len = 1", "-1 = 1", "(1) = 1", "1 + 1 = 1", "1 - 1 = 1", "1 + 2 = 1",
		"ip[1] = 1", "ip[2] = 1", "tcp[1] = 1", "ip[1:1] = 1", "ip[1:2] = 1",
		"broadcast", "multicast", "ip broadcast", "less 1", "less 2", "greater 1", "byte 1 = 1", "byte 1 < 1", "byte 2 = 1", "byte 1 = 2",
		"inbound", "outbound", "ifindex 1", "ifindex 2", "vlan", "vlan 1", "vlan 2", "mpls", "on a", "on b", "rset a", "rnr 1", "rnr 2",
		"reason 1", "type mgt", "type ctl", "type 1", "wlan type mgt", "type mgt subtype ack", "subtype ack", "dir nods", "dir 1",
		"wlan dir nods", "llc", "llc i", "lane", "metac", "fisu", "msu", "vpi 1", "vpi > 1", "vpi 2", "vpi (1)", "vci 1", "vpi (1 or 2)",
	}
	trees := make([]Expr, len(filters))
	for i, src := range filters {
		x, err := Parse(src)
		if err != nil {
			t.Fatalf("%q: %v", src, err)
		}
		trees[i] = x
	}
	for i := range trees {
		for j := range trees {
			if got := Equal(trees[i], trees[j]); got != (i == j) {
				t.Errorf("Equal of %q and %q is %v", filters[i], filters[j], got)
			}
		}
	}
}

func TestWalkStops(t *testing.T) {
	x, err := Parse("ip and (tcp or udp) and not arp and port (1 or 2) and 1 + 2 * 3 = -4")
	if err != nil {
		t.Fatal(err)
	}
	var all []Node
	Walk(x, func(n Node) bool { all = append(all, n); return true })
	for i, stop := range all {
		// Of the nodes without those in stop, none is missing.
		var want []Node
		skip := map[Node]bool{}
		sub := func(n Node) bool { skip[n] = n != stop; return true }
		if e, ok := stop.(Expr); ok {
			Walk(e, sub)
		} else {
			WalkArith(stop.(Arith), sub)
		}
		for _, n := range all {
			if !skip[n] {
				want = append(want, n)
			}
		}
		var got []Node
		Walk(x, func(n Node) bool { got = append(got, n); return n != stop })
		if len(got) != len(want) {
			t.Errorf("stopped at node %d, %T: %d nodes, want %d", i, stop, len(got), len(want))
			continue
		}
		for j := range got {
			if got[j] != want[j] {
				t.Errorf("stopped at node %d: node %d is %T, want %T", i, j, got[j], want[j])
			}
		}
	}
	Walk(nil, func(Node) bool { t.Error("nil has a node"); return true })
}
