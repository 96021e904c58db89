// Command bench measures the compiler against libpcap and prints each figure with the
// one it is held to: sizes of programs, times of compilations, growth with the length of
// a list.
//
//	go run ./internal/bench
//	go run ./internal/bench -driver DRIVER -debian DRIVER
//
// A libpcap is a driver program of package oracle, which its build.sh makes. Without one
// the sizes that were recorded with it stand in for it (testdata/libpcap.txt, which
// -record writes), and no times are compared. It exits with status 1 if a size is beyond
// what it is held to; times depend on the machine and are printed only.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/internal/oracle"
	"github.com/gofilter/gofilter/linktype"
)

// A bench is one run of all measurements.
type bench struct {
	out      io.Writer
	data     string         // directory of the recorded conformance cases, "" for none
	libpcap  *oracle.Driver // 1.11; nil for none
	debian   *oracle.Driver // 1.10.3; nil for none
	recorded map[string]lengths
	missed   int // figures beyond what they are held to
}

// A section is a row of the table of measurements.
type section struct {
	name  string
	about string
	run   func(*bench) error
}

var sections = []section{
	{"size", "instructions of the recorded filters, against libpcap 1.11's optimized programs", (*bench).sizes},
	{"lists", "instructions of lists, against the shorter of libpcap 1.11's and 1.10.3's", (*bench).lists},
	{"time", "time and allocations to compile everyday filters, against libpcap's", (*bench).times},
	{"growth", "time, memory and instructions of long lists", (*bench).growth},
}

func main() {
	var (
		data   = flag.String("data", os.Getenv("GOFILTER_CONFORMANCE"), "directory of the recorded cases (or $GOFILTER_CONFORMANCE)")
		driver = flag.String("driver", os.Getenv("GOFILTER_ORACLE"), "driver program of libpcap 1.11 (or $GOFILTER_ORACLE)")
		debian = flag.String("debian", os.Getenv("GOFILTER_ORACLE_DEBIAN"), "driver program of libpcap 1.10.3 (or $GOFILTER_ORACLE_DEBIAN)")
		only   = flag.String("only", "", "these sections only, separated by commas")
		record = flag.String("record", "", "write the sizes of both libpcaps' lists to this file and do no more")
	)
	flag.Parse()
	b := &bench{out: os.Stdout, data: *data}
	if err := b.run(*driver, *debian, *only, *record); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if b.missed > 0 {
		fmt.Printf("\n%d figures are beyond what they are held to\n", b.missed)
		os.Exit(1)
	}
}

func (b *bench) run(driver, debian, only, record string) (err error) {
	for _, d := range []struct {
		path, name, env string
		to              **oracle.Driver
	}{
		{driver, "1.11", "GOFILTER_ORACLE", &b.libpcap},
		{debian, "1.10.3", "GOFILTER_ORACLE_DEBIAN", &b.debian},
	} {
		if d.path == "" {
			fmt.Fprintf(b.out, "no driver of libpcap %s (%s): recorded sizes, no times\n", d.name, d.env)
			continue
		}
		if *d.to, err = oracle.Start(d.path); err != nil {
			return err
		}
		defer (*d.to).Close()
	}
	if record != "" {
		return b.record(record)
	}
	if b.recorded, err = readLengths(); err != nil {
		return err
	}
	for _, s := range sections {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		fmt.Fprintf(b.out, "\n%s: %s\n", s.name, s.about)
		if err := s.run(b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// held prints what a figure is and, where ok is false, that it should not be.
func (b *bench) held(ok bool, format string, args ...any) {
	mark := "    "
	if !ok {
		mark = "  ! "
		b.missed++
	}
	fmt.Fprintf(b.out, mark+format+"\n", args...)
}

// compile returns the classic program of a filter on Ethernet.
func compile(filter string) (int, error) {
	f, err := gofilter.Compile(filter, gofilter.Config{LinkType: linktype.Ethernet})
	if err != nil {
		return 0, err
	}
	prog, err := cbpfgen.Generate(f.IR(), cbpfgen.Options{})
	return len(prog), err
}

// reference is how libpcap is asked for the same.
func reference(filter string) *oracle.Case {
	return &oracle.Case{Link: linktype.Ethernet, View: oracle.Live, Snaplen: gofilter.DefaultSnaplen, Expr: filter}
}
