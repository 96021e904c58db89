package warn

import (
	"fmt"
	"strings"

	"github.com/gofilter/gofilter/expr"
)

// encapOr: "vlan 100 and tcp or udp".
func encapOr(c chain, report func(expr.Span, string)) {
	var moved *expr.Encap
	for i, op := range c.ops {
		if moved == nil {
			moved = encapIn(c.terms[i])
		}
		if moved != nil && op.Op == expr.Or {
			report(op.OpPos, fmt.Sprintf("what follows this \"or\" is still looked for behind %q; put it in front, or write a filter for each", moved.Kind))
			return
		}
	}
}

// encapIn returns the first keyword in a term that moves the rest of the filter.
func encapIn(t expr.Expr) (found *expr.Encap) {
	expr.Walk(t, func(n expr.Node) bool {
		if e, ok := n.(*expr.Encap); ok && found == nil && e.Kind != expr.EncapPPPoED {
			found = e
		}
		return found == nil
	})
	return found
}

// carried: "tcp dst port 80 or 443".
func carried(c chain, report func(expr.Span, string)) {
	var quals *expr.Qualifiers
	for _, t := range c.terms {
		switch t := t.(type) {
		case *expr.Qualified:
			quals = &t.Quals
		case *expr.ID:
			if quals == nil || quals.Dir == expr.DirNone && quals.Proto == expr.ProtoNone {
				continue // "port 80 or 443" is read as it is meant
			}
			report(t.At, fmt.Sprintf("%q is taken as %q", t.Text, words(quals)+" "+t.Text))
			return
		case *expr.Not, *expr.Paren:
		default:
			quals = nil
		}
	}
}

// words prints qualifiers.
func words(q *expr.Qualifiers) string {
	var ws []string
	for _, w := range []string{q.Proto.String(), q.Dir.String(), q.Type.String()} {
		if w != "" {
			ws = append(ws, w)
		}
	}
	return strings.Join(ws, " ")
}

// mixed: "arp or ip and host 10.0.0.1".
func mixed(c chain, report func(expr.Span, string)) {
	or := false
	for _, op := range c.ops {
		switch {
		case op.Op == expr.Or:
			or = true
		case or:
			report(op.OpPos, "this \"and\" joins all to its left with the term to its right; parentheses make that plain, or change it")
			return
		}
	}
}

// notList: "not host a or b".
func notList(c chain, report func(expr.Span, string)) {
	for i, op := range c.ops {
		_, isNot := c.terms[i].(*expr.Not)
		id, bare := c.terms[i+1].(*expr.ID)
		if isNot && bare && op.Op == expr.Or {
			report(id.At, fmt.Sprintf("\"not\" does not reach %q; parentheses around the list would make it", id.Text))
		}
	}
}

// ipv4Only: "tcp[13] & 2 != 0".
func ipv4Only(c chain, report func(expr.Span, string)) {
	for _, t := range c.terms {
		r, ok := t.(*expr.Relation)
		if !ok {
			continue
		}
		expr.Walk(r, func(n expr.Node) bool {
			a, ok := n.(*expr.Accessor)
			if !ok {
				return true
			}
			switch a.Proto {
			case expr.ProtoTCP, expr.ProtoUDP, expr.ProtoSCTP:
				report(a.ProtoSpan, fmt.Sprintf("%s[...] is looked at behind IPv4 only; it never matches IPv6", a.Proto))
			}
			return true
		})
	}
}

// netHost: "net 10.1.2.3".
func netHost(c chain, report func(expr.Span, string)) {
	typ := expr.TypeNone
	for _, t := range c.terms {
		id, _ := t.(*expr.ID)
		if q, ok := t.(*expr.Qualified); ok {
			typ = q.Quals.Type
			id, _ = q.X.(*expr.ID)
		}
		if id == nil || typ != expr.TypeNet {
			continue
		}
		if id.Kind == expr.IDAddr6 || id.Kind == expr.IDAddr4 && strings.Count(id.Text, ".") == 3 {
			report(id.At, "without a prefix length this is one host, not a network")
		}
	}
}
