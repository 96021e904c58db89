// Command benchspeed measures what programs cost in the running kernel, and prints what
// gofilter's cost beside others for the same filter.
//
//	go run ./internal/benchspeed                 everyday filters, all that is measured
//	go run ./internal/benchspeed -only tc,xdp,socket   eBPF only
//	go run ./internal/benchspeed -only costs     the table of costs of package opt
//	go run ./internal/benchspeed -record FILE -driver DRIVER
//
// A classic program for speed is measured in two ways, beside libpcap's: as the kernel's conversion of it, written again
// for BPF_PROG_TEST_RUN (emulate.go), and attached to real packet sockets
// (sockets_linux.go). Both need root. What is printed is net of a program that returns at
// once, the median of -runs runs, in which programs take turns. Many packet sockets on one
// link (taps_linux.go) show what is left where programs are cold; that is not held to anything.
//
// An eBPF program is measured under BPF_PROG_TEST_RUN (ebpf.go): at TC and XDP beside C
// written by hand, which clang compiles, and beside what cbpfc makes of libpcap's program
// (peers.go); on a socket beside the kernel's conversion of libpcap's program.
//
// libpcap's programs are recorded in testdata/libpcap.txt. A driver of package
// oracle (-driver or $GOFILTER_ORACLE) makes them anew.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// What the programs for speed are held to.
const (
	eachRatio  = 0.6  // of libpcap's time, on a packet that passes, for each filter
	meanRatio  = 0.35 // the geometric mean of these
	extraFirst = 1.0  // ns more than libpcap's program on a packet that fails the first test
)

// A bench is one run.
type bench struct {
	out      io.Writer
	runs     int
	repeat   uint32
	recorded map[string][]bpf.RawInstruction
	missed   int
	board    board // where XDP programs are attached
}

var sections = []struct {
	name  string
	about string
	run   func(*bench) error
}{
	{"costs", "what one step costs after conversion, in ns, beside the table of package opt", (*bench).costs},
	{"emulation", "ns net of an empty program, the kernel's conversion under BPF_PROG_TEST_RUN", (*bench).emulation},
	{"sockets", "ns net of an empty program, attached to sockets", (*bench).sockets},
	{"tc", "eBPF programs for TC under BPF_PROG_TEST_RUN, packets that pass: " + columns, (*bench).tc},
	{"xdp", "the same for XDP", (*bench).xdp},
	{"socket", "the same for a socket, beside the kernel's conversion of libpcap's program", (*bench).socket},
	{"taps", "the same, attached to many packet sockets of one link, a copy of the program each", (*bench).taps},
}

// columns says what is printed of an eBPF program.
const columns = "ns net of an empty program, instructions, those that the kernel makes of them, bytes of machine code"

func main() {
	b := &bench{out: os.Stdout}
	var (
		only   = flag.String("only", "", "these sections only, separated by commas")
		driver = flag.String("driver", os.Getenv("GOFILTER_ORACLE"), "driver program of libpcap 1.11 (or $GOFILTER_ORACLE)")
		record = flag.String("record", "", "write libpcap's programs to this file and do no more")
		repeat = flag.Int("repeat", 4000, "times that one packet is run in one call of an emulation")
	)
	flag.IntVar(&b.runs, "runs", 7, "runs of which the median is taken")
	flag.Parse()
	b.repeat = uint32(*repeat)
	if err := b.run(*only, *driver, *record); err != nil {
		fmt.Fprintln(os.Stderr, "benchspeed:", err)
		os.Exit(1)
	}
	if b.missed > 0 {
		fmt.Printf("\n%d figures are beyond what they are held to\n", b.missed)
		os.Exit(1)
	}
}

func (b *bench) run(only, driver, record string) (err error) {
	if b.recorded, err = reference(driver, record); err != nil || record != "" {
		return err
	}
	if driver == "" {
		fmt.Fprintln(b.out, "no driver of libpcap (GOFILTER_ORACLE): its recorded programs")
	}
	defer b.board.close()
	// The thread that measures stays where it is.
	runtime.LockOSThread()
	for _, s := range sections {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		fmt.Fprintf(b.out, "\n%s: %s\n", s.name, s.about)
		switch err := s.run(b); {
		case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
			fmt.Fprintf(b.out, "not here: %v\n", err)
		case err != nil:
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// compile returns the program for speed of a filter on a packet socket.
func compile(filter string, objective gofilter.Objective) ([]bpf.RawInstruction, error) {
	f, err := gofilter.Compile(filter, gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewSocket, Objective: objective})
	if err != nil {
		return nil, err
	}
	return cbpfgen.Generate(f.IR(), cbpfgen.Options{Kernel: true, Speed: objective == gofilter.Speed, MaxInsns: cbpfgen.MaxSocketInsns})
}

// A measure times programs on packets: the result is in ns a packet, for each program, not
// net of anything.
type measure func(progs [][]bpf.RawInstruction, frames [][]byte) ([]float64, error)

// compare prints the table of a measure over the everyday filters.
func (b *bench) compare(m measure) error { return b.table(m, true) }

func (b *bench) table(m measure, held bool) error {
	empty := []bpf.RawInstruction{{Op: 0x06}}
	fmt.Fprintf(b.out, "%-28s %8s %8s %8s %7s   %s\n", "a packet that passes", "libpcap", "size", "speed", "ratio", "fails the first test: libpcap, speed")
	product, n := 1.0, 0
	for _, f := range filters {
		theirs, ok := b.recorded[f.text]
		if !ok {
			return fmt.Errorf("%q is not recorded", f.text)
		}
		size, err := compile(f.text, gofilter.Size)
		if err != nil {
			return err
		}
		speed, err := compile(f.text, gofilter.Speed)
		if err != nil {
			return err
		}
		progs := [][]bpf.RawInstruction{empty, theirs, size, speed}
		if err := f.verify(progs[1:]); err != nil {
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
		base, first := pass[0], fail[0]
		ratio := (pass[3] - base) / (pass[1] - base)
		extra := fail[3] - fail[1]
		mark := "  "
		if f.counts {
			product *= ratio
			n++
			if held && !(ratio <= eachRatio && extra <= extraFirst) {
				mark = "! "
				b.missed++
			}
		}
		fmt.Fprintf(b.out, "%s%-26s %8.2f %8.2f %8.2f %7.2f   %6.2f %6.2f\n", mark, f.name,
			pass[1]-base, pass[2]-base, pass[3]-base, ratio, fail[1]-first, fail[3]-first)
	}
	mean := math.Pow(product, 1/float64(n))
	mark := "  "
	if held && !(mean <= meanRatio) { // noise can make it no number at all
		mark = "! "
		b.missed++
	}
	fmt.Fprintf(b.out, "%sgeometric mean of the %d: %.2f\n", mark, n, mean)
	return nil
}

func median(list []float64) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}
