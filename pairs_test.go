package gofilter_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/corpus"
	"github.com/gofilter/gofilter/internal/gen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

var (
	pairs     = flag.Int("pairs", 6000, "pairs of a random filter and a random packet that TestPairs compares")
	pairsSeed = flag.Uint64("pairs-seed", 1, "seed of TestPairs")
)

// packetsOfFilter is how many packets of TestPairs are for one filter.
const packetsOfFilter = 40

// TestPairs compares random pairs of a filter and a packet before and after every pass. Each
// packet is cut at every boundary: behind, and one byte in front of the end of, each load that
// the filter makes of it, before the passes or after them. Between two boundaries no verdict
// changes. "make pairs" runs a million.
func TestPairs(t *testing.T) {
	n := *pairs
	if testing.Short() {
		n = min(n, 1000)
	}
	var next, cuts atomic.Int64
	var mu sync.Mutex
	var failed bool
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for {
				at := next.Add(1) - 1
				if int(at)*packetsOfFilter >= n {
					return
				}
				lt := corpus.Types[int(at)%len(corpus.Types)]
				wrong, tried := comparePairs(lt, *pairsSeed<<32+uint64(at))
				cuts.Add(int64(tried))
				if wrong != "" {
					mu.Lock()
					if !failed {
						t.Errorf("filter %d of seed %d: %s", at, *pairsSeed, wrong)
					}
					failed = true
					mu.Unlock()
					return
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d pairs, %d packets with their cuts", n, cuts.Load())
}

// comparePairs makes a filter and its packets. It returns what is wrong, or "", and how many
// packets there were with their cuts.
func comparePairs(lt linktype.Type, seed uint64) (wrong string, tried int) {
	rng := rand.New(rand.NewPCG(seed, uint64(lt)))
	text := gen.Expr(rng, gen.Options{LinkType: lt})
	view := []ir.View{ir.ViewFile, ir.ViewSocket, ir.ViewTC, ir.ViewXDP}[rng.IntN(4)]
	objective := []gofilter.Objective{gofilter.Size, gofilter.Speed}[rng.IntN(2)]
	uncut := rng.IntN(2) == 0
	c, err := compileAll(text, gofilter.Config{LinkType: lt, View: view, Objective: objective, Uncut: uncut})
	if err != nil {
		return fmt.Sprintf("%q on %v, view %v, for %v: %v", text, lt, view, objective, err), 0
	}
	bias := gen.BiasOf(text)
	last := c.stages[len(c.stages)-1].fn
	for range packetsOfFilter {
		p := gen.Random(rng, lt, bias)
		md := &ir.Metadata{Len: uint32(p.WireLen), Protocol: uint16(rng.Uint32()), PacketType: uint8(rng.UintN(5)), IfIndex: 1 + rng.Uint32N(3)}
		if rng.UintN(2) == 0 {
			md.VLANPresent, md.VLANTCI, md.VLANTPID = true, uint16(100*rng.UintN(4)), 0x8100
		}
		for _, cut := range boundaries(c.stages[0].fn, last, p.Data, md) {
			tried++
			if uncut {
				md.Len = uint32(cut)
			}
			if wrong := c.agree(p.Data[:cut:cut], md); wrong != "" {
				return fmt.Sprintf("%q on %v, view %v, for %v, %d bytes captured, metadata %+v\n%s%s",
					text, lt, view, objective, cut, *md, hex.Dump(p.Data[:cut]), wrong), tried
			}
		}
	}
	return "", tried
}

// boundaries returns the lengths to cut a packet to, its own among them.
func boundaries(plain, last *ir.Func, pkt []byte, md *ir.Metadata) []int {
	cuts := []int{0, len(pkt)}
	for _, f := range []*ir.Func{plain, last} {
		for _, end := range loadEnds(f, pkt, md) {
			cuts = append(cuts, end-1, end)
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// loadEnds returns where the loads end that f makes of a packet, up to the first that faults.
func loadEnds(f *ir.Func, pkt []byte, md *ir.Metadata) (ends []int) {
	val := make([]uint32, len(f.Values))
	for id := range f.Values {
		if v := &f.Values[id]; v.Op == ir.OpConst {
			val[id] = v.K
		}
	}
	for b := &f.Blocks[0]; ; {
		for _, id := range b.Values {
			v := &f.Values[id]
			x, y := val[v.Args[0]], val[v.Args[1]]
			ok := true
			switch v.Op {
			case ir.OpLoad:
				at := uint64(x) + uint64(v.K)
				if at+uint64(v.Size) > uint64(len(pkt)) {
					return ends
				}
				ends = append(ends, int(at)+int(v.Size))
				val[id] = 0
				for _, c := range pkt[at : at+uint64(v.Size)] {
					val[id] = val[id]<<8 | uint32(c)
				}
			case ir.OpLen:
				val[id] = md.Len
			case ir.OpMeta:
				val[id] = md.Get(v.Meta)
			case ir.OpNeg:
				val[id] = -x
			default:
				val[id], ok = v.Op.Arith(x, y)
			}
			if !ok {
				return ends
			}
		}
		if b.NumSucc() == 0 {
			return ends
		}
		way := &b.Succ[ir.True]
		if b.Kind == ir.KindIf && !b.Cond.Holds(val[b.X], val[b.Y]) {
			way = &b.Succ[ir.False]
		}
		b = &f.Blocks[way.To]
		for i, p := range b.Params {
			val[p] = val[way.Args[i]]
		}
	}
}
