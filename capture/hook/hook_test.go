//go:build linux

package hook

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/netlab"
)

var quiet = netlab.Options{Quiet: true}

// filters are captured at each hook.
var filters = []string{
	"",
	"ip and udp port 7",
	"tcp port 80 or udp port 53",
	"arp or ip6",
	"vlan",
	"vlan 5 and udp dst port 7",
	"vlan and vlan",
	"not vlan and greater 100",
	"vlan 0 or vlan 6",
	"udp[4:2] > 1000 or ether broadcast",
}

// TestSame: each hook has the packets that a packet socket has, byte for byte.
func TestSame(t *testing.T) {
	for _, test := range []struct {
		hook      string
		direction capture.Direction
		buffer    Buffer
		snaplen   int
		filters   []string
	}{
		{"tc-ingress", capture.In, RingBuffer, 0, filters},
		{"tc-egress", capture.Out, RingBuffer, 0, filters},
		{"tc-ingress", capture.In, RingBuffer, 50, filters[:5]},
		{"tc-ingress", capture.In, PerfBuffer, 50, filters[:5]},
		{"tc-egress", capture.Out, RingBuffer, 14, filters[:1]},
		{"tc-egress", capture.Out, PerfBuffer, 0, filters[:5]},
		{"tcx", capture.InOut, RingBuffer, 0, filters},
		{"tcx", capture.InOut, RingBuffer, 50, filters[:5]},
		{"tcx", capture.InOut, RingBuffer, 14, filters[:1]},
		{"tcx", capture.InOut, PerfBuffer, 0, filters[:5]},
		{"tcx", capture.InOut, PerfBuffer, 50, filters[:5]},
		{"tcx", capture.In, RingBuffer, 0, filters[:2]},
		{"tcx", capture.Out, RingBuffer, 0, filters[:2]},
		{"xdp", capture.In, RingBuffer, 0, filters},
		{"xdp", capture.In, RingBuffer, 50, filters[:2]},
		{"xdp", capture.In, PerfBuffer, 0, filters[:2]},
		{"xdp-generic", capture.In, RingBuffer, 0, filters},
		{"xdp-generic", capture.In, PerfBuffer, 50, filters[:2]},
	} {
		t.Run(fmt.Sprintf("%s/%s/%s/%d", test.hook, test.direction, test.buffer, test.snaplen), func(t *testing.T) {
			t.Parallel() // most of the time is waiting for the kernel
			lab := netlab.NewWith(t, quiet)
			at, err := Parse(test.hook)
			if err != nil {
				t.Fatal(err)
			}
			cfg := setup{Hook: at, Snaplen: test.snaplen, Buffer: test.buffer, Promiscuous: true, Direction: test.direction}
			if refusedHere(t, lab.Right, cfg) {
				return
			}
			if at.ProgramType() != ebpf.XDP {
				same(t, lab, cfg, test.filters)
				return
			}
			for _, words := range test.filters {
				same(t, lab, cfg, []string{words})
			}
		})
	}
}

// same captures with each filter at a hook and with a packet socket, all at once.
func same(t *testing.T, lab *netlab.Lab, cfg setup, filters []string) {
	t.Helper()
	var hooks []*Handle
	var sockets []*capture.Handle
	for _, words := range filters {
		sockets = append(sockets, socket(t, lab.Right, cfg.Direction, cfg.Snaplen, words))
		hooks = append(hooks, must(t, lab.Right, cfg, words))
	}
	exchange(t, lab)
	got, want := make([][]packet, len(filters)), make([][]packet, len(filters))
	var done sync.WaitGroup // each waits for the kernel
	for i := range filters {
		done.Go(func() { got[i] = rest(t, hooks[i]) })
		done.Go(func() { want[i] = restOf(t, sockets[i]) })
	}
	done.Wait()
	for i, words := range filters {
		compare(t, fmt.Sprintf("%q", words), got[i], want[i], cfg.Hook.ProgramType() == ebpf.XDP)
		stats := hooks[i].Stats()[0]
		n := uint64(len(want[i]))
		if stats != (capture.Stats{Received: n, Delivered: n}) {
			t.Errorf("%q: %+v", words, stats)
		}
		done.Go(func() { hooks[i].Close() })
		done.Go(func() { sockets[i].Close() })
	}
	done.Wait()
}

// compare compares packets with those of a packet socket. At XDP a tag is in the bytes and
// nowhere else.
func compare(t *testing.T, what string, got, want []packet, xdp bool) {
	t.Helper()
	if len(want) == 0 {
		t.Errorf("%s: no packet", what)
	}
	for i := range max(len(got), len(want)) {
		if xdp && i < len(want) {
			want[i].tag = noTag
		}
		switch {
		case i >= len(got):
			t.Fatalf("%s: %d packets, the socket has %d", what, len(got), len(want))
		case i >= len(want):
			t.Fatalf("%s: %d packets, the socket has %d; one more is %v", what, len(got), len(want), got[i])
		case !reflect.DeepEqual(got[i], want[i]):
			t.Fatalf("%s: packet %d of %d is\n%v, and the socket's\n%v", what, i+1, len(want), got[i], want[i])
		}
	}
}
