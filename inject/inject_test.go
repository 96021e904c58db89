package inject_test

import (
	"errors"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/inject"
)

// stubbed is a program that calls a stub, as clang makes it.
func stubbed() asm.Instructions {
	return asm.Instructions{
		asm.Mov.Imm(asm.R0, 0).WithSymbol("main"),
		asm.Call.Label("filter"),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("filter"),
		asm.JEq.Reg(asm.R4, asm.R5, "out"),
		asm.JNE.Reg(asm.R1, asm.R2, "out"),
		asm.JNE.Reg(asm.R2, asm.R3, "out"),
		asm.Mov.Imm(asm.R0, 1),
		asm.Return().WithSymbol("out"),
	}
}

// The instructions are those of an ebpf.ProgramSpec.
func ExampleInject() {
	program := stubbed()
	injected, err := inject.Inject("tcp dst port 443", program, inject.Options{
		AtBpf2Bpf:        "filter",
		PacketAccessMode: inject.BpfProbeReadKernel,
		L2Skb:            true,
	})
	if errors.Is(err, inject.ErrRejectsAll) {
		log.Fatal("no packet is that")
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(injected) > len(program))
	// Output: true
}

func TestErrors(t *testing.T) {
	at := inject.Options{AtBpf2Bpf: "filter"}
	for _, test := range []struct {
		filter  string
		options inject.Options
		want    string
	}{
		{"ip and ip6", at, "function filter: filter rejects all packets"},
		{"arp", at, "function filter: filter rejects all packets"}, // at the network layer
		{"tpc port 22", at, "1:1: unknown protocol \"tpc\""},
		{"host www.example.org", at, "1:6: "}, // no resolver
		{"ip", inject.Options{AtBpf2Bpf: "other"}, "function other: the program has no such function"},
		{"ip", inject.Options{AtBpf2Bpf: "filter", PacketAccessMode: 3}, "no mode 3"},
		{inject.RejectAllExpr, inject.Options{AtBpf2Bpf: "other"}, "no such function"},
	} {
		insns, err := inject.Inject(test.filter, stubbed(), test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) || insns != nil {
			t.Errorf("%q: %v, want %q", test.filter, err, test.want)
		}
		if strings.HasSuffix(test.want, "all packets") != errors.Is(err, inject.ErrRejectsAll) {
			t.Errorf("%q: %v is or is not ErrRejectsAll", test.filter, err)
		}
		var list expr.ErrorList
		if strings.HasPrefix(test.want, "1:") != errors.As(err, &list) {
			t.Errorf("%q: %v has or lacks a place", test.filter, err)
		}
	}
	if _, err := inject.InjectBoth("ether host 2:0:0:0:0:1", stubbed(), "filter", "filter", inject.Options{}); err == nil || !strings.Contains(err.Error(), "link type RAW") {
		t.Errorf("an Ethernet address at the network layer: %v", err)
	}
}
