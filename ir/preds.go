package ir

// An InEdge is an edge seen from its target: it is Blocks[From].Succ[Way].
type InEdge struct {
	From BlockID
	Way  int
}

// Preds lists for each block the edges that lead to it. The zero Preds is empty;
// Fill may be called again and again and keeps its memory.
type Preds struct {
	start []int32 // of block b: list[start[b]:start[b+1]]
	list  []InEdge
}

// Fill computes the lists for f. Within a list the edges are in the order of
// the blocks they come from.
func (p *Preds) Fill(f *Func) {
	n := len(f.Blocks)
	p.start = append(p.start[:0], make([]int32, n+2)...)
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for w := range blk.NumSucc() {
			p.start[blk.Succ[w].To+2]++
		}
	}
	for b := 2; b < len(p.start); b++ {
		p.start[b] += p.start[b-1]
	}
	p.list = append(p.list[:0], make([]InEdge, p.start[n+1])...)
	// start[b+1] is where the next edge into b goes, and in the end b's end.
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for w := range blk.NumSucc() {
			at := &p.start[blk.Succ[w].To+1]
			p.list[*at] = InEdge{BlockID(b), w}
			*at++
		}
	}
}

// Of returns the edges into b. The slice is good until the next Fill.
func (p *Preds) Of(b BlockID) []InEdge {
	return p.list[p.start[b]:p.start[b+1]]
}

// DomTree is the tree of immediate dominators of a Func whose edges all lead
// forward. It grows block by block, in the order of the blocks, so that a pass
// that settles the edges into a block before it reaches the block can build the
// tree on its way; Fill does it for a Func that stays as it is.
//
// Each block keeps, beside its parent, a link to an ancestor farther up, chosen
// so that an ancestor at a given depth is found in O(log depth) steps
// (E. W. Myers, An applicative random-access stack, 1983).
type DomTree struct {
	nodes []domNode
}

type domNode struct {
	parent, skip BlockID
	depth        int32 // 1 for the entry, 0 while the block is not in the tree
}

// Reset makes the tree empty, with room for n blocks, and puts in the entry.
func (t *DomTree) Reset(n int) {
	t.nodes = append(t.nodes[:0], make([]domNode, n)...)
	if n > 0 {
		t.nodes[0].depth = 1
	}
}

// Add puts b in the tree, below parent, which must be in it.
func (t *DomTree) Add(b, parent BlockID) {
	p := &t.nodes[parent]
	n := domNode{parent: parent, skip: parent, depth: p.depth + 1}
	s := &t.nodes[p.skip]
	if p.depth-s.depth == s.depth-t.nodes[s.skip].depth {
		n.skip = s.skip
	}
	t.nodes[b] = n
}

// Fill computes the tree of f with f's preds. Unreachable blocks stay out.
func (t *DomTree) Fill(f *Func, preds *Preds) {
	t.Reset(len(f.Blocks))
	for b := 1; b < len(f.Blocks); b++ {
		parent := NoBlock
		for _, e := range preds.Of(BlockID(b)) {
			if t.Has(e.From) {
				parent = t.Common(parent, e.From)
			}
		}
		if parent != NoBlock {
			t.Add(BlockID(b), parent)
		}
	}
}

// Has reports whether b is in the tree: reachable, as far as the tree has grown.
func (t *DomTree) Has(b BlockID) bool { return t.nodes[b].depth != 0 }

// Parent returns the immediate dominator of b, NoBlock for the entry.
func (t *DomTree) Parent(b BlockID) BlockID {
	if b == 0 {
		return NoBlock
	}
	return t.nodes[b].parent
}

// Common returns the nearest block that dominates both a and b. Where a is
// NoBlock it is b.
func (t *DomTree) Common(a, b BlockID) BlockID {
	if a == NoBlock {
		return b
	}
	a = t.climb(a, t.nodes[b].depth)
	b = t.climb(b, t.nodes[a].depth)
	for a != b {
		// Equal depth, hence skips of equal length.
		if na, nb := &t.nodes[a], &t.nodes[b]; na.skip != nb.skip {
			a, b = na.skip, nb.skip
		} else {
			a, b = na.parent, nb.parent
		}
	}
	return a
}

// Dominates reports whether every path from the entry to b goes through a. A
// block dominates itself. Both must be in the tree.
func (t *DomTree) Dominates(a, b BlockID) bool {
	return a == b || a == 0 || a < b && t.climb(b, t.nodes[a].depth) == a
}

// climb returns the ancestor of b at the given depth, b itself where b is not
// deeper.
func (t *DomTree) climb(b BlockID, depth int32) BlockID {
	for t.nodes[b].depth > depth {
		if s := t.nodes[b].skip; t.nodes[s].depth >= depth {
			b = s
		} else {
			b = t.nodes[b].parent
		}
	}
	return b
}
