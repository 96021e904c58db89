// Command fuzzcmd runs random filters in the kernel: each is generated for a target with every
// strategy of access that works here, loaded, and run on packets that its programs were solved
// for, whole and cut. Verdicts must be Eval's, and no packet may be rejected that the plain
// program accepts.
//
//	go run ./internal/conformance/fuzzcmd -n 50000
//	go run ./internal/conformance/fuzzcmd -seed 7 -from 1234 -n 1     one again
//
// Filters are compiled for size and for speed in turns.
//
// It exits with status 1 if the verifier refuses a program, a verdict is wrong, something
// crashes, or too few filters compile.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/internal/conformance/places"
	"github.com/gofilter/gofilter/internal/gen"
	"github.com/gofilter/gofilter/internal/oracle"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// options are the command's flags.
type options struct {
	seed            uint64
	from, n, inputs int
	target, access  string
	objective       string
	fail            int
}

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the random filters")
	flag.IntVar(&o.from, "from", 0, "number of the first filter")
	flag.IntVar(&o.n, "n", 50000, "filters to run; others that do not compile are not counted")
	flag.IntVar(&o.inputs, "inputs", 8, "packets a filter to explore, before cuts")
	flag.StringVar(&o.target, "target", "", "only filters for this target")
	flag.StringVar(&o.access, "access", "all", "strategies, separated by commas")
	flag.StringVar(&o.objective, "objective", "all", "what filters are compiled for: size, speed, or all, in turns")
	flag.IntVar(&o.fail, "fail", 3, "failures to print in full")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz-kernel:", err)
		os.Exit(1)
	}
}

// A hook is a target with the strategies that work here.
type hook struct {
	target ebpfgen.Target
	access []ebpfgen.Access
	extent oracle.Extent
}

// known says which link types a target's packets can have.
func known(t ebpfgen.Target) func(linktype.Type) bool {
	switch t.View() {
	case ir.ViewSocket:
		return nil
	case ir.ViewCgroup:
		return func(lt linktype.Type) bool {
			return lt == linktype.Raw || lt == linktype.IPv4 || lt == linktype.IPv6
		}
	}
	return func(lt linktype.Type) bool { return lt == linktype.Ethernet }
}

// A sum is how the filters went.
type sum struct {
	passed, refused, unfit, failed, inputs, programs int
	byTarget                                         map[string]int
	verdicts                                         places.Tally
}

func run(o *options) error {
	if err := places.Available(); err != nil {
		return err
	}
	var hooks []hook
	for _, t := range ebpfgen.Targets() {
		access, err := places.Access(t, o.access)
		if err != nil {
			return err
		}
		if len(access) > 0 && (o.target == "" || o.target == t.String()) {
			hooks = append(hooks, hook{t, access, oracle.Extent{Known: known(t)}})
			fmt.Println(t, access)
		}
	}
	if len(hooks) == 0 {
		return errors.New("no target with such a strategy")
	}
	objectives, err := places.Objectives(o.objective)
	if err != nil {
		return err
	}
	fmt.Println("seed", o.seed)
	var runners []*conformance.Runner
	for _, objective := range objectives {
		runners = append(runners, &conformance.Runner{Inputs: o.inputs, Seeds: gen.Seeds, Etc: oracle.Names{}, Objective: objective})
	}
	start := time.Now()
	s := sum{byTarget: make(map[string]int)}
	var mu sync.Mutex
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := range next {
				h := &hooks[n%len(hooks)]
				r := runners[n/len(hooks)%len(runners)]
				c, rep, unfit := try(r, h, o.seed, n, &s.verdicts)
				mu.Lock()
				s.add(h, r.Objective, c, rep, unfit, o.fail)
				mu.Unlock()
			}
		})
	}
	for n := range o.n*tries + 1 {
		mu.Lock()
		done := s.ran()
		mu.Unlock()
		if done >= o.n {
			break
		}
		if n > 0 && n%progress == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d filters after %.0f s\n", done, o.n, time.Since(start).Seconds())
		}
		next <- o.from + n
	}
	close(next)
	wg.Wait()
	fmt.Printf("%d filters pass %v, %d fail; %d do not compile, %d are too large for a machine; %d programs, %d runs, %d accepted; %.0f s\n",
		s.passed, s.byTarget, s.failed, s.refused, s.unfit, s.programs, s.inputs, s.verdicts.Accepted.Load(), time.Since(start).Seconds())
	switch {
	case s.failed > 0:
		return fmt.Errorf("%d failures", s.failed)
	case o.n >= 100 && (s.verdicts.Accepted.Load() == 0 || s.verdicts.Rejected.Load() == 0):
		return errors.New("all verdicts are the same")
	case s.ran() < o.n:
		return fmt.Errorf("only %d of %d filters compile", s.ran(), o.n)
	}
	return nil
}

// tries bounds the filters that are made for one that compiles.
const tries = 4

// ran returns how many filters have been run.
func (s *sum) ran() int { return s.passed + s.failed + s.unfit }

// progress is the number of filters after which there is a word of how far it is.
const progress = 5000

// try runs one filter. The report is nil where it does not compile, unfit where a machine's
// limit is too low for it.
func try(r *conformance.Runner, h *hook, seed uint64, n int, tally *places.Tally) (oc *oracle.Case, rep *conformance.Report, unfit bool) {
	oc = oracle.NewCase(seed, n, &h.extent)
	c, err := r.Own(n, oc.Expr, oc.Link.String(), oc.Netmask, h.target.View())
	var classic *cbpfgen.LimitError
	if err != nil {
		return oc, nil, errors.As(err, &classic)
	}
	report := r.RunOutside(c, h.target.View(), func(f *ir.Func) ([]conformance.Outside, error) {
		list, err := places.Load(f, h.target, h.access, tally)
		var limit *ebpfgen.LimitError
		if errors.As(err, &limit) {
			unfit, err = true, nil
		}
		return list, err
	})
	return oc, &report, unfit
}

// add counts a filter and prints a failure.
func (s *sum) add(h *hook, objective gofilter.Objective, c *oracle.Case, rep *conformance.Report, unfit bool, show int) {
	switch {
	case unfit:
		s.unfit++
	case rep == nil:
		s.refused++
	case rep.Outcome == conformance.Pass:
		s.passed++
		s.byTarget[h.target.String()]++
		s.programs += len(h.access)
		s.inputs += rep.Inputs
	case rep.Outcome == conformance.Unsupported:
		s.refused++
	default:
		s.failed++
		if s.failed <= show {
			fmt.Printf("%s\nat %s, for %s: %v\n%s\n\n", c, h.target, objective, rep.Outcome, rep.Detail)
		}
	}
}
