package expr

import "errors"

// ParseNumber reads a number as filters have it: decimal, octal after a 0, hex
// after 0x. isNumber is false where s has another form; err says what is wrong
// with a number that has a wrong digit or more than 32 bits.
func ParseNumber(s string) (n uint32, isNumber bool, err error) {
	if s == "" || matchNumber(s, 0) != len(s) {
		return 0, false, nil
	}
	n, fault := parseNumber(s)
	if fault != "" {
		return 0, true, errors.New(fault)
	}
	return n, true, nil
}

// Nearest returns the one of words that word was probably meant to be, empty if
// none comes close.
func Nearest(word string, words []string) string {
	best, most := "", 1
	if len(word) > 4 {
		most = 2
	}
	for _, w := range words {
		if d := distance(word, w, most); d <= most && len(w) > 2 {
			best, most = w, d-1
		}
	}
	return best
}
