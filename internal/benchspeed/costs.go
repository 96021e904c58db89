package main

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter/internal/opt"
)

// many is the number of equal steps that a program has to measure one: with more of them
// the copies of sixteen sockets would leave the cache that they are to be found in.
const many = 16

// steps are what the rows of the table of costs are measured with; a step of two
// instructions is measured over one of the first alone.
var steps = [][]bpf.RawInstruction{
	{{Op: 0x28, K: 16}},                        // an absolute load
	{{Op: 0x48, K: 14}},                        // an indexed load
	{{Op: 0x28, K: 16}, {Op: 0x54, K: 0xff0f}}, // a load and an operation that needs it
	{{Op: 0x15, K: 0xabcd}},                    // a test that fails
}

// costs measures steps, both ways.
func (b *bench) costs() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	socket := func(progs [][]bpf.RawInstruction, frames [][]byte) ([][]float64, error) {
		s, err := openSockets(b.runs, &taps)
		if err != nil {
			return nil, err
		}
		defer s.close()
		return s.measure(progs, frames)
	}
	fmt.Fprintf(b.out, "  %-16s %8s %8s %8s\n", "", "table", "sockets", "emulated")
	for row, c := range opt.Costs {
		of := func(step []bpf.RawInstruction) []bpf.RawInstruction {
			prog := []bpf.RawInstruction{{Op: 0x01, K: 20}, {Op: 0x20, K: 12}} // X = 20, A = a word
			for range many {
				prog = append(prog, step...)
			}
			for pc := range prog {
				if prog[pc].Op == 0x15 {
					prog[pc].Jt = uint8(len(prog) - 1 - pc) // to the return
				}
			}
			return append(prog, empty...)
		}
		step := steps[row]
		progs := [][]bpf.RawInstruction{of(step[1:][:0]), of(step)}
		if len(step) > 1 {
			progs[0] = of(step[:1])
		}
		fmt.Fprintf(b.out, "  %-16s %8.2f", c.Step, c.NS)
		for _, m := range []measure{socket, b.emulated} {
			runs, err := m(progs, filters[0].passing())
			switch {
			case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
				fmt.Fprintf(b.out, " %8s", "not here")
				continue
			case err != nil:
				return err
			}
			list := make([]float64, len(runs))
			for i, r := range runs {
				list[i] = (r[1] - r[0]) / many
			}
			fmt.Fprintf(b.out, " %8.2f", median(list))
		}
		fmt.Fprintln(b.out)
	}
	return nil
}
