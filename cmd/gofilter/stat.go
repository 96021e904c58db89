package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/count"
)

// A meter counts on one interface.
type meter struct {
	iface   string
	filters []*statFilter
	c       *count.Counter
	before  []count.Counts // of the last time
}

// A statRow is what was counted of a filter on an interface.
type statRow struct {
	iface  string
	filter *statFilter
	delta  count.Counts // since the last time
	total  count.Counts
}

// A statSample is what was counted of all filters at a time.
type statSample struct {
	time    time.Time
	seconds float64 // since the last one
	rows    []statRow
}

// A statWriter prints samples.
type statWriter interface {
	sample(statSample) error
	final(s statSample, seconds float64) error // the last one, so many seconds after the start
}

// stat counts until a signal, an error, or the number of intervals asked for.
func (s *session) stat() (err error) {
	filters, err := s.statFilters()
	if err != nil {
		return err
	}
	names, err := s.interfaceNames()
	if err != nil {
		return err
	}
	run := &counting{s: s, done: make(chan struct{})}
	defer func() {
		for _, m := range run.meters {
			err = errors.Join(err, m.c.Close())
		}
	}()
	for _, name := range names {
		m, err := s.meter(name, filters)
		if err != nil {
			return err
		}
		run.meters = append(run.meters, m)
	}
	if err := s.dropPrivileges(); err != nil {
		return err
	}
	run.out = s.statWriter(len(names) > 1)
	stop := s.watchSignals(run) // before the banner: who sees that may send one
	for _, m := range run.meters {
		m.banner(s)
	}
	run.start = time.Now()
	run.last = run.start
	err = errors.Join(run.loop(), run.finish())
	stop() // behind the totals, which a second signal must not cut
	return err
}

// meter begins to count on an interface.
func (s *session) meter(name string, filters []*statFilter) (*meter, error) {
	link, err := s.liveLinkType(name)
	if err != nil {
		return nil, err
	}
	cfg := count.Config{Interface: name, Promiscuous: !s.opt.noPromisc, Where: s.opt.stat.where, Direction: s.direction()}
	if s.opt.linkGiven {
		cfg.LinkType = link
	}
	for _, f := range filters {
		cfg.Filters = append(cfg.Filters, count.Filter{Program: func(p count.Place) (asm.Instructions, error) {
			return s.statProgram(f, name, p)
		}})
	}
	c, err := count.Open(cfg)
	if err != nil {
		return nil, err
	}
	return &meter{iface: name, filters: filters, c: c, before: make([]count.Counts, len(filters))}, nil
}

// direction returns which packets -Q asks for.
func (s *session) direction() capture.Direction {
	switch s.opt.direction {
	case "in":
		return capture.In
	case "out":
		return capture.Out
	}
	return capture.InOut
}

// banner says what is being counted, with -v how, and always where programs may stay behind.
func (m *meter) banner(s *session) {
	if m.c.Via() == "clsact" {
		s.notice("%s: %s: the programs stay if this one is killed or has lost cap_net_admin, for the kernel has no TCX; tc filter del removes them", program, m.iface)
	}
	if s.opt.verbose > 0 {
		why := ""
		if err := m.c.Fallback(); err != nil {
			why = fmt.Sprintf("; not at the TC hooks: %v", err)
		}
		s.notice("%s: %s: counting at %s, %d instructions%s", program, m.iface, m.c.Via(), m.c.Instructions(), why)
	}
	s.notice("%s: counting on %s, link-type %s, every %v", program, m.iface, linkText(m.c.LinkType()), s.opt.stat.interval)
}

// read returns the meter's rows.
func (m *meter) read() ([]statRow, error) {
	now, err := m.c.Read()
	if now == nil {
		return nil, err
	}
	rows := make([]statRow, len(now))
	for i, total := range now {
		rows[i] = statRow{m.iface, m.filters[i], minus(total, m.before[i]), total}
	}
	m.before = now
	return rows, err
}

// minus returns what was counted between two times.
func minus(a, b count.Counts) count.Counts {
	a.Packets -= b.Packets
	a.Bytes -= b.Bytes
	for i := range a.Sizes {
		a.Sizes[i] -= b.Sizes[i]
	}
	return a
}

// counting is the counting while it goes on.
type counting struct {
	s           *session
	meters      []*meter
	out         statWriter
	start, last time.Time

	once sync.Once
	done chan struct{}
}

// end ends the counting, see capturer.
func (run *counting) end() { run.once.Do(func() { close(run.done) }) }

func (run *counting) flushSaved() bool { return false }

// counts returns how many packets there were of each filter.
func (run *counting) counts() []string {
	var list []string
	for _, m := range run.meters {
		now, err := m.c.Read()
		if now == nil || err != nil {
			return nil
		}
		for i, f := range m.filters {
			list = append(list, fmt.Sprintf("%s of %s", counted(now[i].Packets, "packet"), f.name))
		}
	}
	return list
}

// loop prints a sample each interval.
func (run *counting) loop() error {
	tick := time.NewTicker(run.s.opt.stat.interval)
	defer tick.Stop()
	for n := uint64(1); ; n++ {
		select {
		case <-run.done:
			return nil
		case <-tick.C:
		}
		sample, err := run.take()
		if err == nil {
			err = run.out.sample(sample)
		}
		if err != nil || n == run.s.opt.stat.intervals {
			return err
		}
	}
}

// take reads all counters. When an interface is gone the others' counts are kept for the end.
func (run *counting) take() (statSample, error) {
	now := time.Now()
	sample := statSample{time: now, seconds: now.Sub(run.last).Seconds()}
	run.last = now
	var errs []error
	for _, m := range run.meters {
		rows, err := m.read()
		sample.rows = append(sample.rows, rows...)
		errs = append(errs, err)
	}
	return sample, errors.Join(errs...)
}

// finish stops the counting and prints what there was of it.
func (run *counting) finish() error {
	var errs []error
	for _, m := range run.meters {
		errs = append(errs, m.c.Stop())
	}
	sample, err := run.take()
	errs = append(errs, err, run.out.final(sample, run.last.Sub(run.start).Seconds()))
	return errors.Join(errs...)
}

// label names a row: the filter, and the interface where there are several.
func (r *statRow) label(several bool) string {
	name := strings.TrimSpace(r.filter.name)
	if several {
		return r.iface + " " + name
	}
	return name
}
