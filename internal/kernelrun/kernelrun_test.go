package kernelrun_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

// compares loads a program that accepts where a member of the context has a value.
func compares(t *testing.T, target ebpfgen.Target, off int16, value uint32) *kernelrun.Program {
	t.Helper()
	p, err := kernelrun.Load(target, asm.Instructions{
		asm.LoadMem(asm.R1, asm.R1, off, asm.Word),
		asm.Mov.Imm(asm.R0, 1),
		asm.JEq.Imm32(asm.R1, int32(value), "out"),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return().WithSymbol("out"),
	}, ebpfgen.Verdict{Accept: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMetadata compares Metadata with what programs read from the context.
func TestMetadata(t *testing.T) {
	kernelrun.Require(t)
	packets := map[string][]byte{
		"zeroes":     make([]byte, 60),
		"broadcast":  append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, make([]byte, 60)...),
		"multicast":  append([]byte{1, 0, 0x5e, 0, 0, 1}, make([]byte, 60)...),
		"other host": append([]byte{2, 0, 0, 0, 0, 1}, make([]byte, 60)...),
		"type":       append(make([]byte, 12), append([]byte{0x88, 0xb5}, make([]byte, 40)...)...),
		"novell":     append(make([]byte, 12), append([]byte{0, 40, 0xff, 0xff}, make([]byte, 40)...)...),
		"ip":         append([]byte{0x45}, make([]byte, 60)...),
		"ip6":        append([]byte{0x60}, make([]byte, 60)...),
		"short":      make([]byte, 15),
	}
	fields := map[string]struct {
		off int16
		get func(md *ir.Metadata) uint32
	}{
		"len":      {0, func(md *ir.Metadata) uint32 { return md.Len }},
		"pkt_type": {4, func(md *ir.Metadata) uint32 { return uint32(md.PacketType) }},
		"protocol": {16, func(md *ir.Metadata) uint32 { return uint32(md.Protocol>>8 | md.Protocol<<8) }},
		"ifindex":  {40, func(md *ir.Metadata) uint32 { return md.IfIndex }},
		"present":  {20, func(*ir.Metadata) uint32 { return 0 }},
	}
	tried := 0
	for _, target := range []ebpfgen.Target{ebpfgen.SocketFilter, ebpfgen.SchedCLS, ebpfgen.CgroupSKB} {
		meta := compares(t, target, 0, 0)
		defer meta.Close()
		for name, pkt := range packets {
			for field, row := range fields {
				want := row.get(meta.Metadata(pkt))
				p := compares(t, target, row.off, want)
				ok, err := p.Match(pkt)
				p.Close()
				if errors.Is(err, kernelrun.ErrSize) {
					continue
				}
				if err != nil || !ok {
					t.Errorf("%s, %s of %s: it is not %#x, %v", target, field, name, want, err)
				}
				tried++
			}
		}
	}
	if tried < 100 {
		t.Errorf("%d values compared", tried)
	}
}

func TestSizes(t *testing.T) {
	kernelrun.Require(t)
	for _, target := range ebpfgen.Targets() {
		if err := kernelrun.Lacks(target, ebpfgen.AccessDirect); err != nil {
			t.Log(err)
			continue
		}
		p, err := kernelrun.Load(target, asm.Instructions{asm.Mov.Imm32(asm.R0, 1), asm.Return()}, ebpfgen.Verdict{Accept: 1})
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		for n := range 3600 {
			ok, err := p.Match(make([]byte, n))
			switch {
			case errors.Is(err, kernelrun.ErrSize):
			case err != nil:
				t.Fatalf("%s: %d bytes: %v", target, n, err)
			case !ok:
				t.Fatalf("%s: %d bytes: rejected", target, n)
			default:
				taken++
			}
		}
		if taken < 3300 {
			t.Errorf("%s: takes %d sizes only", target, taken)
		}
		p.Close()
	}
}

func TestRefusal(t *testing.T) {
	kernelrun.Require(t)
	_, err := kernelrun.Load(ebpfgen.XDP, asm.Instructions{asm.Return()}, ebpfgen.Verdict{Accept: 1})
	if err == nil || !strings.Contains(err.Error(), "R0 !read_ok") {
		t.Errorf("got %v, want the verifier's words", err)
	}
}

func TestForeignVerdict(t *testing.T) {
	kernelrun.Require(t)
	p, err := kernelrun.Load(ebpfgen.SchedCLS, asm.Instructions{
		asm.LoadMem(asm.R0, asm.R1, 0, asm.Word), asm.Return(),
	}, ebpfgen.Verdict{Accept: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Match(make([]byte, 60)); err == nil {
		t.Error("60 is neither accept nor reject")
	}
}

// TestSplit asks a program how much of a frame is linear.
func TestSplit(t *testing.T) {
	kernelrun.Require(t)
	if err := kernelrun.Lacks(ebpfgen.XDPFrags, ebpfgen.AccessDirect); err != nil {
		t.Skip(err)
	}
	p, err := kernelrun.Load(ebpfgen.XDPFrags, asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, 0, asm.Word),
		asm.LoadMem(asm.R0, asm.R1, 4, asm.Word),
		asm.Sub.Reg(asm.R0, asm.R2),
		asm.Return(),
	}, ebpfgen.Verdict{Accept: 20, Reject: 34})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for n, want := range map[int]bool{20: true, 34: false} {
		got, err := p.MatchSplit(make([]byte, 100), n)
		if errors.Is(err, kernelrun.ErrSize) {
			t.Skip(err)
		}
		if got != want || err != nil {
			t.Errorf("%d bytes linear: %v, %v", n, got, err)
		}
	}
	if _, err := p.MatchSplit(make([]byte, 20), 20); !errors.Is(err, kernelrun.ErrSize) {
		t.Errorf("a frame in one piece: %v", err)
	}
}
