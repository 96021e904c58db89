package ebpfgen_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
)

// caller is a program with two functions, the first of which has a jump to a symbol.
func caller() asm.Instructions {
	return asm.Instructions{
		asm.Mov.Imm(asm.R1, 0).WithSymbol("main"),
		asm.Mov.Imm(asm.R2, 0),
		asm.Call.Label("stub"),
		asm.Call.Label("other"),
		asm.Return(),
		asm.JEq.Imm(asm.R1, 0, "b1").WithSymbol("stub"),
		asm.Mov.Imm(asm.R0, 5),
		asm.Mov.Imm(asm.R0, 6).WithSymbol("b1"),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 7).WithSymbol("other"),
		asm.Return(),
	}
}

// TestInjectSplices compares what is around the filter.
func TestInjectSplices(t *testing.T) {
	f := parse(t, tcpPort22, ebpfgen.XDP)
	for contract, body := range map[ebpfgen.Contract]int{ebpfgen.StubReturns: 0, ebpfgen.StubCompares: 4} {
		in := caller()
		// As package asm leaves it when it has resolved the call.
		in[2].Constant = 2
		out, err := ebpfgen.Inject(in, ebpfgen.Stub{Symbol: "stub", Filter: f, Contract: contract})
		if err != nil {
			t.Fatal(err)
		}
		offsets, err := out.SymbolOffsets()
		if err != nil {
			t.Fatal(err)
		}
		if offsets["main"] != 0 || offsets["stub"] != 5 || offsets["other"] != len(out)-2 {
			t.Errorf("contract %d: symbols %v in\n%v", contract, offsets, out)
		}
		if out[2].Reference() != "stub" || out[2].Constant != -1 {
			t.Errorf("contract %d: call %v", contract, out[2])
		}
		tail := out[len(out)-2-body : len(out)-2]
		if body > 0 && (tail[0].Reference() != "b1" || tail[0].Symbol() != "" || tail[2].Symbol() != "b1") {
			t.Errorf("contract %d: the function's instructions are\n%v", contract, tail)
		}
		for _, ins := range out {
			if ins.Source() != nil {
				t.Errorf("contract %d: words in a program without line information: %v", contract, ins)
			}
		}
	}
}

// TestInjectRefuses has what cannot be injected.
func TestInjectRefuses(t *testing.T) {
	good := parse(t, tcpPort22, ebpfgen.XDP)
	vlan := parse(t, vlanPresent, ebpfgen.SchedCLS)
	insns := caller()
	nameless := caller()
	nameless[2] = nameless[2].WithReference("")
	mapped := append(caller()[:5:5], asm.LoadMapPtr(asm.R1, 3).WithSymbol("stub"), asm.Return())
	unsupported := new(*ebpfgen.UnsupportedError)
	limit := new(*ebpfgen.LimitError)
	tests := []struct {
		name  string
		insns asm.Instructions
		stub  ebpfgen.Stub
		want  string
		is    any
	}{
		{"no function", insns, ebpfgen.Stub{Symbol: "stubs", Filter: good}, "function stubs: the program has no such function", nil},
		{"no filter", insns, ebpfgen.Stub{Symbol: "stub"}, "function stub: no filter was given", nil},
		{"call without name", nameless, ebpfgen.Stub{Symbol: "stub", Filter: good}, "instruction 2 refers to a function without its name", nil},
		{"map", mapped, ebpfgen.Stub{Symbol: "stub", Filter: good, Contract: ebpfgen.StubCompares}, "function stub: it does not begin as a stub", nil},
		{"contract", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Contract: 7}, "function stub: no contract 7 with arguments 0", nil},
		{"arguments", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Arguments: 7}, "function stub: no contract 0 with arguments 7", nil},
		{"metadata", insns, ebpfgen.Stub{Symbol: "stub", Filter: vlan}, "function stub: target pointers: has no metadatum vlan_present", unsupported},
		{"raw metadata", insns, ebpfgen.Stub{Symbol: "stub", Filter: vlan, Arguments: ebpfgen.RawPointers}, "function stub: target raw pointers: has no metadatum vlan_present", unsupported},
		{"access", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Options: ebpfgen.Options{Access: ebpfgen.AccessLoadBytes}}, "function stub: target pointers: has no access helper", unsupported},
		{"raw access", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Arguments: ebpfgen.RawPointers, Options: ebpfgen.Options{Access: ebpfgen.AccessDirect}},
			"function stub: target raw pointers: has no access direct", unsupported},
		{"no target", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Arguments: ebpfgen.Context}, "function stub: target none: the context is of no target", unsupported},
		{"view", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Arguments: ebpfgen.Context, Target: ebpfgen.SchedCLS}, "function stub: target tc: needs a filter for view", unsupported},
		{"verdict", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Options: ebpfgen.Options{Verdict: &ebpfgen.TCDirectAction}}, "function stub: target pointers: a stub's verdict is 1 or 0", unsupported},
		{"length", insns, ebpfgen.Stub{Symbol: "stub", Filter: good, Options: ebpfgen.Options{MaxInstructions: 5}}, "function stub: program too large", limit},
	}
	for _, test := range tests {
		out, err := ebpfgen.Inject(test.insns, test.stub)
		if err == nil || !strings.Contains(err.Error(), test.want) || out != nil {
			t.Errorf("%s: got %v, %v, want %s", test.name, out, err, test.want)
			continue
		}
		if test.is != nil && !errors.As(err, test.is) {
			t.Errorf("%s: %T", test.name, errors.Unwrap(err))
		}
	}
}

// TestProbeLength reads the packet's length by raw pointers.
func TestProbeLength(t *testing.T) {
	f, err := ir.Parse("func linktype=EN10MB view=xdp snaplen=1 \"len\"\nb0:\n\tv1 = len\n\tif gt v1 60 -> b1, b2\nb1:\n\taccept\nb2:\n\treject\n")
	if err != nil {
		t.Fatal(err)
	}
	out, err := ebpfgen.Inject(caller(), ebpfgen.Stub{Symbol: "stub", Filter: f, Arguments: ebpfgen.RawPointers})
	if err != nil {
		t.Fatal(err)
	}
	for _, ins := range out[5:] {
		if ins.IsBuiltinCall() {
			t.Errorf("a call for the length:\n%v", out)
		}
	}
}
