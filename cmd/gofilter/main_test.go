package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/internal/savefile"
)

// The test binary is the command itself when this is set in its environment.
const asCommand = "GOFILTER_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "1" {
		main()
	}
	os.Exit(m.Run())
}

// command returns the command with arguments, not started.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "TZ=UTC")
	return cmd
}

// result is what a run of the command left.
type result struct {
	stdout, stderr string
	status         int
}

// runCommand runs the command to its end.
func runCommand(t testing.TB, stdin string, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// peer returns the path of a program to compare with; where it is missing the test
// is skipped, or fails if the surroundings promise it.
func peer(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("GOFILTER_REQUIRE_KERNEL") == "1" {
			t.Fatal(err)
		}
		t.Skip("no " + name + " to compare with")
	}
	return path
}

// pcap returns the path of one of the project's captures.
func pcap(name string) string { return filepath.Join("..", "..", "testdata", "pcaps", name+".pcap") }

const listing = `(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 12
(002) ldb      [23]
(003) jeq      #0x6             jt 4	jf 12
(004) ldh      [20]
(005) jset     #0x1fff          jt 12	jf 6
(006) ldxb     4*([14]&0xf)
(007) ldh      [x + 14]
(008) jeq      #0x16            jt 11	jf 9
(009) ldh      [x + 16]
(010) jeq      #0x16            jt 11	jf 12
(011) ret      #262144
(012) ret      #0
`

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := write("foreign", "this is no capture\n")
	tests := []struct {
		args   []string
		stderr string // with the program's name in front of the first line
	}{
		{[]string{"-k"}, "unknown option -k; --help lists the options\n"},
		{[]string{"--colour"}, "unknown option --colour; --help lists the options\n"},
		{[]string{"-c"}, "option -c needs a value\n"},
		{[]string{"-c", "0"}, "invalid packet count 0\n"},
		{[]string{"-c", "-1"}, "invalid packet count -1\n"},
		{[]string{"-s", "262145"}, "invalid snaplen 262145 (must be >= 0 and <= 262144)\n"},
		{[]string{"-y", "FOO", "-d"}, "invalid data link type FOO (-y list prints them)\n"},
		{[]string{"-i", "lo", "-i", "lo"}, "-i is given twice for lo\n"},
		{[]string{"-i", "lo", "-i", "any"}, "-i any means every interface: no other -i may stand beside it\n"},
		{[]string{"-i", "lo", "-i", "eth0", "-d"}, "a program is printed for one interface: choose one -i\n"},
		{[]string{"-r", foreign, "--pcapng"}, "--pcapng is about a file to write: -w FILE\n"},
		{[]string{"--format", "cobol", "ip"}, "unknown format \"cobol\": want asm, c, decimal, bytecode, xt_bpf, tc, go, hex, savefile, elf\n"},
		{[]string{"-Q", "up"}, "unknown capture direction \"up\": want in, out, inout\n"},
		{[]string{"--netmask", "24"}, "invalid netmask \"24\": want four numbers, such as 255.255.255.0\n"},
		{[]string{"--target", "moon"}, "unknown target \"moon\": want " + targetNames() + "\n"},
		{[]string{"-d", "-y", "EN10MB", "tcp and udp"}, "expression rejects all packets\n"},
		{[]string{"-d", "-y", "EN10MB", "ip and tpc dst port 80"},
			"1:8: unknown protocol \"tpc\" (did you mean tcp?)\n    ip and tpc dst port 80\n           ^~~\n"},
		{[]string{"-d", "-F", filepath.Join(dir, "none")}, filepath.Join(dir, "none") + ": no such file or directory\n"},
		{[]string{"-r", filepath.Join(dir, "none")}, filepath.Join(dir, "none") + ": no such file or directory\n"},
		{[]string{"-r", foreign}, foreign + ": unknown file format\n"},
		{[]string{"-r", dir}, dir + ": is a directory\n"},
		{[]string{"-r", foreign, "-i", "lo"}, "-r reads a file and -i captures: choose one\n"},
		{[]string{"--objective", "speed", "-r", foreign}, "--objective is about a program that is printed: -d, --format, --ebpf or --dump-pass\n"},
		{[]string{"--results", "ip"}, "--results needs a file to read: -r FILE\n"},
		{[]string{"--dump-pass", "nonsense", "-y", "EN10MB", "ip"}, "no pass \"nonsense\" was run; --dump-pass list prints their names\n"},
	}
	for _, test := range tests {
		r := runCommand(t, "", test.args...)
		if want := "gofilter: " + test.stderr; r.status != 1 || r.stderr != want || r.stdout != "" {
			t.Errorf("%q: status %d\n got %q\nwant %q\n%s", test.args, r.status, r.stderr, want, r.stdout)
		}
	}
}

// Every option of tcpdump's that is refused says so by its name.
func TestRefused(t *testing.T) {
	for _, row := range refusals {
		name := "--" + row.long
		if row.short != "" {
			name = "-" + row.short
		}
		_, err := parseOptions([]string{name, "x"})
		var refused *refusedError
		if !errors.As(err, &refused) || err.Error() != fmt.Sprintf("%s is not supported: %s", name, row.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// packetsIn returns how many packets a savefile has.
func packetsIn(t *testing.T, name string) int {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := savefile.NewReader(f, name)
	if err != nil {
		t.Fatal(err)
	}
	var rec savefile.Record
	for n := 0; ; n++ {
		if err := r.Next(&rec); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
