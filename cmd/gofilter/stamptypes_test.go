package main

import (
	"os/exec"
	"runtime"
	"testing"
)

func TestStampTypes(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("time stamps of interfaces are Linux's")
	}
	const want = "Time stamp types for lo (use option -j to set):\n  host (Host)\n"
	if r := runCommand(t, "", "-J", "-i", "lo"); r.status != 0 || r.stdout != want {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	for _, test := range []struct{ args, want string }{
		{"adapter", "gofilter: lo: has no time stamps of type adapter; -J lists what it has\n"},
		{"host_lowprec", "gofilter: lo: has no time stamps of type host_lowprec; -J lists what it has\n"},
		{"foo", "gofilter: unknown time stamp type \"foo\": want host, host_lowprec, host_hiprec, host_hiprec_unsynced, adapter, adapter_unsynced\n"},
	} {
		if r := runCommand(t, "", "-i", "lo", "-j", test.args); r.status != 1 || r.stderr != test.want {
			t.Errorf("-j %s: status %d, %s", test.args, r.status, r.stderr)
		}
	}
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		return
	}
	if out, err := exec.Command(tcpdump, "-J", "-i", "lo").CombinedOutput(); err != nil || string(out) != want {
		t.Errorf("tcpdump says otherwise: %v\n%s", err, out)
	}
}
