package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/gofilter/gofilter/count"
)

// statWriter returns what prints samples to standard output: objects, a table that
// changes in its place, or lines.
func (s *session) statWriter(several bool) statWriter {
	switch {
	case s.opt.json:
		return &statObjects{out: s.stdout}
	case isTerminal(s.stdout):
		return &statTable{out: s.stdout, several: several, size: func() (int, int) { return terminalSize(s.stdout) }}
	}
	return &statLines{out: s.stdout, several: several}
}

// statLines prints a line for each row, and a table at the end.
type statLines struct {
	out     *os.File
	several bool
}

func (w *statLines) sample(s statSample) error {
	var b bytes.Buffer
	for i := range s.rows {
		r := &s.rows[i]
		fmt.Fprintf(&b, "%s %s: %s, %d bytes in %.3f s, %.1f packets/s, %.0f bit/s\n", s.time.Format("15:04:05.000000"),
			r.label(w.several), counted(r.delta.Packets, "packet"), r.delta.Bytes, s.seconds, per(r.delta.Packets, s.seconds), 8*per(r.delta.Bytes, s.seconds))
	}
	_, err := w.out.Write(b.Bytes())
	return outputError(err)
}

func (w *statLines) final(s statSample, seconds float64) error {
	_, err := w.out.WriteString(joinLines(finalTable(s, seconds, w.several)))
	return outputError(err)
}

// per returns a rate. An interval that was too short to be measured has none.
func per(n uint64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}

// A statObject is what --json prints of a row, on a line.
type statObject struct {
	Time       string    `json:"time"` // RFC 3339 in UTC, with nanoseconds
	Interface  string    `json:"interface"`
	Filter     string    `json:"filter"`     // its name
	Expression string    `json:"expression"` // its text
	Seconds    float64   `json:"seconds"`    // that packets and bytes were counted in
	Packets    uint64    `json:"packets"`
	Bytes      uint64    `json:"bytes"` // on the wire
	Total      statTotal `json:"total"`
	Final      bool      `json:"final,omitempty"` // nothing follows for the row
}

// A statTotal is what was counted since the start.
type statTotal struct {
	Packets uint64     `json:"packets"`
	Bytes   uint64     `json:"bytes"`
	Sizes   []statSize `json:"sizes"` // ranges that packets are in
}

// A statSize says how many packets are from so many bytes to so many long.
type statSize struct {
	From    uint32 `json:"from"`
	To      uint32 `json:"to,omitempty"` // the last range has no end
	Packets uint64 `json:"packets"`
}

// statObjects prints an object for each row.
type statObjects struct{ out *os.File }

func (w *statObjects) sample(s statSample) error { return w.print(s, false) }

func (w *statObjects) final(s statSample, _ float64) error { return w.print(s, true) }

func (w *statObjects) print(s statSample, final bool) error {
	b, err := statJSON(s, final)
	if err != nil {
		return err
	}
	_, err = w.out.Write(b)
	return outputError(err)
}

// statJSON returns the objects of a sample.
func statJSON(s statSample, final bool) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i := range s.rows {
		r := &s.rows[i]
		o := statObject{
			Time: s.time.UTC().Format(timeForm), Interface: r.iface, Filter: r.filter.name, Expression: r.filter.source,
			Seconds: s.seconds, Packets: r.delta.Packets, Bytes: r.delta.Bytes, Final: final,
			Total: statTotal{r.total.Packets, r.total.Bytes, []statSize{}},
		}
		for i, n := range r.total.Sizes {
			if n > 0 {
				first, last := count.SizeRange(i)
				o.Total.Sizes = append(o.Total.Sizes, statSize{first, last, n})
			}
		}
		if err := e.Encode(&o); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
