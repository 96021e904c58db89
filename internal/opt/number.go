package opt

import "github.com/gofilter/gofilter/ir"

// leader is a value that others of its class may be replaced by.
type leader struct {
	id   ir.ValueID
	prev int32 // the one before, as an index into number's list
}

// maxLeaders bounds how many values of a class are looked at to find one that
// dominates.
const maxLeaders = 8

// number replaces each value by an equal one that is defined in the same block
// before it or in a block that dominates.
func number(w *work) {
	f := w.f
	w.classify(true)
	w.classified = false
	if !w.haveEquals() {
		return
	}
	w.preds.Fill(f)
	w.dom.Fill(f, &w.preds)
	w.repl = reset(w.repl, len(f.Values))
	w.leaders = reset(w.leaders, len(w.classes.keys))
	list := append(w.leading[:0], leader{})
	find := func(class int32, b ir.BlockID) ir.ValueID {
		i := w.leaders[class]
		for n := 0; i != 0 && n < maxLeaders; n++ {
			if w.dom.Dominates(f.Values[list[i].id].Block, b) {
				return list[i].id
			}
			i = list[i].prev
		}
		return ir.None
	}
	lead := func(class int32, id ir.ValueID) {
		list = append(list, leader{id, w.leaders[class]})
		w.leaders[class] = int32(len(list) - 1)
	}
	replaced := false
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for _, p := range blk.Params {
			lead(w.classes.value(f, p), p)
		}
		keep := blk.Values[:0]
		for _, id := range blk.Values {
			class := w.classes.value(f, id)
			if first := find(class, ir.BlockID(b)); first != ir.None {
				w.repl[id] = first
				replaced = true
				continue
			}
			lead(class, id)
			keep = append(keep, id)
		}
		blk.Values = keep
	}
	w.leading = list
	if !replaced {
		return
	}
	w.replace()
	for id, r := range w.repl {
		if r != ir.None {
			f.Values[id] = ir.Value{}
		}
	}
}

// haveEquals reports whether two values are of one class, and sees to it that all have
// one.
func (w *work) haveEquals() bool {
	f := w.f
	w.leaders = reset(w.leaders, len(w.classes.keys)+len(f.Values))
	equals := false
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		for _, list := range [...][]ir.ValueID{blk.Params, blk.Values} {
			for _, id := range list {
				n := &w.leaders[w.classes.value(f, id)]
				equals = equals || *n > 0
				*n++
			}
		}
	}
	return equals
}
