package ir

import "testing"

func TestEval(t *testing.T) {
	// expr is the last value of a block that accepts where it is not zero.
	run := func(def string, pkt []byte, md *Metadata) uint32 {
		f := parse(t, "func linktype=RAW view=file snaplen=77 \"\"\nb0:\n"+def+"\nif eq v1 0 -> b2, b1\nb1:\naccept\nb2:\nreject")
		if err := f.Check(); err != nil {
			t.Fatalf("%s: %v", def, err)
		}
		return Eval(f, pkt, md)
	}
	pkt := []byte{1, 2, 3, 4, 0}
	md := &Metadata{Len: 1500, Protocol: 0x800, PacketType: 4, IfIndex: 7, VLANPresent: true, VLANTCI: 0xf001, VLANTPID: 0x8100}
	for _, c := range []struct {
		def    string
		accept bool
	}{
		{"v2 = load8 [0]\nv1 = sub 2 v2", true},
		{"v2 = load16 [1]\nv1 = sub v2 0x203", false},
		{"v2 = load32 [0]\nv1 = sub v2 0x1020304", false},
		{"v1 = load8 [4]", false},
		{"v1 = load8 [3]", true},
		{"v2 = load8 [5]\nv1 = sub v2 v2", false},
		{"v2 = load32 [2]\nv1 = or 1 v2", false},
		{"v1 = load16 [3]", true},
		{"v2 = load8 [2]\nv1 = load8 [v2]", true},
		{"v2 = load8 [2]\nv1 = load8 [v2+2]", false},
		{"v2 = sub 0 1\nv1 = load8 [v2+1]", false}, // 2^32, not 0
		{"v1 = load8 [4294967295]", false},
		{"v1 = load32 [4294967295]", false},
		{"v1 = div 1 0", false},
		{"v1 = mod 1 0", false},
		{"v2 = div 7 2\nv1 = sub v2 3", false},
		{"v1 = mod 7 7", false},
		{"v1 = lsh 1 31", true},
		{"v1 = lsh 1 32", false},
		{"v1 = rsh 0x80000000 31", true},
		{"v1 = rsh 0x80000000 32", false},
		{"v2 = neg 1\nv1 = add v2 1", false},
		{"v2 = mul 0x10000 0x10000\nv1 = xor v2 0", false},
		{"v2 = len\nv1 = sub v2 1500", false},
		{"v2 = meta proto\nv1 = sub v2 0x800", false},
		{"v2 = meta pkttype\nv1 = sub v2 4", false},
		{"v2 = meta ifindex\nv1 = sub v2 7", false},
		{"v2 = meta vlan_present\nv1 = sub v2 1", false},
		{"v2 = meta vlan_tci\nv1 = sub v2 0xf001", false},
		{"v2 = meta vlan_tpid\nv1 = sub v2 0x8100", false},
	} {
		want := uint32(0)
		if c.accept {
			want = 77
		}
		if got := run(c.def, pkt, md); got != want {
			t.Errorf("%q: %d, want %d", c.def, got, want)
		}
	}
	if run("v2 = len\nv1 = sub v2 5", pkt, nil) != 0 {
		t.Error("without metadata the length is not that of the bytes")
	}
	if run("v1 = meta vlan_present", pkt, nil) != 0 {
		t.Error("without metadata there is a VLAN tag")
	}
}

func TestEvalPaths(t *testing.T) {
	f := parse(t, paramText)
	pkt := make([]byte, 40)
	pkt[13], pkt[24], pkt[18] = 5, 9, 0xff
	for _, c := range []struct {
		md   Metadata
		want uint32
	}{
		// 18: -0xff000000 - 1 = 0xffffff, at least 40^5 but not 0x1000000^5.
		{Metadata{Len: 40}, 65535},
		{Metadata{Len: 0x1000000}, 0},
		// 14: -0 - 1 is the greatest number.
		{Metadata{Len: 1 << 30, VLANPresent: true}, 65535},
	} {
		if got := Eval(f, pkt, &c.md); got != c.want {
			t.Errorf("%+v: %d, want %d", c.md, got, c.want)
		}
		if got := Eval(f, pkt[:17], &c.md); got != 0 {
			t.Errorf("cut: %d, want 0", got)
		}
	}
}

func TestConds(t *testing.T) {
	for _, c := range []struct {
		cond Cond
		x, y uint32
		want bool
	}{
		{Eq, 1, 1, true}, {Eq, 1, 2, false},
		{Gt, 0x80000000, 1, true}, {Gt, 1, 1, false},
		{Ge, 1, 1, true}, {Ge, 0, 0xffffffff, false},
		{Set, 6, 4, true}, {Set, 6, 9, false},
	} {
		if got := c.cond.Holds(c.x, c.y); got != c.want {
			t.Errorf("%d %v %d: %v", c.x, c.cond, c.y, got)
		}
	}
}
