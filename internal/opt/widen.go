package opt

import (
	"slices"

	"github.com/gofilter/gofilter/ir"
)

// widen makes one load of two that read both halves of a word, as of a packet's two
// ports: what the second would load is at hand.
//
// Where the second load is made on some ways only, the word reads farther than every
// accepted packet has been read, so the law of reach.go mostly forbids it. A packet that
// is known to be long enough meets no fault. Where no packet is cut before the filter sees
// it (Options.Uncut) its length says whether it is: widen asks that in front of everything.
// Shorter packets, hardly any, go to the filter as it was before the passes for speed, which
// keep has kept.
func widen(w *work) {
	pairs := w.halves()
	if len(pairs) == 0 || costAbsolute < 4*costArith { // a word is kept and fetched, and each half cut out
		return
	}
	reach := w.extents()
	least := w.enough(pairs, reach)
	joined := make(map[ir.ValueID]int) // by upper half: tests whether it is a number
	for i := range pairs {
		p := &pairs[i]
		b := w.f.Values[p.first].Block
		if reach.allows(b, p.off, ir.Word) || p.end() <= least {
			joined[w.joinHalves(p)] = 0
		}
	}
	w.upperTests(joined)
	if least > 0 {
		w.askLength(least)
	}
	w.sort()
}

// keep keeps the function as it is for widen.
func keep(w *work) {
	if w.uncut {
		w.short = w.f.Clone()
	}
}

// A halves is a word of which two loads read a half each.
type halves struct {
	off           uint32
	first, second ir.ValueID // first is loaded first
}

// end returns how far the word reaches, in bytes from the start of the packet.
func (p *halves) end() uint64 { return uint64(p.off) + uint64(ir.Word) }

// Bounds of where widen looks for the load of the other half: in so many blocks, the load's own
// and those above it, at so many values of each, the last ones.
const (
	maxAbove  = 4
	maxBefore = 32
)

// halves finds the words. A load belongs to one at most.
func (w *work) halves() []halves {
	f := w.f
	isHalf := func(id ir.ValueID) bool {
		v := &f.Values[id]
		return v.Op == ir.OpLoad && v.Size == ir.Half && v.Args[0] == ir.None
	}
	var list []halves
	taken := make(map[ir.ValueID]bool)
	other := func(id, of ir.ValueID) bool {
		x, y := f.Values[id].K, f.Values[of].K
		return isHalf(id) && !taken[id] && max(x, y)-min(x, y) == uint32(ir.Half)
	}
	w.preds.Fill(f)
	w.dom.Fill(f, &w.preds)
	for b := range f.Blocks {
		for i, id := range f.Blocks[b].Values {
			if !isHalf(id) {
				continue
			}
			at, before := ir.BlockID(b), f.Blocks[b].Values[:i]
			for range maxAbove {
				before = before[max(0, len(before)-maxBefore):]
				if i := slices.IndexFunc(before, func(v ir.ValueID) bool { return other(v, id) }); i >= 0 {
					first := before[i]
					list = append(list, halves{min(f.Values[first].K, f.Values[id].K), first, id})
					taken[first], taken[id] = true, true
					break
				}
				if at = w.dom.Parent(at); at == ir.NoBlock {
					break
				}
				before = f.Blocks[at].Values
			}
		}
	}
	return list
}

// enough returns the length that packets are to be asked for, 0 for none: that of the first
// word, on the way of the common packet, or of one no more than a word behind it, as behind a
// VLAN tag. Packets that have their ports farther behind, of IPv6, would ask too much of those
// of IPv4.
func (w *work) enough(pairs []halves, reach *extents) uint64 {
	if w.short == nil || len(w.f.Blocks)+len(w.short.Blocks) > maxCopied || len(w.f.Blocks[0].Params) > 0 {
		return 0
	}
	least := uint64(0)
	first := pairs[0].end()
	for i := range pairs {
		p := &pairs[i]
		if end := p.end(); end <= first+uint64(ir.Word) && !reach.allows(w.f.Values[p.first].Block, p.off, ir.Word) {
			least = max(least, end)
		}
	}
	return least
}

// joinHalves loads the word of p where its first half was, and cuts the halves out. It returns
// the upper one.
func (w *work) joinHalves(p *halves) (upper ir.ValueID) {
	f := w.f
	first := f.Values[p.first]
	f.Values = append(f.Values, ir.Value{Op: ir.OpLoad, Size: ir.Word, K: p.off, Block: first.Block, Span: first.Span})
	word := ir.ValueID(len(f.Values) - 1)
	blk := &f.Blocks[first.Block]
	blk.Values = slices.Insert(slices.Clone(blk.Values), slices.Index(blk.Values, p.first), word)
	for _, id := range [...]ir.ValueID{p.first, p.second} {
		op, k := ir.OpAnd, uint32(0xffff)
		if f.Values[id].K == p.off {
			op, k, upper = ir.OpRsh, 16, id
		}
		c := f.Const(k)
		v := &f.Values[id]
		*v = ir.Value{Op: op, Args: [2]ir.ValueID{word, c}, Block: v.Block, Span: v.Span}
	}
	w.classified = false
	return upper
}

// upperTests has the tests of the upper halves of words test the words, which then need not be
// kept while they are shifted: what is below a number's place, or above it, in the half is so in
// the word. One number of the half is a range of words; for several it is better shifted.
// equal has the upper halves, and is where they are counted.
func (w *work) upperTests(equal map[ir.ValueID]int) {
	f := w.f
	number := func(b *ir.Block) (k uint32, ok bool) {
		if _, upper := equal[b.X]; b.Kind != ir.KindIf || !upper {
			return 0, false
		}
		k, ok = f.IsConst(b.Y)
		return k, ok && k <= 0xffff
	}
	for b := range f.Blocks {
		if blk := &f.Blocks[b]; blk.Cond == ir.Eq {
			if _, ok := number(blk); ok {
				equal[blk.X]++
			}
		}
	}
	for b := range len(f.Blocks) {
		blk := &f.Blocks[b]
		k, ok := number(blk)
		if !ok || equal[blk.X] > 1 {
			continue
		}
		word := f.Values[blk.X].Args[0]
		least, most := k<<16, k<<16|0xffff
		switch blk.Cond {
		case ir.Ge:
			blk.X, blk.Y = word, f.Const(least)
		case ir.Gt:
			blk.X, blk.Y = word, f.Const(most)
		case ir.Eq:
			found, other := blk.Succ[ir.True], blk.Succ[ir.False]
			above := f.AddBlock()
			blk = &f.Blocks[b]
			blk.Cond, blk.X, blk.Y = ir.Ge, word, f.Const(least)
			blk.Succ[ir.True] = ir.Edge{To: above}
			f.Blocks[above] = ir.Block{
				Kind: ir.KindIf, Cond: ir.Gt, X: word, Y: f.Const(most), Span: blk.Span,
				Succ: [2]ir.Edge{ir.True: {To: other.To, Args: slices.Clone(other.Args)}, ir.False: found},
			}
		}
	}
}

// askLength puts the question for at least n bytes in front of everything. The caller sorts.
func (w *work) askLength(n uint64) {
	f := w.f
	long := w.moveOut(0)
	short := w.graft(w.short)
	f.If(0, ir.Ge, f.New(0, ir.Value{Op: ir.OpLen}), f.Const(uint32(n)), long, short)
}

// graft appends the blocks of g, which is not used any more, and returns its entry. Where g
// has a verdict it leads to f's.
func (w *work) graft(g *ir.Func) ir.BlockID {
	f := w.f
	have := len(f.Blocks)
	verdict := func(kind ir.Kind) int {
		return slices.IndexFunc(f.Blocks[:have], func(b ir.Block) bool { return b.Kind == kind && len(b.Values) == 0 })
	}
	block := make([]ir.BlockID, len(g.Blocks))  // in f
	number := make([]ir.ValueID, len(g.Values)) // in f
	for b := range g.Blocks {
		blk := &g.Blocks[b]
		if at := verdict(blk.Kind); at >= 0 && b > 0 && blk.NumSucc() == 0 && len(blk.Values) == 0 && len(blk.Params) == 0 {
			block[b] = ir.BlockID(at)
			continue
		}
		block[b] = f.AddBlock()
		f.Blocks[block[b]] = *blk
		for _, list := range [...][]ir.ValueID{blk.Params, blk.Values} {
			for i, id := range list {
				v := g.Values[id]
				v.Block = block[b]
				f.Values = append(f.Values, v)
				number[id] = ir.ValueID(len(f.Values) - 1)
				list[i] = number[id]
			}
		}
	}
	for id := range g.Values {
		if k, ok := g.IsConst(ir.ValueID(id)); ok {
			number[id] = f.Const(k)
		}
	}
	w.rename(have, func(id ir.ValueID) ir.ValueID { return number[id] }, func(b ir.BlockID) ir.BlockID { return block[b] })
	return block[0]
}
