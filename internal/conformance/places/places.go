// Package places runs filters in the kernel, at the eBPF targets, for the commands that
// compare verdicts there.
package places

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
)

// Available says why the kernel runs no programs for this process; nil if it does.
func Available() error {
	var s skips
	kernelrun.Require(&s)
	return s.err
}

// skips keeps what Require says.
type skips struct{ err error }

func (*skips) Helper()                             {}
func (s *skips) Skipf(format string, args ...any)  { s.err = fmt.Errorf(format, args...) }
func (s *skips) Fatalf(format string, args ...any) { s.err = fmt.Errorf(format, args...) }

// Access returns the strategies of a target that work here, of those that are asked
// for: names separated by commas, "all", or "" for the target's own choice.
func Access(t ebpfgen.Target, names string) ([]ebpfgen.Access, error) {
	if names == "" || names == "default" {
		return []ebpfgen.Access{ebpfgen.AccessDefault}, nil
	}
	wanted := make(map[ebpfgen.Access]bool)
	for _, name := range strings.Split(names, ",") {
		a, ok := ebpfgen.LookupAccess(name)
		if !ok && name != "all" {
			return nil, fmt.Errorf("unknown strategy %q", name)
		}
		wanted[a] = ok
	}
	var list []ebpfgen.Access
	for _, a := range t.AccessOn(kernelrun.Kernel()) {
		if names != "all" && !wanted[a] {
			continue
		}
		if err := kernelrun.Lacks(t, a); err != nil {
			fmt.Fprintf(os.Stderr, "%s, %s: %v\n", t, a, err)
			continue
		}
		list = append(list, a)
	}
	return list, nil
}

// Objectives returns the objectives that are asked for: the name of one, or "all".
func Objectives(name string) ([]gofilter.Objective, error) {
	all := []gofilter.Objective{gofilter.Size, gofilter.Speed}
	if name == "all" {
		return all, nil
	}
	for _, o := range all {
		if o.String() == name {
			return []gofilter.Objective{o}, nil
		}
	}
	return nil, fmt.Errorf("unknown objective %q", name)
}

// A Tally counts verdicts.
type Tally struct{ Accepted, Rejected atomic.Int64 }

// Load generates and loads a program for each strategy. What it returns beside an error
// has to be closed, too.
func Load(f *ir.Func, t ebpfgen.Target, access []ebpfgen.Access, tally *Tally) ([]conformance.Outside, error) {
	var places []conformance.Outside
	for _, a := range access {
		o := ebpfgen.Options{Access: a, Kernel: kernelrun.Kernel()}
		insns, err := ebpfgen.Generate(f, t, o)
		if err != nil {
			return places, err
		}
		p, err := kernelrun.Load(t, insns, t.Verdict(f.Snaplen, o))
		if err != nil {
			return places, fmt.Errorf("%s: %w\n%s\n%s", a, err, f, ebpfgen.Format(insns, f.Source))
		}
		places = append(places, conformance.Outside{
			Name:     t.String() + "/" + a.String(),
			Metadata: p.Metadata,
			Match: func(data []byte) (accepted, ok bool, err error) {
				accepted, ok, err = match(p, data)
				switch {
				case ok && accepted:
					tally.Accepted.Add(1)
				case ok:
					tally.Rejected.Add(1)
				}
				return accepted, ok, err
			},
			Listing: func() string { return ebpfgen.Format(insns, f.Source) },
			Close:   func() { p.Close() },
		})
	}
	return places, nil
}

// splits are lengths of the linear part that frames in pieces are tried with: in and between
// headers.
var splits = []int{14, 15, 23, 34, 37, 40, 54}

// match runs a program on a packet, in one piece and in two.
func match(p *kernelrun.Program, data []byte) (accepted, ok bool, err error) {
	accepted, err = p.Match(data)
	if errors.Is(err, kernelrun.ErrSize) {
		return false, false, nil
	}
	for _, n := range splits {
		if err != nil {
			break
		}
		var pieces bool
		pieces, err = p.MatchSplit(data, n)
		switch {
		case errors.Is(err, kernelrun.ErrSize):
			return accepted, true, nil
		case err == nil && pieces != accepted:
			err = fmt.Errorf("with %d bytes linear the verdict is %v", n, pieces)
		}
	}
	return accepted, true, err
}
