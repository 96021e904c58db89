package main

import (
	"fmt"
	"io"

	"github.com/gofilter/gofilter/internal/netlab"
)

// rejectLimit is what a packet that gofilter's filter rejects may cost the kernel, of what it
// costs with tcpdump's, both without what a packet socket costs that rejects at once.
const rejectLimit = 0.6

// reject compares what a packet costs the kernel that the filter rejects.
func (b *bench) reject() error {
	return withTools(b.compareTaps)
}

func (b *bench) compareTaps(ours, theirs tool) error {
	tap := func(t tool) func(*netlab.Lab) (io.Closer, error) {
		return func(lab *netlab.Lab) (io.Closer, error) { return t.start(lab.Right, statFilter) }
	}
	all := []contender{{"ret 0", rejecting}, {"tcpdump", tap(theirs)}, {"gofilter", tap(ours)}}
	for _, src := range sources {
		ns, err := pay(b.runs, src, all, segments(80))
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "%s; a packet costs %.0f with a packet socket and ret 0, and more with '%s': tcpdump %.1f, gofilter %.1f\n",
			src.name, ns[0], statFilter, ns[1], ns[2])
		b.hold("gofilter against tcpdump", ns[2]/ns[1], rejectLimit)
	}
	return nil
}
