package ebpfelf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
)

// What an Object has where its fields are empty.
const (
	DefaultName    = "filter"
	DefaultLicense = "BSD"
	DefaultFile    = "filter"
)

// An Object says what goes into an ELF object besides the instructions. Only
// Target has to be set.
type Object struct {
	// Target is where the program runs: it decides about section and context.
	Target ebpfgen.Target

	// Section is the name of the program's section; empty: that of the target, by which
	// libbpf knows the program's type.
	Section string

	// Name is the name of the function, a C identifier of at most 127 bytes; empty:
	// DefaultName. Kernels keep the first 15 bytes as the program's name.
	Name string

	// License is what the kernel is told; empty: DefaultLicense. No
	// generated program calls a BPF helper that asks for the GPL.
	License string

	// Source is the filter's text; with it, words get the number of their line.
	Source string

	// File is the file name in the line information; empty: DefaultFile.
	File string

	// ByteOrder is that of the machine that will run the program, as in
	// ebpfgen.Options; nil means this machine.
	ByteOrder binary.ByteOrder
}

// row is what a target's objects have.
type row struct {
	section string // that libbpf and iproute2 know the program type by
	context func() *contextType
}

// rows are from section_defs of libbpf's libbpf.c. "classifier" is also what tc looks for
// when it is not told a section.
var rows = map[string]row{
	ebpfgen.SocketFilter.String(): {"socket", skBuff},
	ebpfgen.SchedCLS.String():     {"classifier", skBuff},
	ebpfgen.XDP.String():          {"xdp", xdpMD},
	ebpfgen.XDPFrags.String():     {"xdp.frags", xdpMD},
	ebpfgen.CgroupSKB.String():    {"cgroup_skb/ingress", skBuff},
}

// Section returns the name of the section in which a target's programs stand if
// Object.Section is empty; false if there are no objects for the target.
func Section(t ebpfgen.Target) (string, bool) {
	if t == (ebpfgen.Target{}) {
		return "", false
	}
	r, ok := rows[t.String()]
	return r.section, ok
}

// Write writes a program that [ebpfgen.Generate] made for o.Target as an ELF relocatable
// object. The same input gives the same bytes. Programs with maps, with functions of their own
// or with calls of functions that are not BPF helpers are an error, so is an object that would
// be too large for BTF.
func Write(w io.Writer, insns asm.Instructions, o Object) error {
	r, err := o.complete()
	if err != nil {
		return err
	}
	if err := plain(insns); err != nil {
		return err
	}
	code := new(bytes.Buffer)
	// Marshal writes displacements into the instructions that it is given.
	if err := append(asm.Instructions(nil), insns...).Marshal(code, o.ByteOrder); err != nil {
		return fmt.Errorf("program %s: %w", o.Name, err)
	}
	types, ext, err := o.debug(insns, r.context())
	if err != nil {
		return fmt.Errorf("program %s: %w", o.Name, err)
	}
	file := newFile(o.ByteOrder)
	program := file.add(section{name: o.Section, kind: progBits, flags: alloc | exec, align: 8, data: code.Bytes()})
	license := file.add(section{name: "license", kind: progBits, flags: alloc | write, align: 1, data: append([]byte(o.License), 0)})
	file.add(section{name: ".BTF", kind: progBits, align: 4, data: types})
	file.add(section{name: ".BTF.ext", kind: progBits, align: 4, data: ext})
	file.symbol(o.Name, symbolFunc, program)
	file.symbol("_license", symbolObject, license)
	return file.write(w)
}

// complete fills in what is empty, and returns the target's row.
func (o *Object) complete() (row, error) {
	section, ok := Section(o.Target)
	if !ok {
		return row{}, errors.New("no ELF object without a target that is a program type")
	}
	if o.Section == "" {
		o.Section = section
	}
	if o.Name == "" {
		o.Name = DefaultName
	}
	if o.License == "" {
		o.License = DefaultLicense
	}
	if o.File == "" {
		o.File = DefaultFile
	}
	if o.ByteOrder == nil {
		o.ByteOrder = binary.NativeEndian
	}
	// The libraries want one of these two.
	if o.ByteOrder.Uint16([]byte{1, 0}) == 1 {
		o.ByteOrder = binary.LittleEndian
	} else {
		o.ByteOrder = binary.BigEndian
	}
	if !identifier(o.Name) {
		return row{}, fmt.Errorf("program name %q is no C identifier of at most %d bytes", o.Name, maxName)
	}
	for _, s := range []string{o.Section, o.License, o.File} {
		if strings.ContainsRune(s, 0) {
			return row{}, fmt.Errorf("%q has a zero byte, which ends a string in ELF", s)
		}
	}
	return rows[o.Target.String()], nil
}

// maxName is the longest name of a BTF type, in bytes (KSYM_NAME_LEN, less the zero byte).
const maxName = 127

// identifier reports whether the kernel takes s for the name of a function.
func identifier(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// plain reports what insns have that needs relocation.
func plain(insns asm.Instructions) error {
	if len(insns) == 0 {
		return errors.New("a program needs instructions")
	}
	for i := range insns {
		switch ins := &insns[i]; {
		case ins.IsLoadFromMap():
			return fmt.Errorf("instruction %d uses a map, which the object cannot have", i)
		case ins.IsKfuncCall():
			return fmt.Errorf("instruction %d calls a function of one kernel (access %s), which the object cannot have", i, ebpfgen.AccessRdonlyCast)
		case ins.IsFunctionReference():
			return fmt.Errorf("instruction %d uses function %s, which the object cannot have", i, ins.Reference())
		}
	}
	return nil
}
