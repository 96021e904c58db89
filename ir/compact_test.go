package ir

import "testing"

// TestCompactEmpty: a function without any value, as "accept every packet" is, stays one.
func TestCompactEmpty(t *testing.T) {
	f := &Func{Snaplen: 9, Blocks: []Block{{Kind: KindAccept}}}
	f.Compact()
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	if got := Eval(f, nil, nil); got != 9 {
		t.Errorf("verdict %d, want 9", got)
	}
}
