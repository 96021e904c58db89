package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// The program by hand accepts what the filter accepts that it is compared with.
func TestByHand(t *testing.T) {
	kernelrun.Require(t)
	f, err := gofilter.Compile(statFilter, gofilter.Config{LinkType: linktype.Ethernet})
	if err != nil {
		t.Fatal(err)
	}
	insns := append(sshByHand(), asm.Mov.Imm32(asm.R0, -1), asm.Return(),
		asm.Mov.Imm32(asm.R0, 0).WithSymbol("next"), asm.Return())
	p, err := kernelrun.Load(ebpfgen.SchedCLS, insns, ebpfgen.Verdict{Accept: 0xffffffff})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	accepted := 0
	for _, port := range []uint16{22, 80} {
		for i, frame := range segments(port)[:8] {
			switch i {
			case 1: // from the port
				copy(frame[34:], []byte{0, 22})
			case 2: // a fragment
				frame[21] = 1
			case 3:
				frame[23] = 17
			case 4:
				frame[12] = 0x86
			case 5: // options
				frame[14] = 0x46
			}
			got, err := p.Match(frame)
			if err != nil {
				t.Fatal(err)
			}
			if want := f.Match(frame, &ir.Metadata{Len: uint32(len(frame))}); got != want {
				t.Errorf("packet %d to port %d: %v", i, port, got)
			}
			if got {
				accepted++
			}
			if len(frame) != 64 {
				t.Errorf("%d bytes", len(frame))
			}
		}
	}
	if accepted != 5 {
		t.Errorf("%d accepted", accepted)
	}
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	b := &bench{out: &out, runs: 1}
	if err := b.run("stat,nonsense"); err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Error(err)
	}
	b.hold("one", 1.4, 1.5)
	b.hold("two", 1.6, 1.5)
	if b.missed != 1 || out.String() != "  one: 1.40, held to 1.50\n! two: 1.60, held to 1.50\n" {
		t.Errorf("%d\n%s", b.missed, &out)
	}
}
