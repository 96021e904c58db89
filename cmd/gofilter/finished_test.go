package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFinished filters a file with a program in each form, and prints it in each other.
func TestFinished(t *testing.T) {
	const filter = "udp port 53 or tcp port 22"
	want := runCommand(t, "", "-r", pcap("lan"), "--results", filter)
	if want.status != 0 || !strings.Contains(want.stdout, "262144\n") || !strings.Contains(want.stdout, "\n0\n") {
		t.Fatal(want.stderr, want.stdout)
	}
	dir := t.TempDir()
	files := make(map[string]string)
	for _, row := range formats {
		if row.client != nil {
			continue
		}
		files[row.name] = filepath.Join(dir, row.name)
		if r := runCommand(t, "", "-y", "EN10MB", "--format", row.name, "-o", files[row.name], filter); r.status != 0 {
			t.Fatalf("%s: %s", row.name, r.stderr)
		}
	}
	for name, file := range files {
		if got := runCommand(t, "", "-r", pcap("lan"), "--results", "--program", file); got != want {
			t.Errorf("%s: status %d, %s", name, got.status, got.stderr)
		}
		for other, same := range files {
			if other == "savefile" && name != "savefile" {
				continue // the others do not say what the program is for
			}
			r := runCommand(t, string(readBytes(t, file)), "--program", "-", "--format", other)
			if r.status != 0 || r.stdout != string(readBytes(t, same)) {
				t.Errorf("%s from %s: status %d\n%s%s", other, name, r.status, r.stderr, r.stdout)
			}
		}
	}
	r := runCommand(t, "", "--program", files["hex"], "-y", "RAW", "-s", "96", "--format", "savefile", "-o", filepath.Join(dir, "raw"))
	if r.status != 0 || r.stderr != "" {
		t.Fatal(r.stderr)
	}
	for _, test := range []struct{ args, want string }{
		{"-d -F " + files["savefile"], "savefile: holds a program and no expression: --program " + files["savefile"]},
		{"-r " + files["savefile"], "a saved filter program, not a capture"},
		{"-r " + pcap("lan") + " --program " + filepath.Join(dir, "raw"), "raw: the program is for link type RAW, not EN10MB"},
		{"--program " + files["savefile"] + " --format xt_bpf", "xt_bpf: a packet does not begin as EN10MB there"},
		{"--program " + files["savefile"] + " -y RAW -d", "savefile: the program is for link type EN10MB, not RAW"},
		{"--program " + files["hex"] + " -d ip", "--program has the filter: no expression beside it"},
		{"--program " + files["hex"] + " -d -F f", "--program has the filter: no expression beside it"},
		{"--program " + files["hex"] + " --target tc", "--program is a classic one: an eBPF program is made of an expression"},
		{"--program " + files["hex"] + " --attach ebpf", "--program is a classic one: --attach classic"},
		{"--program " + files["hex"] + " --dump-pass all", "--dump-pass shows how an expression is compiled; --program is finished"},
		{"--program " + files["hex"] + " -i a -i b", "--program is for one interface: choose one -i"},
		{"--program " + filepath.Join(dir, "none") + " -d", "none: no such file or directory"},
		{"--program " + dir + " -d", "is a directory"},
	} {
		if r := runCommand(t, "", strings.Fields(test.args)...); r.status != 1 || !strings.Contains(r.stderr, test.want) {
			t.Errorf("%s: status %d, %s", test.args, r.status, r.stderr)
		}
	}
}

// TestFinishedRefused: a file that holds no program is one line of error.
func TestFinishedRefused(t *testing.T) {
	live := runCommand(t, "", "-y", "EN10MB", "--linux-ext", "-ddd", "vlan").stdout
	for _, test := range []struct{ text, args, want string }{
		{"", "-d", "standard input: no program in the text"},
		{"\xa1\xb2\xc3\xcbcBPF\x01", "-d", "standard input: savefile: cut off after 9 bytes, in the header"},
		{"\xa1\xb2\xc3\xcbcBPF\x01\x01\x00\x00\x00\x00\x00\x00\xff\xff\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00", "-d", "unknown link type DLT_65535"},
		{"1\n40 0 0 12\n", "-d", "instruction 0: the last instruction is not a return"},
		{"2,21 5 0 0,6 0 0 0", "-d", "instruction 0: jump beyond the end"},
		{"(000) ldq [12]", "-d", "line 1: \"ldq [12]\" is no instruction"},
		{strings.Repeat("x", maxProgramFile+1), "-d", "a program is not longer than 1048576 bytes"},
		{live, "-r " + pcap("lan"), "the program is for a live capture: it asks for metadata, which a file does not have"},
		{live, "-i any", "a finished program cannot filter an interface whose packets have a cooked header in files only"},
	} {
		r := runCommand(t, test.text, append(strings.Fields(test.args), "--program", "-")...)
		last := strings.TrimSuffix(r.stderr, "\n")
		last = last[strings.LastIndexByte(last, '\n')+1:]
		if strings.Contains(last, "errors.ErrUnsupported") || strings.Contains(last, "unsupported operation") {
			continue // no interfaces to capture on here
		}
		if r.status != 1 || !strings.HasPrefix(last, "gofilter: ") || !strings.Contains(last, test.want) {
			t.Errorf("%.40q: status %d, %s", test.text, r.status, r.stderr)
		}
	}
}

func readBytes(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
