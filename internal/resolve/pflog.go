package resolve

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// pf resolves the tests of a pflog header.
func (r *resolver) pf(e *expr.PF, at *pred.Layers) pred.Pred {
	if at.Link.Carries != proto.CarriesPFLog {
		return r.notOn(e.Field.String(), e.At, at, func(l *proto.Link) bool { return l.Carries == proto.CarriesPFLog })
	}
	num := func(f proto.PFLogField, v uint32) pred.Pred {
		return pred.Field{At: at, Base: pred.BaseLink, Off: f.Off, Size: f.Size, Mask: all, Cond: ir.Eq, Value: v, Span: e.At}
	}
	named := func(f proto.PFLogField, names []proto.Name) pred.Pred {
		if e.Num != nil {
			return num(f, e.Num.Value)
		}
		v, ok := proto.LookupName(names, e.Name)
		if !ok {
			return r.unknownValue(e.Field.String(), e.Name, e.ValueSpan, names)
		}
		return num(f, v)
	}
	switch e.Field {
	case expr.PFIfname:
		return r.pfString(e, proto.PFLogIfname, at)
	case expr.PFRuleset:
		return r.pfString(e, proto.PFLogRuleset, at)
	case expr.PFRulenum:
		return num(proto.PFLogRulenr, e.Num.Value)
	case expr.PFSubrulenum:
		return num(proto.PFLogSubrule, e.Num.Value)
	case expr.PFReason:
		return named(proto.PFLogReason, proto.PFReasons)
	case expr.PFAction:
		return named(proto.PFLogAction, proto.PFActions)
	}
	panic("resolve: " + e.Field.String())
}

// pfString compares the first bytes of a name in a pflog header, from its end to
// its start.
func (r *resolver) pfString(e *expr.PF, f proto.PFLogField, at *pred.Layers) pred.Pred {
	if n := uint32(len(e.Name)); n >= f.Size {
		return r.fail(e.ValueSpan, "%q has more than the %d characters that a pflog header holds", e.Name, f.Size-1)
	}
	return bytesEqual(pred.Field{At: at, Base: pred.BaseLink, Off: f.Off, Span: e.At}, []byte(e.Name))
}

// bytesEqual compares a run of bytes with the widest loads, last bytes first, as
// the words of an address differ most at its end.
func bytesEqual(f pred.Field, b []byte) pred.Pred {
	var p pred.Pred
	f.Mask, f.Cond = all, ir.Eq
	base := f.Off
	for n := uint32(len(b)); n > 0; {
		f.Size = 1
		if n >= 4 {
			f.Size = 4
		} else if n >= 2 {
			f.Size = 2
		}
		n -= f.Size
		f.Off, f.Value = base+n, 0
		for _, c := range b[n : n+f.Size] {
			f.Value = f.Value<<8 | uint32(c)
		}
		if p == nil {
			p = f
		} else {
			p = pred.And{X: p, Y: f}
		}
	}
	return p
}
