package ebpfgen_test

import (
	"errors"
	"testing"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

// sections returns a filter in which two edges carry a number each over n sections of
// arithmetic that ends in a choice: the stubs that set the number come behind all of them.
func sections(n int) *ir.Func {
	f := &ir.Func{LinkType: "EN10MB", View: ir.ViewXDP, Snaplen: 1}
	first, at := f.AddBlock(), f.AddBlock()
	x := f.Param(at)
	yes, no := f.AddBlock(), f.AddBlock()
	f.Accept(yes)
	f.Reject(no)
	f.If(first, ir.Eq, f.Load(first, ir.Byte, ir.None, 30), f.Const(1), at, at)
	f.Blocks[first].Succ[ir.True].Args = []ir.ValueID{f.Const(5)}
	f.Blocks[first].Succ[ir.False].Args = []ir.ValueID{f.Const(9)}
	for i := range n {
		for j := range 400 {
			x = f.Binary(at, ir.OpXor, f.Binary(at, ir.OpAdd, x, f.Const(uint32(i))), f.Const(uint32(j)))
		}
		one, other, next := f.AddBlock(), f.AddBlock(), f.AddBlock()
		f.If(at, ir.Gt, f.Binary(at, ir.OpAnd, x, f.Const(0xff)), f.Const(100), one, other)
		f.Jump(one, next, f.Binary(one, ir.OpAdd, x, f.Const(3)))
		f.Jump(other, next, f.Binary(other, ir.OpXor, x, f.Const(7)))
		at, x = next, f.Param(next)
	}
	f.If(at, ir.Set, x, f.Const(1), yes, no)
	if err := f.Sort(); err != nil {
		panic(err)
	}
	f.Compact()
	return f
}

// TestFarBack: jumps of stubs that lead back farther than a jump can are made in steps.
func TestFarBack(t *testing.T) {
	kernelrun.Require(t)
	f := sections(60)
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	insns, err := ebpfgen.Generate(f, ebpfgen.XDP, ebpfgen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(insns) < 40000 {
		t.Fatalf("%d instructions are no test", len(insns))
	}
	p, err := kernelrun.Load(ebpfgen.XDP, insns, ebpfgen.XDP.Verdict(f.Snaplen, ebpfgen.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pkt := make([]byte, 64)
	for n := range 2 {
		pkt[30] = byte(n)
		got, err := p.Match(pkt)
		if err != nil {
			t.Fatal(err)
		}
		if want := ir.Eval(f, pkt, &ir.Metadata{Len: 64}) != 0; got != want {
			t.Errorf("byte %d: %v, want %v", n, got, want)
		}
	}
}

// metadata returns a filter that asks for a metadatum of the context n times.
func metadata(n int) *ir.Func {
	f := &ir.Func{LinkType: "EN10MB", View: ir.ViewTC, Snaplen: 1}
	b := f.AddBlock()
	yes, no := f.AddBlock(), f.AddBlock()
	f.Accept(yes)
	f.Reject(no)
	for i := range n {
		next := no
		if i < n-1 {
			next = f.AddBlock()
		}
		f.If(b, ir.Gt, f.New(b, ir.Value{Op: ir.OpMeta, Meta: ir.MetaVLANPresent}), f.Const(uint32(i)), yes, next)
		b = next
	}
	if err := f.Sort(); err != nil {
		panic(err)
	}
	f.Compact()
	return f
}

// TestMetadataRange: the kernel makes several instructions of the load of a metadatum, which no
// jump may lead over that has no room for them.
func TestMetadataRange(t *testing.T) {
	const fits = 6554
	insns, err := ebpfgen.Generate(metadata(fits), ebpfgen.SchedCLS, ebpfgen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var limit *ebpfgen.LimitError
	if _, err := ebpfgen.Generate(metadata(fits+1), ebpfgen.SchedCLS, ebpfgen.Options{}); !errors.As(err, &limit) || limit.Max != 32767 {
		t.Errorf("got %v", err)
	}
	kernelrun.Require(t)
	p, err := kernelrun.Load(ebpfgen.SchedCLS, insns, ebpfgen.Verdict{Accept: 1})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
}
