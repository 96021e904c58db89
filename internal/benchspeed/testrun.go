package main

import (
	"runtime"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
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
func (b *bench) emulated(progs [][]bpf.RawInstruction, frames [][]byte) ([][]float64, error) {
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
	out := make([][]float64, b.runs)
	for run := range out {
		out[run] = make([]float64, len(loaded))
		for _, pkt := range frames {
			fast, err := fastest(loaded, pkt, b.repeat)
			if err != nil {
				return nil, err
			}
			for i, ns := range fast {
				out[run][i] += ns / float64(len(frames))
			}
		}
	}
	return out, nil
}

// tries is how often a packet is measured in one run. What interrupts only adds, so the
// fastest counts.
const tries = 5

// fastest returns what one run of each program takes on a packet.
func fastest(progs []*kernelrun.Program, pkt []byte, repeat uint32) ([]float64, error) {
	runtime.LockOSThread() // its time is what is measured
	defer runtime.UnlockOSThread()
	best := make([]float64, len(progs))
	for try := range tries {
		for i, k := range progs {
			// The kernel's own figure is in whole nanoseconds, which is too coarse.
			start := cpuTime()
			if _, err := k.Repeat(pkt, repeat); err != nil {
				return nil, err
			}
			ns := float64((cpuTime() - start).Nanoseconds()) / float64(repeat)
			if try == 0 || ns < best[i] {
				best[i] = ns
			}
		}
	}
	return best, nil
}
