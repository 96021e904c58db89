//go:build linux

package hook

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/netlab"
)

// BenchmarkProgram runs the capturing program of TC and XDP on one frame: what a packet that
// is captured costs in the kernel, the least of some rounds, and what it costs to read it.
func BenchmarkProgram(b *testing.B) {
	const repeat = 5000
	lab := netlab.NewWith(b, quiet)
	for _, kind := range []Kind{TCIngress, XDP} {
		for _, buffer := range []Buffer{RingBuffer, PerfBuffer} {
			for _, size := range []int{64, 1514} {
				for _, words := range []string{"ip and udp port 9", "ip and udp port 10"} {
					b.Run(fmt.Sprintf("%v/%v/%d/%s", Hook{Kind: kind}, buffer, size, words), func(b *testing.B) {
						// Finished: a perf buffer is not waited for.
						h := &Handle{snaplen: capture.DefaultSnaplen, retire: time.Second, finished: true}
						cfg := setup{Hook: Hook{Kind: kind}, Buffer: buffer, BufferSize: 64 << 20}
						cfg.Filter, cfg.FilterFlags = filter(b, cfg.Hook, words)
						c := cfg.config()
						s := &site{Place: c.Places[0], tags: kind == TCIngress}
						s.device.socket = -1
						h.sites, h.waiter = []*site{s}, waiter{-1, -1}
						var p program
						if err := h.openBuffer(&c, &p); err != nil {
							netlab.Skip(b, "%v", err)
						}
						defer h.Close()
						if err := s.load(p); err != nil {
							b.Fatal(err)
						}
						frame := lab.Left.Datagram(lab.Right, 7, 9, make([]byte, size-42))
						var kernel, reading []float64
						var packet capture.Packet
						for b.Loop() {
							d := run(b, s.progs[0], frame, repeat)
							kernel = append(kernel, d)
							start, n := time.Now(), 0
							for {
								block, err := h.take()
								if err != nil {
									b.Fatal(err)
								}
								if block == nil {
									break
								}
								for block.Next(&packet) {
									n++
								}
								block.Release()
							}
							reading = append(reading, float64(time.Since(start))/repeat)
							if want := map[bool]int{true: repeat}[words == "ip and udp port 9"]; n+int(s.counters.sum()) < want {
								b.Fatalf("%d packets, want %d", n, want)
							}
						}
						b.ReportMetric(slices.Min(kernel), "kernel-ns/packet")
						b.ReportMetric(slices.Min(reading), "read-ns/packet")
						b.ReportMetric(float64(s.counters.sum()), "lost")
					})
				}
			}
		}
	}
}

// run runs a program and returns nanoseconds a run.
func run(b *testing.B, p *ebpf.Program, frame []byte, repeat int) float64 {
	b.Helper()
	_, d, err := p.Benchmark(frame, repeat, nil)
	if err != nil {
		b.Fatal(err)
	}
	return float64(d)
}
