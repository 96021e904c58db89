package gofilter_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/internal/corpus"
	"github.com/gofilter/gofilter/internal/gen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// readCorpus returns the filters and captures of testdata.
func readCorpus(t testing.TB) ([]corpus.Filter, []corpus.Capture) {
	t.Helper()
	filters, err := corpus.Filters("testdata")
	if err != nil {
		t.Fatal(err)
	}
	captures, err := corpus.Captures("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return filters, captures
}

// A stage is what a filter was after a pass.
type stage struct {
	name string
	fn   *ir.Func
}

// A compiled filter in all its forms.
type compiled struct {
	filter *gofilter.Filter
	stages []stage // the first is before passes, the last after them; equal ones once
	cbpf   func(pkt []byte, md *ir.Metadata) uint32
	list   string // of the classic program
}

// compileAll compiles src and keeps what each pass left.
func compileAll(src string, cfg gofilter.Config) (*compiled, error) {
	c := &compiled{}
	last := ""
	cfg.After = func(pass string, f *ir.Func) error {
		if err := f.Check(); err != nil {
			return fmt.Errorf("after %s: %w", pass, err)
		}
		if text := f.String(); text != last {
			last = text
			c.stages = append(c.stages, stage{pass, f.Clone()})
		}
		return nil
	}
	f, err := gofilter.Compile(src, cfg)
	if err != nil {
		return nil, err
	}
	c.filter = f
	prog, err := cbpfgen.Generate(f.IR(), cbpfgen.Options{Speed: cfg.Objective == gofilter.Speed})
	if err != nil {
		return nil, err
	}
	c.list = cbpfgen.Format(prog)
	c.cbpf = func(pkt []byte, md *ir.Metadata) uint32 { return cbpfvm.Run(cbpfvm.Libpcap, prog, pkt, md) }
	return c, nil
}

// agree runs a packet through all forms of a filter. The rule between two of them: the verdicts
// are equal, or the earlier form met a fault that a later one could leave out because no missing
// byte matters, so that it accepts; or the later one's is that of the first form again, which a pass
// that hands some packets to an earlier form makes. It returns what is wrong, or "".
func (c *compiled) agree(pkt []byte, md *ir.Metadata) string {
	plain := c.stages[0].fn
	want := ir.Eval(plain, pkt, md)
	got := want
	before := c.stages[0]
	for _, s := range c.stages[1:] {
		v := ir.Eval(s.fn, pkt, md)
		if v != got && v != want && !(got == 0 && needless(plain, pkt, md)) {
			return fmt.Sprintf("before pass %s the verdict is %d, after it %d; without passes %d\nbefore:\n%s\nafter:\n%s",
				s.name, got, v, want, before.fn, s.fn)
		}
		got, before = v, s
	}
	if v := c.filter.Run(pkt, md); v != got {
		return fmt.Sprintf("Filter.Run gives %d, Eval %d\n%s", v, got, before.fn)
	}
	if v := c.cbpf(pkt, md); v != got && !(got == 0 && needless(plain, pkt, md)) {
		return fmt.Sprintf("classic BPF gives %d, Eval %d\n%s\n%s", v, got, before.fn, c.list)
	}
	return ""
}

// TestAgreement: for every filter of testdata/filters.txt and every packet of testdata/pcaps, also
// cut at every length, the verdict is the same before the passes, after each one, in Filter.Run
// and in classic BPF.
func TestAgreement(t *testing.T) {
	filters, captures := readCorpus(t)
	for _, lt := range corpus.Types {
		packets := corpus.Whole(captures, lt)
		for _, f := range corpus.For(filters, lt) {
			t.Run(fmt.Sprintf("%v/%d", lt, f.Line), func(t *testing.T) {
				t.Parallel()
				c, err := compileAll(f.Text, gofilter.Config{LinkType: lt})
				if err != nil {
					t.Fatalf("%q: %v", f.Text, err)
				}
				for _, pkt := range packets {
					md := &ir.Metadata{Len: uint32(len(pkt))}
					for n := len(pkt); n >= 0; n-- {
						if wrong := c.agree(pkt[:n:n], md); wrong != "" {
							t.Fatalf("%q on %v, %d bytes of %d\n%s%s", f.Text, lt, n, len(pkt), hex.Dump(pkt[:n]), wrong)
						}
					}
				}
			})
		}
	}
}

// TestRandomAgreement is TestAgreement with random filters and packets.
func TestRandomAgreement(t *testing.T) {
	n := 150
	if testing.Short() {
		n = 20
	}
	for _, lt := range corpus.Types {
		t.Run(lt.String(), func(t *testing.T) {
			t.Parallel()
			for seed := range n {
				if wrong := randomAgreement(lt, uint64(seed)); wrong != "" {
					t.Fatalf("seed %d: %s", seed, wrong)
				}
			}
		})
	}
}

// randomAgreement makes a filter and packets for it from a seed; it returns what is wrong, or "".
func randomAgreement(lt linktype.Type, seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, uint64(lt)))
	text := gen.Expr(rng, gen.Options{LinkType: lt})
	view := []ir.View{ir.ViewFile, ir.ViewSocket, ir.ViewTC, ir.ViewXDP}[rng.IntN(4)]
	c, err := compileAll(text, gofilter.Config{LinkType: lt, View: view})
	if err != nil {
		return fmt.Sprintf("%q on %v, view %v: %v", text, lt, view, err)
	}
	bias := gen.BiasOf(text)
	for range 60 {
		p := gen.Random(rng, lt, bias)
		md := &ir.Metadata{Len: uint32(p.WireLen), Protocol: uint16(rng.Uint32()), PacketType: uint8(rng.UintN(5)), IfIndex: 1 + rng.Uint32N(3)}
		if rng.UintN(2) == 0 {
			md.VLANPresent, md.VLANTCI, md.VLANTPID = true, uint16(100*rng.UintN(4)), 0x8100
		}
		for try := range 4 {
			cut := len(p.Data)
			if try > 0 {
				cut = rng.IntN(len(p.Data) + 1)
			}
			if wrong := c.agree(p.Data[:cut:cut], md); wrong != "" {
				return fmt.Sprintf("%q on %v, view %v, %d bytes captured, metadata %+v\n%s%s", text, lt, view, cut, *md, hex.Dump(p.Data[:cut]), wrong)
			}
		}
	}
	return ""
}

// FuzzAgreement makes filter and packets from what the fuzzer chooses.
func FuzzAgreement(f *testing.F) {
	for i := range len(corpus.Types) {
		f.Add(uint64(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, seed uint64, typ uint8) {
		lt := corpus.Types[int(typ)%len(corpus.Types)]
		if wrong := randomAgreement(lt, seed); wrong != "" {
			t.Fatal(wrong)
		}
	})
}

// TestCorpusDecides: no filter of the table is without a packet that it accepts and one that it
// rejects, over all link types, but for the few that are meant to be.
func TestCorpusDecides(t *testing.T) {
	filters, captures := readCorpus(t)
	always := map[string]bool{"": true}
	for _, f := range filters {
		accepted, rejected := 0, 0
		for _, lt := range f.Types {
			filter, err := gofilter.Compile(f.Text, gofilter.Config{LinkType: lt})
			if err != nil {
				t.Fatalf("%q: %v", f.Text, err)
			}
			for _, pkt := range corpus.Whole(captures, lt) {
				if filter.Match(pkt, nil) {
					accepted++
				} else {
					rejected++
				}
			}
		}
		if accepted == 0 || rejected == 0 != always[f.Text] {
			t.Errorf("%s: line %d: %q accepts %d packets and rejects %d", "filters.txt", f.Line, strings.TrimSpace(f.Text), accepted, rejected)
		}
	}
}
