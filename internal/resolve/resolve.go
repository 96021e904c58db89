// Package resolve gives a syntax tree its meaning: it fills in qualifiers that
// were left out, looks names up, checks that the words fit each other and the link
// type, and steps through encapsulations from left to right.
//
// It is the only stage that may call a name database; what comes after is pure.
package resolve

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// A Config is what resolving depends on besides the text.
type Config struct {
	Link    *proto.Link
	Netmask netip.Addr // IPv4 netmask of the interface; invalid where unknown
	View    ir.View
	Names   Names // nil: no names but built-in ones
}

// Filter resolves e; a nil e accepts every packet. The error is an
// expr.ErrorList with all that was found wrong.
func Filter(e expr.Expr, cfg Config) (*pred.Filter, error) {
	outer := pred.Outermost(cfg.Link)
	f := &pred.Filter{Outer: outer, Last: outer, Vars: int(pred.FirstStep)}
	if e == nil {
		return f, nil
	}
	r := &resolver{cfg: cfg, vars: pred.FirstStep}
	root, end := r.expr(e, context{quals: quals{undef: true}, at: outer})
	if err := r.errs.Err(); err != nil {
		return nil, err
	}
	f.Root, f.Last, f.Vars = root, end.at, int(r.vars)
	return f, nil
}

type resolver struct {
	cfg  Config
	errs expr.ErrorList
	vars pred.Var // the next free variable
}

// quals are the qualifiers in force. undef: there are none to take over.
type quals struct {
	proto expr.Proto
	dir   expr.Dir
	typ   expr.Type
	undef bool
	words expr.Span // they and their id, where there is one id
}

// over is the words of the primitive whose id stands at id.
func (q quals) over(id expr.Span) expr.Span {
	if q.words.End == id.End {
		return q.words
	}
	return id
}

// A context is what the text to the left has settled: handed from term to term,
// never changed in place.
type context struct {
	quals quals
	at    *pred.Layers
}

// after is the context behind a term that leaves no qualifiers to take over.
func (c context) after(at *pred.Layers) context { return context{quals{undef: true}, at} }

// CodeMeaning is the code of the errors of this stage.
const CodeMeaning expr.Code = "meaning"

// invalid stands for a term that was found wrong.
var invalid = pred.Bool{}

// fail notes an error and returns a stand-in.
func (r *resolver) fail(at expr.Span, format string, args ...any) pred.Pred {
	if n := len(r.errs); n > 0 && r.errs[n-1].Span == at {
		return invalid // one error a place: what follows from it would only repeat it
	}
	r.errs.Add(&expr.Error{Span: at, Code: CodeMeaning, Msg: fmt.Sprintf(format, args...)})
	return invalid
}

// expr resolves e in context c and returns the context for what follows it.
func (r *resolver) expr(e expr.Expr, c context) (pred.Pred, context) {
	switch e := e.(type) {
	case *expr.Binary:
		return r.chain(e, c)
	case *expr.Not:
		p, c := r.expr(e.X, c)
		return pred.Not{X: p}, c
	case *expr.Paren:
		p, in := r.expr(e.X, c)
		return p, context{c.quals, in.at}
	case *expr.Qualified:
		q := quals{proto: e.Quals.Proto, dir: e.Quals.Dir, typ: e.Quals.Type, words: e.Span()}
		return r.expr(e.X, context{q, c.at})
	case *expr.ID:
		return r.id(e, c.quals, c.at), c
	case *expr.Encap:
		p, at := r.encap(e, c.at)
		return p, c.after(at)
	case *expr.ATMTest:
		p, at := r.atm(e, c.at)
		return p, c.after(at)
	}
	return r.term(e, c.at), c.after(c.at)
}

// chain resolves terms joined by and and or. They group to the left, so a long
// list is deep on that side: it is walked, not recursed into.
func (r *resolver) chain(e *expr.Binary, c context) (pred.Pred, context) {
	var spine []*expr.Binary
	var first expr.Expr = e
	for {
		b, ok := first.(*expr.Binary)
		if !ok {
			break
		}
		spine = append(spine, b)
		first = b.X
	}
	p, c := r.expr(first, c)
	for i := len(spine) - 1; i >= 0; i-- {
		var q pred.Pred
		q, c = r.expr(spine[i].Y, c)
		switch spine[i].Op {
		case expr.And:
			p = pred.And{X: p, Y: q}
		case expr.Or:
			p = pred.Or{X: p, Y: q}
		default:
			panic("resolve: connective " + spine[i].Op.String())
		}
	}
	return p, c
}

// term resolves a term that moves nothing.
func (r *resolver) term(e expr.Expr, at *pred.Layers) pred.Pred {
	switch e := e.(type) {
	case *expr.ProtoTest:
		return r.abbreviation(e.Proto, e.At, at)
	case *expr.Relation:
		return r.relation(e, at)
	case *expr.Cast:
		return r.cast(e, at)
	case *expr.Length:
		if e.Greater {
			return pred.Length{Cond: ir.Ge, Value: e.Num.Value, Span: e.At}
		}
		return pred.Not{X: pred.Length{Cond: ir.Gt, Value: e.Num.Value, Span: e.At}}
	case *expr.Byte:
		return r.byteTest(e, at)
	case *expr.Direction:
		return r.direction(e, at)
	case *expr.Ifindex:
		return r.ifindex(e, at)
	case *expr.PF:
		return r.pf(e, at)
	case *expr.LLC:
		return r.llc(e, at)
	case *expr.WLANType:
		return r.wlanType(e, at)
	case *expr.WLANDir:
		return r.wlanDir(e, at)
	case *expr.MTP2Test:
		return r.mtp2(e, at)
	case *expr.FieldTest:
		return r.fieldTest(e, at)
	}
	panic(fmt.Sprintf("resolve: node %T", e))
}

// anyOf joins predicates with or.
func anyOf(ps ...pred.Pred) pred.Pred {
	p := ps[0]
	for _, q := range ps[1:] {
		p = pred.Or{X: p, Y: q}
	}
	return p
}

// atMost refuses a number beyond its field.
func (r *resolver) atMost(what string, v, limit uint32, at expr.Span) bool {
	if v > limit {
		r.fail(at, "%s %d is greater than the maximum %d", what, v, limit)
		return false
	}
	return true
}

// notOn refuses a keyword that the link type has no use for, and says which have.
func (r *resolver) notOn(keyword string, at expr.Span, y *pred.Layers, fits func(*proto.Link) bool) pred.Pred {
	return r.refuse(at, fmt.Sprintf("%q is not supported on link type %s", keyword, y.LinkName()), validOn(fits))
}

// refuse notes an error with a hint.
func (r *resolver) refuse(at expr.Span, msg, hint string) pred.Pred {
	n := len(r.errs)
	r.fail(at, "%s", msg)
	if len(r.errs) > n {
		r.errs[n].Hint = hint
	}
	return invalid
}

// validOn names the link types that fit, the first few of them.
func validOn(fits func(*proto.Link) bool) string {
	const most = 4
	var names []string
	n := 0
	links := proto.Links()
	for i := range links {
		if fits(&links[i]) {
			if n++; n <= most {
				names = append(names, links[i].Type.String())
			}
		}
	}
	hint := "valid on " + strings.Join(names, ", ")
	if n > most {
		hint += fmt.Sprintf(" and %d more", n-most)
	}
	return hint
}
