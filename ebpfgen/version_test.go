package ebpfgen_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
)

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]ebpfgen.Version{
		"5.10": {Major: 5, Minor: 10}, "6.1": {Major: 6, Minor: 1}, "5.10.0-46-cloud-amd64": {Major: 5, Minor: 10},
		"6.12.117+deb13": {Major: 6, Minor: 12}, "6.18-rc1": {Major: 6, Minor: 18}, "7.0": {Major: 7},
	} {
		if got, err := ebpfgen.ParseVersion(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "6", "6.", ".1", "6.x", "6.1x", "-6.1", "v6.1", "6.-1", "0.9", "six", "6.99999"} {
		if got, err := ebpfgen.ParseVersion(text); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

// TestAccessIn holds what a kernel that is not at hand gets.
func TestAccessIn(t *testing.T) {
	tests := []struct {
		target  ebpfgen.Target
		version string
		want    string
	}{
		{ebpfgen.SocketFilter, "5.10", "[helper ldabs]"},
		{ebpfgen.SocketFilter, "6.16", "[helper ldabs]"},
		{ebpfgen.SocketFilter, "6.17", "[rdonly_cast helper ldabs]"},
		{ebpfgen.SchedCLS, "5.10", "[direct helper ldabs]"},
		{ebpfgen.XDP, "5.10", "[direct]"},
		{ebpfgen.XDP, "5.18", "[direct helper]"},
		{ebpfgen.XDPFrags, "5.17", "[]"},
		{ebpfgen.XDPFrags, "6.1", "[direct helper]"},
		{ebpfgen.CgroupSKB, "5.1", "[direct helper]"},
		{ebpfgen.CgroupSKB, "4.19", "[]"},
	}
	for _, test := range tests {
		v, err := ebpfgen.ParseVersion(test.version)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(test.target.AccessIn(v)); got != test.want {
			t.Errorf("%s in %s: got %s, want %s", test.target, v, got, test.want)
		}
	}
}

// TestVersionChooses generates for versions, with facts about a kernel and without.
func TestVersionChooses(t *testing.T) {
	generate := func(o ebpfgen.Options) string {
		t.Helper()
		insns, err := ebpfgen.Generate(parse(t, tcpPort22, ebpfgen.SocketFilter), ebpfgen.SocketFilter, o)
		if err != nil {
			t.Fatal(err)
		}
		return insns.String()
	}
	helper := generate(ebpfgen.Options{Access: ebpfgen.AccessLoadBytes})
	cast := generate(ebpfgen.Options{Access: ebpfgen.AccessRdonlyCast, Kernel: &testKernel})
	if helper == cast {
		t.Fatal("the strategies give the same program")
	}
	if generate(ebpfgen.Options{Version: ebpfgen.Version{Major: 6, Minor: 18}}) != helper {
		t.Error("6.18 of which no more is known does not get helper")
	}
	if generate(ebpfgen.Options{Version: ebpfgen.Version{Major: 6, Minor: 18}, Kernel: &testKernel}) != cast {
		t.Error("6.18 that is known does not get rdonly_cast")
	}
	if generate(ebpfgen.Options{Version: ebpfgen.Version{Major: 6, Minor: 1}, Kernel: &testKernel}) != helper {
		t.Error("6.1 does not get helper")
	}
	_, err := ebpfgen.Generate(compares(5000, ir.Eq), ebpfgen.XDP, ebpfgen.Options{Version: ebpfgen.Version{Major: 5, Minor: 1}})
	var limit *ebpfgen.LimitError
	if !errors.As(err, &limit) || limit.Max != ebpfgen.MaxUnprivileged || limit.Kernel != "Linux 5.1; 5.2 takes 1000000" {
		t.Errorf("a long program for 5.1: %v", err)
	}
}
