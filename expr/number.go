package expr

import (
	"math"
	"strconv"
)

// matchNumber returns the end of the number at src[i:], i if there is none: decimal
// digits, or "0x" and hex digits. A leading 0 makes it octal, which is for parseNumber.
func matchNumber(src string, i int) int {
	if i+2 < len(src) && src[i] == '0' && src[i+1]|0x20 == 'x' && charClass[src[i+2]]&charHex != 0 {
		return matchHex(src, i+2, len(src))
	}
	for i < len(src) && charClass[src[i]]&charDigit != 0 {
		i++
	}
	return i
}

// matchHex returns the end of at most most hex digits at src[i:].
func matchHex(src string, i, most int) int {
	for ; most > 0 && i < len(src) && charClass[src[i]]&charHex != 0; most-- {
		i++
	}
	return i
}

// parseNumber returns the value of a number that matchNumber has matched, or what is
// wrong with it.
func parseNumber(word string) (value uint32, fault string) {
	base, digits, name := uint64(10), word, "decimal"
	if word[0] == '0' {
		base, digits, name = 8, word[1:], "octal"
		if len(word) > 1 && word[1]|0x20 == 'x' {
			base, digits, name = 16, word[2:], "hexadecimal"
		}
	}
	n := uint64(0)
	overflow := false
	for i := range len(digits) {
		d := uint64(digits[i])
		switch {
		case d <= '9':
			d -= '0'
		default:
			d = d | 0x20 - 'a' + 10
		}
		if d >= base {
			return 0, "number " + word + " has the digit " + strconv.Itoa(int(d)) + ", but its leading 0 makes it octal"
		}
		n = n*base + d
		if n > math.MaxUint32 {
			overflow = true
			n = math.MaxUint32
		}
	}
	if overflow {
		return 0, name + " number " + shorten(word) + " does not fit in 32 bits"
	}
	return uint32(n), ""
}
