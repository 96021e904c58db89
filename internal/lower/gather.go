package lower

import (
	"slices"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
)

// gather makes one test of several in a list of alternatives that look at the
// same place: "host A or host B or port 80 or host C" asks once whether an address
// is one of three.
//
// A test takes the place of the first of its kind. There its loads are made
// already, so it brings no fault with it that was not there; all it can do is to
// spare a packet one that came before its own turn.
func gather(terms []pred.Pred) []pred.Pred {
	g := gatherer{at: make(map[any]int, len(terms))}
	for _, t := range terms {
		g.add(t)
	}
	return g.out
}

type gatherer struct {
	out []pred.Pred
	at  map[any]int // by key, the place in out of the test that takes more
	// barrier is the place of the last test that may accept an IPv6 packet. Words of
	// an IPv6 address are loaded one by one, so an address that joins a list in front
	// of the barrier would bring loads to packets that are accepted there.
	barrier int
}

// Keys of tests that can be one: everything but what they compare with.
type (
	host4Key struct {
		at  *pred.Layers
		num uint32
		dir expr.Dir
	}
	host6Key struct {
		at  *pred.Layers
		dir expr.Dir
	}
	portKey struct {
		at           *pred.Layers
		version, num uint8
		dir          expr.Dir
	}
	macKey struct {
		at  *pred.Layers
		dir expr.Dir
	}
)

// oneSided returns the direction of a test that is about one address at a time,
// with the two names of "either" made one. A test of both at once is about pairs.
func oneSided(d expr.Dir) (expr.Dir, bool) {
	switch d {
	case expr.DirNone, expr.DirSrcOrDst:
		return expr.DirSrcOrDst, true
	case expr.DirSrc, expr.DirDst:
		return d, true
	}
	return d, false
}

func (g *gatherer) add(t pred.Pred) {
	switch t := t.(type) {
	case pred.Host4:
		if dir, ok := oneSided(t.Dir); ok && !t.Except {
			t.Addrs = slices.Clip(t.Addrs) // what is appended goes elsewhere
			i, ok := g.place(host4Key{t.At, t.Num, dir}, t)
			if !told(t.At) {
				g.barrier = max(g.barrier, i)
			}
			if ok {
				h := g.out[i].(pred.Host4)
				h.Addrs = append(h.Addrs, t.Addrs...)
				h.Span = cover(h.Span, t.Span)
				g.out[i] = h
			}
			return
		}
	case pred.Host6:
		if dir, ok := oneSided(t.Dir); ok && !t.Except {
			key := host6Key{t.At, dir}
			if i, ok := g.at[key]; ok && i < g.barrier {
				delete(g.at, key)
			}
			t.Addrs = slices.Clip(t.Addrs)
			if i, ok := g.place(key, t); ok {
				h := g.out[i].(pred.Host6)
				h.Addrs = append(h.Addrs, t.Addrs...)
				h.Span = cover(h.Span, t.Span)
				g.out[i] = h
			} else {
				g.barrier = i
			}
			return
		}
	case pred.Port:
		if dir, ok := oneSided(t.Dir); ok {
			t.Ranges = slices.Clip(t.Ranges)
			if i, ok := g.place(portKey{t.At, t.Version, t.Num, dir}, t); ok {
				p := g.out[i].(pred.Port)
				p.Ranges = append(p.Ranges, t.Ranges...)
				p.Span = cover(p.Span, t.Span)
				g.out[i] = p
			} else if t.Version == 6 || !told(t.At) {
				g.barrier = i
			}
			return
		}
	case pred.MAC48:
		g.barrier = len(g.out)
		if dir, ok := oneSided(t.Dir); ok && t.At.Link.Addresses == proto.Address48 {
			t.Addrs = slices.Clip(t.Addrs)
			if i, ok := g.place(macKey{t.At, dir}, t); ok {
				m := g.out[i].(pred.MAC48)
				m.Addrs = append(m.Addrs, t.Addrs...)
				m.Span = cover(m.Span, t.Span)
				g.out[i] = m
			}
			return
		}
	}
	g.barrier = len(g.out)
	g.out = append(g.out, t)
}

// place returns the place of the test that t can join; ok is false where t is the
// first of its kind and now has one of its own.
func (g *gatherer) place(key any, t pred.Pred) (i int, ok bool) {
	if i, ok = g.at[key]; !ok {
		i = len(g.out)
		g.at[key] = i
		g.out = append(g.out, t)
	}
	return i, ok
}

// cover is the words from the first of a list to the last.
func cover(a, b expr.Span) expr.Span {
	return expr.Span{Pos: min(a.Pos, b.Pos), End: max(a.End, b.End)}
}

// gatherNots does the same for "not A and not B", which is "not (A or B)", where the
// terms are next to each other: one that is not in between may end the matter.
func gatherNots(terms []pred.Pred) []pred.Pred {
	out := make([]pred.Pred, 0, len(terms))
	for i := 0; i < len(terms); {
		var inner []pred.Pred
		j := i
		for ; j < len(terms); j++ {
			n, ok := terms[j].(pred.Not)
			if !ok {
				break
			}
			inner = flatten(inner, n.X, false)
		}
		if j <= i+1 {
			out = append(out, terms[i])
			i++
			continue
		}
		alternatives := gather(inner)
		p := alternatives[0]
		for _, q := range alternatives[1:] {
			p = pred.Or{X: p, Y: q}
		}
		out = append(out, pred.Not{X: p})
		i = j
	}
	return out
}
