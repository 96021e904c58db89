package main

import (
	"fmt"
	"math"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/internal/opt"
)

// emulation compares under BPF_PROG_TEST_RUN.
func (b *bench) emulation() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	return b.compare(b.emulated)
}

// emulated is the measure of programs under BPF_PROG_TEST_RUN. Packets take turns, and
// for each the programs.
func (b *bench) emulated(progs [][]bpf.RawInstruction, frames [][]byte) ([]float64, error) {
	var loaded []*kernelrun.Program
	defer func() {
		for _, p := range loaded {
			p.Close()
		}
	}()
	for _, p := range progs {
		var insns asm.Instructions
		if len(p) == 1 {
			insns = asm.Instructions{asm.Mov.Imm32(asm.R0, int32(p[0].K)), asm.Return()}
		} else {
			var err error
			if insns, err = emulate(p); err != nil {
				return nil, err
			}
		}
		k, err := kernelrun.Load(ebpfgen.SchedCLS, insns, ebpfgen.Verdict{})
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, k)
	}
	times := make([][]float64, len(progs))
	for range b.runs {
		sums := make([]float64, len(progs))
		for _, pkt := range frames {
			for i, k := range loaded {
				ns, err := fastest(k, pkt, b.repeat)
				if err != nil {
					return nil, err
				}
				sums[i] += ns
			}
		}
		for i := range sums {
			times[i] = append(times[i], sums[i]/float64(len(frames)))
		}
	}
	out := make([]float64, len(progs))
	for i := range times {
		out[i] = median(times[i])
	}
	return out, nil
}

// tries is how often a packet is measured in one run. What interrupts only adds, so the
// fastest counts.
const tries = 5

// fastest returns what one run of a program takes on a packet.
func fastest(k *kernelrun.Program, pkt []byte, repeat uint32) (float64, error) {
	best := math.Inf(1)
	for range tries {
		// The kernel's own figure is in whole nanoseconds, which is too coarse.
		start := cpuTime()
		if _, err := k.Repeat(pkt, repeat); err != nil {
			return 0, err
		}
		best = min(best, float64((cpuTime()-start).Nanoseconds())/float64(repeat))
	}
	return best, nil
}

// costs measures steps: programs of many equal ones.
func (b *bench) costs() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	const many = 64
	of := func(steps ...bpf.RawInstruction) []bpf.RawInstruction {
		prog := []bpf.RawInstruction{{Op: 0x01, K: 20}, {Op: 0x20, K: 12}} // X = 20, A = a word
		for range many {
			prog = append(prog, steps...)
		}
		return append(prog, bpf.RawInstruction{Op: 0x06})
	}
	absolute := bpf.RawInstruction{Op: 0x28, K: 16}
	progs := [][]bpf.RawInstruction{
		of(), of(absolute), of(bpf.RawInstruction{Op: 0x48, K: 14}),
		of(absolute, bpf.RawInstruction{Op: 0x54, K: 0xff0f}), // a load and an operation that needs it
		of(absolute, bpf.RawInstruction{Op: 0x15, K: 0xabcd}), // a load and a test that fails
	}
	// The last two are measured over the load alone.
	over := []int{0, 0, 0, 1, 1}
	for i := range progs[4] {
		if in := &progs[4][i]; in.Op == 0x15 {
			in.Jt = 0
			in.Jf = 0
		}
	}
	frames := filters[0].passing()
	ns, err := b.emulated(progs, frames)
	if err != nil {
		return err
	}
	for i, c := range opt.Costs {
		got := (ns[i+1] - ns[over[i+1]]) / many
		fmt.Fprintf(b.out, "  %-16s %6.2f   table %5.2f\n", c.Step, got, c.NS)
	}
	return nil
}
