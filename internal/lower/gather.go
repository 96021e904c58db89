package lower

import (
	"fmt"

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
//
// The result is in the memory of terms.
func (g *gatherer) gather(terms []pred.Pred) []pred.Pred {
	if len(terms) == 1 {
		return terms
	}
	*g = gatherer{out: terms[:0], lists: g.lists[:0], keys: g.keys[:0], at: g.at[:0]}
	for _, t := range terms {
		g.add(t)
	}
	g.finish()
	return g.out
}

type gatherer struct {
	out   []pred.Pred
	lists []*growing // by place; nil where nothing has joined
	// The places in out of the tests that take more, by key: a list while there are
	// few, a map too from maxListed on.
	keys []listKey
	at   []int // by index into keys
	many map[listKey]int
	// barrier is the place of the last test that may accept an IPv6 packet. Words of
	// an IPv6 address are loaded one by one, so an address that joins a list in front
	// of the barrier would bring loads to packets that are accepted there.
	barrier int
}

// reset lets go of what g has gathered.
func (g *gatherer) reset() {
	clear(g.lists[:cap(g.lists)])
	clear(g.keys[:cap(g.keys)])
	g.out, g.many = nil, nil
}

// maxListed is how many kinds of test are looked for one by one.
const maxListed = 12

// listKey is what tests have in common that can be one: everything but what they compare
// with.
type listKey struct {
	kind    listKind
	at      *pred.Layers
	num     uint32
	version uint8
	dir     expr.Dir
}

type listKind uint8

const (
	listHost4 listKind = iota
	listHost6
	listPort
	listMAC
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

func (g *gatherer) add(p pred.Pred) {
	switch t := p.(type) {
	case pred.Host4:
		if dir, ok := oneSided(t.Dir); ok && !t.Except {
			i, ok := g.place(listKey{kind: listHost4, at: t.At, num: t.Num, dir: dir}, p)
			if !told(t.At) {
				g.barrier = max(g.barrier, i)
			}
			if ok {
				first := g.out[i].(pred.Host4)
				l := g.list(i, first.Span, t.Span)
				l.addrs4 = grow(l.addrs4, first.Addrs, t.Addrs)
			}
			return
		}
	case pred.Host6:
		if dir, ok := oneSided(t.Dir); ok && !t.Except {
			key := listKey{kind: listHost6, at: t.At, dir: dir}
			if at := g.find(key); at != nil && *at < g.barrier {
				*at = noPlace
			}
			if i, ok := g.place(key, p); ok {
				first := g.out[i].(pred.Host6)
				l := g.list(i, first.Span, t.Span)
				l.addrs6 = grow(l.addrs6, first.Addrs, t.Addrs)
			} else {
				g.barrier = i
			}
			return
		}
	case pred.Port:
		if dir, ok := oneSided(t.Dir); ok {
			if i, ok := g.place(listKey{kind: listPort, at: t.At, num: uint32(t.Num), version: t.Version, dir: dir}, p); ok {
				first := g.out[i].(pred.Port)
				l := g.list(i, first.Span, t.Span)
				l.ranges = grow(l.ranges, first.Ranges, t.Ranges)
			} else if t.Version == 6 || !told(t.At) {
				g.barrier = i
			}
			return
		}
	case pred.MAC48:
		g.barrier = len(g.out)
		if dir, ok := oneSided(t.Dir); ok && t.At.Link.Addresses == proto.Address48 {
			if i, ok := g.place(listKey{kind: listMAC, at: t.At, dir: dir}, p); ok {
				first := g.out[i].(pred.MAC48)
				l := g.list(i, first.Span, t.Span)
				l.stations = grow(l.stations, first.Addrs, t.Addrs)
			}
			return
		}
	}
	g.barrier = len(g.out)
	g.out = append(g.out, p)
}

// A growing list is what a test compares with that others have joined.
type growing struct {
	span     expr.Span
	addrs4   []pred.Addr4
	addrs6   []pred.Addr6
	ranges   []pred.PortRange
	stations [][6]byte
}

// list returns the list of the test at place i, which another one joins. Their words are
// first, where no other has joined it before, and t.
func (g *gatherer) list(i int, first, t expr.Span) *growing {
	for len(g.lists) <= i {
		g.lists = append(g.lists, nil)
	}
	if g.lists[i] == nil {
		g.lists[i] = &growing{span: first}
	}
	g.lists[i].span = cover(g.lists[i].span, t)
	return g.lists[i]
}

// grow appends more to list, which begins with first.
func grow[T any](list, first, more []T) []T {
	if list == nil {
		list = append(make([]T, 0, 4*(len(first)+len(more))), first...)
	}
	return append(list, more...)
}

// finish puts the lists in their tests.
func (g *gatherer) finish() {
	for i, l := range g.lists {
		if l == nil {
			continue
		}
		switch t := g.out[i].(type) {
		case pred.Host4:
			t.Addrs, t.Span = l.addrs4, l.span
			g.out[i] = t
		case pred.Host6:
			t.Addrs, t.Span = l.addrs6, l.span
			g.out[i] = t
		case pred.Port:
			t.Ranges, t.Span = l.ranges, l.span
			g.out[i] = t
		case pred.MAC48:
			t.Addrs, t.Span = l.stations, l.span
			g.out[i] = t
		default:
			panic(fmt.Sprintf("lower: a list of %T", t))
		}
	}
}

// noPlace stands for the place of a test that takes no more.
const noPlace = -1

// find returns where the place of the test with a key is noted, nil where there is none.
func (g *gatherer) find(key listKey) *int {
	if g.many != nil {
		if i, ok := g.many[key]; ok {
			return &g.at[i]
		}
		return nil
	}
	for i := range g.keys {
		if g.keys[i] == key {
			return &g.at[i]
		}
	}
	return nil
}

// place returns the place of the test that t can join; ok is false where t is the
// first of its kind and now has one of its own.
func (g *gatherer) place(key listKey, t pred.Pred) (i int, ok bool) {
	at := g.find(key)
	if at != nil && *at != noPlace {
		return *at, true
	}
	i = len(g.out)
	g.out = append(g.out, t)
	if at != nil {
		*at = i
		return i, false
	}
	g.keys = append(g.keys, key)
	g.at = append(g.at, i)
	switch {
	case g.many != nil:
		g.many[key] = len(g.at) - 1
	case len(g.keys) > maxListed:
		g.many = make(map[listKey]int)
		for j, k := range g.keys {
			g.many[k] = j
		}
	}
	return i, false
}

// cover is the words from the first of a list to the last.
func cover(a, b expr.Span) expr.Span {
	return expr.Span{Pos: min(a.Pos, b.Pos), End: max(a.End, b.End)}
}

// gatherNots does the same for "not A and not B", which is "not (A or B)", where the
// terms are next to each other: one that is not in between may end the matter.
func (g *gatherer) gatherNots(terms []pred.Pred) []pred.Pred {
	several, was := false, false
	for _, t := range terms {
		_, is := t.(pred.Not)
		several = several || was && is
		was = is
	}
	if !several {
		return terms
	}
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
		alternatives := g.gather(inner)
		p := alternatives[0]
		for _, q := range alternatives[1:] {
			p = pred.Or{X: p, Y: q}
		}
		out = append(out, pred.Not{X: p})
		i = j
	}
	return out
}
