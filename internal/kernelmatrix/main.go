// Command kernelmatrix runs what is tested of eBPF on kernels other than the running one: Debian's, each booted in
// an emulated machine with nothing but a program of this module and its test binaries; and on the running one.
//
//	go run ./internal/kernelmatrix                        all kernels
//	go run ./internal/kernelmatrix -kernel 5.10,running   some
//
// For each it prints the release, what strategies of packet access it takes at each target and which of them is
// used, and what passed and failed. It exits with status 1 if anything failed or a kernel did not come to its end.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// options are the command's flags.
type options struct {
	kernels, cache, data, only string
	update, verbose            bool
	jobs                       int
	patience                   time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.kernels, "kernel", "", "kernels, separated by commas: versions of the table, or running; all where it is empty")
	flag.StringVar(&o.cache, "cache", "", "directory to keep kernels in; the user's cache directory where it is empty")
	flag.StringVar(&o.data, "data", os.Getenv("GOFILTER_CONFORMANCE"), "directory of the recorded conformance cases (or $GOFILTER_CONFORMANCE)")
	flag.StringVar(&o.only, "only", "", "programs of the suite to run, separated by commas")
	flag.BoolVar(&o.update, "update", false, "look for newer kernels than those that are kept")
	flag.BoolVar(&o.verbose, "v", false, "print all that the programs print, as it comes")
	flag.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "kernels to boot at a time; 1: print as it comes")
	flag.DurationVar(&o.patience, "patience", 20*time.Minute, "how long a kernel may take")
	flag.Parse()
	o.jobs = max(o.jobs, 1)
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "kernelmatrix:", err)
		os.Exit(1)
	}
}

// running names the running kernel among the others.
const running = "running"

func run(o *options) error {
	wanted := make(map[string]bool)
	for _, name := range strings.Split(o.kernels, ",") {
		wanted[name] = true
	}
	if o.kernels == "" {
		clear(wanted)
	}
	known := map[string]bool{running: true}
	var booted []kernel
	for _, k := range kernels {
		known[k.version] = true
		if len(wanted) == 0 || wanted[k.version] {
			booted = append(booted, k)
		}
	}
	for name := range wanted {
		if !known[name] {
			return fmt.Errorf("unknown kernel %q", name)
		}
	}
	if o.cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		o.cache = filepath.Join(dir, "gofilter-kernels")
	}
	if len(booted) > 0 {
		if err := requireTools(); err != nil {
			return err
		}
	}
	stage, err := os.MkdirTemp("", "kernelmatrix-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	if err := build(stage, o); err != nil {
		return err
	}
	var failed []string
	if len(wanted) == 0 || wanted[running] {
		err := judge(os.Stdout, running, func(w io.Writer) error { return here(stage, w, o.patience) })
		if err != nil {
			failed = append(failed, running)
		}
	}
	failed = append(failed, bootAll(booted, stage, o)...)
	if len(failed) > 0 {
		return errors.New("not all well: " + strings.Join(failed, ", "))
	}
	return nil
}

// bootAll boots kernels, as many at a time as there are processors, and returns the versions of those that fail.
// What one of several prints is printed when it has come to its end.
func bootAll(booted []kernel, stage string, o *options) (failed []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	free := make(chan bool, o.jobs)
	for _, k := range booted {
		all.Go(func() {
			free <- true
			defer func() { <-free }()
			var said bytes.Buffer
			var out io.Writer = &said
			if o.jobs == 1 {
				out = os.Stdout
			}
			err := judge(out, "Debian's "+k.version, func(w io.Writer) error {
				image, err := k.fetch(filepath.Join(o.cache, k.version), o.update)
				if err != nil {
					return err
				}
				return image.boot(stage, w, o.patience)
			})
			mu.Lock()
			defer mu.Unlock()
			os.Stdout.Write(said.Bytes())
			if err != nil {
				failed = append(failed, k.version)
			}
		})
	}
	all.Wait()
	return failed
}

// judge runs a kernel and says how that went. What the kernel's program prints goes to out as it comes.
func judge(out io.Writer, name string, run func(io.Writer) error) error {
	start := time.Now()
	fmt.Fprintf(out, "== %s\n", name)
	r := &report{out: out}
	err := run(r)
	if err == nil {
		err = r.verdict()
	}
	said := "ok"
	if err != nil {
		said = "FAIL: " + err.Error()
	}
	fmt.Fprintf(out, "== %s: %s, %d programs pass, %d fail; %.0f s\n\n", name, said, r.passed, r.failed, time.Since(start).Seconds())
	return err
}
