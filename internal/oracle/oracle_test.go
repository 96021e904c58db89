package oracle

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// TestOracle is a short run against the libpcap of the driver that GOFILTER_ORACLE
// names; without one there is nothing to compare with. "make oracle" builds one.
func TestOracle(t *testing.T) {
	path := os.Getenv("GOFILTER_ORACLE")
	if path == "" {
		t.Log("GOFILTER_ORACLE names no driver")
		return
	}
	r := Run{Driver: path, Seed: 1, N: 2000, Jobs: 1, Effort: Effort{Inputs: 30, Runs: 300, Cuts: 10}, Report: func(d *Difference) { t.Error(d) }}
	sum, err := r.All()
	if err != nil {
		t.Fatal(err)
	}
	if sum.Tally.Accepted < 1000 || sum.Tally.Refused < 200 || sum.Tally.Verdicts < 50_000 {
		t.Errorf("too little was compared: %+v", sum.Tally)
	}
	t.Logf("%s: %+v", sum.Version, sum)
}

// regressions are the differences that were found and were faults here, each the
// smallest filter of its kind with a packet that showed it.
var regressions = []struct {
	text   string
	link   linktype.Type
	view   View
	meta   ir.Metadata // Len 0: as captured
	packet string
	plain  bool // the verdict without passes, where faults count
	opt    bool // the verdict with them
}{
	// A byte test loads its byte, whatever the mask leaves of it.
	{text: "not byte 3 & 0", link: linktype.Ethernet, packet: "000000", plain: false, opt: true},
	{text: "byte 3 | 1", link: linktype.Ethernet, packet: "000000", plain: false, opt: true},
	{text: "byte 3 | 0", link: linktype.Ethernet, packet: "00000001", plain: true, opt: true},
	// Its place does not wrap where the header in front claims to be longer than any packet.
	{text: "byte 0x29 & 0xff", link: linktype.IEEE802_11AVS, packet: strings.Repeat("ff", 100)},
	// A count of bits that is computed may be anything.
	{text: "3 >> 15 - 255 = 0", link: linktype.Ethernet, plain: true, opt: true},
	{text: "ether[0] >> 1 ^ 0xff = 0", link: linktype.Ethernet, packet: "ff", plain: true, opt: true},
	// What a keyword that cannot match would have set is 0.
	{text: "vxlan and tcp or ether[0] = 0", link: linktype.ArcnetLinux, packet: "000000000000000000", plain: true, opt: true},
	{text: "ether broadcast or link[0] = 1 and (isis and vxlan and tcp)", link: linktype.ArcnetLinux, packet: "01ff00000000000000"},
	// A protocol number that nothing could carry is no error where the link type has no such field.
	{text: "not ppp proto 0x7fffffff", link: linktype.Enc, packet: "00", plain: true, opt: true},
	{text: "slip proto 0x10000", link: linktype.JuniperATM2, packet: "4d474300", plain: true, opt: true},
	// Juniper's headers are not told apart: a list is looked for in each.
	{text: "dst host 10.1.2.3 or 10.1.2.4 or 192.0.2.1", link: linktype.JuniperVP,
		packet: "4d474300000000000000000000000000000000000000c0000201", plain: true, opt: true},
	{text: "not dst net (1.2.3.4 or 300 or 192.0.2.128/31)", link: linktype.JuniperMonitor,
		packet: "4d47430000000000000000000000000000000000000000000000000000000000000000000102030400", plain: false},
	{text: "dst host (2001:db8::1 or 10.1.2.3 or ff02::1)", link: linktype.JuniperST,
		packet: "4d474300000000000000000000000a01020300000000ff020000000000", plain: true, opt: true},
	// Metadata are where they are, wherever the link header is.
	{text: "inbound", link: linktype.NetAnalyzer, view: Linux, meta: ir.Metadata{PacketType: 0, IfIndex: 4}, packet: "00", plain: true, opt: true},
	{text: "outbound", link: linktype.NetAnalyzer, view: Linux, meta: ir.Metadata{PacketType: 4, IfIndex: 1}, packet: "00", plain: true, opt: true},
	{text: "pppoes and outbound", link: linktype.JuniperVP, view: Linux, meta: ir.Metadata{PacketType: 4},
		packet: "4d474300", plain: true, opt: true},
	// A radio header is found though there is a link header inside the one behind it.
	{text: "pppoes", link: linktype.PPI,
		packet: "0000080069000000" + "0800" + strings.Repeat("00", 22) + "aaaa03000000" + "8864", plain: true, opt: true},
	// Arithmetic does not touch the place of a header.
	{text: "7 < 16 and llc", link: linktype.IEEE802_11Radiotap,
		packet: "0000080000000000" + "0800" + strings.Repeat("00", 22) + "aaaa03", plain: true, opt: true},
	{text: "len > 1 and not llc rr", link: linktype.IEEE802_11Radiotap,
		packet: "0000080000000000" + "0800" + strings.Repeat("00", 22) + "aaaa01", plain: false},
	// A divisor is not what the code of the divisor begins with.
	{text: "len / ether[0] = 4", link: linktype.Ethernet, packet: "020000000000000000", meta: ir.Metadata{Len: 11}},
	{text: "len / ether[0] = 4", link: linktype.Ethernet, packet: "0200000000000000", plain: true, opt: true},
}

func TestRegressions(t *testing.T) {
	for _, r := range regressions {
		c := Case{Link: r.link, View: r.view, Snaplen: 96, Expr: r.text}
		f, err := gofilter.Compile(r.text, c.Config())
		if err != nil {
			t.Errorf("%v: %v", &c, err)
			continue
		}
		pkt, err := hex.DecodeString(r.packet)
		if err != nil {
			t.Fatal(err)
		}
		md := r.meta
		if md.Len == 0 {
			md.Len = uint32(len(pkt))
		}
		check := func(engine string, got uint32, want bool) {
			if (got != 0) != want {
				t.Errorf("%v: %s gives %d, want accept %v\n%s", &c, engine, got, want, f.IR())
			}
		}
		check("Eval without passes", ir.Eval(f.Plain(), pkt, &md), r.plain)
		check("Eval", ir.Eval(f.IR(), pkt, &md), r.opt)
		check("Filter.Run", f.Run(pkt, &md), r.opt)
		for _, kernel := range []bool{false, true} {
			prog, err := generate(f.IR(), kernel)
			if err != nil {
				t.Errorf("%v: %v", &c, err)
				continue
			}
			check("cBPF", conformance.Exec(prog, &conformance.Input{Data: pkt, Meta: md}).Verdict, r.opt)
		}
	}
}

// TestCases: a case is the same each time, and most compile.
func TestCases(t *testing.T) {
	const n = 2000
	good := 0
	types := make(map[linktype.Type]bool)
	for i := range n {
		c, again := NewCase(7, i, nil), NewCase(7, i, nil)
		if *c != *again {
			t.Fatalf("%v is not %v", c, again)
		}
		types[c.Link] = true
		_, err := gofilter.Compile(c.Expr, c.Config())
		var internal *gofilter.InternalError
		if errors.As(err, &internal) {
			t.Errorf("%v: %v", c, err)
		}
		if err == nil {
			good++
		}
	}
	if good < n*6/10 || good > n*8/10 {
		t.Errorf("%d of %d compile, want about seven of ten", good, n)
	}
	if len(types) < 120 {
		t.Errorf("%d link types, want most of %d", len(types), len(allTypes))
	}
	for i := range n {
		if c := NewCase(7, i, &Debian); c.View != Live || !Debian.Known(c.Link) || strings.Contains(c.Expr, "vxlan") {
			t.Fatalf("%v is not for Debian", c)
		}
	}
}

// TestTrace: the machine that notes where numbers come from does what the reference
// machine does, and set makes of a packet what it says.
func TestTrace(t *testing.T) {
	solved, faults := 0, 0
	for n := range 300 {
		c := NewCase(8, n, nil)
		f, err := gofilter.Compile(c.Expr, c.Config())
		if err != nil {
			continue
		}
		prog, err := generate(f.Plain(), false)
		if err != nil {
			continue
		}
		rng := rand.New(rand.NewPCG(8, uint64(n)))
		for _, in := range explore([][]conformance.Insn{prog}, seeds(c, rng), 20, 200, rng) {
			for _, length := range append(cuts([][]conformance.Insn{prog}, in, 4, rng), len(in.Data)) {
				cut := *in
				cut.Data = in.Data[:length]
				want := conformance.Exec(prog, &cut)
				var tr trace
				tr.run(prog, &cut, false)
				if tr.verdict != want.Verdict || tr.fault != want.Fault || tr.endless != want.Endless {
					t.Fatalf("%v: traced %+v, want %+v on %x", c, tr, want, cut.Data)
				}
				if want.Fault {
					faults++
				}
				for i := range tr.branches {
					b := &tr.branches[i]
					if b.a.o == nil || b.op != jumpJEQ || b.taken || b.a.o.from != nil {
						continue
					}
					other := clone(&cut)
					if !set(other, b.a.o, b.b.v) {
						continue
					}
					var again trace
					again.run(prog, other, false)
					if i < len(again.branches) && again.branches[i].pc == b.pc && again.branches[i].taken {
						solved++
					}
				}
			}
		}
	}
	if solved < 1000 || faults < 1000 {
		t.Errorf("%d branches turned, %d faults: too few to tell", solved, faults)
	}
}

func TestSet(t *testing.T) {
	in := &conformance.Input{Data: []byte{0, 0, 0, 0}}
	leaf := &origin{place: placePacket, off: 0, size: 4}
	for _, o := range []struct {
		op    uint16
		k     uint32
		right bool
		want  uint32
	}{
		{opADD, 5, false, 3}, {opSUB, 5, false, 9}, {opSUB, 5, true, 9}, {opXOR, 0xff, false, 0x1234}, {opAND, 0xff0, false, 0x120},
		{opOR, 0x0f, false, 0x12f}, {opMUL, 6, false, 36}, {opDIV, 7, false, 3}, {opMOD, 9, false, 4}, {opLSH, 4, false, 0x120},
		{opRSH, 4, false, 0x12}, {opNEG, 0, false, 77}, {opDIV, 100, true, 10},
	} {
		if !set(in, &origin{from: leaf, op: o.op, right: o.right, k: o.k}, o.want) {
			t.Errorf("%+v: no way", o)
			continue
		}
		x := uint32(in.Data[0])<<24 | uint32(in.Data[1])<<16 | uint32(in.Data[2])<<8 | uint32(in.Data[3])
		a, b := word{v: x}, word{v: o.k}
		if o.right {
			a, b = b, a
		}
		if got := compute(o.op, a, b, false).v; got != o.want {
			t.Errorf("%+v: %d gives %d", o, x, got)
		}
	}
	for _, o := range []origin{{op: opAND, k: 0xf0}, {op: opOR, k: 0xf0}, {op: opMUL, k: 2}, {op: opLSH, k: 1}, {op: opMOD, k: 1}} {
		o.from = leaf
		if set(in, &o, 1) {
			t.Errorf("%+v: a way to 1", o)
		}
	}
}

// TestExceptions: each exception has a name of its own and a reason.
func TestExceptions(t *testing.T) {
	seen := make(map[string]bool)
	for _, e := range append(versions, exceptions...) {
		if e.name == "" || e.reason == "" || seen[e.name] {
			t.Errorf("exception %q, reason %q", e.name, e.reason)
		}
		seen[e.name] = true
	}
	d := &Difference{Case: &Case{Expr: "len / tcp[0] = 1"}, Kind: WeAccept, Plain: Answer{Refused: "division by zero"}}
	if got := Explain(d, false); got != "first statement" {
		t.Errorf("explained by %q", got)
	}
	d.Plain.Refused = "syntax error"
	if got := Explain(d, false); got != "" {
		t.Errorf("a syntax error there, none here, is explained by %q", got)
	}
}

func TestHostile(t *testing.T) {
	h := Hostile{Seed: 1}
	if err := h.Run(300_000); err != nil {
		t.Fatal(err)
	}
	if h.Compiled == 0 || h.Compiled == h.Texts {
		t.Errorf("%d of %d texts compile", h.Compiled, h.Texts)
	}
}

// FuzzCompile: any text on any link type gives a filter or an error, within the limits.
func FuzzCompile(f *testing.F) {
	for n := range 200 {
		c := NewCase(1, n, nil)
		f.Add(c.Expr, uint16(c.Link), n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, text string, link uint16, linux bool) {
		c := Case{Link: allTypes[int(link)%len(allTypes)], View: Live, Snaplen: 96, Expr: text}
		if linux {
			c.View = Linux
		}
		var h Hostile
		if err := h.one(&c); err != nil {
			t.Fatal(err)
		}
	})
}
