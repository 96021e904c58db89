package ir

// Eval returns the verdict of f on a packet: f.Snaplen or 0. It is the
// definition of what a Func means.
//
// pkt is the captured part of the packet as f.View sees it. md is what travels
// beside it; nil means no metadata and a length on the wire of len(pkt). f must
// pass Check.
func Eval(f *Func, pkt []byte, md *Metadata) uint32 {
	if md == nil {
		md = &Metadata{Len: uint32(len(pkt))}
	}
	val := make([]uint32, len(f.Values))
	for id := range f.Values {
		if v := &f.Values[id]; v.Op == OpConst {
			val[id] = v.K
		}
	}
	for b := &f.Blocks[0]; ; {
		for _, id := range b.Values {
			x, ok := f.Values[id].eval(val, pkt, md)
			if !ok {
				return 0
			}
			val[id] = x
		}
		var way *Edge
		switch b.Kind {
		case KindAccept:
			return f.Snaplen
		case KindReject:
			return 0
		case KindJump:
			way = &b.Succ[True]
		case KindIf:
			if b.Cond.Holds(val[b.X], val[b.Y]) {
				way = &b.Succ[True]
			} else {
				way = &b.Succ[False]
			}
		default:
			panic("ir: block of kind " + b.Kind.String())
		}
		b = &f.Blocks[way.To]
		for i, p := range b.Params {
			val[p] = val[way.Args[i]]
		}
	}
}

// eval computes v from the values before it. ok is false where it faults.
func (v *Value) eval(val []uint32, pkt []byte, md *Metadata) (x uint32, ok bool) {
	switch v.Op {
	case OpLoad:
		off := uint64(val[v.Args[0]]) + uint64(v.K) // val[None] is 0
		if off+uint64(v.Size) > uint64(len(pkt)) {
			return 0, false
		}
		for _, c := range pkt[off : off+uint64(v.Size)] {
			x = x<<8 | uint32(c)
		}
		return x, true
	case OpLen:
		return md.Len, true
	case OpMeta:
		return md.Get(v.Meta), true
	case OpNeg:
		return -val[v.Args[0]], true
	}
	return v.Op.Arith(val[v.Args[0]], val[v.Args[1]])
}
