// Package cooked makes filters for Linux cooked captures run in the kernel.
//
// A reader of the interface "any" sees packets that begin with a cooked header.
// The kernel does not: there the bytes begin at the network layer, and what the
// cooked header will say is metadata. So a filter that was compiled for what the
// reader sees is rewritten here to ask the metadata, and to look for everything
// behind the header that much earlier.
package cooked

import (
	"fmt"

	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A field is a field of a cooked header that the kernel has as a metadatum.
type field struct {
	off  uint32 // in bytes
	size ir.Size
	meta ir.Meta
}

// A header is one of the cooked headers.
type header struct {
	size   uint32 // in bytes
	fields []field
}

// The headers, https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and
// LINKTYPE_LINUX_SLL2.html.
var headers = map[linktype.Type]header{
	linktype.LinuxSLL: {16, []field{
		{0, ir.Half, ir.MetaPacketType},
		{14, ir.Half, ir.MetaProtocol},
	}},
	linktype.LinuxSLL2: {20, []field{
		{0, ir.Half, ir.MetaProtocol},
		{4, ir.Word, ir.MetaIfIndex},
		{10, ir.Byte, ir.MetaPacketType},
	}},
}

// Is reports whether packets of a link type begin with a cooked header.
func Is(t linktype.Type) bool {
	_, ok := headers[t]
	return ok
}

// Kernel returns the filter that gives in the kernel the verdicts that f, which
// was compiled for link type t, gives on what the reader sees. f is not changed.
// The error says which part of the cooked header f needs and the kernel does not
// have.
func Kernel(f *ir.Func, t linktype.Type) (*ir.Func, error) {
	h, ok := headers[t]
	if !ok {
		panic("cooked: link type " + t.String())
	}
	f = f.Clone()
	for id := range f.Values {
		v := f.Value(ir.ValueID(id))
		if v.Op != ir.OpLoad {
			continue
		}
		if v.K >= h.size {
			v.K -= h.size
			continue
		}
		if v.Args[0] != ir.None || v.K+uint32(v.Size) > h.size {
			return nil, fmt.Errorf("the kernel has no cooked header to read at an offset that is computed")
		}
		meta, ok := h.find(v.K, v.Size)
		if !ok {
			return nil, fmt.Errorf("the kernel has no cooked header, whose bytes %d to %d the filter reads", v.K, v.K+uint32(v.Size)-1)
		}
		*v = ir.Value{Op: ir.OpMeta, Meta: meta, Block: v.Block, Span: v.Span}
	}
	lengthen(f, h.size)
	return f, nil
}

// find returns the metadatum that the header's bytes at off are.
func (h header) find(off uint32, size ir.Size) (ir.Meta, bool) {
	for _, fd := range h.fields {
		if fd.off == off && fd.size == size {
			return fd.meta, true
		}
	}
	return 0, false
}

// lengthen adds n to the length on the wire wherever f uses it: the kernel counts
// no cooked header.
func lengthen(f *ir.Func, n uint32) {
	for b := range f.Blocks {
		var values []ir.ValueID
		for _, id := range f.Blocks[b].Values {
			if f.Value(id).Op == ir.OpLen {
				// The value becomes the sum, so that its uses stay; a new one before it
				// is the length.
				span := f.Value(id).Span
				length := f.New(ir.BlockID(b), ir.Value{Op: ir.OpLen, Span: span})
				sum := ir.Value{Op: ir.OpAdd, Args: [2]ir.ValueID{length, f.Const(n)}, Block: ir.BlockID(b), Span: span}
				*f.Value(id) = sum
				values = append(values, length)
			}
			values = append(values, id)
		}
		f.Blocks[b].Values = values
	}
}
