package ir

// Assume returns f for packets whose metadatum m is k: a copy that does not ask for it. It is for
// places where the kernel does not have the metadatum yet.
func (f *Func) Assume(m Meta, k uint32) *Func {
	f = f.Clone()
	known, zero := None, None
	for id := range f.Values {
		if v := f.Value(ValueID(id)); v.Op == OpMeta && v.Meta == m {
			if known == None {
				known, zero = f.Const(k), f.Const(0)
				v = f.Value(ValueID(id)) // the constants may have moved it
			}
			// The value stays where it is, as a sum, so that its uses stay.
			*v = Value{Op: OpAdd, Args: [2]ValueID{known, zero}, Block: v.Block, Span: v.Span}
		}
	}
	return f
}
