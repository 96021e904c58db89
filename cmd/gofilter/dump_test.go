package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

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
		{[]string{"--ebpf", "--kernel", "5.10", "ip"}, []string{"SkbLoadBytes"}},
		{[]string{"--format", "bytecode", "ip"}, []string{"4,40 0 0 12,21 0 1 2048,6 0 0 262144,6 0 0 0\n"}},
		{[]string{"--format", "go", "ip"}, []string{"[]bpf.RawInstruction{"}},
		{[]string{"-dddd", "ip"}, []string{"4\n40 0 0 12\n"}},
		{[]string{"--dump-pass", "lower", "ip"}, []string{"; after lower\nfunc linktype=EN10MB"}},
		{[]string{"--dump-pass", "all", "ip"}, []string{"; after lower\n", "; after layout\n"}},
		{[]string{"--dump-pass", "list"}, []string{"layout: "}},
		{[]string{"--dump-pass", "list", "--objective", "speed"}, []string{"peel: ", "fuse: ", "layout: "}},
		{[]string{"--dump-pass", "fuse", "--objective", "speed", "ip and tcp port 22"}, []string{"; after fuse\n", " 0x8004500 -> b1, b4"}},
		{[]string{"-ddd", "--objective", "speed", "ip and tcp port 22"}, []string{"24\n32 0 0 12\n"}},
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
