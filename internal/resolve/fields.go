package resolve

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
)

// mtp2 resolves the kinds of MTP2 signal unit, told by the length indicator.
func (r *resolver) mtp2(e *expr.MTP2Test, at *pred.Layers) pred.Pred {
	s := r.ss7(e.Kind.String(), e.At, at)
	if s == nil {
		return invalid
	}
	li := pred.Field{At: at, Base: pred.BasePacket, Off: s.LI, Size: 1, Mask: 0x3f, Span: e.At}
	two := uint32(2)
	switch e.Kind {
	case expr.MTP2HFISU, expr.MTP2HLSSU, expr.MTP2HMSU:
		li.Off, li.Size, li.Mask, two = s.LIHSL, 2, 0xff80, 0x0100
	}
	switch e.Kind {
	case expr.MTP2FISU, expr.MTP2HFISU:
		return compare(li, expr.Eq, 0)
	case expr.MTP2LSSU, expr.MTP2HLSSU:
		return pred.And{X: compare(li, expr.Gt, 0), Y: compare(li, expr.Le, two)}
	case expr.MTP2MSU, expr.MTP2HMSU:
		return compare(li, expr.Gt, two)
	}
	panic("resolve: " + e.Kind.String())
}

// ss7 returns the offsets of MTP headers, nil after an error where there are none.
func (r *resolver) ss7(keyword string, span expr.Span, at *pred.Layers) *proto.SS7 {
	if at.Link.SS7 == nil {
		r.notOn(keyword, span, at, func(l *proto.Link) bool { return l.SS7 != nil })
	}
	return at.Link.SS7
}

// fieldTest resolves tests of ATM and MTP3 header fields.
func (r *resolver) fieldTest(e *expr.FieldTest, at *pred.Layers) pred.Pred {
	f, shape, ok := r.field(e, at)
	if !ok {
		return invalid
	}
	var p pred.Pred
	for _, v := range e.Values {
		if !r.atMost(e.Field.String(), v.Value, shape.max, v.At) {
			return invalid
		}
		q := compare(f, e.Op, shape.place(v.Value))
		if p == nil {
			p = q
		} else {
			p = pred.Or{X: p, Y: q}
		}
	}
	return p
}

// A fieldShape says which values a field takes and how they lie in a load of it.
type fieldShape struct {
	size, mask, max uint32
	place           func(uint32) uint32
}

func asIs(v uint32) uint32 { return v }

// Point codes lie least significant byte first: DPC in the low 14 bits of its two
// bytes, OPC in bits 14 to 27 of the four that begin there (ITU-T Q.704 clause 2).
var fieldShapes = map[expr.Field]fieldShape{
	expr.FieldVPI: {1, all, 0xff, asIs},
	expr.FieldVCI: {2, all, 0xffff, asIs},
	expr.FieldSIO: {1, all, 0xff, asIs},
	expr.FieldOPC: {4, swap32(0x3fff << 14), 0x3fff, func(v uint32) uint32 { return swap32(v << 14) }},
	expr.FieldDPC: {2, swap16(0x3fff), 0x3fff, swap16},
	expr.FieldSLS: {1, 0xf0, 0x0f, func(v uint32) uint32 { return v << 4 }},
}

func swap16(v uint32) uint32 { return v>>8&0xff | v<<8&0xff00 }
func swap32(v uint32) uint32 { return swap16(v)<<16 | swap16(v>>16) }

// field finds a header field on the link type in force.
func (r *resolver) field(e *expr.FieldTest, at *pred.Layers) (f pred.Field, shape fieldShape, ok bool) {
	f = pred.Field{At: at, Mask: all, Span: e.At}
	kind := e.Field
	switch kind {
	case expr.FieldVPI, expr.FieldVCI:
		if at.Link.Carries != proto.CarriesSunATM {
			r.notOn(e.Field.String(), e.At, at, isATM)
			return f, shape, false
		}
		f.Base, f.Off = pred.BaseLink, proto.ATMVPI
		if kind == expr.FieldVCI {
			f.Off = proto.ATMVCI
		}
	default:
		s := r.ss7(e.Field.String(), e.At, at)
		if s == nil {
			return f, shape, false
		}
		f.Base = pred.BasePacket
		// The H fields lie three bytes on: extended sequence numbers make the MTP2
		// header that much longer.
		switch kind {
		case expr.FieldSIO:
			f.Off = s.SIO
		case expr.FieldOPC:
			f.Off = s.OPC
		case expr.FieldDPC:
			f.Off = s.DPC
		case expr.FieldSLS:
			f.Off = s.SLS
		case expr.FieldHSIO:
			kind, f.Off = expr.FieldSIO, s.SIO+3
		case expr.FieldHOPC:
			kind, f.Off = expr.FieldOPC, s.OPC+3
		case expr.FieldHDPC:
			kind, f.Off = expr.FieldDPC, s.DPC+3
		case expr.FieldHSLS:
			kind, f.Off = expr.FieldSLS, s.SLS+3
		}
	}
	shape = fieldShapes[kind]
	f.Size, f.Mask = shape.size, shape.mask
	return f, shape, true
}
