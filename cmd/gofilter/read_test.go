package main

import (
	"bytes"
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
	lines, err := exec.Command(peer(t, "tshark"), "-n", "-r", out).Output()
	if n := runCommand(t, "", "--count", "-r", out).stdout; err != nil || n != fmt.Sprintf("%d packets\n", bytes.Count(lines, []byte("\n"))) {
		t.Errorf("tshark reads it back: %v\n%swant %s", err, lines, n)
	}
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

// A reader of lines that goes away ends the command, which says so once.
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
	if said := errs.String(); strings.Count(said, "\n") != 2 || !strings.HasSuffix(said, "gofilter: standard output: broken pipe\n") {
		t.Errorf("stderr: %s", said)
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
