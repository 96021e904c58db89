// Command cmd compares this compiler with libpcap on random filters; see package
// oracle. It prints each difference that no exception explains, and at the end what
// was tried.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gofilter/gofilter/internal/oracle"
)

func main() {
	n := flag.Int("n", 10000, "how many filters")
	first := flag.Int("first", 0, "number of the first one")
	seed := flag.Uint64("seed", 1, "seed")
	driver := flag.String("driver", os.Getenv("GOFILTER_ORACLE"), "path of the driver program")
	jobs := flag.Int("j", 1, "how many at a time")
	show := flag.Int("show", 20, "differences of a kind that are printed")
	programs := flag.Bool("programs", false, "print programs of differing verdicts")
	hostile := flag.Int64("hostile", 0, "compile so many bytes of hostile text instead")
	inputs := flag.Int("inputs", 40, "packets a filter, before cuts")
	flag.Parse()
	run := oracle.Run{
		Driver: *driver, Seed: *seed, First: *first, N: *n, Jobs: *jobs,
		Effort: oracle.Effort{Inputs: *inputs, Runs: 10 * *inputs, Cuts: 12},
	}
	if *hostile > 0 {
		attack(*seed, *hostile)
		return
	}
	var mu sync.Mutex
	shown := make(map[oracle.Kind]int)
	run.Report = func(d *oracle.Difference) {
		mu.Lock()
		defer mu.Unlock()
		if shown[d.Kind]++; shown[d.Kind] > *show {
			return
		}
		fmt.Println(d)
		if *programs {
			fmt.Println(d.Programs())
		}
	}
	start := time.Now()
	sum, err := run.All()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(sum.Version)
	fmt.Printf("seed %d, filters %d to %d: %d accepted and %d refused by both, %d verdicts compared in %v\n",
		*seed, *first, *first+*n-1, sum.Tally.Accepted, sum.Tally.Refused, sum.Tally.Verdicts, time.Since(start).Round(time.Second))
	fmt.Printf("found to reject all packets here only %d, there only %d; packets accepted in spite of a needless fault %d\n",
		sum.Tally.RejectsAllHere, sum.Tally.RejectsAllThere, sum.Tally.Laxer)
	names := make([]string, 0, len(sum.Explained))
	for name := range sum.Explained {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Printf("explained, %s: %d\n", name, sum.Explained[name])
	}
	fmt.Printf("unexplained: %d\n", sum.Unexplained)
	if sum.Unexplained > 0 {
		os.Exit(1)
	}
}

// attack compiles hostile text and prints what came of it.
func attack(seed uint64, bytes int64) {
	start := time.Now()
	h := oracle.Hostile{Seed: seed}
	if err := h.Run(bytes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("seed %d: %d bytes in %d texts, %d compiled and %d refused, in %v\n", seed, h.Bytes, h.Texts, h.Compiled, h.Texts-h.Compiled, time.Since(start).Round(time.Second))
	fmt.Printf("longest: %v for %d bytes; most memory: %d MB for %d bytes\n", h.Slowest.Time.Round(time.Millisecond), h.Slowest.Len, h.Largest.Memory>>20, h.Largest.Len)
	fmt.Printf("of texts over 10000 bytes: at most %d ns and %d bytes of memory a byte\n", h.PerByte.Time.Nanoseconds(), h.PerByte.Memory)
}
