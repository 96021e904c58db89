// Command benchspeed measures what programs cost in the running kernel, and prints what
// gofilter's cost beside others for the same filter.
//
//	go run ./internal/benchspeed                 everyday filters, all that is measured
//	go run ./internal/benchspeed -only tc,xdp,socket   eBPF only
//	go run ./internal/benchspeed -only costs     the table of costs of package opt
//	go run ./internal/benchspeed -record FILE -driver DRIVER
//
// A classic program for speed is measured in three ways, beside libpcap's: as the kernel's conversion of it, written again
// for BPF_PROG_TEST_RUN (emulate.go), where nothing else runs and all is in the nearest
// cache, and attached to real sockets (sockets_linux.go): to Unix sockets, where little else
// runs, and to packet sockets, where the kernel's way of a
// packet runs in between. All need root. What is printed is net of a program that returns at
// once, the median of -runs runs, in which programs take turns, and the least and the
// greatest ratio of a run. The last lines say of each bound whether it holds.
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
	section  string
	bounds   []bound
	board    board // where XDP programs are attached
}

var sections = []struct {
	name  string
	about string
	run   func(*bench) error
}{
	{"costs", "what one step costs, in ns, beside the table of package opt", (*bench).costs},
	{"emulation", "ns net of an empty program, the kernel's conversion under BPF_PROG_TEST_RUN", (*bench).emulation},
	{"sockets", "ns net of an empty program, attached to Unix sockets", (*bench).sockets},
	{"packets", "the same, attached to packet sockets", (*bench).packets},
	{"tc", "eBPF programs for TC under BPF_PROG_TEST_RUN, packets that pass: " + columns, (*bench).tc},
	{"xdp", "the same for XDP", (*bench).xdp},
	{"socket", "the same for a socket, beside the kernel's conversion of libpcap's program", (*bench).socket},
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
	if !b.verdict() {
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
	if err := pin(); err != nil {
		return err
	}
	fmt.Fprintln(b.out, system())
	for _, s := range sections {
		b.section = s.name
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
	f, err := gofilter.Compile(filter, gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewSocket, Objective: objective, Uncut: true})
	if err != nil {
		return nil, err
	}
	return cbpfgen.Generate(f.IR(), cbpfgen.Options{Kernel: true, Speed: objective == gofilter.Speed, MaxInsns: cbpfgen.MaxSocketInsns})
}

// A measure times programs on packets: for each run the time of each program, in ns a packet,
// above something that all programs of the run have in common.
type measure func(progs [][]bpf.RawInstruction, frames [][]byte) ([][]float64, error)
