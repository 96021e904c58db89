package ebpfelf_test

import (
	"bytes"
	"debug/elf"
	"fmt"
	"log"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfelf"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/linktype"
)

// An object for `tc filter add dev eth0 ingress bpf direct-action obj dns.o`: what is not DNS is dropped.
func ExampleWrite() {
	const text = "udp port 53 or tcp port 53"
	target := ebpfgen.SchedCLS
	f := gofilter.MustCompile(text, gofilter.Config{LinkType: linktype.Ethernet, View: target.View()})
	insns, err := ebpfgen.Generate(f.IR(), target, ebpfgen.Options{Verdict: &ebpfgen.TCDirectAction})
	if err != nil {
		log.Fatal(err)
	}
	var object bytes.Buffer
	if err := ebpfelf.Write(&object, insns, ebpfelf.Object{Target: target, Name: "dns", Source: text}); err != nil {
		log.Fatal(err)
	}
	file, err := elf.NewFile(bytes.NewReader(object.Bytes()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Machine)
	for _, s := range file.Sections[1:] {
		fmt.Println(s.Name)
	}
	// Output:
	// EM_BPF
	// classifier
	// license
	// .BTF
	// .BTF.ext
	// .symtab
	// .strtab
}
