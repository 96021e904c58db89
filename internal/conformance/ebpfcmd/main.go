// Command ebpfcmd runs the recorded conformance cases in the kernel: each accept case is
// generated for every eBPF target that can have packets of its link type, loaded, and run
// on the packets that the reference's programs were solved for, whole and cut.
//
//	go run ./internal/conformance/ebpfcmd                          all cases, all targets
//	go run ./internal/conformance/ebpfcmd -target tc -access helper  one target, a strategy forced
//
// It exits with status 1 if the verifier refuses a program, a verdict is wrong, something
// crashes, or nothing ran.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/internal/conformance/places"
	"github.com/gofilter/gofilter/internal/gen"
	"github.com/gofilter/gofilter/ir"
)

// options are the command's flags.
type options struct {
	dir, target, access, dlt, expr string
	objective                      string
	id, fail, inputs, every        int
}

func main() {
	var o options
	flag.StringVar(&o.dir, "data", os.Getenv("GOFILTER_CONFORMANCE"), "directory of the recorded cases (or $GOFILTER_CONFORMANCE)")
	flag.StringVar(&o.target, "target", "", "only this target")
	flag.StringVar(&o.access, "access", "", "strategies to force, separated by commas; all: each that works; default: the target's choice")
	flag.StringVar(&o.dlt, "dlt", "", "only cases of this link type")
	flag.StringVar(&o.expr, "expr", "", "only cases whose expression matches this regular expression")
	flag.StringVar(&o.objective, "objective", "all", "what filters are compiled for: size, speed, or all")
	flag.IntVar(&o.id, "id", -1, "only the case with this number")
	flag.IntVar(&o.fail, "fail", 3, "failures to print in full")
	flag.IntVar(&o.inputs, "inputs", 40, "packets a case to explore, before cuts")
	flag.IntVar(&o.every, "every", 1, "only every n-th case")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "conformance-ebpf:", err)
		os.Exit(1)
	}
}

// visible reports whether a target can have packets of a case: a socket gets whatever its
// device delivers, a control group bare IP packets, the others Ethernet frames. What the
// reference made for Linux's metadata is for targets that have them, and for none that
// have not.
func visible(t ebpfgen.Target, c *conformance.Case) bool {
	switch t.View() {
	case ir.ViewSocket:
		return c.SavefileOrder == ""
	case ir.ViewTC:
		return c.DLT == "EN10MB" && c.SavefileOrder == ""
	case ir.ViewXDP:
		return c.DLT == "EN10MB" && !c.LinuxExt
	case ir.ViewCgroup:
		return (c.DLT == "RAW" || c.DLT == "IPV4" || c.DLT == "IPV6") && c.SavefileOrder == ""
	}
	panic("no link types for view " + t.View().String())
}

func run(o *options) error {
	if err := places.Available(); err != nil {
		return err
	}
	all, err := conformance.Load(o.dir)
	if err != nil {
		return err
	}
	expr, err := regexp.Compile(o.expr)
	if err != nil {
		return err
	}
	var cases []*conformance.Case
	for i := range all {
		c := &all[i]
		if c.Kind == "accept" && (o.dlt == "" || c.DLT == o.dlt) && expr.MatchString(c.Expr) && (o.id < 0 || c.ID == o.id) && c.ID%o.every == 0 {
			cases = append(cases, c)
		}
	}
	runner := &conformance.Runner{Dir: o.dir, Inputs: o.inputs, Seeds: gen.Seeds}
	if etc, err := conformance.LoadEtc(filepath.Join(o.dir, "etc"), "/etc"); err == nil {
		runner.Etc = etc
	} else {
		fmt.Fprintln(os.Stderr, "conformance-ebpf: cases that need names are skipped:", err)
	}
	objectives, err := places.Objectives(o.objective)
	if err != nil {
		return err
	}
	failed, ran := 0, 0
	for _, t := range ebpfgen.Targets() {
		if o.target != "" && o.target != t.String() {
			continue
		}
		access, err := places.Access(t, o.access)
		if err != nil {
			return err
		}
		if len(access) == 0 {
			continue
		}
		for _, runner.Objective = range objectives {
			sum := runTarget(runner, t, access, cases, o.fail)
			sum.print(t, access, runner.Objective)
			failed += sum.failed
			if sum.passed > 0 && (sum.verdicts.Accepted.Load() == 0 || sum.verdicts.Rejected.Load() == 0) {
				return fmt.Errorf("%s: all verdicts are the same", t)
			}
			ran += sum.passed
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d failures", failed)
	case ran == 0:
		return errors.New("nothing ran")
	}
	return nil
}

// A sum is how the cases went at a target.
type sum struct {
	passed, unsupported, skipped, failed, inputs, stricter int
	unfit                                                  int // programs that no strategy's limits allow
	verdicts                                               places.Tally
	took                                                   time.Duration
}

func (s *sum) print(t ebpfgen.Target, access []ebpfgen.Access, o gofilter.Objective) {
	fmt.Printf("%-10s %v, for %s: %d cases pass, %d fail, %d ask for what the target has not, %d are too large, %d skipped; %d runs, %d accepted, %d stricter; %.0f s\n",
		t, access, o, s.passed, s.failed, s.unsupported, s.unfit, s.skipped, s.inputs, s.verdicts.Accepted.Load(), s.stricter, s.took.Seconds())
}

// runTarget runs the cases on all processors.
func runTarget(r *conformance.Runner, t ebpfgen.Target, access []ebpfgen.Access, cases []*conformance.Case, show int) *sum {
	start := time.Now()
	s := new(sum)
	var mu sync.Mutex
	next := make(chan *conformance.Case)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for c := range next {
				var unfit error
				rep := r.RunOutside(c, t.View(), func(f *ir.Func) ([]conformance.Outside, error) {
					list, err := places.Load(f, t, access, &s.verdicts)
					var limit *ebpfgen.LimitError
					if errors.As(err, &limit) {
						unfit, err = err, nil
					}
					return list, err
				})
				mu.Lock()
				s.add(&rep, unfit, t, show)
				mu.Unlock()
			}
		})
	}
	for _, c := range cases {
		if visible(t, c) {
			next <- c
		}
	}
	close(next)
	wg.Wait()
	s.took = time.Since(start)
	return s
}

// add counts a report and prints a failure.
func (s *sum) add(rep *conformance.Report, unfit error, t ebpfgen.Target, show int) {
	s.inputs += rep.Inputs
	s.stricter += rep.Stricter
	switch {
	case unfit != nil:
		s.unfit++
		return
	case rep.Outcome == conformance.Pass:
		s.passed++
		return
	case rep.Outcome == conformance.Unsupported:
		s.unsupported++
		return
	case rep.Outcome == conformance.Skipped:
		s.skipped++
		return
	}
	s.failed++
	if s.failed <= show {
		fmt.Printf("case %d (%s, %s) at %s: %v\n%q\n%s\n\n", rep.Case.ID, rep.Case.DLT, rep.Case.Name, t, rep.Outcome, rep.Case.Expr, rep.Detail)
	}
}
