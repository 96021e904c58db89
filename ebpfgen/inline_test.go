package ebpfgen_test

import (
	"errors"
	"math/rand"
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

// host returns an XDP program around inline filters that passes the packets that all
// of them accept.
func host(t *testing.T, regs []ebpfgen.Registers, fs ...*ir.Func) asm.Instructions {
	t.Helper()
	prog := asm.Instructions{
		asm.Mov.Reg(asm.R9, asm.R1),
		asm.Mov.Imm(asm.R1, 0x55),
		asm.StoreMem(asm.RFP, -8, asm.R1, asm.DWord),
	}
	for i, f := range fs {
		r := regs[i]
		insns, err := ebpfgen.Generate(f, ebpfgen.Inline(r), ebpfgen.Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, f)
		}
		prog = append(prog,
			asm.LoadMem(r.Data, asm.R9, 0, asm.Word),
			asm.LoadMem(r.End, asm.R9, 4, asm.Word))
		prog = append(prog, insns...)
		prog = append(prog, asm.JEq.Imm(r.Result, 0, "drop").WithSymbol(r.Done))
	}
	for i := range prog {
		prog[i] = prog[i].WithSource(nil) // the whole program would need line information
	}
	return append(prog,
		asm.LoadMem(asm.R0, asm.RFP, -8, asm.DWord),
		asm.JNE.Imm(asm.R0, 0x55, "drop"),
		asm.Mov.Imm(asm.R0, 2),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 1).WithSymbol("drop"),
		asm.Return())
}

// TestInline runs two filters in one program, with many and with few registers.
func TestInline(t *testing.T) {
	kernelrun.Require(t)
	regs := []ebpfgen.Registers{
		{Data: asm.R7, End: asm.R8, Result: asm.R0, StackOffset: 8, Done: "first", Prefix: "one.",
			Working: []asm.Register{asm.R0, asm.R1, asm.R2, asm.R3, asm.R4, asm.R5, asm.R6}},
		{Data: asm.R3, End: asm.R2, Result: asm.R5, StackOffset: 16, Done: "second", Prefix: "two.",
			Working: []asm.Register{asm.R8, asm.R1, asm.R5}},
	}
	r := rand.New(rand.NewSource(7))
	accepted := 0
	for range 150 {
		pkt := randomPacket(r, 20+r.Intn(80))
		var fs []*ir.Func
		for len(fs) < len(regs) {
			if f := randomFunc(r, ebpfgen.XDP, 2+r.Intn(25), pkt); !hasMeta(f) {
				fs = append(fs, f)
			}
		}
		prog := host(t, regs, fs...)
		p, err := kernelrun.Load(ebpfgen.XDP, prog, ebpfgen.XDP.Verdict(1, ebpfgen.Options{}))
		if err != nil {
			t.Fatalf("%v\n%s\n%s\n%v", err, fs[0], fs[1], prog)
		}
		for n := len(pkt); n >= 14; n-- {
			cut := pkt[:n]
			got, err := p.Match(cut)
			if err != nil {
				t.Fatal(err)
			}
			if want := ir.Eval(fs[0], cut, nil) != 0 && ir.Eval(fs[1], cut, nil) != 0; got != want {
				t.Fatalf("%x: kernel says %v, Eval %v\n%s\n%s\n%v", cut, got, want, fs[0], fs[1], prog)
			}
			if got {
				accepted++
			}
		}
		p.Close()
	}
	if accepted == 0 {
		t.Error("no packet was accepted")
	}
}

func hasMeta(f *ir.Func) bool {
	for id := range f.Values {
		if f.Values[id].Op == ir.OpMeta {
			return true
		}
	}
	return false
}

func TestInlineRefuses(t *testing.T) {
	good := ebpfgen.Registers{Data: asm.R6, End: asm.R7, Result: asm.R0, Done: "done", Working: []asm.Register{asm.R0, asm.R1, asm.R2}}
	tests := []struct {
		name   string
		change func(r *ebpfgen.Registers)
		want   string
	}{
		{"few registers", func(r *ebpfgen.Registers) { r.Working = r.Working[1:] }, "target inline: needs 3 working registers, not 2"},
		{"no symbol", func(r *ebpfgen.Registers) { r.Done = "" }, "target inline: needs a symbol to go on with"},
		{"one register for both ends", func(r *ebpfgen.Registers) { r.End = asm.R6 }, "target inline: r6 cannot be the packet's end"},
		{"frame pointer", func(r *ebpfgen.Registers) { r.Data = asm.R10 }, "target inline: rfp cannot be the packet's start"},
		{"result in data", func(r *ebpfgen.Registers) { r.Result = asm.R6 }, "target inline: r6 cannot be the result"},
		{"working twice", func(r *ebpfgen.Registers) { r.Working = append(r.Working, asm.R1) }, "target inline: r1 cannot be a working register"},
		{"stack offset", func(r *ebpfgen.Registers) { r.StackOffset = 12 }, "target inline: stack offset 12 is not a multiple of 8 from 0 to 512"},
	}
	f := parse(t, tcpPort22, ebpfgen.XDP)
	if _, err := ebpfgen.Generate(f, ebpfgen.Inline(good), ebpfgen.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		r := good
		r.Working = append([]asm.Register(nil), good.Working...)
		test.change(&r)
		_, err := ebpfgen.Generate(f, ebpfgen.Inline(r), ebpfgen.Options{})
		var unsupported *ebpfgen.UnsupportedError
		if !errors.As(err, &unsupported) || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
	_, err := ebpfgen.Generate(parse(t, vlanPresent, ebpfgen.SchedCLS), ebpfgen.Inline(good), ebpfgen.Options{})
	if err == nil || err.Error() != "target inline: has no metadatum vlan_present" {
		t.Errorf("got %v", err)
	}
}
