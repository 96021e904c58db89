package conformance

import (
	"fmt"
	"sync"

	"github.com/gofilter/gofilter"
)

// Unstable compiles every case twice at the same time and returns the first one
// that gives different programs, or nil.
func (r *Runner) Unstable(cases []Case) *Case {
	var results [2][]string
	var wg sync.WaitGroup
	for k := range results {
		results[k] = make([]string, len(cases))
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range cases {
				results[k][i] = r.bytes(&cases[i])
			}
		}()
	}
	wg.Wait()
	for i := range cases {
		if results[0][i] != results[1][i] {
			return &cases[i]
		}
	}
	return nil
}

// bytes returns what a case compiles to, as text.
func (r *Runner) bytes(c *Case) string {
	if c.DLT == "" {
		return "" // of a savefile
	}
	cfg, err := r.config(c)
	if err != nil {
		return err.Error()
	}
	f, err := gofilter.Compile(c.Expr, cfg)
	if err != nil {
		return err.Error()
	}
	prog, err := generate(f.IR())
	return fmt.Sprintln(f.IR(), prog, err)
}
