package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/gofilter/gofilter/count"
)

// statOptions are what --stat and the options beside it ask for.
type statOptions struct {
	interval  time.Duration // 0: no counting
	intervals uint64        // after which to stop; 0: never
	where     count.Where
}

// Bounds of an interval. What is shorter costs more than it says.
const (
	defaultInterval  = "1s"
	shortestInterval = 10 * time.Millisecond
	longestInterval  = 24 * time.Hour
)

// statBeside are the options that mean something beside --stat.
var statBeside = []string{
	"stat", "intervals", "stat-at", "interface", "linktype", "direction", "no-promiscuous-mode", "relinquish-privileges",
	"expression-file", "netmask", "no-optimize", "json", "numeric", "line-buffered", "verbose", "no-warnings",
}

// define adds the options.
func (st *statOptions) define(fs *pflag.FlagSet) {
	fs.VarP(&setting{st.setInterval, "INTERVAL"}, "stat", "", "count packets in the kernel, print rates and sizes every INTERVAL; for several filters NAME='EXPRESSION' ...")
	fs.Lookup("stat").NoOptDefVal = defaultInterval
	fs.VarP(&setting{st.setIntervals, "COUNT"}, "intervals", "", "with --stat, end after so many")
	fs.VarP(&setting{st.setWhere, "auto|tc|socket"}, "stat-at", "", "with --stat, count at the TC hooks or on a packet socket")
}

// parseInterval reads a number of seconds or a duration such as 500ms.
func parseInterval(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if n, numErr := strconv.ParseFloat(s, 64); numErr == nil {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	if err != nil || d < shortestInterval || d > longestInterval {
		return 0, fmt.Errorf("invalid interval %s: want 10ms to 24h, such as 500ms or 2s", s)
	}
	return d, nil
}

func (st *statOptions) setInterval(s string) (err error) {
	st.interval, err = parseInterval(s)
	return err
}

func (st *statOptions) setIntervals(s string) error {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		return fmt.Errorf("invalid number of intervals %s", s)
	}
	st.intervals = n
	return nil
}

func (st *statOptions) setWhere(s string) error {
	for _, w := range []count.Where{count.Auto, count.Hook, count.Socket} {
		if w.String() == s {
			st.where = w
			return nil
		}
	}
	return fmt.Errorf("unknown place to count %q: want auto, tc, socket", s)
}

// joinInterval makes one argument of --stat and an interval behind it: an option whose
// value may be missing takes it only behind an equals sign. No filter begins with a
// duration; one that begins with a number is kept apart by --stat=INTERVAL.
func joinInterval(args []string) []string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if arg != "--stat" || i+1 == len(args) {
			continue
		}
		if _, err := parseInterval(args[i+1]); err == nil {
			return slices.Concat(args[:i], []string{arg + "=" + args[i+1]}, args[i+2:])
		}
	}
	return args
}

// check refuses options that mean nothing with --stat, or nothing without it.
func (st *statOptions) check(fs *pflag.FlagSet) (err error) {
	if st.interval == 0 {
		if st.intervals > 0 || st.where != count.Auto {
			return errors.New("--intervals and --stat-at are about counting: --stat")
		}
		return nil
	}
	fs.Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(statBeside, f.Name) {
			err = fmt.Errorf("--stat counts packets in the kernel: --%s cannot stand beside it", f.Name)
		}
	})
	return err
}
