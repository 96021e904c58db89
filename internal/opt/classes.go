package opt

import "github.com/gofilter/gofilter/ir"

// Values that are the same number on every packet are in one class: a packet
// does not change while a filter runs, so equal operations on equal operands
// are equal wherever they stand. Classes say nothing of where a value is
// defined; a pass that puts one value in the place of another looks at
// dominators too (or repairs, see repair).
type classTable struct {
	of    []int32 // by value; 0: not known yet
	keys  []classKey
	slots []int32 // hash table of indices into keys; 0: empty
}

// classKey is what two values of one class have in common.
type classKey struct {
	op   uint16 // an ir.Op, or one of the marks below
	aux  uint16 // size, metadatum
	a, b int32  // classes of the operands
	k    uint32
}

// Marks for what is not a value but has a class.
const (
	markTest  = 0x100 // plus an ir.Cond; a, b: operands
	markEdge  = 0x200 // a: target, b: class of the values it carries
	markArgs  = 0x201 // a: class of the first ones, b: of the last
	markBlock = 0x300 // plus an ir.Kind; a: test, b and k: edges
)

func (t *classTable) reset(values int) {
	t.of = reset(t.of, values)
	t.keys = append(t.keys[:0], classKey{})
	size := 64
	for size < 3*values {
		size *= 2
	}
	t.slots = reset(t.slots, size)
}

// fresh makes a class that only its maker knows.
func (t *classTable) fresh() int32 {
	t.keys = append(t.keys, classKey{})
	return int32(len(t.keys) - 1)
}

// find returns the class of a key.
func (t *classTable) find(k classKey) int32 {
	if 2*len(t.keys) >= len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for h := k.hash(); ; h++ {
		c := t.slots[h&mask]
		if c == 0 {
			t.keys = append(t.keys, k)
			c = int32(len(t.keys) - 1)
			t.slots[h&mask] = c
			return c
		}
		if t.keys[c] == k {
			return c
		}
	}
}

func (k *classKey) hash() uint64 {
	h := uint64(uint32(k.a))<<32 | uint64(uint32(k.b))
	h ^= (uint64(k.op)<<48 | uint64(k.aux)<<32 | uint64(k.k)) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

func (t *classTable) grow() {
	old := t.slots
	t.slots = make([]int32, 2*len(old))
	mask := uint64(len(t.slots) - 1)
	for _, c := range old {
		if c == 0 {
			continue
		}
		h := t.keys[c].hash()
		for t.slots[h&mask] != 0 {
			h++
		}
		t.slots[h&mask] = c
	}
}

// value returns the class of a value that is defined before, or a constant; 0
// for None.
func (t *classTable) value(f *ir.Func, id ir.ValueID) int32 {
	if int(id) < len(t.of) && t.of[id] != 0 {
		return t.of[id]
	}
	return t.classOf(f, id)
}

// classOf is value for what has no class yet.
func (t *classTable) classOf(f *ir.Func, id ir.ValueID) int32 {
	if id == ir.None {
		return 0
	}
	for int(id) >= len(t.of) { // made since
		t.of = append(t.of, 0)
	}
	v := &f.Values[id]
	if v.Op == ir.OpConst { // one for each number
		t.of[id] = t.fresh()
		return t.of[id]
	}
	k := classKey{op: uint16(v.Op), aux: uint16(v.Size)<<8 | uint16(v.Meta), k: v.K}
	k.a, k.b = t.value(f, v.Args[0]), t.value(f, v.Args[1])
	if v.Op.Commutative() && k.a > k.b {
		k.a, k.b = k.b, k.a
	}
	t.of[id] = t.find(k)
	return t.of[id]
}

// test returns the class of a test: of the answer to "x cond y".
func (t *classTable) test(f *ir.Func, cond ir.Cond, x, y ir.ValueID) int32 {
	k := classKey{op: markTest + uint16(cond), a: t.value(f, x), b: t.value(f, y)}
	if (cond == ir.Eq || cond == ir.Set) && k.a > k.b {
		k.a, k.b = k.b, k.a
	}
	return t.find(k)
}

// classify puts all values of the function in classes. A parameter is in a class
// of its own; with params, one to which all edges carry the same class is in
// that.
//
// Where there are no parameters, the classes serve the next pass too, until a pass
// that makes something else of a value, or number, which is the last to need
// them, says that they are no longer right.
func (w *work) classify(params bool) {
	f, t := w.f, &w.classes
	hasParams := w.hasParams()
	if w.classified && !hasParams {
		return
	}
	w.classified = !hasParams
	t.reset(len(f.Values))
	havePreds := false
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for i, p := range blk.Params {
			if !params {
				t.of[p] = t.fresh()
				continue
			}
			if !havePreds {
				w.preds.Fill(f)
				havePreds = true
			}
			t.of[p] = w.carried(ir.BlockID(b), i)
		}
		for _, id := range blk.Values {
			t.value(f, id)
		}
	}
}

// carried returns the class of parameter i of b.
func (w *work) carried(b ir.BlockID, i int) int32 {
	class := int32(0)
	for _, e := range w.preds.Of(b) {
		c := w.classes.value(w.f, w.f.Blocks[e.From].Succ[e.Way].Args[i])
		if class == 0 {
			class = c
		} else if class != c {
			return w.classes.fresh()
		}
	}
	return class
}
