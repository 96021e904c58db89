// Package irtest makes random functions and packets, for tests of what reads or
// rewrites an [ir.Func].
package irtest

import (
	"math/rand"

	"github.com/gofilter/gofilter/ir"
)

// Faults reports whether f faults on a packet: f with every verdict an accept
// then still rejects it.
func Faults(f *ir.Func, pkt []byte, md *ir.Metadata) bool {
	g := f.Clone()
	for b := range g.Blocks {
		if g.Blocks[b].Kind == ir.KindReject {
			g.Blocks[b].Kind = ir.KindAccept
		}
	}
	return ir.Eval(g, pkt, md) == 0
}

// Func makes a function of a few blocks. Loads, tests and constants come again
// and again, so that a pass finds much to do. It passes Check.
func Func(r *rand.Rand) *ir.Func {
	f := &ir.Func{LinkType: "RAW", Snaplen: 1, Source: "random"}
	one := f.Const(1)
	n := 2 + r.Intn(14)
	for b := range n + 2 {
		f.AddBlock()
		to := func() ir.BlockID { return ir.BlockID(b + 1 + r.Intn(min(n+1-b, 2+r.Intn(n)))) }
		switch {
		case b == n:
			f.Accept(ir.BlockID(b))
		case b == n+1:
			f.Reject(ir.BlockID(b))
		case r.Intn(8) == 0:
			f.Jump(ir.BlockID(b), to())
		default:
			f.If(ir.BlockID(b), ir.Eq, one, one, to(), to())
		}
	}
	if err := f.Sort(); err != nil {
		panic(err)
	}
	var preds ir.Preds
	var dom ir.DomTree
	preds.Fill(f)
	dom.Fill(f, &preds)
	scope := make([][]ir.ValueID, len(f.Blocks))
	pick := func(b ir.BlockID) ir.ValueID {
		consts := []uint32{0, 1, 2, 3, 4, 6, 8, 0xff, 0x0f, 0x100, 0x201, 31, 33, 0xffff, 0xff00, 0xffffffff, 0x1fff, 0xff000000, 0x01000000}
		if len(scope[b]) == 0 || r.Intn(4) == 0 {
			return f.Const(consts[r.Intn(len(consts))])
		}
		return scope[b][r.Intn(len(scope[b]))]
	}
	for i := range f.Blocks {
		b := ir.BlockID(i)
		if b > 0 {
			scope[b] = append(scope[b], scope[dom.Parent(b)]...)
			if r.Intn(3) == 0 {
				for range 1 + r.Intn(2) {
					scope[b] = append(scope[b], f.Param(b))
					same := pick(dom.Parent(b))
					for _, e := range preds.Of(b) {
						a := pick(e.From)
						if r.Intn(3) > 0 {
							a = same
						}
						edge := &f.Blocks[e.From].Succ[e.Way]
						edge.Args = append(edge.Args, a)
					}
				}
			}
		}
		for range r.Intn(4) {
			scope[b] = append(scope[b], randomValue(r, f, b, func() ir.ValueID { return pick(b) }))
		}
		if blk := &f.Blocks[b]; blk.Kind == ir.KindIf {
			blk.Cond = ir.Cond(1 + r.Intn(4))
			x, y := pick(b), pick(b)
			if r.Intn(3) > 0 {
				y = f.Const([]uint32{0, 1, 2, 3, 4, 8, 0x100, 0x102, 0xff}[r.Intn(9)])
			}
			blk.X, blk.Y = x, y
		}
	}
	return f
}

func randomValue(r *rand.Rand, f *ir.Func, b ir.BlockID, pick func() ir.ValueID) ir.ValueID {
	sizes := []ir.Size{ir.Byte, ir.Half, ir.Word}
	switch k := r.Intn(12); {
	case k < 5:
		return f.Load(b, sizes[r.Intn(3)], ir.None, uint32(r.Intn(5)+7*r.Intn(2)))
	case k == 5:
		disp := uint32(r.Intn(4))
		if r.Intn(8) == 0 {
			disp = -disp
		}
		return f.Load(b, sizes[r.Intn(3)], pick(), disp)
	case k == 6:
		switch r.Intn(4) {
		case 0:
			return f.New(b, ir.Value{Op: ir.OpMeta, Meta: ir.MetaVLANPresent})
		case 1:
			return f.New(b, ir.Value{Op: ir.OpMeta, Meta: ir.MetaVLANTag})
		case 2:
			return f.New(b, ir.Value{Op: ir.OpNeg, Args: [2]ir.ValueID{pick()}})
		}
		return f.New(b, ir.Value{Op: ir.OpLen})
	}
	op := ir.OpAdd + ir.Op(r.Intn(int(ir.OpRsh-ir.OpAdd)+1))
	if r.Intn(2) == 0 {
		op = []ir.Op{ir.OpAnd, ir.OpLsh, ir.OpRsh, ir.OpAdd}[r.Intn(4)]
	}
	x, y := pick(), pick()
	if r.Intn(2) == 0 {
		y = f.Const([]uint32{1, 2, 3, 4, 8, 15, 16, 24, 0xff, 0xff00, 0xf0}[r.Intn(11)])
	}
	return f.Binary(b, op, x, y)
}

// Packets makes packets for the functions of Func, with bytes that their tests ask
// for and lengths that cut their loads, and what travels beside each.
func Packets(r *rand.Rand) ([][]byte, []ir.Metadata) {
	var pkts [][]byte
	var mds []ir.Metadata
	bytes := []byte{0, 1, 2, 3, 4, 6, 8, 0xff, 0x0f, 0x1f}
	for range 12 {
		p := make([]byte, r.Intn(18))
		for i := range p {
			p[i] = bytes[r.Intn(len(bytes))]
		}
		pkts = append(pkts, p)
		mds = append(mds, ir.Metadata{Len: uint32(len(p) + r.Intn(3)), VLANPresent: r.Intn(2) == 0, VLANTCI: uint16(r.Intn(3)), Protocol: 0x800})
	}
	return pkts, mds
}
