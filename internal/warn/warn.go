// Package warn finds what a filter says rightly and people misread. It looks at
// the syntax tree only; each rule of its table is one such trap.
package warn

import (
	"slices"

	"github.com/gofilter/gofilter/expr"
)

// A Warning is a place that may not mean what its writer thinks. The filter is
// none the worse for it.
type Warning struct {
	expr.Span
	Rule string // name of the rule
	Msg  string // what the words mean
}

// A rule looks for one trap in a chain of terms.
type rule struct {
	name   string
	find   func(c chain, report func(expr.Span, string))
	reason string
}

var rules = []rule{
	{"encap-or", encapOr, "an encapsulation keyword changes where all the rest of the expression looks, behind or too"},
	{"carried", carried, "a bare id takes over all qualifiers of the term before it, protocol and direction too"},
	{"mixed", mixed, "and and or bind equally, from left to right, unlike in most languages"},
	{"not-list", notList, "not binds to one term, not to the ids that follow it"},
	{"ipv4-only", ipv4Only, "an index into a transport header finds it behind IPv4 only"},
	{"net-host", netHost, "an address in full behind net is one host"},
}

// A chain is terms joined by and and or, from left to right: ops[i] stands between
// terms[i] and terms[i+1]. A term alone is a chain too.
type chain struct {
	terms []expr.Expr
	ops   []*expr.Binary
}

// Check returns the warnings for e in the order of the text. A nil e has none.
func Check(e expr.Expr) []Warning {
	if e == nil {
		return nil
	}
	var ws []Warning
	for work := []expr.Expr{e}; len(work) > 0; {
		c := chainOf(work[len(work)-1])
		work = work[:len(work)-1]
		for i := range rules {
			r := &rules[i]
			r.find(c, func(at expr.Span, msg string) { ws = append(ws, Warning{at, r.name, msg}) })
		}
		for _, t := range c.terms {
			if in := inside(t); in != nil {
				work = append(work, in)
			}
		}
	}
	slices.SortStableFunc(ws, func(a, b Warning) int { return int(a.Pos - b.Pos) })
	return ws
}

// chainOf takes a chain apart, which is deep on its left side.
func chainOf(e expr.Expr) (c chain) {
	for {
		b, ok := e.(*expr.Binary)
		if !ok {
			break
		}
		c.terms = append(c.terms, b.Y)
		c.ops = append(c.ops, b)
		e = b.X
	}
	c.terms = append(c.terms, e)
	slices.Reverse(c.terms)
	slices.Reverse(c.ops)
	return c
}

// inside returns the expression that a term consists of, nil for a primitive.
func inside(t expr.Expr) expr.Expr {
	switch t := t.(type) {
	case *expr.Not:
		return t.X
	case *expr.Paren:
		return t.X
	case *expr.Qualified:
		if _, id := t.X.(*expr.ID); !id {
			return t.X
		}
	}
	return nil
}
