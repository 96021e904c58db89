package opt

import "github.com/gofilter/gofilter/ir"

// maxSplit bounds for how many lists of numbers a block is copied, and maxShared
// the blocks behind one that is copied only to be rid of its parameters.
const (
	maxSplit  = 4
	maxShared = 512
)

// split copies a block with parameters, and all that comes after it, for each
// list of numbers that edges carry to it, where one of the parameters is what a
// load is counted from. Then it folds: in the copies such loads are absolute.
//
// A list of addresses is searched for what IPv4 has and for what ARP has by the
// same blocks, which must find out afterwards which of the two it was. Where such
// blocks are few they are copied for each absolute load that is carried.
//
// No load is added to any path, so no fault is.
func split(w *work) {
	fold(w) // what edges carry becomes numbers
	most := w.mostBlocks()
	changed := false
	// Later blocks first: a block is copied with what has been done behind it.
	for b := len(w.f.Blocks) - 1; b > 0; b-- {
		if len(w.f.Blocks[b].Params) > 0 && w.splitBlock(ir.BlockID(b), most) {
			changed = true
			b = len(w.f.Blocks) // sorted since; those that are done carry no numbers
		}
	}
	if changed {
		fold(w)
	}
}

// mostBlocks returns how many blocks there may be when a pass that copies is
// through.
func (w *work) mostBlocks() int { return min(maxCopies*len(w.f.Blocks)+maxCopies, maxCopied) }

// splitBlock copies b for the numbers that edges carry to it.
func (w *work) splitBlock(b ir.BlockID, most int) bool {
	f := w.f
	w.bases()
	used := false
	for _, p := range f.Blocks[b].Params {
		used = used || w.live[p]
	}
	carriable := ir.OpConst
	if !used {
		if len(w.region(b)) > maxShared {
			return false
		}
		carriable = ir.OpLoad
	}
	type carried struct {
		args  []ir.ValueID
		edges []ir.InEdge
	}
	var lists []carried
	w.preds.Fill(f)
edges:
	for _, e := range w.preds.Of(b) {
		args := f.Blocks[e.From].Succ[e.Way].Args
		for _, a := range args {
			if v := &f.Values[a]; v.Op != carriable || v.Args[0] != ir.None {
				continue edges
			}
		}
		for i := range lists {
			if sameValues(lists[i].args, args) {
				lists[i].edges = append(lists[i].edges, e)
				continue edges
			}
		}
		lists = append(lists, carried{args, []ir.InEdge{e}})
	}
	if len(lists) == 0 || len(lists) > maxSplit || len(f.Blocks)+len(lists)*len(w.region(b)) > most {
		return false
	}
	for _, l := range lists {
		subst := make(map[ir.ValueID]ir.ValueID)
		for i, p := range f.Blocks[b].Params {
			subst[p] = l.args[i]
		}
		to := w.copyRegion(b, subst)
		w.unparam(to)
		for _, e := range l.edges {
			f.Blocks[e.From].Succ[e.Way] = ir.Edge{To: to}
		}
	}
	w.sort()
	return true
}

// unparam takes the parameters, which nothing uses, from b, to which nothing
// leads yet.
func (w *work) unparam(b ir.BlockID) {
	f := w.f
	for _, p := range f.Blocks[b].Params {
		f.Values[p] = ir.Value{}
	}
	f.Blocks[b].Params = nil
}

func sameValues(x, y []ir.ValueID) bool {
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}

// bases marks in w.live the values that a load is counted from, or that such a
// value is computed from.
func (w *work) bases() {
	f := w.f
	w.live = reset(w.live, len(f.Values)+1) // a function may have no value at all
	for b := len(f.Blocks) - 1; b >= 0; b-- {
		blk := &f.Blocks[b]
		for way := range blk.NumSucc() {
			e := &blk.Succ[way]
			for i, p := range f.Blocks[e.To].Params {
				if w.live[p] {
					w.live[e.Args[i]] = true
				}
			}
		}
		for i := len(blk.Values) - 1; i >= 0; i-- {
			v := &f.Values[blk.Values[i]]
			if v.Op == ir.OpLoad {
				w.live[v.Args[0]] = true // of None it does not matter
				continue
			}
			if w.live[blk.Values[i]] {
				w.live[v.Args[0]], w.live[v.Args[1]] = true, true
			}
		}
	}
	w.live[ir.None] = false
}
