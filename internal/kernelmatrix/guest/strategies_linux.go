package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
)

// strategies prints which strategies of packet access the kernel takes at each target, in order of
// preference: the first is used.
func strategies(w io.Writer) {
	for _, t := range ebpfgen.Targets() {
		var have, lacks []string
		for _, a := range t.AccessIn(ebpfgen.Version{}) {
			if err := kernelrun.Lacks(t, a); err != nil {
				lacks = append(lacks, a.String())
				continue
			}
			have = append(have, a.String())
		}
		chosen := "none"
		if len(have) > 0 {
			chosen = have[0]
		}
		fmt.Fprintf(w, "%-10s uses %-12s has %s", t, chosen, strings.Join(have, ", "))
		if len(lacks) > 0 {
			fmt.Fprintf(w, "; has not %s", strings.Join(lacks, ", "))
		}
		fmt.Fprintln(w)
	}
}
