package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tsharkFields returns fields of each packet as tshark reads them, a line each.
func tsharkFields(t *testing.T, file string, fields ...string) string {
	t.Helper()
	args := []string{"-n", "-r", file, "-T", "fields"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command(peer(t, "tshark"), args...).Output()
	if err != nil {
		t.Fatalf("tshark %q: %v", args, err)
	}
	return string(out)
}

// What is written as pcapng is what was read, to this program and to tshark; and
// turned back into pcap it is the file that there was.
func TestWritePcapng(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"lan", "web", "arp"} {
		ng, back := filepath.Join(dir, name+".pcapng"), filepath.Join(dir, name)
		for _, args := range [][]string{{"-r", pcap(name), "-w", ng}, {"-r", ng, "-w", back}} {
			if r := runCommand(t, "", args...); r.status != 0 {
				t.Fatalf("%q: %s", args, r.stderr)
			}
		}
		if readFile(t, back) != readFile(t, pcap(name)) {
			t.Errorf("%s: not what it was", name)
		}
		fields := []string{"frame.time_epoch", "frame.len", "frame.cap_len", "_ws.col.Info"}
		if got, want := tsharkFields(t, ng, fields...), tsharkFields(t, pcap(name), fields...); got != want || got == "" {
			t.Errorf("%s: tshark reads\n%swant\n%s", name, got, want)
		}
	}
	// By option, filtered, and into a pipe.
	r := runCommand(t, "", "-r", pcap("lan"), "--pcapng", "-w", "-", "arp")
	if !strings.HasPrefix(r.stdout, "\n\r\r\n") || r.status != 0 {
		t.Fatalf("status %d, %q", r.status, r.stderr)
	}
	if again := runCommand(t, r.stdout, "--count", "-r", "-"); again.stdout != runCommand(t, "", "--count", "-r", pcap("lan"), "arp").stdout {
		t.Errorf("%s%s", again.stdout, again.stderr)
	}
	// Rotated, each file stands for itself.
	r = runCommand(t, "", "-r", pcap("lan"), "-w", filepath.Join(dir, "r.pcapng"), "-C", "2k")
	files, err := filepath.Glob(filepath.Join(dir, "r.pcapng*"))
	if err != nil || len(files) < 3 || r.status != 0 {
		t.Fatalf("%d files, %v, %s", len(files), err, r.stderr)
	}
	n := 0
	for _, f := range files {
		n += packetsIn(t, f)
	}
	if n != packetsIn(t, pcap("lan")) {
		t.Errorf("%d packets in %d files", n, len(files))
	}
}
