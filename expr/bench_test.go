package expr

import (
	"fmt"
	"strings"
	"testing"
)

// hosts returns a filter of n addresses.
func hosts(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(" or ")
		}
		fmt.Fprintf(&b, "host 10.%d.%d.%d", i>>16&0xff, i>>8&0xff, i&0xff)
	}
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct{ name, src string }{
		{"Short", "ip and tcp port 22"},
		{"Flags", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 192.168.0.0/16"},
		{"Hosts1000", hosts(1000)},
		{"Error", "ip and (tpc dst port 80)"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.src)))
			for b.Loop() {
				_, _ = Parse(bench.src)
			}
		})
	}
}

func BenchmarkFormat(b *testing.B) {
	x, err := Parse("ip and tcp port 22")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = Format(x)
	}
}
