// Package untag makes filters see a frame that has its outer VLAN tag in the bytes as they
// see it once the stack has taken the tag out.
//
// The stack does so in front of packet sockets and TC (skb_vlan_untag of
// net/core/skbuff.c); an XDP program is earlier. A filter that was compiled for the stack's
// view is copied here: one copy looks at frames without a tag, the other at those with one,
// behind it.
package untag

import (
	"fmt"

	"github.com/gofilter/gofilter/ir"
)

// Offsets and lengths in bytes (IEEE 802.1Q clause 9).
const (
	tagOffset = 12 // of the TPID
	tciOffset = 14
	tagLength = 4
)

// The TPIDs that the stack takes out (eth_type_vlan of linux/if_vlan.h).
var tpids = []uint32{0x8100, 0x88a8}

// XDP returns the filter, for ir.ViewXDP, that gives the verdict on a received Ethernet
// frame that f gives behind the stack. f was compiled for ir.ViewTC or ir.ViewSocket; it is
// not changed. What is returned has work for the passes. The error says what f needs that
// is not in the frame.
func XDP(f *ir.Func) (*ir.Func, error) {
	g := &ir.Func{LinkType: f.LinkType, View: ir.ViewXDP, Snaplen: f.Snaplen, Source: f.Source, Values: make([]ir.Value, 1)}
	for range tpids {
		g.AddBlock()
	}
	plain := copying{f: f, g: g, first: ir.BlockID(len(tpids))}
	tagged := copying{f: f, g: g, first: plain.first + ir.BlockID(len(f.Blocks)), tag: true}
	// Rule: a fault rejects. No frame is too short for its type.
	typ := g.Load(0, ir.Half, ir.None, tagOffset)
	for i, tpid := range tpids {
		next := ir.BlockID(i + 1) // in the end the plain copy
		g.If(ir.BlockID(i), ir.Eq, typ, g.Const(tpid), tagged.first, next)
	}
	for _, c := range []*copying{&plain, &tagged} {
		if err := c.all(); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// copying is the making of one copy.
type copying struct {
	f, g  *ir.Func
	first ir.BlockID // of g: the copy of block 0
	tag   bool       // the frame has a tag
	to    []ir.ValueID
}

// all copies the blocks.
func (c *copying) all() error {
	c.to = make([]ir.ValueID, len(c.f.Values))
	for id := range c.f.Values {
		if k, ok := c.f.IsConst(ir.ValueID(id)); ok {
			c.to[id] = c.g.Const(k)
		}
	}
	for range c.f.Blocks {
		c.g.AddBlock()
	}
	for i := range c.f.Blocks {
		old, b := &c.f.Blocks[i], c.first+ir.BlockID(i)
		for _, id := range old.Params {
			c.to[id] = c.g.Param(b)
		}
		for _, id := range old.Values {
			var err error
			if c.to[id], err = c.value(b, c.f.Values[id]); err != nil {
				return err
			}
		}
		// The lists above are the block's own: AddBlock and New may have moved it.
		n := c.g.Block(b)
		n.Kind, n.Cond, n.X, n.Y, n.Span = old.Kind, old.Cond, c.to[old.X], c.to[old.Y], old.Span
		for s := range old.NumSucc() {
			e := old.Succ[s]
			n.Succ[s] = ir.Edge{To: c.first + e.To}
			for _, arg := range e.Args {
				n.Succ[s].Args = append(n.Succ[s].Args, c.to[arg])
			}
		}
	}
	return nil
}

// value copies a value into block b.
func (c *copying) value(b ir.BlockID, v ir.Value) (ir.ValueID, error) {
	span := v.Span
	load := func(off uint32) ir.ValueID {
		return c.g.New(b, ir.Value{Op: ir.OpLoad, Size: ir.Half, K: off, Span: span})
	}
	for i, arg := range v.Args {
		v.Args[i] = c.to[arg]
	}
	switch {
	case v.Op == ir.OpMeta && v.Meta == ir.MetaVLANPresent && c.tag:
		return c.g.Const(1), nil
	case v.Op == ir.OpMeta && v.Meta == ir.MetaVLANTag && c.tag:
		return load(tciOffset), nil
	case v.Op == ir.OpMeta && v.Meta == ir.MetaVLANProto && c.tag:
		return load(tagOffset), nil
	case v.Op == ir.OpMeta && (v.Meta == ir.MetaVLANPresent || v.Meta == ir.MetaVLANTag || v.Meta == ir.MetaVLANProto):
		return c.g.Const(0), nil
	case v.Op == ir.OpMeta && v.Meta != ir.MetaIfIndex:
		return 0, fmt.Errorf("a frame does not have the metadatum %s", v.Meta)
	case !c.tag:
	case v.Op == ir.OpLen:
		length := c.g.New(b, v)
		return c.g.New(b, ir.Value{Op: ir.OpSub, Args: [2]ir.ValueID{length, c.g.Const(tagLength)}, Span: span}), nil
	case v.Op == ir.OpLoad && v.K >= tagOffset:
		v.K += tagLength
	case v.Op == ir.OpLoad && (v.Args[0] != ir.None || v.K+uint32(v.Size) > tagOffset):
		return 0, fmt.Errorf("a load of %d bytes at offset %d may be on both sides of a VLAN tag", v.Size, v.K)
	}
	return c.g.New(b, v), nil
}
