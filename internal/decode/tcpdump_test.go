package decode

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/internal/savefile"
)

// tcpdump returns the program's path; where it is missing the test is skipped, or
// fails if the surroundings promise it.
func tcpdump(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		if os.Getenv("GOFILTER_REQUIRE_KERNEL") == "1" {
			t.Fatal(err)
		}
		t.Skip("no tcpdump to compare with")
	}
	return path
}

// printFile returns what a Decoder prints for a capture.
func printFile(t *testing.T, file string, opt Options) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := savefile.NewReader(f, file)
	if err != nil {
		t.Fatal(err)
	}
	d := New(opt)
	var out []byte
	var rec savefile.Record
	for {
		err := r.Next(&rec)
		if errors.Is(err, io.EOF) {
			return string(out)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = d.Append(out, &Packet{Data: rec.Data, Len: rec.Len, Sec: rec.Sec, Nsec: rec.Nsec, Number: rec.Number,
			LinkType: rec.Interface.LinkType})
	}
}

func ifName(index int) string {
	ifi, err := net.InterfaceByIndex(index)
	if err != nil {
		return ""
	}
	return ifi.Name
}

// different lists lines that are known not to be tcpdump's: each is a part of our
// line, with the reason.
var different = []struct{ part, reason string }{
	{"[remaining caplen(", "a cut IPv4 header is not printed in part, with -v either"},
	{"[|vlan]", "what is known of the frame stands before the mark"},
	{" AH(", "IPv6 options after an authentication header are followed"},
	{"STP, ", "spanning tree is named only"},
	{"SNAP, oui ", "CDP is not decoded"},
	{"pid Unknown", "CDP is not decoded"},
	{"IS-IS", "is not decoded"},
	{"Loopback, ", "is not decoded"},
	{"Loopback (0x9000)", "is not decoded"},
	{"router adv", "has no lines of its own with -v"},
	{"neighbor ", "options of neighbor discovery are not printed"},
	{"PIMv2, Hello", "has no lines of its own with -v"},
	{"LCP, length", "LCP is named only"},
	{"PPPoE PAD", "PPPoE tags are not printed"},
	{"options (timestamp", "its value is not printed"},
	{"last-entry=0 [|rt6]", "flags of a cut segment routing header are not printed"},
}

func isDifferent(line string) bool {
	for _, row := range different {
		if strings.Contains(line, row.part) {
			return true
		}
	}
	return false
}

// headLines returns the lines that begin a packet.
func headLines(lines []string) []string {
	var heads []string
	for _, line := range lines {
		if !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "    ") {
			heads = append(heads, line)
		}
	}
	return heads
}

// TestAsTcpdump prints every capture of testdata with every set of options, and
// expects the very lines that tcpdump prints.
func TestAsTcpdump(t *testing.T) {
	program := tcpdump(t)
	files, err := filepath.Glob("../../testdata/pcaps/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	sets := []struct {
		args string
		opt  Options
	}{
		{"-tt", Options{Stamp: StampUnix}},
		{"-t -e", Options{Stamp: StampNone, Link: true}},
		{"-t -v", Options{Stamp: StampNone, Verbose: 1}},
		{"-t -e -vv", Options{Stamp: StampNone, Link: true, Verbose: 2}},
		{"-t -q", Options{Stamp: StampNone, Quiet: true}},
		{"-t -q -e", Options{Stamp: StampNone, Quiet: true, Link: true}},
		{"-ttt -S", Options{Stamp: StampDelta, AbsoluteSeq: true}},
		{"-tttt -x", Options{Stamp: StampDate, Dump: DumpHex}},
		{"-ttttt -XX", Options{Stamp: StampFirst, Dump: DumpBoth, DumpLink: true}},
		{"-# -A", Options{Number: true, Dump: DumpASCII}},
	}
	for _, set := range sets {
		lines, wrong := 0, 0
		for _, file := range files {
			set.opt.IfName = ifName
			if set.opt.Dump != DumpNone && strings.HasPrefix(filepath.Base(file), "cut-") {
				continue // where a header is cut tcpdump's dump starts with the link header
			}
			got := strings.Split(printFile(t, file, set.opt), "\n")
			args := append([]string{"-n", "-r", file}, strings.Fields(set.args)...)
			out, err := exec.Command(program, args...).Output()
			if err != nil {
				t.Fatalf("tcpdump %v: %v", args, err)
			}
			want := strings.Split(string(out), "\n")
			lines += len(want)
			if len(got) != len(want) {
				got, want = headLines(got), headLines(want) // a known difference has lines of its own
			}
			for i := range max(len(got), len(want)) {
				g, w := "(no line)", "(no line)"
				if i < len(got) {
					g = got[i]
				}
				if i < len(want) {
					w = want[i]
				}
				if g != w && !isDifferent(g) && !isDifferent(w) {
					wrong++
					if wrong < 8 {
						t.Errorf("tcpdump %s, %s line %d:\n got %q\nwant %q", set.args, filepath.Base(file), i+1, g, w)
					}
				}
			}
		}
		t.Logf("tcpdump %s: %d lines, %d differ", set.args, lines, wrong)
	}
}
