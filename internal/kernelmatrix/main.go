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
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// options are the command's flags.
type options struct {
	kernels, cache, data, only string
	update, verbose            bool
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
	flag.DurationVar(&o.patience, "patience", 20*time.Minute, "how long a kernel may take")
	flag.Parse()
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
		if err := judge(running, func(w io.Writer) error { return here(stage, w, o.patience) }); err != nil {
			failed = append(failed, running)
		}
	}
	for _, k := range booted {
		err := judge("Debian's "+k.version, func(w io.Writer) error {
			image, err := k.fetch(filepath.Join(o.cache, k.version), o.update)
			if err != nil {
				return err
			}
			return image.boot(stage, w, o.patience)
		})
		if err != nil {
			failed = append(failed, k.version)
		}
	}
	if len(failed) > 0 {
		return errors.New("not all well: " + strings.Join(failed, ", "))
	}
	return nil
}

// judge runs a kernel and says how that went. What the kernel's program prints is printed as it comes.
func judge(name string, run func(io.Writer) error) error {
	start := time.Now()
	fmt.Printf("== %s\n", name)
	r := &report{out: os.Stdout}
	err := run(r)
	if err == nil {
		err = r.verdict()
	}
	said := "ok"
	if err != nil {
		said = "FAIL: " + err.Error()
	}
	fmt.Printf("== %s: %s, %d programs pass, %d fail; %.0f s\n\n", name, said, r.passed, r.failed, time.Since(start).Seconds())
	return err
}
