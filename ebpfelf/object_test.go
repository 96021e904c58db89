package ebpfelf_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfelf"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/linktype"
)

const source = "tcp dst port 443 or\nudp port 53"

// compile returns a filter for a target, and its program there.
func compile(t testing.TB, text string, target ebpfgen.Target, o ebpfgen.Options) (*gofilter.Filter, asm.Instructions) {
	t.Helper()
	link := linktype.Type(linktype.Ethernet)
	if target == ebpfgen.CgroupSKB {
		link = linktype.Raw
	}
	f, err := gofilter.Compile(text, gofilter.Config{LinkType: link, View: target.View()})
	if err != nil {
		t.Fatal(err)
	}
	insns, err := ebpfgen.Generate(f.IR(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	return f, insns
}

// object returns the bytes of an object.
func object(t testing.TB, insns asm.Instructions, o ebpfelf.Object) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ebpfelf.Write(&b, insns, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// orders are the byte orders of machines.
var orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

// TestStructure reads objects for all targets and byte orders back with debug/elf.
func TestStructure(t *testing.T) {
	sections := map[string]string{
		"socket": "socket", "tc": "classifier", "xdp": "xdp", "xdp.frags": "xdp.frags", "cgroup": "cgroup_skb/ingress",
	}
	for _, target := range ebpfgen.Targets() {
		for _, order := range orders {
			_, insns := compile(t, source, target, ebpfgen.Options{ByteOrder: order})
			raw := object(t, insns, ebpfelf.Object{Target: target, Name: "ports", License: "GPL", ByteOrder: order})
			name := fmt.Sprintf("%s, %s", target, order)
			f, err := elf.NewFile(bytes.NewReader(raw))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if f.Type != elf.ET_REL || f.Machine != elf.EM_BPF || f.Class != elf.ELFCLASS64 || f.ByteOrder.String() != order.String() {
				t.Errorf("%s: header %+v", name, f.FileHeader)
			}
			program := f.Section(sections[target.String()])
			if program == nil {
				t.Fatalf("%s: no section %s", name, sections[target.String()])
			}
			var code bytes.Buffer
			if err := append(asm.Instructions(nil), insns...).Marshal(&code, order); err != nil {
				t.Fatal(err)
			}
			if got, err := program.Data(); err != nil || !bytes.Equal(got, code.Bytes()) {
				t.Errorf("%s: program of %d bytes differs from the one of %d that was generated: %v", name, len(got), code.Len(), err)
			}
			if program.Flags != elf.SHF_ALLOC|elf.SHF_EXECINSTR || program.Offset%8 != 0 {
				t.Errorf("%s: section %+v", name, program.SectionHeader)
			}
			license, err := f.Section("license").Data()
			if err != nil || string(license) != "GPL\x00" {
				t.Errorf("%s: license %q: %v", name, license, err)
			}
			symbols, err := f.Symbols()
			if err != nil {
				t.Fatal(err)
			}
			if len(symbols) != 2 || symbols[0].Name != "ports" || symbols[0].Size != program.Size ||
				elf.ST_TYPE(symbols[0].Info) != elf.STT_FUNC || elf.ST_BIND(symbols[0].Info) != elf.STB_GLOBAL ||
				f.Sections[symbols[0].Section] != program || symbols[1].Name != "_license" {
				t.Errorf("%s: symbols %+v", name, symbols)
			}
		}
	}
}

// TestCollection loads objects with the loader of cilium/ebpf: types, function and lines.
func TestCollection(t *testing.T) {
	types := map[string]struct {
		typ     ebpf.ProgramType
		context string
		flags   uint32
	}{
		"socket": {ebpf.SocketFilter, "__sk_buff", 0}, "tc": {ebpf.SchedCLS, "__sk_buff", 0},
		"xdp": {ebpf.XDP, "xdp_md", 0}, "xdp.frags": {ebpf.XDP, "xdp_md", 1 << 5}, "cgroup": {ebpf.CGroupSKB, "__sk_buff", 0},
	}
	sizes := map[string]uint32{"__sk_buff": 192, "xdp_md": 24} // sizeof, linux/bpf.h
	last := map[string]string{"__sk_buff": "hwtstamp", "xdp_md": "egress_ifindex"}
	for _, target := range ebpfgen.Targets() {
		_, insns := compile(t, source, target, ebpfgen.Options{})
		raw := object(t, insns, ebpfelf.Object{Target: target, Source: source, File: "ports.pcap-filter"})
		spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		want := types[target.String()]
		p := spec.Programs[ebpfelf.DefaultName]
		if p == nil || len(spec.Programs) != 1 || p.Type != want.typ || p.License != ebpfelf.DefaultLicense || p.Flags != want.flags {
			t.Fatalf("%s: programs %+v", target, spec.Programs)
		}
		if len(p.Instructions) != len(insns) {
			t.Errorf("%s: %d instructions, want %d", target, len(p.Instructions), len(insns))
		}
		fn := btf.FuncMetadata(&p.Instructions[0])
		if fn == nil || fn.Name != "filter" || fn.Linkage != btf.GlobalFunc {
			t.Fatalf("%s: function %v", target, fn)
		}
		proto := fn.Type.(*btf.FuncProto)
		context := proto.Params[0].Type.(*btf.Pointer).Target.(*btf.Struct)
		if context.Name != want.context || context.Size != sizes[context.Name] ||
			context.Members[len(context.Members)-1].Name != last[context.Name] || proto.Return.(*btf.Int).Name != "int" {
			t.Errorf("%s: function %+v, context %+v", target, proto, context)
		}
		end := context.Members[len(context.Members)-1]
		if size, err := btf.Sizeof(end.Type); err != nil || end.Offset.Bytes()+uint32(size) != context.Size {
			t.Errorf("%s: %s is %d bytes at %d, the context has %d: %v", target, end.Name, size, end.Offset.Bytes(), context.Size, err)
		}
		checkLines(t, target.String(), p.Instructions, insns)
	}
}

// checkLines compares the line information with the words of the instructions.
func checkLines(t *testing.T, name string, got, want asm.Instructions) {
	t.Helper()
	var line *btf.Line
	var words ebpfgen.Words
	second := false
	for i := range want {
		if w, ok := want[i].Source().(ebpfgen.Words); ok {
			words = w
		}
		if l, ok := got[i].Source().(*btf.Line); ok {
			line = l
		}
		if line == nil || line.Line() != words.String() || line.FileName() != "ports.pcap-filter" {
			t.Fatalf("%s: instruction %d: line %+v, words %q", name, i, line, words)
		}
		number, column := uint32(1), uint32(words.Span.Pos+1)
		if at := strings.Index(source, "\n"); int(words.Span.Pos) > at {
			number, column, second = 2, uint32(int(words.Span.Pos)-at), true
		}
		if line.LineNumber() != number || line.LineColumn() != column {
			t.Errorf("%s: instruction %d: %q at %d:%d, want %d:%d", name, i, words, line.LineNumber(), line.LineColumn(), number, column)
		}
	}
	if !second {
		t.Errorf("%s: no instruction is from the second line", name)
	}
}

// TestDeterministic writes one program many times.
func TestDeterministic(t *testing.T) {
	_, insns := compile(t, source, ebpfgen.SchedCLS, ebpfgen.Options{})
	first := object(t, insns, ebpfelf.Object{Target: ebpfgen.SchedCLS, Source: source})
	for range 50 {
		_, insns := compile(t, source, ebpfgen.SchedCLS, ebpfgen.Options{})
		if again := object(t, insns, ebpfelf.Object{Target: ebpfgen.SchedCLS, Source: source}); !bytes.Equal(first, again) {
			t.Fatal("the same program gave two objects")
		}
	}
}

// TestInstructionsStay writes a program twice: the first time must not change it.
func TestInstructionsStay(t *testing.T) {
	_, insns := compile(t, source, ebpfgen.XDP, ebpfgen.Options{})
	before := fmt.Sprint(insns)
	object(t, insns, ebpfelf.Object{Target: ebpfgen.XDP})
	if after := fmt.Sprint(insns); after != before {
		t.Errorf("changed from\n%s\nto\n%s", before, after)
	}
}

// TestLongWords writes a program whose words are longer than BTF has room for.
func TestLongWords(t *testing.T) {
	var insns asm.Instructions
	text := strings.Repeat("x", 180) + "é"
	for i := range 150000 {
		insns = append(insns, asm.Mov.Imm32(asm.R0, 0).WithSource(ebpfgen.Words{Text: fmt.Sprint(text, i)}))
	}
	insns = append(insns, asm.Return())
	raw := object(t, insns, ebpfelf.Object{Target: ebpfgen.XDP, Source: text})
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	got := spec.Programs["filter"].Instructions
	if line := fmt.Sprint(got[7].Source()); !strings.HasSuffix(line, "xé7") || !strings.HasPrefix(line, "xx") || len(line) > 120 {
		t.Errorf("line %q", line)
	}
}

// TestNoWords writes a program that has no words: the function's name stands for them.
func TestNoWords(t *testing.T) {
	insns := asm.Instructions{asm.Mov.Imm32(asm.R0, 2), asm.Return()}
	raw := object(t, insns, ebpfelf.Object{Target: ebpfgen.XDP, Section: "xdp/all", Name: "all"})
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	p := spec.Programs["all"]
	if p == nil || p.SectionName != "xdp/all" || fmt.Sprint(p.Instructions[0].Source()) != "all" {
		t.Errorf("programs %v", spec.Programs)
	}
}

// TestRefused has what cannot be written.
func TestRefused(t *testing.T) {
	ret := asm.Instructions{asm.Mov.Imm32(asm.R0, 2), asm.Return()}
	tests := []struct {
		name  string
		insns asm.Instructions
		o     ebpfelf.Object
		want  string
	}{
		{"no target", ret, ebpfelf.Object{}, "no ELF object without a target that is a program type"},
		{"inline", ret, ebpfelf.Object{Target: ebpfgen.Inline(ebpfgen.Registers{})}, "no ELF object without a target that is a program type"},
		{"empty", nil, ebpfelf.Object{Target: ebpfgen.XDP}, "a program needs instructions"},
		{"name", ret, ebpfelf.Object{Target: ebpfgen.XDP, Name: "4all"}, `program name "4all" is no C identifier of at most 127 bytes`},
		{"long name", ret, ebpfelf.Object{Target: ebpfgen.XDP, Name: strings.Repeat("n", 128)}, "is no C identifier of at most 127 bytes"},
		{"section", ret, ebpfelf.Object{Target: ebpfgen.XDP, Section: "xdp\x00"}, `"xdp\x00" has a zero byte, which ends a string in ELF`},
		{"map", asm.Instructions{asm.LoadMapPtr(asm.R0, 3), asm.Return()}, ebpfelf.Object{Target: ebpfgen.XDP}, "instruction 0 uses a map, which the object cannot have"},
		{"function", asm.Instructions{asm.Call.Label("f"), asm.Return()}, ebpfelf.Object{Target: ebpfgen.XDP}, "instruction 0 uses function f, which the object cannot have"},
		{"kernel function", asm.Instructions{{OpCode: asm.Call.Label("f").OpCode, Src: asm.PseudoKfuncCall, Constant: 7}, asm.Return()}, ebpfelf.Object{Target: ebpfgen.SocketFilter},
			"instruction 0 calls a function of one kernel (access rdonly_cast), which the object cannot have"},
		{"no such symbol", asm.Instructions{asm.Ja.Label("out"), asm.Return()}, ebpfelf.Object{Target: ebpfgen.XDP}, `program filter: Ja at insn 0: symbol "out": unsatisfied program reference`},
	}
	for _, test := range tests {
		var b bytes.Buffer
		err := ebpfelf.Write(&b, test.insns, test.o)
		if err == nil || !strings.Contains(err.Error(), test.want) || b.Len() > 0 {
			t.Errorf("%s: got %v and %d bytes, want %s", test.name, err, b.Len(), test.want)
		}
	}
}
