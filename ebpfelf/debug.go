package ebpfelf

import (
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
)

const (
	// btfMagic is BTF_MAGIC of linux/btf.h.
	btfMagic = 0xeb9f
	// maxNames is BTF_MAX_NAME_OFFSET: how long the names and words of BTF
	// can be, in bytes.
	maxNames = 0xffffff
)

// btfHeader is struct btf_header of linux/btf.h.
type btfHeader struct {
	Magic            uint16
	Version, Flags   uint8
	HeaderLen        uint32
	TypeOff, TypeLen uint32
	NameOff, NameLen uint32
}

// extHeader is struct btf_ext_header of libbpf. Offsets are from its end. There are no
// CO-RE relocations, but a reader (cilium/ebpf 0.22) that looks for them in any case.
type extHeader struct {
	Magic            uint16
	Version, Flags   uint8
	HeaderLen        uint32
	FuncOff, FuncLen uint32
	LineOff, LineLen uint32
	CoreOff, CoreLen uint32
}

// extSection is struct btf_ext_info_sec of libbpf, behind the size of a record.
type extSection struct {
	RecordSize uint32
	Section    uint32
	Count      uint32
}

// funcInfo is struct bpf_func_info of linux/bpf.h, with its offset in bytes.
type funcInfo struct {
	Off, Type uint32
}

// lineInfo is struct bpf_line_info of linux/bpf.h, with its offset in bytes.
type lineInfo struct {
	Off, File, Line, Place uint32
}

// debug returns the contents of .BTF and .BTF.ext.
func (o *Object) debug(insns asm.Instructions, c *contextType) (types, ext []byte, err error) {
	fn := c.function(o.Name)
	builder, err := btf.NewBuilder([]btf.Type{fn}, nil)
	if err != nil {
		return nil, nil, err
	}
	id, err := builder.Add(fn)
	if err != nil {
		return nil, nil, err
	}
	if types, err = builder.Marshal(nil, &btf.MarshalOptions{Order: o.ByteOrder}); err != nil {
		return nil, nil, err
	}
	n, err := newNames(types, o.ByteOrder)
	if err != nil {
		return nil, nil, err
	}
	part := func(records any, size, count int) []byte {
		head := extSection{RecordSize: uint32(size), Section: n.add(o.Section), Count: uint32(count)}
		return append(encode(o.ByteOrder, head), encode(o.ByteOrder, records)...)
	}
	funcs := part(funcInfo{Type: uint32(id)}, binary.Size(funcInfo{}), 1)
	records := o.lines(insns, n)
	lines := part(records, binary.Size(lineInfo{}), len(records))
	if len(n.blob) > maxNames {
		return nil, nil, fmt.Errorf("names of %d bytes, limit %d (every kernel's BTF)", len(n.blob), maxNames)
	}
	head := extHeader{Magic: btfMagic, Version: 1, FuncLen: uint32(len(funcs)), LineOff: uint32(len(funcs)), LineLen: uint32(len(lines))}
	head.HeaderLen, head.CoreOff = uint32(binary.Size(head)), head.LineOff+head.LineLen
	ext = append(append(encode(o.ByteOrder, head), funcs...), lines...)
	return n.bytes(), ext, nil
}

// lines returns the line information: a record where the words change.
func (o *Object) lines(insns asm.Instructions, n *names) []lineInfo {
	whole := ebpfgen.Words{Text: o.Source, Span: ir.Span{End: int32(len(o.Source))}}
	if o.Source == "" {
		whole.Text = o.Name
	}
	file := n.add(o.File)
	place := newPlaces(o.Source)
	var all []lineInfo
	iter := insns.Iterate()
	for iter.Next() {
		words, ok := iter.Ins.Source().(ebpfgen.Words)
		switch {
		case !ok && len(all) > 0:
			continue
		case !ok:
			// The kernel takes no line information without some for the first
			// instruction.
			words = whole
		case n.room() < ebpfgen.MaxWords:
			words = whole
		}
		l := lineInfo{
			Off: uint32(iter.Offset.Bytes()), File: file,
			Line: n.add(words.String()), Place: place.of(words.Span.Pos),
		}
		if k := len(all); k > 0 && all[k-1].Line == l.Line && all[k-1].Place == l.Place {
			continue
		}
		all = append(all, l)
	}
	return all
}

// places finds lines and columns in a text.
type places struct {
	starts []int32 // offsets of the lines, in bytes
}

func newPlaces(text string) *places {
	p := &places{starts: []int32{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			p.starts = append(p.starts, int32(i+1))
		}
	}
	return p
}

// Limits of struct bpf_line_info's line_col.
const (
	columnBits = 10
	maxColumn  = 1<<columnBits - 1
	maxLine    = 1<<(32-columnBits) - 1
)

// of returns line and column of an offset in bytes, both counted from 1, as line_col holds
// them. A column that it has no room for is 0.
func (p *places) of(pos int32) uint32 {
	low, high := 0, len(p.starts) // starts[low] <= pos < starts[high]
	for low+1 < high {
		if mid := (low + high) / 2; p.starts[mid] <= pos {
			low = mid
		} else {
			high = mid
		}
	}
	line, column := uint32(min(low+1, maxLine)), uint32(pos-p.starts[low]+1)
	if column > maxColumn {
		column = 0
	}
	return line<<columnBits | column
}

// names are the strings of a BTF blob, to which more can be added.
type names struct {
	order binary.ByteOrder
	head  btfHeader
	types []byte
	blob  []byte
	at    map[string]uint32
}

// newNames takes a blob apart. Its strings are its last part.
func newNames(blob []byte, order binary.ByteOrder) (*names, error) {
	n := &names{order: order, at: map[string]uint32{"": 0}}
	if _, err := binary.Decode(blob, order, &n.head); err != nil {
		return nil, err
	}
	from := uint64(n.head.HeaderLen) + uint64(n.head.NameOff)
	if n.head.Magic != btfMagic || from+uint64(n.head.NameLen) != uint64(len(blob)) {
		return nil, fmt.Errorf("BTF of %d bytes does not end with its strings: %+v", len(blob), n.head)
	}
	n.types = blob[n.head.HeaderLen:from]
	n.blob = append(n.blob, blob[from:]...)
	return n, nil
}

// add returns the place of s among the strings.
func (n *names) add(s string) uint32 {
	at, ok := n.at[s]
	if !ok {
		at = uint32(len(n.blob))
		n.blob = append(append(n.blob, s...), 0)
		n.at[s] = at
	}
	return at
}

// room is how many more bytes there is room for, less what the shortened text of the
// filter takes.
func (n *names) room() int { return maxNames - len(n.blob) - 2*ebpfgen.MaxWords }

// bytes returns the blob with all strings.
func (n *names) bytes() []byte {
	head := n.head
	head.NameLen = uint32(len(n.blob))
	return append(append(encode(n.order, head), n.types...), n.blob...)
}
