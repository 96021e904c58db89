package oracle

import (
	"fmt"
	"strings"
	"sync"
)

// A Run compares the two compilers on N cases of a seed, beginning with First.
type Run struct {
	Driver   string // path of the driver program
	Seed     uint64
	First, N int
	Jobs     int // how many cases at a time
	Effort   Effort
	Report   func(*Difference) // called for each difference without an explanation, by several goroutines
}

// A Sum is what a run came to.
type Sum struct {
	Version     string // of the driver's library
	Tally       Tally
	Explained   map[string]int // by the exception's name
	Unexplained int
}

// All makes the run. The error is that of the driver.
func (r *Run) All() (Sum, error) {
	sum := Sum{Explained: make(map[string]int)}
	var err error
	if sum.Version, err = version(r.Driver); err != nil {
		return sum, err
	}
	var extent *Extent
	old := strings.Contains(sum.Version, " version 1.10.")
	switch {
	case old:
		extent = &Debian
	case !strings.Contains(sum.Version, " version 1.11."):
		return sum, fmt.Errorf("the differences from %q are not known", sum.Version)
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	var failed error
	next := r.First
	for range max(1, r.Jobs) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			var tally Tally
			err := r.work(extent, func() (n int, ok bool) {
				mu.Lock()
				defer mu.Unlock()
				n = next
				next++
				return n, failed == nil && n < r.First+r.N
			}, &tally, func(d *Difference) {
				name := Explain(d, old)
				mu.Lock()
				if name != "" {
					sum.Explained[name]++
				} else {
					sum.Unexplained++
				}
				mu.Unlock()
				if name == "" && r.Report != nil {
					r.Report(d)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			sum.Tally.Add(tally)
			if err != nil && failed == nil {
				failed = err
			}
		}()
	}
	wait.Wait()
	return sum, failed
}

// version asks the driver at path for its library's version.
func version(path string) (string, error) {
	d, err := Start(path)
	if err != nil {
		return "", err
	}
	defer d.Close()
	return d.Version()
}

// work compares cases until there is no next one.
func (r *Run) work(extent *Extent, next func() (int, bool), tally *Tally, found func(*Difference)) error {
	d, err := Start(r.Driver)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		n, ok := next()
		if !ok {
			return nil
		}
		diff, err := Compare(d, NewCase(r.Seed, n, extent), r.Effort, tally)
		if err != nil {
			return err
		}
		if diff != nil {
			found(diff)
		}
	}
}
