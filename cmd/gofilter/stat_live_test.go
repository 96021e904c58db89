//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// meting starts the command with --stat in the right namespace and waits until it counts.
func meting(t *testing.T, lab *netlab.Lab, args ...string) *running {
	t.Helper()
	return starting(t, lab, "counting on ", command(t, args...))
}

// What is counted of several filters at once is what tcpdump counts of each, and what a capture
// has, for packets of many sizes with tags and without.
func TestStatLikeTcpdump(t *testing.T) {
	peer(t, "tcpdump")
	lab := netlab.New(t)
	link := lab.Right.Link
	dir := t.TempDir()
	filters := []string{"tcp or udp", "udp port 53", "udp and greater 300", "vlan", "vlan 100 and udp dst port 53", "tcp port 80", "tcp and outbound", "inbound and not arp", "ip[8] = 64 and udp[4:2] > 100"}
	var args []string
	for i, f := range filters {
		args = append(args, fmt.Sprintf("f%d=%s", i, f))
	}
	var counts []*running
	for _, at := range []string{"tc", "socket"} {
		counts = append(counts, meting(t, lab, append([]string{"--stat=100ms", "--json", "--stat-at", at, "-i", link}, args...)...))
	}
	var theirs []*exec.Cmd
	var ours []*running
	for i, f := range filters {
		theirs = append(theirs, tcpdumping(t, lab, filepath.Join(dir, fmt.Sprint("tcpdump", i)), f, "-B", "16384"))
		ours = append(ours, capturing(t, lab, "-i", link, "-w", filepath.Join(dir, fmt.Sprint("gofilter", i)), f))
	}
	sender, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	for i := range 600 {
		frame := lab.Left.Datagram(lab.Right, 1000, []uint16{53, 80}[i%2], make([]byte, 7*i%1400))
		switch i % 5 {
		case 0:
			frame = netlab.Tag(frame, 0x8100, 100)
		case 1:
			frame = netlab.Tag(netlab.Tag(frame, 0x8100, 100), 0x8100, 0)
		}
		if err := sender.Send(frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := lab.TCP("tcp4", 80, 300_000); err != nil { // segmented behind the hook, if at all
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // tcpdump loses what it has not been handed
	for i := range filters {
		theirs[i].Process.Signal(syscall.SIGINT)
		theirs[i].Wait()
		ours[i].end(syscall.SIGINT)
	}
	for n, r := range counts {
		stdout, stderr := r.end(syscall.SIGINT)
		got := finals(t, stdout)
		if len(got) != len(filters) {
			t.Fatalf("%d objects at the end\n%s%s", len(got), stdout, stderr)
		}
		for i, f := range filters {
			peers := []string{"gofilter", "tcpdump"}
			if strings.Contains(f, "bound") {
				// libpcap filters the first packets once more itself, where it knows no
				// directions.
				peers = peers[:1]
			}
			for _, by := range peers {
				packets, bytes := lengths(t, filepath.Join(dir, fmt.Sprint(by, i)))
				if got[i].Total.Packets != packets || got[i].Total.Bytes != bytes || packets == 0 {
					t.Errorf("%d: %q: counted %d packets, %d bytes; %s has %d, %d", n, f, got[i].Total.Packets, got[i].Total.Bytes, by, packets, bytes)
				}
			}
			var sum uint64
			for _, size := range got[i].Total.Sizes {
				sum += size.Packets
			}
			if sum != got[i].Total.Packets || got[i].Filter != fmt.Sprint("f", i) || got[i].Expression != f || got[i].Interface != link {
				t.Errorf("%+v", got[i])
			}
		}
	}
}

// finals returns the objects that are marked as the last ones.
func finals(t *testing.T, out string) (all []statObject) {
	t.Helper()
	packets := make(map[string]uint64)
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var o statObject
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if packets[o.Filter] += o.Packets; packets[o.Filter] != o.Total.Packets {
			t.Errorf("%d packets by now, %s", packets[o.Filter], line)
		}
		if o.Final {
			all = append(all, o)
		}
	}
	return all
}

// lengths returns how many packets a savefile has and the sum of their lengths on the wire.
func lengths(t *testing.T, name string) (packets, bytes uint64) {
	t.Helper()
	out := runCommand(t, "", "--json", "-n", "-r", name)
	for _, line := range strings.Split(strings.TrimSpace(out.stdout), "\n") {
		if line == "" {
			continue
		}
		var o packetObject
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		packets++
		bytes += uint64(o.Length)
	}
	return packets, bytes
}

// Lines come every interval, of every interface, and a signal brings the totals; what is on
// a terminal changes in its place.
func TestStatOutput(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	link := lab.Right.Link
	r := meting(t, lab, "-v", "--stat", "50ms", "-i", link, "-i", "lo", "seven=udp dst port 7", "tcp=tcp")
	r.until("gofilter: counting on lo")
	send(t, lab, 20)
	loopback(t, lab, 4)
	time.Sleep(120 * time.Millisecond)
	stdout, stderr := r.end(syscall.SIGTERM)
	for _, want := range []string{
		`(?m)^\d\d:\d\d:\d\d\.\d{6} ` + link + ` seven: 20 packets, \d+ bytes in 0\.\d{3} s, \d+\.\d packets/s, \d+ bit/s$`,
		`(?m)^\d\d:\d\d:\d\d\.\d{6} lo seven: 4 packets, `, `(?m)^\d\d:\d\d:\d\d\.\d{6} lo tcp: 0 packets, `,
		`(?m)^filter +packets/s +bit/s +packets +bytes$`, `(?m)^` + link + ` seven .* 20 `, `(?m)^lo seven .* 4 `, `(?m)^32-63 +#+ +100\.0% +#+ +100\.0%$`, `\d seconds\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("no %s in\n%s", want, stdout)
		}
	}
	for _, want := range []string{"gofilter: " + link + ": counting at tcx, ", " instructions\n", "gofilter: counting on " + link + ", link-type EN10MB (Ethernet), every 50ms\n"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	if code := r.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("status %d", code)
	}

	terminal, err := onTerminal(lab, "--stat=50ms", "--intervals", "3", "-i", link, "seven=udp dst port 7")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(terminal, "filter  packets/s") != 4 || strings.Count(terminal, "\x1b[2F\x1b[J") != 3 || !strings.HasSuffix(terminal, " seconds\r\n") {
		t.Errorf("%q", terminal)
	}
}

// onTerminal runs the command in the right namespace with a terminal of 60 columns as its
// standard output, and returns what it wrote there.
func onTerminal(lab *netlab.Lab, args ...string) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	front := os.NewFile(uintptr(fd), "ptmx")
	defer front.Close()
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return "", err
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return "", err
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		return "", err
	}
	back, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stdout = back
	err = lab.Right.Do(cmd.Start)
	back.Close()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	buf := make([]byte, 4096)
	for { // until the last one that has the other side open is gone
		n, err := front.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			break
		}
	}
	return text.String(), cmd.Wait()
}

// Errors of filters show the place; what is missing has a name; an interface that goes ends the
// counting with what there was.
func TestStatLiveErrors(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	link := lab.Right.Link
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"a=udp", "b=tcp prot 80"}, "gofilter: 1:5: "},
		{[]string{"a=udp", "b=tcp and udp"}, "gofilter: b: expression rejects all packets\n"},
		{[]string{"-y", "RAW", "udp"}, "cannot be captured as RAW"},
		{[]string{"-i", "eth9", "udp"}, "gofilter: eth9: no such interface\n"},
	}
	for _, test := range tests {
		cmd := command(t, append([]string{"--stat", "--intervals", "1", "-i", link}, test.args...)...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := lab.Right.Do(cmd.Run); err == nil || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%q: %v, %s", test.args, err, stderr.String())
		}
	}
	r := meting(t, lab, "--stat=20ms", "-i", link, "udp")
	send(t, lab, 6)
	if err := lab.Right.Delete(); err != nil {
		t.Fatal(err)
	}
	r.until("gofilter: " + link + ": the interface disappeared")
	stdout, err := io.ReadAll(r.stdout)
	if err != nil {
		t.Fatal(err)
	}
	if r.cmd.Wait() == nil || !regexp.MustCompile(`(?m)^udp +\S+( [kM])? +\S+( [kM])? +12 +\d+$`).Match(stdout) {
		t.Errorf("%s", stdout)
	}
}
