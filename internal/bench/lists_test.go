package main

import (
	"math"
	"testing"
)

// TestLists: no list is longer than the shorter of the recorded libpcaps'.
func TestLists(t *testing.T) {
	recorded, err := readLengths()
	if err != nil {
		t.Fatal(err)
	}
	for i := range listKinds {
		l := &listKinds[i]
		for _, n := range listSizes {
			r, ok := recorded[listKey(l, n)]
			if !ok {
				t.Errorf("%s of %d: nothing is recorded", l.name, n)
			}
			ours, err := compile(l.of(n))
			if err != nil {
				t.Fatal(err)
			}
			if most := r.shorter(); most != math.MaxInt && ours > most {
				t.Errorf("%s of %d: %d instructions, libpcap's shorter one has %d", l.name, n, ours, most)
			}
		}
	}
}

// TestEveryday: there are as many everyday filters as are asked for, and all compile.
func TestEveryday(t *testing.T) {
	if n := len(everyday()); n < 25 {
		t.Errorf("%d filters, want 25 or more", n)
	}
	for _, f := range everyday() {
		if _, err := compile(f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}
