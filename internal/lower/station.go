package lower

import (
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/ir"
)

// station tests a six-byte station address.
func (l *lowering) station(p pred.MAC48) *tree {
	y := p.At
	is := func(off uint32) *tree { return l.stations(y.Hdr.Plus(off), p.Addrs) }
	if y.Link.Addresses == proto.AddressWLAN {
		return l.wlanStation(y, p.Dir, is)
	}
	side := func(off uint32) func() *tree {
		return func() *tree { return is(off) }
	}
	return l.and(l.isFrame(y), l.either(p.Dir, side(y.Link.Src), side(y.Link.Dst)))
}

// stations tests that the six bytes at o are one of addrs. Addresses differ most in
// their last bytes, so these are looked at first.
func (l *lowering) stations(o pred.Offset, addrs [][6]byte) *tree {
	if len(addrs) == 1 {
		return l.bytes(o, addrs[0][:])
	}
	keys := make([][]uint32, len(addrs))
	for i, a := range addrs {
		keys[i] = []uint32{
			uint32(a[2])<<24 | uint32(a[3])<<16 | uint32(a[4])<<8 | uint32(a[5]),
			uint32(a[0])<<8 | uint32(a[1]),
		}
	}
	return l.keys([]*num{l.load(o.Plus(2), ir.Word), l.load(o, ir.Half)}, keys)
}

// station8 tests a one-byte station address.
func (l *lowering) station8(p pred.MAC8) *tree {
	side := func(off uint32) func() *tree {
		return func() *tree { return l.equal(p.At.Hdr.Plus(off), ir.Byte, uint32(p.Addr)) }
	}
	return l.either(p.Dir, side(p.At.Link.Src), side(p.At.Link.Dst))
}

// group tests the group bit of the destination address, the lowest of its first
// byte (IEEE 802 clause 8.2).
func (l *lowering) group(y *pred.Layers) *tree {
	bit := func(off uint32) *tree { return l.set(y.Hdr.Plus(off), 1) }
	if y.Link.Addresses == proto.AddressWLAN {
		return l.wlanDst(y, bit)
	}
	return l.and(l.isFrame(y), bit(y.Link.Dst))
}

// Offsets of the four address fields of an 802.11 header.
const (
	wlanAddr1 = 4
	wlanAddr2 = 10
	wlanAddr3 = 16
	wlanAddr4 = 24
)

// wlanData tests for a data frame.
func (l *lowering) wlanData(y *pred.Layers) *tree {
	return l.masked(y.Hdr, ir.Byte, proto.WLANTypeMask, proto.WLANData)
}

// byFlag is yes where one of the bits of a frame control byte is set, no elsewhere.
func (l *lowering) byFlag(y *pred.Layers, off, bits uint32, yes, no *tree) *tree {
	return l.or(l.and(l.not(l.set(y.Hdr.Plus(off), bits)), no), l.and(l.set(y.Hdr.Plus(off), bits), yes))
}

// wlanDst applies is to the destination address: the third of frames to a
// distribution system, the first of others. Control frames have none.
func (l *lowering) wlanDst(y *pred.Layers, is func(off uint32) *tree) *tree {
	data := l.byFlag(y, 1, proto.WLANToDS, is(wlanAddr3), is(wlanAddr1))
	return l.and(l.not(l.set(y.Hdr, proto.WLANCtl)), l.byFlag(y, 0, proto.WLANData, data, is(wlanAddr1)))
}

// wlanSrc applies is to the source address: of frames from a distribution system
// the third or, where they also go to one, the fourth; the second of others.
func (l *lowering) wlanSrc(y *pred.Layers, is func(off uint32) *tree) *tree {
	fromDS := l.byFlag(y, 1, proto.WLANToDS, is(wlanAddr4), is(wlanAddr3))
	data := l.byFlag(y, 1, proto.WLANFromDS, fromDS, is(wlanAddr2))
	return l.and(l.not(l.set(y.Hdr, proto.WLANCtl)), l.byFlag(y, 0, proto.WLANData, data, is(wlanAddr2)))
}

// wlanStation applies is to the address that a direction names.
func (l *lowering) wlanStation(y *pred.Layers, dir expr.Dir, is func(off uint32) *tree) *tree {
	isNot := func(mask, value uint32) *tree {
		n := l.arithK(ir.OpAnd, l.load(y.Hdr, ir.Byte), mask)
		return l.not(l.testK(n, ir.Eq, value))
	}
	// hasAddr2: CTS and ACK frames have but one address.
	hasAddr2 := func() *tree {
		return l.or(isNot(proto.WLANTypeMask, proto.WLANCtl),
			l.and(isNot(proto.WLANSubtypeMask, proto.WLANSubtypeCTS), isNot(proto.WLANSubtypeMask, proto.WLANSubtypeACK)))
	}
	switch dir {
	case expr.DirAddr1:
		return is(wlanAddr1)
	case expr.DirAddr2:
		return l.and(hasAddr2(), is(wlanAddr2))
	case expr.DirAddr3:
		return l.and(isNot(proto.WLANTypeMask, proto.WLANCtl), is(wlanAddr3))
	case expr.DirAddr4:
		return l.and(l.masked(y.Hdr.Plus(1), ir.Byte, proto.WLANDirMask, proto.WLANToDS|proto.WLANFromDS), is(wlanAddr4))
	case expr.DirRA:
		return l.and(l.set(y.Hdr, proto.WLANData), is(wlanAddr1))
	case expr.DirTA:
		return l.and(l.and(l.set(y.Hdr, proto.WLANData), hasAddr2()), is(wlanAddr2))
	}
	return l.either(dir,
		func() *tree { return l.wlanSrc(y, is) },
		func() *tree { return l.wlanDst(y, is) })
}
