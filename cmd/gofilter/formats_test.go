package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/cbpfgen"
)

// ports returns a filter of n ports that no range joins.
func ports(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " or port %d", 1000+7*i)
	}
	return strings.TrimPrefix(b.String(), " or ")
}

// TestFormatsForClients: what runs a program decides what it is compiled for.
func TestFormatsForClients(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // on standard output; or on standard error where the command fails
		ok   bool
	}{
		{[]string{"--format", "xt_bpf", "ip"}, "5,48 0 0 0,84 0 0 240,21 0 1 64,6 0 0 262144,6 0 0 0\n", true},
		{[]string{"--format", "xt_bpf", "-y", "IPV4", "ip"}, "1,6 0 0 262144\n", true},
		{[]string{"--format", "xt_bpf", "-y", "EN10MB", "ip"}, "xt_bpf: a packet does not begin as EN10MB there: choose -y RAW, IPV4, IPV6", false},
		{[]string{"--format", "xt_bpf", "vlan"}, "\"vlan\" is not supported on link type RAW", false},
		{[]string{"--format", "xt_bpf", ports(30)}, " instructions, the limit is 64; share the filter out among rules, or use eBPF: ", false},
		{[]string{"--format", "bytecode", "-y", "RAW", ports(30)}, ",6 0 0 0\n", true},
		{[]string{"--format", "tc", "-y", "EN10MB", "ip"}, "4,40 0 0 12,21 0 1 2048,6 0 0 4294967295,6 0 0 0\n", true},
		{[]string{"--format", "tc", "-y", "EN10MB", "-s", "9", "ip"}, "4,40 0 0 12,21 0 1 2048,6 0 0 9,6 0 0 0\n", true},
		{[]string{"--format", "tc", "-y", "EN10MB", "vlan"}, "48 0 0 4294963248,", true}, // SKF_AD_VLAN_TAG_PRESENT
		{[]string{"--format", "tc", "-y", "EN10MB", "outbound and ip"}, "tc: inbound and outbound mean nothing to a classic program at tc", false},
		{[]string{"--format", "tc", "-y", "EN10MB", ports(2500)}, "the limit is 4096; use eBPF: --target tc", false},
		{[]string{"--format", "hex", "-y", "EN10MB", "ip"}, "002800000000000c00150001000008000006000000040000" + "0006000000000000\n", true},
	} {
		r := runCommand(t, "", test.args...)
		got := r.stdout
		if !test.ok {
			got = r.stderr
		}
		if (r.status == 0) != test.ok || !strings.Contains(got, test.want) || test.ok && r.stderr != "" {
			t.Errorf("%.80q: status %d\n%s%.200s\nwant %s", test.args, r.status, r.stderr, r.stdout, test.want)
		}
	}
}

// TestFormatSavefile: the file says what the program was compiled for.
func TestFormatSavefile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "filter.cbpf")
	r := runCommand(t, "", "-y", "RAW", "-s", "96", "-O", "--netmask", "255.255.0.0", "--format", "savefile", "-o", file, "ip and tcp port 22")
	if r.status != 0 || r.stdout != "" || r.stderr != "" {
		t.Fatalf("status %d\n%s%s", r.status, r.stderr, r.stdout)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cbpfgen.ParseSavefile(data)
	if err != nil {
		t.Fatal(err)
	}
	if s.LinkType != 12 || s.LinkTypeName != "RAW" || s.Snaplen != 96 || s.Filter != "ip and tcp port 22" || s.Optimization != cbpfgen.Plain ||
		s.Netmask.String() != "255.255.0.0" || s.Dialect != cbpfgen.LinuxDialect || !strings.HasPrefix(s.Comment, "gofilter ") {
		t.Errorf("%+v", s)
	}
	want := runCommand(t, "", "-y", "RAW", "-s", "96", "-O", "--netmask", "255.255.0.0", "-d", "ip and tcp port 22").stdout
	if got := cbpfgen.Format(s.Program); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// What is not in ASCII, or too long, is left out with a word.
	long := "ip" + strings.Repeat(" ", 70000)
	r = runCommand(t, long, "-y", "EN10MB", "--format", "savefile", "-F", "-")
	if s, err := cbpfgen.ParseSavefile([]byte(r.stdout)); err != nil || s.Filter != "" || len(s.Program) != 4 ||
		!strings.Contains(r.stderr, "the expression is not in the file: savefile: filter of 70002 bytes") {
		t.Errorf("%v, %+v, %s", err, s, r.stderr)
	}
}
