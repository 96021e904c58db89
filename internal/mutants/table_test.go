package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTable: what each mutant replaces is in its file once, and what it puts there is
// something else.
func TestTable(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range mutants {
		if names[m.name] {
			t.Errorf("%s is there twice", m.name)
		}
		names[m.name] = true
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(m.file)))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), m.old); n != 1 || m.old == m.new {
			t.Errorf("%s: %q is in %s %d times, not once", m.name, m.old, m.file, n)
		}
	}
	if len(mutants) < 20 {
		t.Errorf("%d mutants, want 20 or more", len(mutants))
	}
}
