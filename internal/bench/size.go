package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gofilter/gofilter/internal/conformance"
)

// maxSum is what the sum of all sizes may be, as a part of libpcap's.
const maxSum = 0.97

// sizes compares the programs of the recorded accept cases. Protochain is left out of it
// all: libpcap's program for that is a loop, which no kernel takes.
func (b *bench) sizes() error {
	if b.data == "" {
		fmt.Fprintln(b.out, "    no recorded cases: set GOFILTER_CONFORMANCE to their directory")
		return nil
	}
	cases, err := conformance.Load(b.data)
	if err != nil {
		return err
	}
	etc, err := conformance.LoadEtc(b.data+"/etc", "/etc")
	if err != nil {
		return err
	}
	r := &conformance.Runner{Dir: b.data, Etc: etc}
	type row struct {
		c           *conformance.Case
		ours, their int
	}
	var rows []row
	ours, their, longer := 0, 0, 0
	for i := range cases {
		c := &cases[i]
		if c.Kind != "accept" || c.Opt == nil || strings.Contains(c.Expr, "protochain") {
			continue
		}
		n, err := r.Size(c)
		if err != nil {
			return fmt.Errorf("case %d, %q: %w", c.ID, c.Expr, err)
		}
		rows = append(rows, row{c, n, len(c.Opt)})
		ours += n
		their += len(c.Opt)
		if n > len(c.Opt) {
			longer++
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Compare(float64(b.ours)/float64(b.their), float64(a.ours)/float64(a.their))
	})
	for _, r := range rows[:min(longer, 20)] {
		fmt.Fprintf(b.out, "  ! %d for %d: %s, %s\n", r.ours, r.their, r.c.DLT, strings.Join(strings.Fields(r.c.Expr), " "))
	}
	equal, equalSum := 0, 0
	for _, r := range rows {
		if r.ours == r.their {
			equal++
			equalSum += r.ours
		}
	}
	b.held(longer == 0, "%d filters, %d longer, %d equal, %d shorter; largest ratio %.3f (at most 1)",
		len(rows), longer, equal, len(rows)-longer-equal, float64(rows[0].ours)/float64(rows[0].their))
	fmt.Fprintf(b.out, "    the equal ones have %d instructions, %.1f each; of the others %d for %d\n",
		equalSum, float64(equalSum)/float64(max(1, equal)), ours-equalSum, their-equalSum)
	sum := float64(ours) / float64(their)
	b.held(sum <= maxSum, "sum %d for %d: %.3f (at most %.2f)", ours, their, sum, maxSum)
	return nil
}
