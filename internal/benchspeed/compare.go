package main

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
)

// A bound is one of what the programs for speed are held to, as it came out.
type bound struct {
	what      string
	got, most float64
}

func (x *bound) holds() bool { return x.got <= x.most } // noise can make it no number at all

// verdict prints for each bound whether it holds, and reports whether all do.
func (b *bench) verdict() bool {
	all := true
	for i := range b.bounds {
		x := &b.bounds[i]
		word := "holds"
		if !x.holds() {
			word, all = "DOES NOT HOLD", false
		}
		if i == 0 {
			fmt.Fprintln(b.out)
		}
		fmt.Fprintf(b.out, "%s: %.3f of at most %.2f: %s\n", x.what, x.got, x.most, word)
	}
	return all
}

// empty is the program that all are net of.
var empty = []bpf.RawInstruction{{Op: 0x06}}

// The programs that are compared, in this order.
const (
	ofNothing = iota
	ofLibpcap
	ofSize
	ofSpeed
)

// programs returns what is compared for a filter, and sees that the verdicts are right.
func (b *bench) programs(f *filter) ([][]bpf.RawInstruction, error) {
	theirs, ok := b.recorded[f.text]
	if !ok {
		return nil, fmt.Errorf("%q is not recorded", f.text)
	}
	size, err := compile(f.text, gofilter.Size)
	if err != nil {
		return nil, err
	}
	speed, err := compile(f.text, gofilter.Speed)
	if err != nil {
		return nil, err
	}
	progs := [][]bpf.RawInstruction{empty, theirs, size, speed}
	return progs, f.verify(progs[1:])
}

// compare prints the table of a measure over the everyday filters.
func (b *bench) compare(m measure) error {
	fmt.Fprintf(b.out, "%-26s %8s %8s %8s %7s %-13s   %s\n", "a packet that passes", "libpcap", "size", "speed", "ratio", "",
		"fails the first test: libpcap, speed, more")
	logs := make([]float64, b.runs) // of the ratios, by run
	n := 0
	worst := bound{what: b.section + ", the greatest ratio", most: eachRatio}
	extra := bound{what: b.section + ", ns more on a packet that fails the first test", most: extraFirst, got: math.Inf(-1)}
	for i := range filters {
		f := &filters[i]
		progs, err := b.programs(f)
		if err != nil {
			return err
		}
		pass, err := m(progs, f.passing())
		if err != nil {
			return err
		}
		fail, err := m(progs, others())
		if err != nil {
			return err
		}
		net := func(runs [][]float64, of, over int) []float64 {
			list := make([]float64, len(runs))
			for i, r := range runs {
				list[i] = r[of] - r[over]
			}
			return list
		}
		theirs, ours := net(pass, ofLibpcap, ofNothing), net(pass, ofSpeed, ofNothing)
		ratios := make([]float64, len(theirs))
		for i := range ratios {
			ratios[i] = ours[i] / theirs[i]
		}
		more := net(fail, ofSpeed, ofLibpcap)
		// The ratio of the medians: one run may be no number.
		ratio := median(ours) / median(theirs)
		fmt.Fprintf(b.out, "%-26s %8.2f %8.2f %8.2f %7.2f (%.2f to %.2f)  %6.2f %6.2f %6.2f (%.2f to %.2f)\n", f.name,
			median(theirs), median(net(pass, ofSize, ofNothing)), median(ours), ratio, slices.Min(ratios), slices.Max(ratios),
			median(net(fail, ofLibpcap, ofNothing)), median(net(fail, ofSpeed, ofNothing)), median(more), slices.Min(more), slices.Max(more))
		if !f.counts {
			continue
		}
		n++
		for i, r := range ratios {
			logs[i] += math.Log(r)
		}
		worst.got = max(worst.got, ratio)
		extra.got = max(extra.got, median(more))
	}
	for i := range logs {
		logs[i] = math.Exp(logs[i] / float64(n))
	}
	mean := bound{b.section + ", the geometric mean of the ratios", median(logs), meanRatio}
	fmt.Fprintf(b.out, "geometric mean of the %d: %.3f (%.3f to %.3f)\n", n, mean.got, slices.Min(logs), slices.Max(logs))
	b.bounds = append(b.bounds, worst, mean, extra)
	return nil
}

func median(list []float64) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}
