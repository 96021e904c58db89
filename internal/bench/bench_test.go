package main

import "testing"

// BenchmarkEveryday compiles and generates all everyday filters.
func BenchmarkEveryday(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range everyday() {
			if _, err := compile(f); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkHosts compiles and generates a list of 1,000 hosts.
func BenchmarkHosts(b *testing.B) {
	text := listKinds[0].of(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compile(text); err != nil {
			b.Fatal(err)
		}
	}
}
