package gofilter_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/corpus"
	"github.com/gofilter/gofilter/internal/gen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// TestSpeedAgreement: as TestAgreement, after each pass for speed: on every packet of
// testdata/pcaps, cut at every length, a filter compiled for speed has the verdict of the plain
// one, or accepts where that met a fault that no missing byte makes matter. So has, on packets that
// are no longer than what there is of them, one that is compiled for whole packets.
func TestSpeedAgreement(t *testing.T) {
	filters, captures := readCorpus(t)
	for _, lt := range corpus.Types {
		whole := corpus.Whole(captures, lt)
		for _, f := range corpus.For(filters, lt) {
			t.Run(fmt.Sprintf("%v/%d", lt, f.Line), func(t *testing.T) {
				t.Parallel()
				for _, uncut := range []bool{false, true} {
					c, err := compileAll(f.Text, gofilter.Config{LinkType: lt, Objective: gofilter.Speed, Uncut: uncut})
					if err != nil {
						t.Fatalf("%q: %v", f.Text, err)
					}
					for _, pkt := range whole {
						for n := len(pkt); n >= 0; n-- {
							md := &ir.Metadata{Len: uint32(len(pkt))}
							if uncut {
								md.Len = uint32(n)
							}
							if wrong := c.agree(pkt[:n:n], md); wrong != "" {
								t.Fatalf("%q on %v, %d bytes of %d\n%s%s", f.Text, lt, n, md.Len, hex.Dump(pkt[:n]), wrong)
							}
						}
					}
				}
			})
		}
	}
}

// TestSpeedRandom: random filters compiled for speed, random packets cut at every length.
func TestSpeedRandom(t *testing.T) {
	n := 150
	if testing.Short() {
		n = 20
	}
	for _, lt := range corpus.Types {
		t.Run(lt.String(), func(t *testing.T) {
			t.Parallel()
			for seed := range n {
				if wrong := speedRandom(lt, uint64(seed)); wrong != "" {
					t.Fatalf("seed %d: %s", seed, wrong)
				}
			}
		})
	}
}

// speedRandom makes a filter and packets from a seed; it returns what is wrong, or "".
func speedRandom(lt linktype.Type, seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 0x5eed<<16|uint64(lt)))
	text := gen.Expr(rng, gen.Options{LinkType: lt})
	view := []ir.View{ir.ViewFile, ir.ViewSocket}[rng.IntN(2)]
	uncut := rng.IntN(2) == 0
	c, err := compileAll(text, gofilter.Config{LinkType: lt, View: view, Objective: gofilter.Speed, Uncut: uncut})
	if err != nil {
		return fmt.Sprintf("%q on %v, view %v: %v", text, lt, view, err)
	}
	bias := gen.BiasOf(text)
	for range 12 {
		p := gen.Random(rng, lt, bias)
		md := &ir.Metadata{Len: uint32(p.WireLen), Protocol: uint16(rng.Uint32()), PacketType: uint8(rng.UintN(5)), IfIndex: 1 + rng.Uint32N(3)}
		if rng.UintN(2) == 0 {
			md.VLANPresent, md.VLANTCI, md.VLANTPID = true, uint16(100*rng.UintN(4)), 0x8100
		}
		for n := len(p.Data); n >= 0; n-- {
			if n > 128 && n < len(p.Data)-2 {
				n = 128
			}
			if uncut {
				md.Len = uint32(n)
			}
			if wrong := c.agree(p.Data[:n:n], md); wrong != "" {
				return fmt.Sprintf("%q on %v, view %v, %d bytes captured, metadata %+v\n%s%s", text, lt, view, n, *md, hex.Dump(p.Data[:n]), wrong)
			}
		}
	}
	return ""
}
