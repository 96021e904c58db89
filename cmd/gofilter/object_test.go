package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

// TestObject writes objects to a file and to standard output.
func TestObject(t *testing.T) {
	for target, typ := range map[string]ebpf.ProgramType{
		"socket": ebpf.SocketFilter, "tc": ebpf.SchedCLS, "xdp": ebpf.XDP, "cgroup": ebpf.CGroupSKB,
	} {
		link := "EN10MB"
		if target == "cgroup" {
			link = "RAW"
		}
		file := filepath.Join(t.TempDir(), "filter.o")
		args := []string{"-y", link, "--target", target, "--format", "elf"}
		r := runCommand(t, "", append(args, "-o", file, "udp port 53")...)
		if r.status != 0 || r.stdout != "" {
			t.Fatalf("%s: status %d\n%s%s", target, r.status, r.stderr, r.stdout)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if p := spec.Programs["filter"]; p == nil || p.Type != typ {
			t.Errorf("%s: programs %v", target, spec.Programs)
		}
		if r := runCommand(t, "", append(args, "udp port 53")...); r.stdout != string(raw) {
			t.Errorf("%s: standard output has %d bytes, the file %d", target, len(r.stdout), len(raw))
		}
	}
}

func TestFormatsOfTargets(t *testing.T) {
	r := runCommand(t, "", "-y", "EN10MB", "--target", "xdp", "--format", "c", "tcp")
	if r.status != 0 || !strings.Contains(r.stdout, "unsigned int filter(struct xdp_md *ctx, ") {
		t.Errorf("status %d\n%s%s", r.status, r.stderr, r.stdout)
	}
	listing := runCommand(t, "", "-y", "EN10MB", "--target", "xdp", "tcp")
	if r := runCommand(t, "", "-y", "EN10MB", "--target", "xdp", "--format", "asm", "tcp"); r.stdout != listing.stdout || r.stdout == "" {
		t.Errorf("--format asm prints\n%s", r.stdout)
	}
	for _, test := range []struct{ args, want string }{
		{"--format elf tcp", "--format elf is for eBPF programs: --target socket|tc|xdp|cgroup"},
		{"--target tc --format bytecode tcp", "--format bytecode is for classic programs; eBPF programs have asm, c and elf"},
		{"--kernel 5.10 -d tcp", "--kernel is for an eBPF program: --ebpf, not as C"},
		{"--target tc --kernel 5.10 --format c tcp", "--kernel is for an eBPF program: --ebpf, not as C"},
		{"--ebpf --kernel new tcp", "invalid kernel version \"new\": want two numbers, such as 5.10"},
		{"-y EN10MB --target xdp.frags --kernel 5.10 tcp", "target xdp.frags: needs Linux 5.18, not 5.10"},
		{"-y EN10MB --target xdp --access helper --kernel 5.10 tcp", "target xdp: access helper needs Linux 5.18, not 5.10"},
		{"-o f.o tcp", "-o is for a program that is printed: -d, --format or --ebpf; -w writes packets"},
	} {
		if r := runCommand(t, "", strings.Fields(test.args)...); r.status == 0 || !strings.Contains(r.stderr, test.want) {
			t.Errorf("%s: status %d, %s", test.args, r.status, r.stderr)
		}
	}
}
