package ebpfgen

import "github.com/gofilter/gofilter/ir"

// Ways that do not lead to a block.
const (
	toAccept ir.BlockID = -2 - iota
	toReject
	toFail // where a failing guard of the body goes
)

// flow is what is left of a Func when all that cannot change the verdict is
// taken away. Blocks that always reject become toReject, tests with a known
// answer become jumps, blocks without content are passed over.
type flow struct {
	f      *ir.Func
	kind   []ir.Kind      // of each block
	ways   [][2]ir.Edge   // resolved ways out; To may be one of the constants above
	live   []bool         // blocks that are reached
	preds  [][]ir.BlockID // of each live block
	needed []bool         // values whose number is used
	reach  uint64         // see traits
	fate   []ir.BlockID   // where a way into a block leads
}

// newFlow analyses f for a strategy. A load that ends beyond reach bytes after
// its base goes to far.
func newFlow(f *ir.Func, tr traits, far ir.BlockID) *flow {
	n := len(f.Blocks)
	fl := &flow{
		f: f, kind: make([]ir.Kind, n), ways: make([][2]ir.Edge, n),
		needed: make([]bool, len(f.Values)), fate: make([]ir.BlockID, n),
		reach: tr.reach,
	}
	for id := n - 1; id >= 0; id-- {
		fl.fate[id] = fl.judge(ir.BlockID(id), far)
	}
	fl.find()
	for id := n - 1; id >= 0; id-- {
		fl.need(ir.BlockID(id))
	}
	for id := n - 1; id >= 0; id-- {
		fl.fate[id] = fl.skip(ir.BlockID(id))
	}
	fl.find()
	return fl
}

// judge decides where a way into block id leads, its successors being
// decided: to the block itself, or to toReject or far if nothing else can follow.
func (fl *flow) judge(id ir.BlockID, far ir.BlockID) ir.BlockID {
	b := fl.f.Block(id)
	if b.Kind == ir.KindReject {
		return toReject
	}
	distant := false
	for _, v := range b.Values {
		if fl.faults(v) {
			return toReject
		}
		if fl.f.Value(v).Op == ir.OpLoad {
			_, end := fl.place(v)
			distant = distant || end > fl.reach
		}
	}
	fl.kind[id], fl.ways[id] = fl.resolve(b)
	ways := fl.ways[id][:fl.numWays(id)]
	same := len(ways) > 0
	for i := range ways {
		if to := ways[i].To; to >= 0 {
			ways[i].To = fl.fate[to]
		}
		same = same && ways[i].To == toReject
	}
	if same {
		return toReject
	}
	if distant {
		return far
	}
	if len(ways) == 2 && ways[0].To == ways[1].To && len(ways[0].Args) == 0 {
		fl.kind[id] = ir.KindJump
	}
	return id
}

// maxPacket is the largest length of a packet: skb->len is compared as an int.
const maxPacket = 1<<31 - 1

// faults reports whether v faults whatever the packet.
func (fl *flow) faults(id ir.ValueID) bool {
	switch v := fl.f.Value(id); v.Op {
	case ir.OpLoad:
		_, end := fl.place(id)
		return end > maxPacket
	case ir.OpDiv, ir.OpMod:
		k, ok := fl.f.IsConst(v.Args[1])
		return ok && k == 0
	}
	return false
}

// place returns what load id reads relative to: a value, or None for the
// start of the packet; and where it ends, in bytes from there.
func (fl *flow) place(id ir.ValueID) (base ir.ValueID, end uint64) {
	v := fl.f.Value(id)
	base, end = v.Args[0], uint64(v.K)+uint64(v.Size)
	if k, ok := fl.f.IsConst(base); ok {
		return ir.None, end + uint64(k)
	}
	return base, end
}

// resolve returns the kind and ways of b, a test of known answer as a jump.
func (fl *flow) resolve(b *ir.Block) (ir.Kind, [2]ir.Edge) {
	if b.Kind != ir.KindIf {
		return b.Kind, b.Succ
	}
	x, okX := fl.f.IsConst(b.X)
	y, okY := fl.f.IsConst(b.Y)
	if !okX || !okY {
		return b.Kind, b.Succ
	}
	if b.Cond.Holds(x, y) {
		return ir.KindJump, [2]ir.Edge{b.Succ[ir.True]}
	}
	return ir.KindJump, [2]ir.Edge{b.Succ[ir.False]}
}

// numWays returns the number of ways out of block id.
func (fl *flow) numWays(id ir.BlockID) int {
	switch fl.kind[id] {
	case ir.KindIf:
		return 2
	case ir.KindJump:
		return 1
	}
	return 0
}

// find marks the blocks that are reached and lists their predecessors.
func (fl *flow) find() {
	fl.live = make([]bool, len(fl.kind))
	fl.preds = make([][]ir.BlockID, len(fl.kind))
	if fl.entry() < 0 {
		return
	}
	fl.live[fl.entry()] = true
	for id := range fl.kind {
		if !fl.live[id] {
			continue
		}
		for _, way := range fl.ways[id][:fl.numWays(ir.BlockID(id))] {
			if way.To >= 0 {
				fl.live[way.To] = true
				fl.preds[way.To] = append(fl.preds[way.To], ir.BlockID(id))
			}
		}
	}
}

// entry returns where the filter starts: a block or a constant.
func (fl *flow) entry() ir.BlockID { return fl.fate[0] }

// need marks the values that block id uses, the blocks after it being done.
func (fl *flow) need(id ir.BlockID) {
	if !fl.live[id] {
		return
	}
	b := fl.f.Block(id)
	if fl.kind[id] == ir.KindIf {
		fl.needed[b.X], fl.needed[b.Y] = true, true
	}
	for _, way := range fl.ways[id][:fl.numWays(id)] {
		if way.To < 0 {
			continue
		}
		for i, p := range fl.f.Block(way.To).Params {
			if fl.needed[p] {
				fl.needed[way.Args[i]] = true
			}
		}
	}
	for i := len(b.Values) - 1; i >= 0; i-- {
		v := fl.f.Value(b.Values[i])
		if fl.needed[b.Values[i]] {
			fl.needed[v.Args[0]], fl.needed[v.Args[1]] = true, true
			continue
		}
		if !fl.f.CanFault(b.Values[i]) {
			continue
		}
		if v.Op == ir.OpLoad {
			fl.needed[v.Args[0]] = true
		} else {
			fl.needed[v.Args[1]] = true
		}
	}
}

// has reports whether block id has to compute or test v.
func (fl *flow) has(v ir.ValueID) bool { return fl.needed[v] || fl.f.CanFault(v) }

// skip returns where a way into block id leads when a block without content
// is passed over, the blocks after it being done.
func (fl *flow) skip(id ir.BlockID) ir.BlockID {
	if fl.fate[id] < 0 {
		return fl.fate[id]
	}
	ways := fl.ways[id][:fl.numWays(id)]
	for i := range ways {
		if to := ways[i].To; to >= 0 && fl.fate[to] != to {
			// Only a block whose parameters nobody needs is passed over, and
			// its own way out carries nothing.
			ways[i] = ir.Edge{To: fl.fate[to]}
		}
	}
	if len(ways) == 2 && ways[0].To == ways[1].To && len(fl.moves(ways[0])) == 0 {
		fl.kind[id] = ir.KindJump
		ways = ways[:1]
	}
	b := fl.f.Block(id)
	for _, v := range b.Values {
		if fl.has(v) {
			return id
		}
	}
	for _, p := range b.Params {
		if fl.needed[p] {
			return id
		}
	}
	switch {
	case fl.kind[id] == ir.KindAccept:
		return toAccept
	case fl.kind[id] == ir.KindJump && len(fl.moves(ways[0])) == 0:
		return ways[0].To
	}
	return id
}

// A move sets a parameter on an edge.
type move struct {
	param, arg ir.ValueID
}

// moves returns the parameters that way has to set.
func (fl *flow) moves(way ir.Edge) []move {
	if way.To < 0 {
		return nil
	}
	var ms []move
	for i, p := range fl.f.Block(way.To).Params {
		if fl.needed[p] {
			ms = append(ms, move{p, way.Args[i]})
		}
	}
	return ms
}
