package cbpfgen

import (
	"fmt"
	"testing"
)

func BenchmarkGenerate(b *testing.B) {
	b.Run("ssh", func(b *testing.B) {
		f := parseFunc(b, sshText)
		for b.Loop() {
			if _, err := Generate(f, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{100, 1000, 10000} {
		f := hostList(n)
		b.Run(fmt.Sprintf("%d hosts", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Generate(f, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
