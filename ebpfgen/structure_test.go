package ebpfgen_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
)

// budget is how many instructions "ip and tcp port 22" may take: all, and
// those of the body that nearly every packet is decided in.
var budget = map[string][2]int{
	"socket/helper":      {73, 33},
	"socket/ldabs":       {19, 19},
	"socket/rdonly_cast": {79, 36},
	"tc/direct":          {69, 26},
	"tc/helper":          {73, 33},
	"tc/ldabs":           {19, 19},
	"xdp/direct":         {29, 29},
	"xdp/helper":         {73, 33},
	"xdp.frags/direct":   {67, 26},
	"xdp.frags/helper":   {73, 33},
	"cgroup/direct":      {69, 26},
	"cgroup/helper":      {73, 33},
}

func TestBudget(t *testing.T) {
	forEachAccess(t, func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access) {
		insns, err := ebpfgen.Generate(parse(t, tcpPort22, target), target, ebpfgen.Options{Access: a, Kernel: &testKernel})
		if err != nil {
			t.Fatal(err)
		}
		first := len(insns)
		if offsets, err := insns.SymbolOffsets(); err != nil {
			t.Fatal(err)
		} else if slow, ok := offsets["slow"]; ok {
			first = slow
		}
		t.Logf("%d instructions, %d in the first body", len(insns), first)
		want, ok := budget[fmt.Sprintf("%s/%s", target, a)]
		if !ok {
			t.Fatal("no budget")
		}
		if len(insns) > want[0] || first > want[1] {
			t.Errorf("budget is %d and %d\n%s", want[0], want[1], ebpfgen.Format(insns, ""))
		}
	})
}

// TestStructure checks what the verifier asks of any program, without a kernel:
// every instruction is reached, jumps lead forward to other places than the
// next instruction, the last instruction leaves, and no instruction is newer
// than the oldest kernel.
func TestStructure(t *testing.T) {
	forEachAccess(t, func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access) {
		r := rand.New(rand.NewSource(2))
		for range 300 {
			pkt := randomPacket(r, 20+r.Intn(60))
			f := randomFunc(r, target, 2+r.Intn(40), pkt)
			insns, err := ebpfgen.Generate(f, target, ebpfgen.Options{Access: a, Kernel: &testKernel})
			if err != nil {
				t.Fatalf("%v\n%s", err, f)
			}
			if err := structure(insns); err != nil {
				t.Fatalf("%v\n%s\n%s", err, f, ebpfgen.Format(insns, ""))
			}
		}
	})
}

func structure(insns asm.Instructions) error {
	at, err := insns.SymbolOffsets()
	if err != nil {
		return err
	}
	referenced := make(map[string]bool)
	reached := make([]bool, len(insns)+1)
	reached[0] = true
	for i, ins := range insns {
		if !reached[i] {
			return fmt.Errorf("instruction %d is not reached", i)
		}
		op := ins.OpCode
		if op.Class().IsJump() && op.JumpOp() == asm.Exit {
			continue
		}
		if ref := ins.Reference(); ref != "" {
			referenced[ref] = true
			to, ok := at[ref]
			if !ok {
				return fmt.Errorf("instruction %d: no symbol %s", i, ref)
			}
			if to <= i+1 {
				return fmt.Errorf("instruction %d: jump by %d", i, to-i-1)
			}
			reached[to] = true
			if op.JumpOp() == asm.Ja {
				continue
			}
		}
		reached[i+1] = true
	}
	if reached[len(insns)] {
		return fmt.Errorf("the program runs past its end")
	}
	for sym := range at {
		if !referenced[sym] {
			return fmt.Errorf("nothing leads to symbol %s", sym)
		}
	}
	return nil
}

// TestDeterminism generates twice and compares bytes, and compares both byte
// orders for length.
func TestDeterminism(t *testing.T) {
	forEachAccess(t, func(t *testing.T, target ebpfgen.Target, a ebpfgen.Access) {
		r := rand.New(rand.NewSource(3))
		for range 50 {
			f := randomFunc(r, target, 2+r.Intn(40), randomPacket(r, 60))
			o := ebpfgen.Options{Access: a, Kernel: &testKernel, ByteOrder: binary.LittleEndian}
			if one, two := marshal(t, f.Clone(), target, o), marshal(t, f.Clone(), target, o); !bytes.Equal(one, two) {
				t.Fatalf("two programs of one filter\n%s", f)
			}
			o.ByteOrder = binary.BigEndian
			marshal(t, f, target, o)
		}
	})
}

func TestFormat(t *testing.T) {
	f := parse(t, tcpPort22, ebpfgen.XDP)
	insns, err := ebpfgen.Generate(f, ebpfgen.XDP, ebpfgen.Options{ByteOrder: binary.LittleEndian})
	if err != nil {
		t.Fatal(err)
	}
	const want = `; ip and tcp port 22
   0: r2 = *(u32 *)(r1 +0)                  ; ip and tcp port 22
   1: r3 = *(u32 *)(r1 +4)
   2: r0 = r2                               ; ip
   3: r0 += 24                              ; ip
   4: if r0 > r3 goto reject                ; ip
   5: r0 = *(u16 *)(r2 +12)                 ; ip
   6: if w0 != 8 goto reject                ; ip
   7: r0 = *(u8 *)(r2 +23)                  ; tcp port 22
   8: if w0 != 6 goto reject                ; tcp port 22
   9: r0 = *(u16 *)(r2 +20)                 ; tcp port 22
  10: if w0 & 0xff1f goto reject            ; tcp port 22
  11: r5 = *(u8 *)(r2 +14)                  ; tcp port 22
  12: w5 &= 0xf                             ; tcp port 22
  13: w5 <<= 2                              ; tcp port 22
  14: r5 += r2                              ; tcp port 22
  15: r0 = r5                               ; tcp port 22
  16: r0 += 16                              ; tcp port 22
  17: if r0 > r3 goto reject                ; tcp port 22
  18: r0 = *(u16 *)(r5 +14)                 ; tcp port 22
  19: if w0 == 0x1600 goto accept           ; tcp port 22
  20: r0 = r5                               ; tcp port 22
  21: r0 += 18                              ; tcp port 22
  22: if r0 > r3 goto reject                ; tcp port 22
  23: r0 = *(u16 *)(r5 +16)                 ; tcp port 22
  24: if w0 != 0x1600 goto reject           ; tcp port 22
accept:
  25: w0 = 2
  26: exit
reject:
  27: w0 = 1
  28: exit
`
	if got := ebpfgen.Format(insns, f.Source); got != want {
		t.Errorf("got\n%s", got)
	}
}

// depth returns the number of instructions on the longest path.
func depth(t *testing.T, insns asm.Instructions) int {
	t.Helper()
	at, err := insns.SymbolOffsets()
	if err != nil {
		t.Fatal(err)
	}
	longest := make([]int, len(insns)+1)
	for i := len(insns) - 1; i >= 0; i-- {
		if op := insns[i].OpCode; !op.Class().IsJump() || op.JumpOp() != asm.Exit && op.JumpOp() != asm.Ja {
			longest[i] = longest[i+1]
		}
		if ref := insns[i].Reference(); ref != "" {
			longest[i] = max(longest[i], longest[at[ref]])
		}
		longest[i]++
	}
	return longest[0]
}

// TestRdonlyPrologue looks at what a program for one kernel knows of it.
func TestRdonlyPrologue(t *testing.T) {
	insns, err := ebpfgen.Generate(parse(t, tcpPort22, ebpfgen.SocketFilter), ebpfgen.SocketFilter, ebpfgen.Options{Kernel: &testKernel})
	if err != nil {
		t.Fatal(err)
	}
	text := ebpfgen.Format(insns, "")
	for _, want := range []string{
		"call kernel function 1001", "r8 = *(u32 *)(r0 +112)", "r2 = *(u32 *)(r0 +116)", "r1 = *(u64 *)(r0 +200)", "call kernel function 1002",
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q is not there once\n%s", want, text)
		}
	}
	plain, err := ebpfgen.Generate(parse(t, tcpPort22, ebpfgen.SocketFilter), ebpfgen.SocketFilter, ebpfgen.Options{})
	if err != nil || strings.Contains(ebpfgen.Format(plain, ""), "kernel function") {
		t.Errorf("a kernel of which nothing is known: %v\n%s", err, ebpfgen.Format(plain, ""))
	}
}

// TestLongWords: the string of words has a length that no list of thousands makes longer.
func TestLongWords(t *testing.T) {
	for _, text := range []string{"", "tcp\nport 22", strings.Repeat("host 10.0.0.1 or ", 5000), strings.Repeat("é", 500), strings.Repeat("x", ebpfgen.MaxWords)} {
		s := ebpfgen.Words{Text: text}.String()
		if len(s) > ebpfgen.MaxWords || strings.ContainsAny(s, "\n\t") || !utf8.ValidString(s) {
			t.Errorf("%.20q gives %d bytes, %q", text, len(s), s)
		}
		if long := len(text) > ebpfgen.MaxWords; long != strings.Contains(s, " ... ") {
			t.Errorf("%.20q gives %q", text, s)
		}
	}
}
