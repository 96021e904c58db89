package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

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

func TestDump(t *testing.T) {
	const warning = "Warning: assuming Ethernet\n"
	tests := []struct {
		args   []string
		stdout string
		stderr string
	}{
		{[]string{"-d", "ip and tcp port 22"}, listing, warning},
		{[]string{"-d", "ip", "and", "tcp", "port", "22"}, listing, warning},
		{[]string{"-d", "-y", "EN10MB", "ip and tcp port 22"}, listing, ""},
		{[]string{"-d", "-s", "65535", "ip and tcp port 22"}, strings.Replace(listing, "262144", "65535", 1), warning},
		{[]string{"-ds0", "ip and tcp port 22"}, listing, warning},
		{[]string{"-d"}, "(000) ret      #262144\n", warning},
		{[]string{"-d", "-y", "RAW", "-O", "tcp and udp and ip6 and ip"}, "", ""},
		{[]string{"-d", "-r", pcap("ssh"), "ip and tcp port 22"}, listing, ""},
		{[]string{"-dd", "ip"}, "{ 0x28, 0, 0, 0x0000000c },\n{ 0x15, 0, 1, 0x00000800 },\n{ 0x6, 0, 0, 0x00040000 },\n{ 0x6, 0, 0, 0x00000000 },\n", warning},
		{[]string{"-ddd", "ip"}, "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n", warning},
	}
	for _, test := range tests {
		r := runCommand(t, "", test.args...)
		if r.status != 0 || r.stderr != test.stderr || (test.stdout != "" && r.stdout != test.stdout) {
			t.Errorf("%q: status %d\n%s%s", test.args, r.status, r.stderr, r.stdout)
		}
		if r.stdout == "" {
			t.Errorf("%q: prints nothing", test.args)
		}
	}
}

func TestDumpAsTcpdump(t *testing.T) {
	tcpdump := peer(t, "tcpdump")
	for _, letters := range []string{"-d", "-dd", "-ddd"} {
		want, err := exec.Command(tcpdump, letters, "-y", "EN10MB", "ip and tcp port 22").Output()
		if err != nil {
			t.Fatal(err)
		}
		if r := runCommand(t, "", letters, "-y", "EN10MB", "ip and tcp port 22"); r.stdout != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", letters, r.stdout, want)
		}
	}
}

func TestDumpOther(t *testing.T) {
	tests := []struct {
		args []string
		want []string
	}{
		{[]string{"--ebpf", "tcp port 22"}, []string{"Exit", "; tcp port 22"}},
		{[]string{"--target", "xdp", "-d", "tcp port 22"}, []string{"Exit", "; tcp port 22"}},
		{[]string{"--target", "tc", "--access", "helper", "ip"}, []string{"SkbLoadBytes"}},
		{[]string{"--format", "bytecode", "ip"}, []string{"4,40 0 0 12,21 0 1 2048,6 0 0 262144,6 0 0 0\n"}},
		{[]string{"--format", "go", "ip"}, []string{"[]bpf.RawInstruction{"}},
		{[]string{"-dddd", "ip"}, []string{"4\n40 0 0 12\n"}},
		{[]string{"--dump-pass", "lower", "ip"}, []string{"; after lower\nfunc linktype=EN10MB"}},
		{[]string{"--dump-pass", "all", "ip"}, []string{"; after lower\n", "; after layout\n"}},
		{[]string{"--dump-pass", "list"}, []string{"layout: "}},
		{[]string{"--version"}, []string{"gofilter version "}},
		{[]string{"-h"}, []string{"usage: gofilter ", "--packet-buffered"}},
	}
	for _, test := range tests {
		r := runCommand(t, "", test.args...)
		if r.status != 0 {
			t.Errorf("%q: status %d: %s", test.args, r.status, r.stderr)
		}
		for _, w := range test.want {
			if !strings.Contains(r.stdout, w) {
				t.Errorf("%q: no %q in\n%s", test.args, w, r.stdout)
			}
		}
	}
}

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
		{[]string{"-y", "FOO", "-d"}, "invalid data link type FOO\n"},
		{[]string{"-i", "lo", "-i", "eth0"}, "-i is given twice, for lo and eth0: one interface at a time is supported, or any\n"},
		{[]string{"--format", "cobol", "ip"}, "unknown format \"cobol\": want asm, c, decimal, bytecode, go\n"},
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

func TestExpressionFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "expr")
	if err := os.WriteFile(file, []byte("# ssh only # really\nip and\n\ttcp port 22 # end"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := runCommand(t, "", "-d", "-y", "EN10MB", "-F", file, "udp"); r.stdout != listing {
		t.Errorf("from a file: %s%s", r.stderr, r.stdout)
	}
	if r := runCommand(t, "ip and tcp port 22\n", "-d", "-y", "EN10MB", "-F", "-"); r.stdout != listing {
		t.Errorf("from standard input: %s%s", r.stderr, r.stdout)
	}
	if err := os.WriteFile(file, []byte("# one\nip and\ntpc port 22"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := runCommand(t, "", "-d", "-y", "EN10MB", "-F", file); !strings.HasPrefix(r.stderr, "gofilter: 3:1: unknown protocol") {
		t.Errorf("error in the third line: %s", r.stderr)
	}
}

func TestReadAndPrint(t *testing.T) {
	const banner = "reading from file %s, link-type EN10MB (Ethernet), snapshot length 262144\n"
	ssh := pcap("ssh")
	tests := []struct {
		args   []string
		stdout string
	}{
		{[]string{"-n", "-c", "2", "-r", ssh, "tcp[tcpflags] & tcp-syn != 0"},
			"00:00:00.000000 IP 10.0.0.10.51022 > 10.0.0.11.22: Flags [S], seq 1000000007, win 64240, options [mss 1460,sackOK,nop,wscale 7,nop,nop], length 0\n" +
				"00:00:00.001250 IP 10.0.0.11.22 > 10.0.0.10.51022: Flags [S.], seq 3000000019, ack 1000000008, win 64240, options [mss 1460,sackOK,nop,wscale 7,nop,nop], length 0\n"},
		{[]string{"-nq#t", "-c1", "-r", ssh}, "    1  IP 10.0.0.10.51022 > 10.0.0.11.22: tcp 0\n"},
		{[]string{"-nqtt", "--nano", "-c1", "-r", ssh}, "1767225600.000000000 IP 10.0.0.10.51022 > 10.0.0.11.22: tcp 0\n"},
		{[]string{"-nqtx", "-c1", "-r", ssh, "src", "port", "22", "and", "tcp[13]=0x10"},
			"IP 10.0.0.11.22 > 10.0.0.10.51022: tcp 0\n\t0x0000:  4500 0028 1003 4000 4006 16b9 0a00 000b\n\t0x0010:  0a00 000a 0016 c74e b2d0 5e34 3b9a ca1d\n\t0x0020:  5010 faf0 c2ad 0000\n"},
		{[]string{"--count", "-r", ssh, "port 22"}, "48 packets\n"},
		{[]string{"--count", "-c1", "-r", ssh}, "1 packet\n"},
	}
	for _, test := range tests {
		r := runCommand(t, "", test.args...)
		if r.status != 0 || r.stderr != fmt.Sprintf(banner, ssh) {
			t.Errorf("%q: status %d, %s", test.args, r.status, r.stderr)
		}
		if r.stdout != test.stdout {
			t.Errorf("%q:\n got %q\nwant %q", test.args, r.stdout, test.stdout)
		}
	}
}

// What is read and written again is what it was, in both byte orders and units of
// time, and tcpdump writes the same.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.pcap")
	files, err := filepath.Glob(pcap("*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if r := runCommand(t, "", "-r", file, "-w", out); r.status != 0 || r.stdout != "" {
			t.Errorf("%s: status %d: %s", file, r.status, r.stderr)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what was written", file)
		}
	}
	tcpdump := peer(t, "tcpdump")
	for _, expr := range []string{"tcp port 22", "src host 10.0.0.11 and not arp", "udp or icmp"} {
		theirs := filepath.Join(dir, "theirs.pcap")
		if msg, err := exec.Command(tcpdump, "-r", pcap("lan"), "-w", theirs, expr).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, msg)
		}
		if r := runCommand(t, "", "-r", pcap("lan"), "-w", out, expr); r.status != 0 {
			t.Errorf("%s: %s", expr, r.stderr)
		}
		got, want := readFile(t, out), readFile(t, theirs)
		if got != want {
			t.Errorf("%q: %d bytes, tcpdump writes %d", expr, len(got), len(want))
		}
		if len(want) == 24 {
			t.Errorf("%q selects nothing", expr)
		}
		msg, err := exec.Command(tcpdump, "-nr", out, "--count").CombinedOutput()
		if err != nil {
			t.Errorf("tcpdump does not read it back: %v: %s", err, msg)
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

func TestPipes(t *testing.T) {
	web := readFile(t, pcap("web"))
	r := runCommand(t, web, "-r", "-", "-w", "-")
	if r.status != 0 || r.stdout != web || r.stderr != "reading from file -, link-type EN10MB (Ethernet), snapshot length 262144\n" {
		t.Errorf("status %d, %d bytes of %d, %s", r.status, len(r.stdout), len(web), r.stderr)
	}
	if r := runCommand(t, "", "-r", "-"); r.status != 1 || r.stderr != "gofilter: standard input: empty file\n" {
		t.Errorf("empty input: status %d, %s", r.status, r.stderr)
	}
}

// A signal ends the reading of a pipe that nobody writes to, and what came is
// written.
func TestInterruptedPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such signals")
	}
	web := readFile(t, pcap("web"))
	out := filepath.Join(t.TempDir(), "out.pcap")
	cmd := command(t, "-nr", "-", "-w", out, "--print")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, web); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // for the command to read it
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if readFile(t, out) != web || !bytes.Contains(text, []byte("HTTP: GET /")) {
		t.Errorf("%d bytes written of %d, %d printed", len(readFile(t, out)), len(web), len(text))
	}
}

func TestWriteOverInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.pcap")
	web := readFile(t, pcap("web"))
	if err := os.WriteFile(file, []byte(web), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runCommand(t, "", "-r", file, "-w", file)
	if r.status != 1 || !strings.HasSuffix(r.stderr, "gofilter: "+file+": is the file that is being read\n") || readFile(t, file) != web {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
}

// A reader that goes away ends the command without a word.
func TestReaderGoesAway(t *testing.T) {
	lan := readFile(t, pcap("lan"))
	cmd := command(t, "-nXXr", "-", "-l")
	cmd.Stdin = strings.NewReader(lan + strings.Repeat(lan[24:], 20)) // more text than a pipe holds
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if cmd.Wait() == nil {
		t.Error("status 0")
	}
	if lines := strings.Count(errs.String(), "\n"); lines != 1 {
		t.Errorf("stderr: %s", errs.String())
	}
}

func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/dev/full is Linux's")
	}
	const banner = "reading from file %s, link-type EN10MB (Ethernet), snapshot length 262144\n"
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	r := runCommand(t, "", "-r", pcap("ssh"), "-w", "/dev/full")
	if want := fmt.Sprintf(banner, pcap("ssh")) + "gofilter: /dev/full: no space left on device\n"; r.status != 1 || r.stderr != want {
		t.Errorf("-w: status %d, %s", r.status, r.stderr)
	}
	for _, args := range [][]string{{"-nr", pcap("ssh")}, {"--results", "-r", pcap("ssh")}, {"--batch"}, {"-d", "-y", "EN10MB", "ip"}} {
		cmd := command(t, args...)
		cmd.Stdin = strings.NewReader("{}\n")
		cmd.Stdout = full
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err == nil || !strings.HasSuffix(errs.String(), "gofilter: standard output: no space left on device\n") {
			t.Errorf("%q: %v, %s", args, err, errs.String())
		}
	}
}

// A file that is cut gives what is whole of it, written and printed, and then one
// line that says where it ends.
func TestCutFile(t *testing.T) {
	dir := t.TempDir()
	whole := readFile(t, pcap("ssh"))
	cut := filepath.Join(dir, "cut.pcap")
	if err := os.WriteFile(cut, []byte(whole[:500]), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.pcap")
	message := "gofilter: " + cut + ": truncated at packet 6 (offset 430): 54 of 75 bytes of the packet are there\n"
	r := runCommand(t, "", "-r", cut, "-w", out)
	if r.status != 1 || !strings.HasSuffix(r.stderr, "\n"+message) {
		t.Errorf("-w: status %d, %s", r.status, r.stderr)
	}
	if got := readFile(t, out); got != whole[:430] {
		t.Errorf("%d bytes are written, want the 430 before the cut packet", len(got))
	}
	r = runCommand(t, "", "-nr", cut)
	if r.status != 1 || !strings.HasSuffix(r.stderr, message) || strings.Count(r.stdout, "\n") != 5 {
		t.Errorf("printing: status %d, %s%s", r.status, r.stderr, r.stdout)
	}
	r = runCommand(t, "", "--results", "-r", cut, "tcp")
	if r.status != 1 || r.stderr != message || r.stdout != strings.Repeat("262144\n", 5) {
		t.Errorf("--results: status %d, %s%s", r.status, r.stderr, r.stdout)
	}
}

func TestResults(t *testing.T) {
	r := runCommand(t, "", "--results", "-s", "100", "-r", pcap("arp"), "arp[6:2] = 1")
	if r.status != 0 || r.stderr != "" || r.stdout != "100\n0\n100\n100\n0\n0\n" {
		t.Errorf("status %d, %s%q", r.status, r.stderr, r.stdout)
	}
}

// The interfaces of one pcapng file may have different link types.
func TestSeveralLinkTypes(t *testing.T) {
	block := func(typ byte, body ...byte) []byte {
		n := byte(12 + len(body))
		return append(append([]byte{typ, 0, 0, 0, n, 0, 0, 0}, body...), n, 0, 0, 0)
	}
	packet := func(iface byte, data ...byte) []byte {
		body := append([]byte{iface, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(data)), 0, 0, 0, byte(len(data)), 0, 0, 0}, data...)
		return block(6, body...)
	}
	section := block(0x0a, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	copy(section, "\n\r\r\n")
	ip := make([]byte, 20)
	ip[0], ip[3], ip[9] = 0x45, 20, 6
	ethernet := append([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 0}, ip...)
	file := bytes.Join([][]byte{section, block(1, 1, 0, 0, 0, 0, 0, 0, 0), block(1, 101, 0, 0, 0, 0, 0, 0, 0),
		packet(0, append(ethernet, 0, 0)...), packet(1, ip...), packet(1, 0x60, 0, 0, 0)}, nil)
	if r := runCommand(t, string(file), "--results", "-r", "-", "ip proto 6"); r.stdout != "262144\n262144\n0\n" || r.status != 0 {
		t.Errorf("status %d, %s%q", r.status, r.stderr, r.stdout)
	}
	out := filepath.Join(t.TempDir(), "out.pcap")
	r := runCommand(t, string(file), "-r", "-", "-w", out)
	if r.status != 1 || !strings.Contains(r.stderr, "gofilter: packet 2 has link type RAW; a pcap file has only one, and "+out+" has EN10MB\n") {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
	saved, err := savefile.NewReader(strings.NewReader(readFile(t, out)), out)
	if err != nil {
		t.Fatal(err)
	}
	var rec savefile.Record
	if err := saved.Next(&rec); err != nil {
		t.Errorf("the packet before it is not there: %v", err)
	}
}

// Without an expression a file of a link type that nothing is known of is read and
// written like any other.
func TestUnknownLinkType(t *testing.T) {
	file := []byte(readFile(t, pcap("arp")))
	file[20], file[21] = 0x34, 0x12
	r := runCommand(t, string(file), "-r", "-", "-w", "-")
	if r.status != 0 || r.stdout != string(file) || !strings.Contains(r.stderr, "link-type LINKTYPE_4660, snapshot length 262144\n") {
		t.Errorf("status %d, %d bytes, %s", r.status, len(r.stdout), r.stderr)
	}
	r = runCommand(t, string(file), "-nt", "-c1", "-r", "-")
	if r.status != 0 || !strings.HasPrefix(r.stdout, "LINKTYPE_4660, length 42\n\t0x0000:  ffff ffff") {
		t.Errorf("printing: status %d, %s%s", r.status, r.stderr, r.stdout)
	}
	r = runCommand(t, string(file), "-r", "-", "ip")
	if r.status != 1 || !strings.HasSuffix(r.stderr, "gofilter: link type LINKTYPE_4660 is not known\n") {
		t.Errorf("with a filter: status %d, %s", r.status, r.stderr)
	}
}

func TestBatch(t *testing.T) {
	long := strings.Repeat("tcp or ", 10000) + "tcp"
	requests := []string{
		`{"id":1,"dlt":"EN10MB","expr":"ip","snaplen":100}`,
		`{"id":"two","expr":"ip and tpc dst port 80"}`,
		`{"id":3,"expr":"tcp and udp"}`,
		`{"id":4,"expr":"tcp and udp","optimize":false}`,
		`not json`,
		`{"id":6,"expr":"ip","colour":"red"}`,
		``,
		`{"id":7,"dlt":"FOO","expr":"ip"}`,
		`{"id":8,"expr":"ip","target":"xdp"}`,
		`{"id":9,"expr":"ip","target":"moon"}`,
		`{"id":10,"expr":"ip","savefile_order":"both"}`,
		`{"id":11,"expr":"` + long + `"}`,
		`{"id":12,"expr":"inbound","linuxext":true}`,
		`{"id":13,"expr":"ip broadcast","netmask":"255.255.255.0"}`,
		`{"id":14,"expr":"ip","target":"socket","access":"ldabs"}`,
	}
	r := runCommand(t, strings.Join(requests, "\n"), "--batch")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d, %s", r.status, r.stderr)
	}
	type answer struct {
		ID             any
		OK             bool
		Insns          [][4]uint32
		EBPF           []byte
		Accept, Reject *uint32
		Error          string
		Pos, End       *int
	}
	answers := make(map[string]answer)
	for _, line := range strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n") {
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		answers[fmt.Sprint(a.ID)] = a
	}
	if len(answers) != len(requests)-1 {
		t.Errorf("%d answers, want %d", len(answers), len(requests)-1)
	}
	if a := answers["1"]; !a.OK || fmt.Sprint(a.Insns) != "[[40 0 0 12] [21 0 1 2048] [6 0 0 100] [6 0 0 0]]" {
		t.Errorf("1: %+v", a)
	}
	if a := answers["two"]; a.OK || a.Pos == nil || *a.Pos != 7 || *a.End != 10 {
		t.Errorf("two: %+v", a)
	}
	for id, want := range map[string]string{
		"3": "expression rejects all packets", "<nil>": "request: ", "6": "unknown field", "7": "unknown link type",
		"9": "unknown target", "10": "unknown savefile_order",
	} {
		if a := answers[id]; a.OK || !strings.Contains(a.Error, want) {
			t.Errorf("%s: %+v, want error %q", id, a, want)
		}
	}
	for _, id := range []string{"4", "11", "12", "13"} {
		if a := answers[id]; !a.OK || len(a.Insns) == 0 {
			t.Errorf("%s: %+v", id, a)
		}
	}
	for id, want := range map[string]uint32{"8": 2, "14": 262144} {
		if a := answers[id]; !a.OK || len(a.EBPF) == 0 || len(a.EBPF)%8 != 0 || a.Accept == nil || *a.Accept != want || a.Reject == nil {
			t.Errorf("%s: %+v", id, a)
		}
	}
}

// An answer comes before the next question is asked.
func TestBatchAnswersAtOnce(t *testing.T) {
	cmd := command(t, "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(out)
	for i := range 3 {
		fmt.Fprintf(in, "{\"id\":%d,\"expr\":\"ip\"}\n", i)
		var a struct{ ID int }
		if err := dec.Decode(&a); err != nil || a.ID != i {
			t.Errorf("answer %d: %v %v", i, a, err)
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
