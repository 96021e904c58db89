package ebpfgen

import (
	"math"
	"sort"

	"github.com/gofilter/gofilter/ir"
)

// A cluster is a group of loads relative to one value (or to the start of the
// packet), near enough to each other to share guards.
type cluster struct {
	base   ir.ValueID // None: the start of the packet
	lo, hi uint64     // the loads' bytes, hi exclusive, relative to base
	loads  []ir.ValueID
	first  ir.BlockID // where base is known
	last   ir.BlockID // the last block with a load
	anchor uint64     // what a pointer to the cluster points to, relative to base
	area   int        // stack bytes begin here, relative to the frame; 0: none
}

// A guard makes the bytes of a cluster below to readable; those below from are
// so already, and none are where from is cluster.lo.
type guard struct {
	cluster  int
	from, to uint64
	fresh    bool // no guard of the cluster came before on every path
	wide     bool // not every accepting path needs all of it
	span     ir.Span
}

// point is a place in a block: after a value, or at the start for None.
type point struct {
	block ir.BlockID
	after ir.ValueID
}

// extents groups the loads of the live blocks into clusters that span no more
// than span bytes. clusterOf names the cluster of each load, -1 for other values.
func extents(fl *flow, span uint64) (clusters []cluster, clusterOf []int) {
	loads := make(map[ir.ValueID][]ir.ValueID) // by base
	var bases []ir.ValueID
	forEachValue(fl, func(id ir.ValueID, v *ir.Value) {
		if v.Op != ir.OpLoad {
			return
		}
		base, _ := fl.place(id)
		if loads[base] == nil {
			bases = append(bases, base)
		}
		loads[base] = append(loads[base], id)
	})
	clusterOf = make([]int, len(fl.f.Values))
	for i := range clusterOf {
		clusterOf[i] = -1
	}
	for _, base := range bases {
		ids := loads[base]
		sort.SliceStable(ids, func(i, j int) bool { return fl.start(ids[i]) < fl.start(ids[j]) })
		for i, id := range ids {
			_, end := fl.place(id)
			if i == 0 || end > clusters[len(clusters)-1].lo+span {
				clusters = append(clusters, fl.newCluster(base, fl.start(id)))
			}
			c := &clusters[len(clusters)-1]
			c.hi = max(c.hi, end)
			c.loads = append(c.loads, id)
			c.last = max(c.last, fl.f.Value(id).Block)
			clusterOf[id] = len(clusters) - 1
		}
	}
	return clusters, clusterOf
}

// start returns where load id begins, in bytes from its base.
func (fl *flow) start(id ir.ValueID) uint64 {
	_, end := fl.place(id)
	return end - uint64(fl.f.Value(id).Size)
}

func (fl *flow) newCluster(base ir.ValueID, lo uint64) cluster {
	first := fl.entry()
	if base != ir.None {
		first = fl.f.Value(base).Block
	}
	return cluster{base: base, lo: lo, first: first, last: first}
}

// everything is the extent of a path that does not accept: it needs no byte,
// but a guard for any number of bytes does it no harm.
const everything = math.MaxUint64

// guardsOf finds where cluster number n needs guards. A guard stands as early as
// it can: it asks for the bytes that every accepting path from there needs, so
// that it rejects no packet that would have been accepted. Since a
// failing load rejects wherever it stands, the verdict of the others is the same.
//
// Where another body starts over when it fails, a guard may ask for what only
// some path needs: widens decides.
func (fl *flow) guardsOf(n int, c *cluster, widens func(c *cluster, need, widest uint64) bool) map[point]guard {
	width := int(c.last-c.first) + 1
	own := make([]uint64, width) // what the block's own loads need
	span := make([]ir.Span, width)
	for _, id := range c.loads {
		i := fl.f.Value(id).Block - c.first
		if _, end := fl.place(id); end > own[i] {
			own[i], span[i] = end, fl.f.Value(id).Span
		}
	}
	need, widest := fl.needs(c, own)
	out := make([]uint64, width) // readable at the end of a block
	placed := make(map[point]guard)
	for i := range out {
		id := c.first + ir.BlockID(i)
		if !fl.live[id] {
			continue
		}
		in := uint64(0)
		if i > 0 {
			in = fl.readable(id, c, out)
		}
		out[i] = in
		if need[i] == everything || need[i] <= in {
			continue
		}
		to := need[i]
		if widens != nil && widens(c, need[i], widest[i]) {
			to = widest[i]
		}
		out[i] = to
		g := guard{cluster: n, from: max(in, c.lo), to: to, fresh: in == 0, wide: to > need[i], span: span[i]}
		if g.span == (ir.Span{}) {
			g.span = fl.f.Value(c.loads[0]).Span
		}
		at := point{block: id}
		if i == 0 && c.base != ir.None && fl.f.Value(c.base).Op != ir.OpParam {
			at.after = c.base
		}
		placed[at] = g
	}
	return placed
}

// needs returns for each block from c.first to c.last how many bytes of c every
// accepting path from its start needs, and how many the one that needs most.
func (fl *flow) needs(c *cluster, own []uint64) (need, widest []uint64) {
	need, widest = make([]uint64, len(own)), make([]uint64, len(own))
	for i := len(own) - 1; i >= 0; i-- {
		id := c.first + ir.BlockID(i)
		if !fl.live[id] {
			continue
		}
		after := uint64(everything)
		ways := fl.ways[id][:fl.numWays(id)]
		for _, way := range ways {
			switch {
			case way.To == toReject:
			case way.To < 0 || way.To > c.last:
				after = 0
			default:
				after = min(after, need[way.To-c.first])
				widest[i] = max(widest[i], widest[way.To-c.first])
			}
		}
		if len(ways) == 0 {
			after = 0
		}
		need[i], widest[i] = max(own[i], after), max(own[i], widest[i])
	}
	return need, widest
}

// readable returns how many bytes of c are readable on every way into block id.
func (fl *flow) readable(id ir.BlockID, c *cluster, out []uint64) uint64 {
	in := uint64(everything)
	for _, p := range fl.preds[id] {
		if p < c.first {
			return 0
		}
		in = min(in, out[p-c.first])
	}
	return in
}
