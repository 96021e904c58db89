package main

import (
	_ "embed"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/gofilter/gofilter/internal/oracle"
)

// maxTime is what the geometric mean of compile times may be, as a multiple of
// libpcap's.
const maxTime = 3

//go:embed testdata/everyday.txt
var everydayText string

// everyday returns the filters whose compile times are measured.
func everyday() []string {
	return slices.DeleteFunc(strings.Split(everydayText, "\n"), func(s string) bool {
		return s == "" || strings.HasPrefix(s, "#")
	})
}

// Compilations are timed in batches, in CPU time of the whole process, so that
// collecting their garbage counts and other work on the machine does not. The cheapest
// batch counts, which is the one that found most in the caches.
const (
	batch   = 100
	batches = 15
)

// ownTime returns the time of one compilation in nanoseconds, Compile and
// Generate together, and its allocations. A batch is long enough for the garbage of
// its compilations to be collected in some.
func ownTime(filter string) (ns float64, allocs, bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range batch {
		if _, err := compile(filter); err != nil {
			return 0, 0, 0, err
		}
	}
	runtime.ReadMemStats(&after)
	ns = math.Inf(1)
	for range batches {
		start := cpuTime()
		for range batch {
			if _, err := compile(filter); err != nil {
				return 0, 0, 0, err
			}
		}
		ns = min(ns, float64((cpuTime()-start).Nanoseconds())/batch)
	}
	return ns, (after.Mallocs - before.Mallocs) / batch, (after.TotalAlloc - before.TotalAlloc) / batch, nil
}

// theirTime is the same of a libpcap.
func theirTime(d *oracle.Driver, filter string) (float64, error) {
	ns := math.Inf(1)
	for range batches {
		took, err := d.Time(reference(filter), batch)
		if err != nil {
			return 0, err
		}
		ns = min(ns, float64(took)/batch)
	}
	return ns, nil
}

// times compares compile times.
func (b *bench) times() error {
	if b.libpcap == nil {
		fmt.Fprintln(b.out, "    no driver of libpcap 1.11: its times are left out")
	}
	fmt.Fprintf(b.out, "    %9s %7s %7s %9s %7s %9s %7s\n", "ns", "allocs", "bytes", "1.11 ns", "ratio", "1.10 ns", "ratio")
	var logs, debianLogs, logAllocs float64
	filters := everyday()
	for _, f := range filters {
		ns, allocs, bytes, err := ownTime(f)
		if err != nil {
			return err
		}
		row := fmt.Sprintf("    %9.0f %7d %7d", ns, allocs, bytes)
		logAllocs += math.Log(float64(allocs))
		for _, d := range []struct {
			driver *oracle.Driver
			sum    *float64
		}{{b.libpcap, &logs}, {b.debian, &debianLogs}} {
			if d.driver == nil {
				row += fmt.Sprintf(" %9s %7s", "-", "-")
				continue
			}
			their, err := theirTime(d.driver, f)
			if err != nil {
				return err
			}
			row += fmt.Sprintf(" %9.0f %7.2f", their, ns/their)
			*d.sum += math.Log(ns / their)
		}
		fmt.Fprintf(b.out, "%s  %.60s\n", row, f)
	}
	n := float64(len(filters))
	fmt.Fprintf(b.out, "    geometric mean of allocations: %.0f\n", math.Exp(logAllocs/n))
	for _, d := range []struct {
		driver *oracle.Driver
		name   string
		sum    float64
	}{{b.libpcap, "1.11", logs}, {b.debian, "1.10.3", debianLogs}} {
		if d.driver != nil {
			fmt.Fprintf(b.out, "    geometric mean of time to libpcap %s's: %.2f (at most %d)\n", d.name, math.Exp(d.sum/n), maxTime)
		}
	}
	return nil
}
