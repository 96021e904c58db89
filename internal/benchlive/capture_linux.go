package main

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
	generate "github.com/gofilter/gofilter/internal/source"
)

// A load is what captures are compared under.
type load struct {
	size   int // of a frame in bytes, without the check sequence
	frames int // in a run
	limit  float64
}

// loads are what the CPU time for a captured packet is held to, of tcpdump's.
var loads = []load{
	{64, 2_000_000, 0.65},
	{1500, 400_000, 0.70},
}

// The ports of what matches and of what does not.
const (
	matching = 7
	other    = 9
)

const (
	// largeBuffer is -B, in KiB.
	largeBuffer = "65536"
	// settle is longer than a packet waits in a ring, in either tool.
	settle = 1500 * time.Millisecond
)

// generator sends as fast as it can from the first processor.
type generator interface {
	Send(n int) error
	Close() error
}

// generators are the ways to make packets arrive at the right end of a lab.
var generators = []struct {
	name string
	open func(lab *netlab.Lab, frame func(port uint16) []byte, ports ...uint16) (generator, error)
}{
	{"sendmmsg", func(lab *netlab.Lab, frame func(uint16) []byte, ports ...uint16) (generator, error) {
		var kinds [][]byte
		for _, p := range ports {
			kinds = append(kinds, frame(p))
		}
		return generate.Open(lab.Left, generate.Options{Kinds: kinds})
	}},
	{"live frames", func(lab *netlab.Lab, frame func(uint16) []byte, ports ...uint16) (generator, error) {
		return generate.OpenLive(lab.Right, frame(ports[0]), 1, ports...)
	}},
}

// A tally is what one tool did under one load.
type tally struct {
	ns      []float64 // CPU for a captured packet, by run
	dropped []float64 // packets, by run
}

// capture compares what a captured packet costs gofilter and tcpdump, and what they drop.
func (b *bench) capture() error {
	return withTools(func(ours, theirs tool) error { return b.compareTools([]tool{ours, theirs}) })
}

func (b *bench) compareTools(tools []tool) error {
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before)
	if err := pin(0); err != nil { // what is sent is sent by this thread
		return err
	}
	for _, g := range generators {
		for _, l := range loads {
			for _, mix := range []struct {
				name  string
				ports []uint16
			}{{"all match", []uint16{matching}}, {"half match", []uint16{matching, other}}} {
				what := fmt.Sprintf("%s, %d bytes, %s", g.name, l.size, mix.name)
				tallies, err := b.compare(tools, l, func(lab *netlab.Lab, frame func(uint16) []byte) (generator, error) {
					return g.open(lab, frame, mix.ports...)
				}, "-B", largeBuffer)
				if err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
				own, their := median(tallies[0].ns), median(tallies[1].ns)
				fmt.Fprintf(b.out, "%-34s gofilter %4.0f ns, tcpdump %4.0f ns\n", what, own, their)
				b.hold("against tcpdump", own/their, l.limit)
				b.hold("packets dropped with -B "+largeBuffer, slices.Max(tallies[0].dropped), 0)
			}
		}
		tallies, err := b.compare(tools, loads[0], func(lab *netlab.Lab, frame func(uint16) []byte) (generator, error) {
			return g.open(lab, frame, matching)
		})
		if err != nil {
			return err
		}
		b.hold(fmt.Sprintf("%s, %d bytes: packets dropped without -B, against tcpdump's", g.name, loads[0].size),
			median(tallies[0].dropped), median(tallies[1].dropped))
	}
	return nil
}

// compare lets the tools capture under a load by turns.
func (b *bench) compare(tools []tool, l load, open func(*netlab.Lab, func(uint16) []byte) (generator, error), args ...string) ([]tally, error) {
	lab, err := netlab.Open(netlab.Options{Quiet: true})
	if err != nil {
		return nil, err
	}
	defer lab.Close()
	g, err := open(lab, func(port uint16) []byte {
		return lab.Left.Datagram(lab.Right, 1000, port, make([]byte, l.size-generate.NumberOffset))
	})
	if err != nil {
		return nil, err
	}
	defer g.Close()
	tallies := make([]tally, len(tools))
	for range b.runs {
		for i, t := range tools {
			if err := tallies[i].run(t, lab.Right, g, l.frames, args); err != nil {
				return nil, err
			}
		}
	}
	return tallies, nil
}

// run captures once.
func (y *tally) run(t tool, ns *netlab.Namespace, g generator, frames int, args []string) error {
	r, err := t.start(ns, append(args, fmt.Sprintf("udp dst port %d", matching))...)
	if err != nil {
		return err
	}
	before, err := r.cpu()
	if err == nil {
		err = g.Send(frames)
	}
	time.Sleep(settle)
	after, cpuErr := r.cpu()
	captured, dropped, endErr := r.end()
	for _, err := range []error{err, cpuErr, endErr} {
		if err != nil {
			return err
		}
	}
	if captured == 0 {
		return fmt.Errorf("%s captured nothing", t.name)
	}
	y.ns = append(y.ns, float64((after-before).Nanoseconds())/float64(captured))
	y.dropped = append(y.dropped, float64(dropped))
	return nil
}
