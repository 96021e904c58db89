//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/savefile"
)

// A running is the command while it captures in a lab's right namespace.
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout io.Reader
	lines  chan string // of standard error
	stderr []string    // those read so far
}

// capturing starts the command and waits until it listens.
func capturing(t *testing.T, lab *netlab.Lab, args ...string) *running {
	t.Helper()
	return listening(t, lab, command(t, args...))
}

// listening starts a command and waits until it listens.
func listening(t *testing.T, lab *netlab.Lab, cmd *exec.Cmd) *running {
	t.Helper()
	return starting(t, lab, "listening on ", cmd)
}

// starting starts a command in the right namespace and waits for words on standard error.
func starting(t *testing.T, lab *netlab.Lab, words string, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{t: t, cmd: cmd, lines: make(chan string, 100)}
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if r.stdout, err = r.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := lab.Right.Do(r.cmd.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.cmd.Process.Kill() })
	go func() {
		for s := bufio.NewScanner(stderr); s.Scan(); {
			r.lines <- s.Text()
		}
		close(r.lines)
	}()
	r.until(words)
	return r
}

// until reads standard error up to a line with the words.
func (r *running) until(words string) {
	r.t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				r.t.Fatalf("no %q on standard error:\n%s", words, strings.Join(r.stderr, "\n"))
			}
			r.stderr = append(r.stderr, line)
			if strings.Contains(line, words) {
				return
			}
		case <-limit:
			r.t.Fatalf("no %q within a minute:\n%s", words, strings.Join(r.stderr, "\n"))
		}
	}
}

// end sends a signal and returns what standard output had left, and all of
// standard error.
func (r *running) end(sig os.Signal) (stdout, stderr string) {
	r.t.Helper()
	if sig != nil {
		if err := r.cmd.Process.Signal(sig); err != nil {
			r.t.Fatal(err)
		}
	}
	out, err := io.ReadAll(r.stdout)
	if err != nil {
		r.t.Error(err)
	}
	for line := range r.lines {
		r.stderr = append(r.stderr, line)
	}
	if err := r.cmd.Wait(); err != nil {
		r.t.Errorf("%v\n%s", err, strings.Join(r.stderr, "\n"))
	}
	return string(out), strings.Join(r.stderr, "\n") + "\n"
}

// send sends n datagrams to each of two ports, a wanted and an unwanted one.
func send(t *testing.T, lab *netlab.Lab, n int) {
	t.Helper()
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range n {
		for _, port := range []uint16{7, 9} {
			if err := s.Send(lab.Left.Datagram(lab.Right, 5000, port, []byte("hello"))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

const summary3 = "3 packets captured\n3 packets received by filter\n0 packets dropped by kernel\n"

func TestLiveWrite(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	for _, test := range []struct {
		attach, says string
	}{
		{"auto", "filter attached with SO_ATTACH_BPF, "},
		{"ebpf", "filter attached with SO_ATTACH_BPF, "},
		{"classic", "filter attached with SO_ATTACH_FILTER, "},
	} {
		file := filepath.Join(t.TempDir(), "out.pcap")
		r := capturing(t, lab, "-v", "--attach", test.attach, "-i", lab.Right.Link, "-w", file, "udp dst port 7")
		send(t, lab, 3)
		stdout, stderr := r.end(syscall.SIGINT)
		banner := fmt.Sprintf("gofilter: listening on %s, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n", lab.Right.Link)
		if stdout != "" || !strings.Contains(stderr, test.says) || !strings.HasSuffix(stderr, banner+summary3) {
			t.Errorf("--attach %s: %s%s", test.attach, stdout, stderr)
		}
		if n := packetsIn(t, file); n != 3 {
			t.Errorf("--attach %s: %d packets in the file, want 3", test.attach, n)
		}
	}
}

func TestLivePrint(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	line := "IP 192.0.2.1.5000 > 192.0.2.2.7: UDP, length 5\n"
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		r := capturing(t, lab, "-nti", lab.Right.Link, "udp dst port 7")
		send(t, lab, 3)
		stdout, stderr := r.end(sig)
		if stdout != strings.Repeat(line, 3) || !strings.HasSuffix(stderr, summary3) ||
			!strings.HasPrefix(stderr, "gofilter: verbose output suppressed, use -v[v]... for full protocol decode\nlistening on ") {
			t.Errorf("%v:\n%s%s", sig, stdout, stderr)
		}
	}
	// -c ends by itself; the cooked header of "any" and no filter at all.
	r := capturing(t, lab, "-ntc", "3", "-i", "any", "udp dst port 7")
	send(t, lab, 4)
	stdout, stderr := r.end(nil)
	if want := strings.Repeat(fmt.Sprintf("%-5s In  ", lab.Right.Link)+line, 3); stdout != want || !strings.Contains(stderr, "\n3 packets captured\n") {
		t.Errorf("any:\n%s%s", stdout, stderr)
	}
	r = capturing(t, lab, "-nqtc2", "-i", lab.Right.Link)
	send(t, lab, 1)
	if stdout, _ := r.end(nil); strings.Count(stdout, "\n") != 2 {
		t.Errorf("no filter:\n%s", stdout)
	}
}

// SIGUSR1 prints the counts, SIGUSR2 brings the savefile up to date, and the
// capture goes on.
func TestLiveSignals(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	file := filepath.Join(t.TempDir(), "out.pcap")
	r := capturing(t, lab, "--immediate-mode", "-i", lab.Right.Link, "-w", file, "udp dst port 7")
	send(t, lab, 3)
	want := "gofilter: 3 packets captured, 3 packets received by filter, 0 packets dropped by kernel"
	for start := time.Now(); ; {
		r.cmd.Process.Signal(syscall.SIGUSR1)
		r.until("packets captured, ")
		if r.stderr[len(r.stderr)-1] == want {
			break
		}
		if time.Since(start) > 5*time.Second {
			t.Fatalf("counts: %s", r.stderr[len(r.stderr)-1])
		}
	}
	if n := packetsIn(t, file); n != 0 {
		t.Errorf("%d packets are in the file before they are asked for", n)
	}
	r.cmd.Process.Signal(syscall.SIGUSR2)
	for start := time.Now(); packetsIn(t, file) != 3; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 5*time.Second {
			t.Fatalf("%d packets in the file after SIGUSR2", packetsIn(t, file))
		}
	}
	send(t, lab, 1)
	r.end(syscall.SIGTERM)
	if n := packetsIn(t, file); n != 4 {
		t.Errorf("%d packets in the file at the end", n)
	}
}

// With -U a packet is in the file, or in the pipe, when it has been captured.
func TestLivePacketBuffered(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	r := capturing(t, lab, "-U", "--immediate-mode", "-i", lab.Right.Link, "-w", "-", "udp dst port 7")
	in, err := savefile.NewReader(r.stdout, "pipe")
	if err != nil {
		t.Fatal(err)
	}
	var rec savefile.Record
	for i := range 3 {
		send(t, lab, 1)
		if err := in.Next(&rec); err != nil || rec.Len != 14+20+8+5 {
			t.Fatalf("packet %d: %d bytes, %v", i+1, rec.Len, err)
		}
	}
	r.end(syscall.SIGINT)
}

func TestLiveErrors(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	if err := lab.Right.SetUp(false); err != nil {
		t.Fatal(err)
	}
	link := lab.Right.Link
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-i", link, "ip"}, link + ": the interface is down"},
		{[]string{"-i", "nosuch0", "ip"}, "nosuch0: no such interface"},
		{[]string{"-i", "77"}, "interface 77: there is no such number, -D lists 3"},
		{[]string{"-i", "lo", "-y", "RAW"}, "lo: cannot be captured as RAW; -L lists what it can"},
		{[]string{"-i", "lo", "tcp and udp"}, "expression rejects all packets"},
		{[]string{"-i", "lo", "tcp prot 22"}, "1:5: "},
	}
	for _, test := range tests {
		cmd := command(t, test.args...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		err := lab.Right.Do(cmd.Run)
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(stderr.String(), "gofilter: "+test.want) {
			t.Errorf("%q: %v, %s", test.args, err, stderr.String())
		}
	}
}

// A filter that is too large for the kernel in either form runs here, and that is
// said.
func TestLiveTooLarge(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "host 10.%d.%d.1 or ", i>>8, i&255)
	}
	expr := b.String() + "udp dst port 7"
	file := filepath.Join(t.TempDir(), "expr")
	if err := os.WriteFile(file, []byte(expr), 0o600); err != nil {
		t.Fatal(err)
	}
	r := capturing(t, lab, "-ntc2", "-i", lab.Right.Link, "-F", file)
	send(t, lab, 2)
	stdout, stderr := r.end(nil)
	if strings.Count(stdout, "192.0.2.2.7: ") != 2 || !strings.Contains(stderr, "gofilter: filtering in this process, the kernel does not take the filter: ") {
		t.Errorf("%s%s", stdout, stderr)
	}
	cmd := command(t, "--attach", "classic", "-i", lab.Right.Link, "-F", file)
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := lab.Right.Do(cmd.Run); err == nil || !strings.Contains(errs.String(), "4096") {
		t.Errorf("--attach classic: %v, %s", err, errs.String())
	}
}
