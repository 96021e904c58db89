package cbpfgen

import (
	"fmt"

	"github.com/gofilter/gofilter/ir"
	"golang.org/x/net/bpf"
)

// MaxSocketInsns is the largest number of instructions that Linux takes in a
// socket filter: BPF_MAXINSNS of linux/bpf_common.h.
const MaxSocketInsns = 4096

// Options say for what machine a program is.
type Options struct {
	// Kernel says that the program will run in the Linux kernel, whose packet
	// offsets wrap at 32 bits and mean other things from 1<<31 on, and whose shifts
	// take only the low five bits of a count in X. The program then has a test
	// wherever such a number may turn up. Programs for libpcap's interpreter need
	// none; those that have the tests run there as well.
	Kernel bool

	// Speed says that the program is to be quick rather than short: a search that the
	// function halves is not made a list, and returns stand where they are needed, too,
	// not only at the end. It is for functions compiled for speed.
	Speed bool

	// MaxInsns is the number of instructions beyond which Generate returns a
	// *LimitError. Zero means no limit.
	MaxInsns int
}

// A LimitError says that a filter is too large for the machine.
type LimitError struct {
	What      string // what there is too much of: "instructions", "scratch slots"
	Have, Max int    // how many the filter needs and how many there are
	Hint      string // what to do instead; may be empty
}

// Error says how much there is of what, the limit, and what to do instead.
func (e *LimitError) Error() string {
	s := fmt.Sprintf("filter needs %d %s, the limit is %d", e.Have, e.What, e.Max)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// A Program is finished code with its origins.
type Program struct {
	Insns []bpf.RawInstruction
	Spans []ir.Span // Spans[i] is the part of the filter's text that caused Insns[i]
}

// Generate returns the classic BPF program for f. The program returns
// f.Snaplen for the packets that f accepts and 0 for all others, in exactly the
// cases of [ir.Eval]. It ends in at most one accepting return followed by at most
// one rejecting return, and without o.Speed it has no others.
//
// f must satisfy [ir.Func.Check]; its order of blocks is the layout. f is not
// changed. The only error is a *LimitError.
func Generate(f *ir.Func, o Options) ([]bpf.RawInstruction, error) {
	p, err := GenerateProgram(f, o)
	if err != nil {
		return nil, err
	}
	return p.Insns, nil
}

// GenerateProgram is [Generate] with the origin of each instruction.
func GenerateProgram(f *ir.Func, o Options) (*Program, error) {
	m := getMemory()
	p, err := m.search(m.legal.run(f, o), f.Snaplen, o)
	m.put()
	if err != nil {
		return nil, err
	}
	if n := len(p.Insns); o.MaxInsns > 0 && n > o.MaxInsns {
		return nil, &LimitError{
			What: "instructions", Have: n, Max: o.MaxInsns,
			Hint: "use eBPF, or fewer alternatives",
		}
	}
	return p, nil
}
