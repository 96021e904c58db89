// Command benchlive measures what live packets cost: in private network namespaces, over veth
// pairs, by the CPU time of the thread that sends them. It takes root.
//
//	go run ./internal/benchlive               all sections
//	go run ./internal/benchlive -only stat    those named
//
// What is compared takes turns in every run; figures are medians of -runs runs. The
// exit status is 1 where a figure is beyond what it is held to.
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
)

// A bench is one run of the command.
type bench struct {
	out    io.Writer
	runs   int
	missed int // figures beyond what they are held to
}

// A section is a row of the table of what is measured.
type section struct {
	name  string
	about string
	run   func(*bench) error
}

func main() {
	b := &bench{out: os.Stdout}
	only := flag.String("only", "", "these sections only, separated by commas")
	flag.IntVar(&b.runs, "runs", 5, "runs of which the median is taken")
	flag.Parse()
	if err := b.run(*only); err != nil {
		fmt.Fprintln(os.Stderr, "benchlive:", err)
		os.Exit(1)
	}
	if b.missed > 0 {
		fmt.Printf("\n%d figures are beyond what they are held to\n", b.missed)
		os.Exit(1)
	}
}

func (b *bench) run(only string) error {
	if b.runs < 1 {
		return errors.New("-runs has to be 1 or more")
	}
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	wanted := names
	if only != "" {
		wanted = strings.Split(only, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no section %q: there are %s", name, strings.Join(names, ", "))
		}
	}
	runtime.LockOSThread() // its time is what is measured
	for _, s := range sections {
		if !slices.Contains(wanted, s.name) {
			continue
		}
		fmt.Fprintf(b.out, "\n%s: %s\n", s.name, s.about)
		switch err := s.run(b); {
		case errors.Is(err, syscall.EPERM), errors.Is(err, os.ErrPermission), errors.Is(err, errors.ErrUnsupported):
			fmt.Fprintf(b.out, "not here: %v\n", err)
		case err != nil:
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// hold prints whether a figure is within its limit.
func (b *bench) hold(what string, figure, limit float64) {
	mark := "  "
	if !(figure <= limit) { // also where noise has made it no number
		mark = "! "
		b.missed++
	}
	fmt.Fprintf(b.out, "%s%s: %.2f, held to %.2f\n", mark, what, figure, limit)
}

func median(list []float64) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}
