package expr

import "testing"

func TestParseNumber(t *testing.T) {
	for _, test := range []struct {
		s      string
		n      uint32
		number bool
		err    string
	}{
		{"", 0, false, ""},
		{"x", 0, false, ""},
		{"0x", 0, false, ""},
		{"80a", 0, false, ""},
		{"-1", 0, false, ""},
		{"80", 80, true, ""},
		{"0x50", 80, true, ""},
		{"0120", 80, true, ""},
		{"08", 0, true, "number 08 has the digit 8, but its leading 0 makes it octal"},
		{"4294967296", 0, true, "decimal number 4294967296 does not fit in 32 bits"},
	} {
		n, number, err := ParseNumber(test.s)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if n != test.n || number != test.number || text != test.err {
			t.Errorf("ParseNumber(%q) = %d, %v, %q, want %d, %v, %q", test.s, n, number, text, test.n, test.number, test.err)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"beacon", "data", "auth", "ba"}
	for _, test := range []struct{ word, want string }{
		{"becaon", "beacon"}, {"dta", "data"}, {"auht", "auth"}, {"bb", ""}, {"xyz", ""}, {"data", "data"},
	} {
		if got := Nearest(test.word, words); got != test.want {
			t.Errorf("Nearest(%q) = %q, want %q", test.word, got, test.want)
		}
	}
}
