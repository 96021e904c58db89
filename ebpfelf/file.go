package ebpfelf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
)

// Short names for what the sections of an object need.
const (
	progBits = elf.SHT_PROGBITS

	alloc = elf.SHF_ALLOC
	write = elf.SHF_WRITE
	exec  = elf.SHF_EXECINSTR

	symbolFunc   = elf.STT_FUNC
	symbolObject = elf.STT_OBJECT
)

// A section is one of a file.
type section struct {
	name  string
	kind  elf.SectionType
	flags elf.SectionFlag
	data  []byte
	align uint64 // in bytes
	link  uint32
	info  uint32
	entry uint64 // size of an entry of a table, in bytes
}

// A file is a 64-bit relocatable object for EM_BPF (System V ABI, "Object Files"). Its last
// sections are .symtab and .strtab, which has all names.
type file struct {
	order    binary.ByteOrder
	sections []section
	symbols  []elf.Sym64
	names    []byte
}

func newFile(order binary.ByteOrder) *file {
	return &file{
		order:    order,
		sections: []section{{kind: elf.SHT_NULL}},
		symbols:  []elf.Sym64{{}},
		names:    []byte{0},
	}
}

// add adds a section and returns its number.
func (f *file) add(s section) int {
	f.sections = append(f.sections, s)
	return len(f.sections) - 1
}

// symbol adds a global symbol for all of a section.
func (f *file) symbol(name string, kind elf.SymType, section int) {
	f.symbols = append(f.symbols, elf.Sym64{
		Name: f.name(name), Info: elf.ST_INFO(elf.STB_GLOBAL, kind), Other: uint8(elf.STV_DEFAULT),
		Shndx: uint16(section), Size: uint64(len(f.sections[section].data)),
	})
}

// name returns the place of a name among the names.
func (f *file) name(s string) uint32 {
	if s == "" {
		return 0
	}
	at := uint32(len(f.names))
	f.names = append(append(f.names, s...), 0)
	return at
}

// write writes the file: header, sections, section headers.
func (f *file) write(w io.Writer) error {
	// One local symbol, the null symbol, stands before the global ones.
	f.add(section{
		name: ".symtab", kind: elf.SHT_SYMTAB, align: 8, link: uint32(len(f.sections) + 1),
		info: 1, entry: elf.Sym64Size, data: f.encode(f.symbols),
	})
	names := f.add(section{name: ".strtab", kind: elf.SHT_STRTAB, align: 1})
	headers := make([]elf.Section64, len(f.sections))
	for i, s := range f.sections {
		headers[i].Name = f.name(s.name)
	}
	f.sections[names].data = f.names

	head := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_BPF), Version: uint32(elf.EV_CURRENT),
		Ehsize: uint16(binary.Size(elf.Header64{})), Shentsize: uint16(binary.Size(elf.Section64{})),
		Shnum: uint16(len(f.sections)), Shstrndx: uint16(names),
	}
	copy(head.Ident[:], elf.ELFMAG)
	head.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	head.Ident[elf.EI_DATA] = byte(f.data())
	head.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	head.Ident[elf.EI_OSABI] = byte(elf.ELFOSABI_NONE)

	body := make([]byte, head.Ehsize)
	for i, s := range f.sections {
		h := &headers[i]
		h.Type, h.Flags, h.Link, h.Info = uint32(s.kind), uint64(s.flags), s.link, s.info
		h.Addralign, h.Entsize, h.Size = s.align, s.entry, uint64(len(s.data))
		if s.kind == elf.SHT_NULL {
			continue
		}
		body = pad(body, s.align)
		h.Off = uint64(len(body))
		body = append(body, s.data...)
	}
	body = pad(body, 8)
	head.Shoff = uint64(len(body))
	body = append(body, f.encode(headers)...)
	copy(body, f.encode(head))
	_, err := w.Write(body)
	return err
}

// data says which byte order the file is in.
func (f *file) data() elf.Data {
	if f.order == binary.LittleEndian {
		return elf.ELFDATA2LSB
	}
	return elf.ELFDATA2MSB
}

// encode returns v, which is made of numbers only, in the file's byte order.
func (f *file) encode(v any) []byte { return encode(f.order, v) }

// encode returns v, which is made of numbers only, in a byte order.
func encode(order binary.ByteOrder, v any) []byte {
	var b bytes.Buffer
	if err := binary.Write(&b, order, v); err != nil {
		panic(fmt.Sprintf("ebpfelf: %T: %v", v, err))
	}
	return b.Bytes()
}

// pad returns b with zeroes behind it up to a multiple of align.
func pad(b []byte, align uint64) []byte {
	for uint64(len(b))%align != 0 {
		b = append(b, 0)
	}
	return b
}
