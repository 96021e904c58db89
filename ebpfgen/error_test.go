package ebpfgen_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

func marshal(t *testing.T, f *ir.Func, target ebpfgen.Target, o ebpfgen.Options) []byte {
	t.Helper()
	insns, err := ebpfgen.Generate(f, target, o)
	if err != nil {
		t.Fatalf("%v\n%s", err, f)
	}
	var buf bytes.Buffer
	order := o.ByteOrder
	if order == nil {
		order = binary.NativeEndian
	}
	if err := insns.Marshal(&buf, order); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const acceptAll = `func linktype=EN10MB view=VIEW snaplen=262144 ""
b0:
	accept
`

const vlanPresent = `func linktype=EN10MB view=VIEW snaplen=262144 ""
b0:
	v1 = meta vlan_present
	if eq v1 1 -> b1, b2
b1:
	accept
b2:
	reject
`

func TestUnsupported(t *testing.T) {
	tests := []struct {
		name   string
		text   string
		target ebpfgen.Target
		o      ebpfgen.Options
		want   string
	}{
		{"no target", acceptAll, ebpfgen.Target{}, ebpfgen.Options{}, "target none: no target was given"},
		{"other view", strings.ReplaceAll(acceptAll, "VIEW", "file"), ebpfgen.SchedCLS, ebpfgen.Options{},
			"target tc: needs a filter for view tc, not file"},
		{"other view of two", strings.ReplaceAll(acceptAll, "VIEW", "tc"), ebpfgen.XDP, ebpfgen.Options{},
			"target xdp: needs a filter for view xdp or file, not tc"},
		{"metadatum", vlanPresent, ebpfgen.XDP, ebpfgen.Options{}, "target xdp: has no metadatum vlan_present"},
		{"access", acceptAll, ebpfgen.SocketFilter, ebpfgen.Options{Access: ebpfgen.AccessDirect},
			"target socket: has no access direct"},
		{"access that needs a kernel", acceptAll, ebpfgen.SocketFilter, ebpfgen.Options{Access: ebpfgen.AccessRdonlyCast},
			"target socket: access rdonly_cast needs facts about one kernel"},
		{"unknown access", acceptAll, ebpfgen.SocketFilter, ebpfgen.Options{Access: 77},
			"target socket: has no access access(77)"},
		{"implicit return", acceptAll, ebpfgen.SchedCLS,
			ebpfgen.Options{Access: ebpfgen.AccessLdAbs, Verdict: &ebpfgen.TCDirectAction},
			"target tc: access ldabs rejects with 0, not with 2"},
		{"old kernel", acceptAll, ebpfgen.SocketFilter, ebpfgen.Options{Version: ebpfgen.Version{Major: 4, Minor: 19}},
			"target socket: needs Linux 5.1, not 4.19"},
		{"old kernel for frames in pieces", acceptAll, ebpfgen.XDPFrags, ebpfgen.Options{Version: ebpfgen.Version{Major: 5, Minor: 10}},
			"target xdp.frags: needs Linux 5.18, not 5.10"},
		{"old kernel for access", acceptAll, ebpfgen.XDP, ebpfgen.Options{Version: ebpfgen.Version{Major: 5, Minor: 10}, Access: ebpfgen.AccessLoadBytes},
			"target xdp: access helper needs Linux 5.18, not 5.10"},
		{"one verdict", acceptAll, ebpfgen.XDP, ebpfgen.Options{Verdict: &ebpfgen.Verdict{Accept: 2, Reject: 2}},
			"target xdp: accept and reject are both 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			view := test.target
			if test.name == "no target" {
				view = ebpfgen.XDP
			}
			_, err := ebpfgen.Generate(parse(t, test.text, view), test.target, test.o)
			var unsupported *ebpfgen.UnsupportedError
			if !errors.As(err, &unsupported) {
				t.Fatalf("got %v", err)
			}
			if err.Error() != test.want {
				t.Errorf("got %q, want %q", err, test.want)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	f := parse(t, tcpPort22, ebpfgen.XDP)
	_, err := ebpfgen.Generate(f, ebpfgen.XDP, ebpfgen.Options{MaxInstructions: 20})
	var limit *ebpfgen.LimitError
	if !errors.As(err, &limit) || limit.Max != 20 || limit.Have != 29 {
		t.Errorf("got %v", err)
	}
	if _, err := ebpfgen.Generate(compares(40000, ir.Set), ebpfgen.XDP, ebpfgen.Options{}); !errors.As(err, &limit) || limit.Max != 32767 {
		t.Errorf("got %v", err)
	}
}

// TestPending finds the limit on tests in a row where the kernel does.
func TestPending(t *testing.T) {
	const fits = 8191 // and one guard
	insns, err := ebpfgen.Generate(compares(fits, ir.Set), ebpfgen.XDP, ebpfgen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var limit *ebpfgen.LimitError
	if _, err := ebpfgen.Generate(compares(fits+1, ir.Set), ebpfgen.XDP, ebpfgen.Options{}); !errors.As(err, &limit) || limit.Have != 8193 {
		t.Errorf("got %v", err)
	}
	kernelrun.Require(t)
	p, err := kernelrun.Load(ebpfgen.XDP, insns, ebpfgen.XDP.Verdict(1, ebpfgen.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
}

// TestLdAbsRange finds the range of jumps over LD_ABS. That the kernel finds it
// at the same place is tested in long runs only: it takes seconds to load such a program.
func TestLdAbsRange(t *testing.T) {
	o := ebpfgen.Options{Access: ebpfgen.AccessLdAbs}
	for relative, fits := range map[bool]int{false: 4682, true: 4096} {
		if _, err := ebpfgen.Generate(loads(fits, relative), ebpfgen.SocketFilter, o); err != nil {
			t.Errorf("relative %v, %d loads: %v", relative, fits, err)
		}
		var limit *ebpfgen.LimitError
		if _, err := ebpfgen.Generate(loads(fits+1, relative), ebpfgen.SocketFilter, o); !errors.As(err, &limit) {
			t.Errorf("relative %v, %d loads: got %v", relative, fits+1, err)
		}
		if os.Getenv(funcsEnv) == "" {
			continue
		}
		kernelrun.Require(t)
		for n, want := range map[int]bool{fits: true, fits + 1: false} {
			p, err := kernelrun.Load(ebpfgen.SocketFilter, unlimited(n, relative), ebpfgen.Verdict{Accept: 1})
			if (err == nil) != want {
				t.Errorf("relative %v, %d loads: kernel says %v", relative, n, err)
			}
			if err == nil {
				p.Close()
			}
		}
	}
}

// unlimited returns the program of a filter that loads makes, as Generate would if
// there were no limits.
func unlimited(n int, relative bool) asm.Instructions {
	insns := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	if relative {
		insns = append(insns, asm.LoadAbs(0, asm.Byte), asm.Mov.Reg32(asm.R7, asm.R0))
	}
	for i := range n {
		if relative {
			insns = append(insns, asm.LoadInd(asm.R0, asm.R7, 3, asm.Byte))
		} else {
			insns = append(insns, asm.LoadAbs(3, asm.Byte))
		}
		if i < n-1 {
			insns = append(insns, asm.JGT.Imm32(asm.R0, 5, "accept"))
		} else {
			insns = append(insns, asm.JLE.Imm32(asm.R0, 5, "reject"))
		}
	}
	return append(insns,
		asm.Mov.Imm32(asm.R0, 1).WithSymbol("accept"), asm.Return(),
		asm.Mov.Imm32(asm.R0, 0).WithSymbol("reject"), asm.Return())
}

// loads returns a filter that loads and tests n bytes, relative to the first byte or to
// the packet's start.
func loads(n int, relative bool) *ir.Func {
	f := &ir.Func{LinkType: "EN10MB", View: ir.ViewSocket, Snaplen: 1}
	b := f.AddBlock()
	base := ir.None
	if relative {
		base = f.Load(b, ir.Byte, ir.None, 0)
	}
	yes, no := f.AddBlock(), f.AddBlock()
	f.Accept(yes)
	f.Reject(no)
	for i := range n {
		next := no
		if i < n-1 {
			next = f.AddBlock()
		}
		f.If(b, ir.Gt, f.Load(b, ir.Byte, base, 3), f.Const(5), yes, next)
		b = next
	}
	if err := f.Sort(); err != nil {
		panic(err)
	}
	f.Compact()
	return f
}

// compares returns a filter that tests one word with n numbers in turn.
func compares(n int, cond ir.Cond) *ir.Func {
	f := &ir.Func{LinkType: "EN10MB", View: ir.ViewXDP, Snaplen: 1}
	b := f.AddBlock()
	v := f.Load(b, ir.Word, ir.None, 26)
	yes, no := f.AddBlock(), f.AddBlock()
	f.Accept(yes)
	f.Reject(no)
	for i := range n {
		next := no
		if i < n-1 {
			next = f.AddBlock()
		}
		f.If(b, cond, v, f.Const(uint32(0x0a000000+i)), yes, next)
		b = next
	}
	if err := f.Sort(); err != nil {
		panic(err)
	}
	return f
}

func TestNames(t *testing.T) {
	for _, target := range ebpfgen.Targets() {
		if got, ok := ebpfgen.LookupTarget(target.String()); !ok || got != target {
			t.Errorf("target %s is not found by its name", target)
		}
		for _, a := range target.AccessOn(&testKernel) {
			if got, ok := ebpfgen.LookupAccess(a.String()); !ok || got != a {
				t.Errorf("access %s is not found by its name", a)
			}
		}
		if target.ProgramType() == "" || target.Oldest() == (ebpfgen.Version{}) {
			t.Errorf("target %s: row is not complete", target)
		}
	}
	if _, ok := ebpfgen.LookupTarget("lwt"); ok {
		t.Error("found target lwt")
	}
	if _, ok := ebpfgen.LookupAccess("dynptr"); ok {
		t.Error("found access dynptr")
	}
}
