package main

import (
	"strings"
	"testing"
)

// TestWarnings: -v says once what is often misread, and a script can turn it off.
func TestWarnings(t *testing.T) {
	const filter = "vlan 100 or tcp"
	args := []string{"-d", "-y", "EN10MB", filter}
	quiet := runCommand(t, "", args...)
	if quiet.status != 0 || quiet.stderr != "" {
		t.Fatalf("status %d, %q", quiet.status, quiet.stderr)
	}
	loud := runCommand(t, "", append([]string{"-v"}, args...)...)
	if want := "1:10: warning: what follows this \"or\""; loud.status != 0 || !strings.HasPrefix(loud.stderr, want) ||
		strings.Count(loud.stderr, "warning") != 1 || loud.stdout != quiet.stdout {
		t.Errorf("-v: status %d\n%s", loud.status, loud.stderr)
	}
	if r := runCommand(t, "", append([]string{"-v", "--no-warnings"}, args...)...); r.status != 0 || r.stderr != "" {
		t.Errorf("--no-warnings: status %d\n%s", r.status, r.stderr)
	}
}

// TestLinkTypeList: every link type that libpcap knows, and which can be filtered.
func TestLinkTypeList(t *testing.T) {
	r := runCommand(t, "", "-y", "list")
	if r.status != 0 || strings.Count(r.stdout, "\n") < 170 {
		t.Fatalf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	for _, line := range []string{"  EN10MB (Ethernet)\n", "  PFLOG (OpenBSD pflog file)\n", "  CHAOS (MIT Chaosnet), protocols cannot be filtered\n"} {
		if !strings.Contains(r.stdout, line) {
			t.Errorf("no line %q", line)
		}
	}
}
