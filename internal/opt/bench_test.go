package opt

import (
	"strconv"
	"testing"

	"github.com/gofilter/gofilter/ir"
)

func BenchmarkSSH(b *testing.B) {
	f := parse(b, sshPlain)
	b.Run("clone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.Clone()
		}
	})
	b.Run("passes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := Run(f.Clone(), Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// hosts builds the plain form of n "host" terms joined by "or": for each, the
// source and destination address of IPv4, ARP and RARP.
func hosts(n int) *ir.Func {
	f := &ir.Func{LinkType: "EN10MB", Snaplen: 262144}
	accept, reject := ir.BlockID(-1), ir.BlockID(-1)
	f.AddBlock()
	accept, reject = f.AddBlock(), f.AddBlock()
	f.Accept(accept)
	f.Reject(reject)
	next := reject
	for i := n; i > 0; i-- {
		addr := f.Const(0x0a000000 + uint32(i)*3)
		for _, p := range []struct{ proto, src, dst uint32 }{{0x8035, 28, 38}, {0x806, 28, 38}, {0x800, 26, 30}} {
			test := func(size ir.Size, disp uint32, k ir.ValueID, yes, no ir.BlockID) ir.BlockID {
				b := f.AddBlock()
				f.If(b, ir.Eq, f.Load(b, size, ir.None, disp), k, yes, no)
				return b
			}
			dst := test(ir.Word, p.dst, addr, accept, next)
			src := test(ir.Word, p.src, addr, accept, dst)
			next = test(ir.Half, 12, f.Const(p.proto), src, next)
		}
	}
	f.Jump(0, next)
	if err := f.Sort(); err != nil {
		panic(err)
	}
	return f
}

func BenchmarkHosts(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		f := hosts(n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				g := f.Clone()
				if err := Run(g, Options{}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(g.Blocks)), "blocks")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/host")
		})
	}
}
