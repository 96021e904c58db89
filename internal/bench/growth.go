package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/gofilter/gofilter/cbpfgen"
)

// longLists are lists that must fit in a socket's program.
var longLists = []struct {
	kind int // in listKinds
	n    int
}{{0, 1500}, {3, 1000}, {6, 1000}}

// growth measures long lists of random hosts.
func (b *bench) growth() error {
	hosts := list{name: "host", entry: func(r *rand.Rand) string { return "host " + addr4(r, 32) }}
	for _, g := range []struct {
		n    int
		most time.Duration // 0: nothing is said
	}{{100, 0}, {1000, 5 * time.Millisecond}, {10000, 60 * time.Millisecond}} {
		text := hosts.of(g.n)
		best := time.Duration(1 << 62)
		var insns int
		var before, after runtime.MemStats
		rounds := max(8, 2000/g.n)
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range rounds {
			start := cpuTime()
			n, err := compile(text)
			if err != nil {
				return err
			}
			insns = n
			best = min(best, cpuTime()-start)
		}
		runtime.ReadMemStats(&after)
		bound := ""
		if g.most > 0 {
			bound = fmt.Sprintf(" (at most %v)", g.most)
		}
		fmt.Fprintf(b.out, "    %5d hosts: %v%s, %d ns and %d bytes and %.1f allocations a host, %d instructions\n", g.n,
			best.Round(time.Microsecond), bound, best.Nanoseconds()/int64(g.n),
			(after.TotalAlloc-before.TotalAlloc)/uint64(rounds*g.n),
			float64(after.Mallocs-before.Mallocs)/float64(rounds*g.n), insns)
	}
	for _, g := range longLists {
		l := &listKinds[g.kind]
		n, err := compile(l.of(g.n))
		if err != nil {
			return err
		}
		b.held(n <= cbpfgen.MaxSocketInsns, "%d random entries of %q: %d instructions (at most %d)",
			g.n, l.name, n, cbpfgen.MaxSocketInsns)
	}
	return nil
}
