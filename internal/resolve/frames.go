package resolve

import (
	"strings"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// unknownValue refuses a name, with the nearest known one.
func (r *resolver) unknownValue(what, name string, at expr.Span, names []proto.Name) pred.Pred {
	words := make([]string, len(names))
	for i := range names {
		words[i] = names[i].Name
	}
	r.fail(at, "unknown %s %q", what, name)
	if n := len(r.errs); r.errs[n-1].Span == at {
		r.errs[n-1].Suggestion = expr.Nearest(name, words)
	}
	return invalid
}

// isWLAN reports whether the link header is an 802.11 one.
func isWLAN(l *proto.Link) bool { return l.Addresses == proto.AddressWLAN }

// wlanType resolves "type" and "subtype".
func (r *resolver) wlanType(e *expr.WLANType, at *pred.Layers) pred.Pred {
	var value, mask uint32
	switch {
	case e.Type != nil:
		typ, ok := r.nameOrNumber(e.Type, "802.11 type", proto.WLANTypes, proto.WLANTypeMask)
		if !ok {
			return invalid
		}
		value, mask = typ, proto.WLANTypeMask
		if e.Subtype == nil {
			break
		}
		mask |= proto.WLANSubtypeMask
		if e.Subtype.Name == "" {
			if e.Subtype.Num&^proto.WLANSubtypeMask != 0 {
				return r.fail(e.Subtype.At, "invalid 802.11 subtype %#02x", e.Subtype.Num)
			}
			value |= e.Subtype.Num
			break
		}
		sub, ok := proto.WLANSubtype(typ, e.Subtype.Name)
		if !ok {
			return r.unknownValue("802.11 subtype", e.Subtype.Name, e.Subtype.At, proto.WLANSubtypeNames())
		}
		value |= sub
	default:
		typ, sub, ok := proto.WLANTypeOfSubtype(e.Subtype.Name)
		if !ok {
			return r.unknownValue("802.11 subtype", e.Subtype.Name, e.Subtype.At, proto.WLANSubtypeNames())
		}
		value, mask = typ|sub, proto.WLANTypeMask|proto.WLANSubtypeMask
	}
	if !isWLAN(at.Link) {
		return r.notOn("type", e.At, at, isWLAN)
	}
	return pred.Field{At: at, Base: pred.BaseLink, Off: 0, Size: 1, Mask: mask, Cond: ir.Eq, Value: value, Span: e.At}
}

// nameOrNumber resolves a value that may be given either way.
func (r *resolver) nameOrNumber(v *expr.NameOrNumber, what string, names []proto.Name, mask uint32) (n uint32, ok bool) {
	if v.Name == "" {
		if v.Num&^mask != 0 {
			r.fail(v.At, "invalid %s %#02x", what, v.Num)
			return 0, false
		}
		return v.Num, true
	}
	if n, ok = proto.LookupName(names, v.Name); !ok {
		r.unknownValue(what, v.Name, v.At, names)
	}
	return n, ok
}

func (r *resolver) wlanDir(e *expr.WLANDir, at *pred.Layers) pred.Pred {
	n, ok := r.nameOrNumber(&e.Dir, "802.11 direction", proto.WLANDirs, proto.WLANDirMask)
	if !ok {
		return invalid
	}
	if !isWLAN(at.Link) {
		return r.notOn("dir", e.At, at, isWLAN)
	}
	return pred.Field{At: at, Base: pred.BaseLink, Off: 1, Size: 1, Mask: proto.WLANDirMask, Cond: ir.Eq, Value: n, Span: e.At}
}

// llc resolves "llc" and its types.
func (r *resolver) llc(e *expr.LLC, at *pred.Layers) pred.Pred {
	if at.Link.LLC == proto.LLCNone {
		return r.notOn("llc", e.At, at, func(l *proto.Link) bool { return l.LLC != proto.LLCNone })
	}
	has := pred.HasLLC{At: at, Span: e.At}
	control := pred.Field{At: at, Base: pred.BaseLLC, Off: 2, Size: 1, Cond: ir.Eq, Span: e.At}
	if e.Name == "" {
		return has
	}
	// The formats and commands of the control field, IEEE 802.2 clause 5.4.
	for _, row := range llcFormats {
		if strings.EqualFold(row.name, e.Name) {
			control.Mask, control.Value, control.Cond = row.mask, row.value, row.cond
			if row.negate {
				return pred.And{X: has, Y: pred.Not{X: control}}
			}
			return pred.And{X: has, Y: control}
		}
	}
	v, ok := proto.LookupName(proto.LLCSupervisory, e.Name)
	control.Mask = 0x0f
	if !ok {
		v, ok = proto.LookupName(proto.LLCUnnumbered, e.Name)
		control.Mask = 0xef
	}
	if !ok {
		names := append([]proto.Name{{Name: "i"}, {Name: "s"}, {Name: "u"}}, proto.LLCSupervisory...)
		return r.unknownValue("LLC type", e.Name, e.NameSpan, append(names, proto.LLCUnnumbered...))
	}
	control.Value = v
	return pred.And{X: has, Y: control}
}

var llcFormats = []struct {
	name        string
	mask, value uint32
	cond        ir.Cond
	negate      bool
}{
	{"i", all, 0x01, ir.Set, true}, // information: bit 0 clear
	{"s", 0x03, 0x01, ir.Eq, false},
	{"u", 0x03, 0x03, ir.Eq, false},
}
