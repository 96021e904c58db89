package gofilter_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ebpfgen"
)

// TestDeterminism compiles the filters of the corpus, for each place to run, several
// times at once: the same input gives the same graph and the same bytes.
func TestDeterminism(t *testing.T) {
	filters, _ := readCorpus(t)
	type job struct {
		src string
		cfg gofilter.Config
	}
	var jobs []job
	for _, f := range filters {
		for _, lt := range f.Types {
			for _, view := range []ebpfgen.Target{ebpfgen.SocketFilter, ebpfgen.SchedCLS, ebpfgen.XDP} {
				jobs = append(jobs, job{f.Text, gofilter.Config{LinkType: lt, View: view.View()}})
			}
		}
	}
	const runs = 3
	results := make([][runs]string, len(jobs))
	var wg sync.WaitGroup
	for run := range runs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range jobs {
				i := (i + run*len(jobs)/runs) % len(jobs) // not in step
				results[i][run] = everything(jobs[i].src, jobs[i].cfg)
			}
		}()
	}
	wg.Wait()
	for i, r := range results {
		for run := 1; run < runs; run++ {
			if r[run] != r[0] {
				t.Fatalf("%q on %s: two compilations differ:\n%s\n%s", jobs[i].src, jobs[i].cfg.LinkType, r[0], r[run])
			}
		}
	}
}

// everything returns all that a filter compiles to, as text.
func everything(src string, cfg gofilter.Config) string {
	f, err := gofilter.Compile(src, cfg)
	if err != nil {
		return err.Error()
	}
	s := f.IR().String()
	prog, err := cbpfgen.Generate(f.IR(), cbpfgen.Options{})
	s += fmt.Sprintln(prog, err)
	for _, target := range []ebpfgen.Target{ebpfgen.SocketFilter, ebpfgen.SchedCLS, ebpfgen.XDP} {
		if target.View() == cfg.View {
			insns, err := ebpfgen.Generate(f.IR(), target, ebpfgen.Options{})
			s += fmt.Sprintln(insns, err)
		}
	}
	return s
}
