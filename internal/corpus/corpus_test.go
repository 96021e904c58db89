package corpus

import "testing"

const testdata = "../../testdata"

// TestCoverage: there are captures and filters for each link type, and of each capture some
// packets are whole.
func TestCoverage(t *testing.T) {
	filters, err := Filters(testdata)
	if err != nil {
		t.Fatal(err)
	}
	if len(filters) < 60 {
		t.Errorf("%d filters, want at least 60", len(filters))
	}
	seen := map[string]int{}
	for _, f := range filters {
		if old := seen[f.Text]; old != 0 {
			t.Errorf("lines %d and %d have the same filter", old, f.Line)
		}
		seen[f.Text] = f.Line
	}
	captures, err := Captures(testdata)
	if err != nil {
		t.Fatal(err)
	}
	for _, lt := range Types {
		if n := len(Whole(captures, lt)); n < 8 {
			t.Errorf("%v: %d packets", lt, n)
		}
		if n := len(For(filters, lt)); n < 50 {
			t.Errorf("%v: %d filters", lt, n)
		}
	}
}
