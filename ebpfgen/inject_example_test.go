package ebpfgen_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A program has one stub for frames and one for packets without a link-layer header. Its instructions are
// those of an ebpf.ProgramSpec; here they stand in the text.
func ExampleInject() {
	program := asm.Instructions{
		asm.Mov.Imm(asm.R1, 0).WithSymbol("main"),
		asm.Mov.Imm(asm.R2, 0),
		asm.Call.Label("frame"),
		asm.Call.Label("packet"),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 1).WithSymbol("frame"),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 1).WithSymbol("packet"),
		asm.Return(),
	}
	const text = "tcp dst port 443"
	var stubs []ebpfgen.Stub
	for symbol, link := range map[string]linktype.Type{"frame": linktype.Ethernet, "packet": linktype.Raw} {
		f, err := gofilter.Compile(text, gofilter.Config{LinkType: link, View: ir.ViewFile})
		if err != nil {
			log.Fatal(err)
		}
		stubs = append(stubs, ebpfgen.Stub{Symbol: symbol, Filter: f.IR(), Arguments: ebpfgen.RawPointers})
	}
	injected, err := ebpfgen.Inject(program, stubs...)
	if errors.Is(err, ebpfgen.ErrRejectsAll) {
		log.Fatalf("no packet is %s", text)
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(injected) > len(program))
	// Output: true
}
