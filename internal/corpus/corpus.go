// Package corpus reads the project's own filters and captures, testdata/filters.txt and
// testdata/pcaps, for the tests that run every one over the other.
package corpus

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

// Types lists the link types that "all" stands for in filters.txt.
var Types = []linktype.Type{
	linktype.Ethernet, linktype.Raw, linktype.IPv4, linktype.IPv6, linktype.Null,
	linktype.Loop, linktype.LinuxSLL, linktype.LinuxSLL2, linktype.PPP,
}

// A Filter is a line of filters.txt.
type Filter struct {
	Line  int
	Types []linktype.Type
	Text  string
}

// Filters reads filters.txt of the directory.
func Filters(dir string) ([]Filter, error) {
	path := filepath.Join(dir, "filters.txt")
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var filters []Filter
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		names, text, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("%s:%d: no tab", path, n)
		}
		filter := Filter{Line: n, Text: text}
		if names == "all" {
			filter.Types = Types
		} else {
			for name := range strings.SplitSeq(names, ",") {
				t, err := linktype.Lookup(name)
				if err != nil {
					return nil, fmt.Errorf("%s:%d: %w", path, n, err)
				}
				filter.Types = append(filter.Types, t)
			}
		}
		filters = append(filters, filter)
	}
	return filters, s.Err()
}

// For returns the filters for a link type.
func For(filters []Filter, t linktype.Type) []Filter {
	var picked []Filter
	for _, f := range filters {
		if slices.Contains(f.Types, t) {
			picked = append(picked, f)
		}
	}
	return picked
}

// A Capture is a file of testdata/pcaps.
type Capture struct {
	Name      string // of the file
	LinkType  linktype.Type
	BigEndian bool // byte order of the host that wrote it
	Packets   []Packet
}

// A Packet is a record of a capture.
type Packet struct {
	Data    []byte
	WireLen uint32
}

// Captures reads all captures of the directory, in the order of their names.
func Captures(dir string) ([]Capture, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "pcaps", "*.pcap"))
	if err != nil {
		return nil, err
	}
	var captures []Capture
	for _, path := range paths {
		c, err := read(path)
		if err != nil {
			return nil, err
		}
		captures = append(captures, c)
	}
	if len(captures) == 0 {
		return nil, fmt.Errorf("no captures in %s", filepath.Join(dir, "pcaps"))
	}
	return captures, nil
}

func read(path string) (Capture, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Capture{}, err
	}
	r, err := savefile.NewReader(bytes.NewReader(data), path)
	if err != nil {
		return Capture{}, err
	}
	face := r.Interface()
	c := Capture{Name: filepath.Base(path), LinkType: face.LinkType, BigEndian: face.BigEndian}
	for {
		var rec savefile.Record
		err := r.Next(&rec)
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			return Capture{}, err
		}
		c.Packets = append(c.Packets, Packet{slices.Clone(rec.Data), rec.Len})
	}
}

// Whole returns the different packets of the captures of a link type that were captured
// whole.
func Whole(captures []Capture, t linktype.Type) [][]byte {
	var whole [][]byte
	seen := map[string]bool{}
	for _, c := range captures {
		if c.LinkType != t {
			continue
		}
		for _, p := range c.Packets {
			if int(p.WireLen) == len(p.Data) && !seen[string(p.Data)] {
				seen[string(p.Data)] = true
				whole = append(whole, p.Data)
			}
		}
	}
	return whole
}
