package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/oracle"
	"github.com/gofilter/gofilter/linktype"
)

// recordedText has for each filter a line with its text, and one with libpcap 1.11's
// optimized program for a live capture on Linux, as "op jt jf k" for each
// instruction.
//
//go:embed testdata/libpcap.txt
var recordedText string

// reference returns libpcap's programs, by filter. With a path for record it
// writes them there.
func reference(driver, record string) (map[string][]bpf.RawInstruction, error) {
	if driver == "" {
		if record != "" {
			return nil, fmt.Errorf("-record needs a driver")
		}
		return parseRecorded(recordedText)
	}
	d, err := oracle.Start(driver)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var text strings.Builder
	text.WriteString("# libpcap 1.11: the optimized programs for a live capture on Linux.\n")
	for _, f := range filters {
		_, a, err := d.Compile(&oracle.Case{Link: linktype.Ethernet, View: oracle.Linux, Snaplen: gofilter.DefaultSnaplen, Expr: f.text})
		if err != nil {
			return nil, err
		}
		if !a.OK() {
			return nil, fmt.Errorf("%q: libpcap %s", f.text, a.String())
		}
		fmt.Fprintf(&text, "%s\n\t", f.text)
		for i, in := range a.Prog {
			if i > 0 {
				text.WriteByte(' ')
			}
			fmt.Fprintf(&text, "%d %d %d %d", in.Code, in.JT, in.JF, in.K)
		}
		text.WriteByte('\n')
	}
	if record != "" {
		return nil, os.WriteFile(record, []byte(text.String()), 0o666)
	}
	return parseRecorded(text.String())
}

func parseRecorded(text string) (map[string][]bpf.RawInstruction, error) {
	progs := make(map[string][]bpf.RawInstruction)
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		rest, program := strings.CutPrefix(line, "\t")
		switch {
		case strings.HasPrefix(line, "#"):
		case !program:
			name = line
		default:
			var prog []bpf.RawInstruction
			r := strings.NewReader(rest)
			for r.Len() > 0 {
				var in bpf.RawInstruction
				if _, err := fmt.Fscan(r, &in.Op, &in.Jt, &in.Jf, &in.K); err != nil {
					return nil, fmt.Errorf("recorded program of %q: %w", name, err)
				}
				prog = append(prog, in)
			}
			progs[name] = prog
		}
	}
	return progs, nil
}
