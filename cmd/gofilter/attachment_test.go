//go:build linux

package main

import (
	"errors"
	"net"
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
)

// TestAttachment puts filters of which one form or the other does not exist or is slow on a socket.
func TestAttachment(t *testing.T) {
	if err := attach.Supported(attach.EBPF); err != nil {
		netlab.Skip(t, "%v", err)
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	slow, long, large := errors.New("no quick access"), errors.New("too long"), errors.New("too large")
	tooLarge := func() (asm.Instructions, error) { return nil, large }
	for _, test := range []struct {
		k    kernelFilter
		want attach.Method // 0: filtering here, or an error
		says string
	}{
		{kernelFilter{mode: "auto"}, attach.EBPF, "2 instructions for size"},
		{kernelFilter{mode: "auto", slow: slow}, attach.Classic, "1 instructions for size; SO_ATTACH_BPF is quicker with access rdonly_cast only: no quick access"},
		{kernelFilter{mode: "auto", slow: slow, classicErr: long}, attach.EBPF, "2 instructions for size; not with SO_ATTACH_FILTER: too long"},
		{kernelFilter{mode: "auto", extended: tooLarge}, attach.Classic, "1 instructions for size; not with SO_ATTACH_BPF: too large"},
		{kernelFilter{mode: "auto", extended: tooLarge, classicErr: long, here: new(gofilter.Filter)}, 0, "too long; as eBPF: too large"},
		{kernelFilter{mode: "auto", extended: tooLarge, classicErr: long}, 0, "too long; as eBPF: too large"},
		{kernelFilter{mode: "ebpf", slow: slow}, attach.EBPF, "2 instructions for size, as asked"},
		{kernelFilter{mode: "ebpf", extended: tooLarge, here: new(gofilter.Filter)}, 0, "too large"},
		{kernelFilter{mode: "classic"}, attach.Classic, "1 instructions for size, as asked"},
		{kernelFilter{mode: "classic", classicErr: long, here: new(gofilter.Filter)}, 0, "too long"},
	} {
		k := &test.k
		k.classic = attach.Return(9)
		if k.extended == nil {
			k.extended = func() (asm.Instructions, error) {
				return asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}, nil
			}
		}
		err := k.attach(conn)
		var said string
		switch here := k.mode == "auto" && k.here != nil; {
		case test.want == 0 && here:
			if err != nil || k.overflow == nil {
				t.Errorf("%s: %v, overflow %v", test.says, err, k.overflow)
				continue
			}
			said = k.overflow.Error()
		case test.want == 0:
			if err == nil {
				t.Errorf("%s: attached with %v", test.says, k.used)
				continue
			}
			said = err.Error()
		case err != nil || k.used != test.want:
			t.Errorf("%s: %v, %v", test.says, k.used, err)
			continue
		default:
			said = k.reasons()
		}
		if said != test.says {
			t.Errorf("got %q, want %q", said, test.says)
		}
	}
}
