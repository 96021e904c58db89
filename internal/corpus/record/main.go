// Command record writes down which packets of testdata/pcaps tcpdump accepts for each filter of
// testdata/filters.txt, as testdata/oracle.txt. Tests compare with the record; tcpdump itself
// is needed for making it only.
//
// GOFILTER_TCPDUMP names another tcpdump. Verdicts are those of filters without optimization (-O),
// which is what says where a cut packet ends a filter.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofilter/gofilter/internal/corpus"
	"github.com/gofilter/gofilter/internal/savefile"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: record DIRECTORY")
		os.Exit(2)
	}
	if err := record(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(dir string) error {
	tcpdump := os.Getenv("GOFILTER_TCPDUMP")
	if tcpdump == "" {
		tcpdump = "tcpdump"
	}
	version, err := exec.Command(tcpdump, "--version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w", tcpdump, err)
	}
	filters, err := corpus.Filters(dir)
	if err != nil {
		return err
	}
	captures, err := corpus.Captures(dir)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("# The packets of pcaps that tcpdump -O accepts for each filter of filters.txt, by\n" +
		"# number from 1; a capture that is not listed has none. Written by make oracle with\n")
	for line := range strings.Lines(string(version)) {
		out.WriteString("#   " + strings.TrimSpace(line) + "\n")
	}
	for _, f := range filters {
		fmt.Fprintf(&out, "filter\t%s\n", f.Text)
		for _, c := range captures {
			if !slices.Contains(f.Types, c.LinkType) {
				continue
			}
			numbers, err := run(tcpdump, filepath.Join(dir, "pcaps", c.Name), f.Text)
			if err != nil {
				return fmt.Errorf("%s: %q: %w", c.Name, f.Text, err)
			}
			if len(numbers) > 0 {
				fmt.Fprintf(&out, "\t%s: %s\n", c.Name, corpus.FormatRanges(numbers))
			}
		}
	}
	return os.WriteFile(filepath.Join(dir, "oracle.txt"), out.Bytes(), 0o644)
}

// run returns the numbers of the packets that the filter accepts. tcpdump does not tell them;
// the captures' time stamps do, which are all different.
func run(tcpdump, path, filter string) ([]int, error) {
	cmd := exec.Command(tcpdump, "-n", "-O", "-r", path, "-w", "-", "--", filter)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, &stderr)
	}
	all, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	have, err := stamps(all, path)
	if err != nil {
		return nil, err
	}
	got, err := stamps(&stdout, "tcpdump's output")
	if err != nil {
		return nil, err
	}
	numbers := make([]int, len(got))
	for i, s := range got {
		if numbers[i] = slices.Index(have, s) + 1; numbers[i] == 0 {
			return nil, errors.New("tcpdump writes a packet that is not in the capture")
		}
	}
	return numbers, nil
}

// stamps returns the time stamps of a capture's packets.
func stamps(r io.Reader, name string) ([][2]int64, error) {
	f, err := savefile.NewReader(r, name)
	if err != nil {
		return nil, err
	}
	var all [][2]int64
	for {
		var rec savefile.Record
		err := f.Next(&rec)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, [2]int64{rec.Sec, int64(rec.Nsec)})
	}
}
