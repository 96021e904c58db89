// Command cmd runs the recorded conformance cases and prints a table of how they went.
//
//	go run ./internal/conformance/cmd                        all cases
//	go run ./internal/conformance/cmd -dlt EN10MB -fail 5    some, with the first failures in full
//	go run ./internal/conformance/cmd -expr vlan -list       the outcome of each
//
// It exits with status 1 if a verdict is wrong, something crashes, a filter is accepted that must
// not be, or, when no case was left out, too few pass.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/internal/gen"
)

func main() {
	var (
		dir    = flag.String("data", dataDir(), "directory of the recorded cases (or $GOFILTER_CONFORMANCE)")
		dlt    = flag.String("dlt", "", "only cases of these link types, separated by commas")
		kind   = flag.String("kind", "", "only cases of this kind: accept, reject, apply")
		expr   = flag.String("expr", "", "only cases whose expression matches this regular expression")
		name   = flag.String("name", "", "only cases whose name matches this regular expression")
		id     = flag.Int("id", -1, "only the case with this number")
		only   = flag.String("outcome", "", "with -fail and -list: only cases with this outcome (pass, unsupported, wrong, ...)")
		fail   = flag.Int("fail", 3, "failures to print in full")
		list   = flag.Bool("list", false, "print the outcome of each case, a line each")
		inputs = flag.Int("inputs", 400, "packets a case to explore")
	)
	flag.Parse()
	os.Exit(run(*dir, selection{*dlt, *kind, *expr, *name, *id}, *only, *fail, *list, *inputs))
}

// dataDir finds the recorded cases where a checkout has them beside it.
func dataDir() string {
	if dir := os.Getenv("GOFILTER_CONFORMANCE"); dir != "" {
		return dir
	}
	return filepath.Join("..", "shared", "conformance")
}

// selection says which cases are run.
type selection struct {
	dlt, kind, expr, name string
	id                    int
}

func (s selection) pick(all []conformance.Case) ([]conformance.Case, error) {
	expr, err := regexp.Compile(s.expr)
	if err != nil {
		return nil, err
	}
	name, err := regexp.Compile(s.name)
	if err != nil {
		return nil, err
	}
	types := map[string]bool{}
	for t := range strings.SplitSeq(s.dlt, ",") {
		types[strings.ToUpper(t)] = true
	}
	var picked []conformance.Case
	for _, c := range all {
		if (s.dlt == "" || types[c.DLT]) && (s.kind == "" || s.kind == c.Kind) &&
			expr.MatchString(c.Expr) && name.MatchString(c.Name) && (s.id < 0 || s.id == c.ID) {
			picked = append(picked, c)
		}
	}
	return picked, nil
}

func run(dir string, sel selection, only string, fail int, list bool, inputs int) int {
	complain := func(err error) int {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		return 1
	}
	all, err := conformance.Load(dir)
	if err != nil {
		return complain(err)
	}
	cases, err := sel.pick(all)
	if err != nil {
		return complain(err)
	}
	runner := &conformance.Runner{Dir: dir, Inputs: inputs, Seeds: gen.Seeds}
	etc, err := conformance.LoadEtc(filepath.Join(dir, "etc"), "/etc")
	switch {
	case err == nil:
		runner.Etc = etc
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintln(os.Stderr, "conformance: cases that need names are skipped:", err)
	default:
		return complain(err)
	}
	start := time.Now()
	reports := runAll(runner, cases)
	shown := 0
	for _, r := range reports {
		interesting := r.Outcome != conformance.Pass && r.Outcome != conformance.Unsupported && r.Outcome != conformance.Skipped
		if only != "" {
			interesting = r.Outcome.String() == only
		}
		if list && (only == "" || interesting) {
			fmt.Printf("%d %s %s %q: %v: %s\n", r.Case.ID, r.Case.Kind, r.Case.DLT, r.Case.Expr, r.Outcome, strings.SplitN(r.Detail, "\n", 2)[0])
		}
		if interesting && shown < fail {
			shown++
			fmt.Printf("case %d (%s, %s, %s): %v\n%q\n%s\n\n", r.Case.ID, r.Case.Kind, r.Case.DLT, r.Case.Name, r.Outcome, r.Case.Expr, r.Detail)
		}
	}
	if c := runner.Unstable(cases); c != nil {
		return complain(fmt.Errorf("case %d, %q: two compilations at once differ", c.ID, c.Expr))
	}
	failures, err := conformance.Table(os.Stdout, reports, len(cases) == len(all))
	if err != nil {
		return complain(err)
	}
	fmt.Printf("in %.1f s\n", time.Since(start).Seconds())
	for _, f := range failures {
		fmt.Fprintln(os.Stderr, "conformance:", f)
	}
	if len(failures) > 0 {
		return 1
	}
	return 0
}

// runAll runs the cases on all processors; the reports are in the cases' order.
func runAll(r *conformance.Runner, cases []conformance.Case) []conformance.Report {
	reports := make([]conformance.Report, len(cases))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				reports[i] = r.Run(&cases[i])
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	wg.Wait()
	return reports
}
