package gofilter_test

import (
	"encoding/hex"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/corpus"
	"github.com/gofilter/gofilter/ir"
)

// intended lists the packets, by capture and number, on which a filter's verdict is meant to
// differ from tcpdump's, and why.
var intended = map[string]map[string]map[int]string{
	`protochain \udp`: {"ip6.pcap": {10: "libpcap mis-steps after an AH header; RFC 4302 has its length"}},
}

// TestOracle compares with what tcpdump was recorded to accept (make oracle). Without passes
// the verdicts must be the same; with them, a packet that faults may be accepted where no
// missing byte matters.
func TestOracle(t *testing.T) {
	filters, captures := readCorpus(t)
	recorded, err := corpus.ReadVerdicts(filepath.Join("testdata", "oracle.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range filters {
		verdicts, ok := recorded[f.Text]
		if !ok {
			t.Errorf("line %d: %q is not in oracle.txt: run make oracle", f.Line, f.Text)
			continue
		}
		for _, c := range captures {
			if !slices.Contains(f.Types, c.LinkType) {
				continue
			}
			cfg := gofilter.Config{LinkType: c.LinkType, ByteOrder: gofilter.NativeOrder}
			if c.BigEndian {
				cfg.ByteOrder = gofilter.SwappedOrder
			}
			filter, err := gofilter.Compile(f.Text, cfg)
			if err != nil {
				t.Errorf("%q: %v", f.Text, err)
				continue
			}
			for i, p := range c.Packets {
				want := slices.Contains(verdicts[c.Name], i+1)
				if intended[f.Text][c.Name][i+1] != "" {
					want = !want
				}
				md := &ir.Metadata{Len: p.WireLen}
				if got := ir.Eval(filter.Plain(), p.Data, md) != 0; got != want {
					t.Errorf("%q, %s packet %d: %v without passes, tcpdump says %v\n%s%s", f.Text, c.Name, i+1, got, want, hex.Dump(p.Data), filter.Plain())
					break
				}
				if got := filter.Match(p.Data, md); got != want && !(got && needless(filter.Plain(), p.Data, md)) {
					t.Errorf("%q, %s packet %d: %v, tcpdump says %v\n%s%s", f.Text, c.Name, i+1, got, want, hex.Dump(p.Data), filter.IR())
					break
				}
			}
		}
	}
}
