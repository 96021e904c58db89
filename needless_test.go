package gofilter_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// needless reports whether f accepts the packet whatever the bytes are that were not captured and
// whatever a division by zero gives, as far as trying tells: the only case in which a pass may make
// a packet accepted that f, where it faults, rejects.
func needless(f *ir.Func, pkt []byte, md *ir.Metadata) bool {
	var pool []uint32
	for id := range f.Values {
		if v := &f.Values[id]; v.Op == ir.OpConst {
			pool = append(pool, v.K)
		}
	}
	rng := rand.New(rand.NewPCG(uint64(len(pkt)), 1))
	return conformance.Tails(pool, rng, func(t *conformance.Tail) bool { return accepts(f, pkt, md, t) })
}

// accepts is ir.Eval without faults.
func accepts(f *ir.Func, pkt []byte, md *ir.Metadata, tail *conformance.Tail) bool {
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
			switch v.Op {
			case ir.OpLoad:
				val[id] = tail.Load(pkt, uint64(x)+uint64(v.K), int(v.Size))
			case ir.OpLen:
				val[id] = md.Len
			case ir.OpMeta:
				val[id] = md.Get(v.Meta)
			case ir.OpNeg:
				val[id] = -x
			default:
				z, ok := v.Op.Arith(x, y)
				if !ok {
					z = tail.Quotient()
				}
				val[id] = z
			}
		}
		way := &b.Succ[ir.True]
		switch b.Kind {
		case ir.KindAccept:
			return true
		case ir.KindReject:
			return false
		case ir.KindIf:
			if !b.Cond.Holds(val[b.X], val[b.Y]) {
				way = &b.Succ[ir.False]
			}
		}
		b = &f.Blocks[way.To]
		for i, p := range b.Params {
			val[p] = val[way.Args[i]]
		}
	}
}

func TestNeedless(t *testing.T) {
	for _, tt := range []struct {
		filter string
		n      int
		want   bool
	}{
		{"ip[0] = ip[0]", 0, true},
		{"ip[100] >= 0", 20, true},
		{"ip[0] / ip[1] >= 0", 2, true},
		{"ip[1000000] >= 0", 2, true},
		{"ip[100] = 5", 20, false},
		{"ip[100] != 5", 20, false},
		{"tcp port 80", 20, false},
		{"not tcp port 80", 20, true}, // protocol 0: the ports are not looked at
		{"not tcp port 80", 9, false},
	} {
		f := gofilter.MustCompile(tt.filter, gofilter.Config{LinkType: linktype.IPv4})
		pkt := append([]byte{0x45}, make([]byte, 40)...)[:tt.n]
		if got := needless(f.Plain(), pkt, &ir.Metadata{Len: uint32(tt.n)}); got != tt.want {
			t.Errorf("%q with %d bytes: %v, want %v", tt.filter, tt.n, got, tt.want)
		}
	}
}
