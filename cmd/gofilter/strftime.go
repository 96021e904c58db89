package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A conversion is what a letter of strftime(3) stands for in the C locale: a text, or
// a number that is padded to a width.
type conversion struct {
	text   func(time.Time) string
	number func(time.Time) int
	width  int
	pad    byte
}

// conversions are those of POSIX and of glibc.
var conversions = map[byte]conversion{
	'a': {text: func(t time.Time) string { return t.Format("Mon") }},
	'A': {text: func(t time.Time) string { return t.Format("Monday") }},
	'b': {text: func(t time.Time) string { return t.Format("Jan") }},
	'B': {text: func(t time.Time) string { return t.Format("January") }},
	'c': {text: func(t time.Time) string { return t.Format("Mon Jan _2 15:04:05 2006") }},
	'C': {number: func(t time.Time) int { return t.Year() / 100 }, width: 2, pad: '0'},
	'd': {number: time.Time.Day, width: 2, pad: '0'},
	'D': {text: func(t time.Time) string { return t.Format("01/02/06") }},
	'e': {number: time.Time.Day, width: 2, pad: ' '},
	'F': {text: func(t time.Time) string { return t.Format("2006-01-02") }},
	'g': {number: func(t time.Time) int { return isoYear(t) % 100 }, width: 2, pad: '0'},
	'G': {number: isoYear, width: 1, pad: '0'},
	'h': {text: func(t time.Time) string { return t.Format("Jan") }},
	'H': {number: time.Time.Hour, width: 2, pad: '0'},
	'I': {number: hour12, width: 2, pad: '0'},
	'j': {number: time.Time.YearDay, width: 3, pad: '0'},
	'k': {number: time.Time.Hour, width: 2, pad: ' '},
	'l': {number: hour12, width: 2, pad: ' '},
	'm': {number: func(t time.Time) int { return int(t.Month()) }, width: 2, pad: '0'},
	'M': {number: time.Time.Minute, width: 2, pad: '0'},
	'n': {text: func(time.Time) string { return "\n" }},
	'p': {text: func(t time.Time) string { return t.Format("PM") }},
	'P': {text: func(t time.Time) string { return t.Format("pm") }},
	'r': {text: func(t time.Time) string { return t.Format("03:04:05 PM") }},
	'R': {text: func(t time.Time) string { return t.Format("15:04") }},
	's': {number: func(t time.Time) int { return int(t.Unix()) }, width: 1, pad: '0'},
	'S': {number: time.Time.Second, width: 2, pad: '0'},
	't': {text: func(time.Time) string { return "\t" }},
	'T': {text: func(t time.Time) string { return t.Format("15:04:05") }},
	'u': {number: func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }, width: 1, pad: '0'},
	'U': {number: func(t time.Time) int { return (t.YearDay() + 6 - int(t.Weekday())) / 7 }, width: 2, pad: '0'},
	'V': {number: isoWeek, width: 2, pad: '0'},
	'w': {number: func(t time.Time) int { return int(t.Weekday()) }, width: 1, pad: '0'},
	'W': {number: func(t time.Time) int { return (t.YearDay() + 6 - (int(t.Weekday())+6)%7) / 7 }, width: 2, pad: '0'},
	'x': {text: func(t time.Time) string { return t.Format("01/02/06") }},
	'X': {text: func(t time.Time) string { return t.Format("15:04:05") }},
	'y': {number: func(t time.Time) int { return t.Year() % 100 }, width: 2, pad: '0'},
	'Y': {number: time.Time.Year, width: 1, pad: '0'},
	'z': {text: func(t time.Time) string { return t.Format("-0700") }},
	'Z': {text: func(t time.Time) string { name, _ := t.Zone(); return name }},
	'%': {text: func(time.Time) string { return "%" }},
}

func isoYear(t time.Time) int { year, _ := t.ISOWeek(); return year }
func isoWeek(t time.Time) int { _, week := t.ISOWeek(); return week }
func hour12(t time.Time) int  { return (t.Hour()+11)%12 + 1 }

// strftime formats t as strftime(3) of glibc does in the C locale, with its flags
// "-", "_", "0" and "^", a width, and the modifiers E and O, which change nothing in
// that locale. What is no conversion stays as it is.
func strftime(format string, t time.Time) string {
	var out strings.Builder
	for format != "" {
		before, after, found := strings.Cut(format, "%")
		out.WriteString(before)
		if !found {
			break
		}
		text, n := convert(after, t)
		out.WriteString(text)
		format = after[n:]
	}
	return out.String()
}

// convert returns what the conversion at the start of s, behind its %, stands for,
// and its length in bytes.
func convert(s string, t time.Time) (text string, n int) {
	flag, upper := byte(0), false
	for ; n < len(s) && strings.IndexByte("-_0^", s[n]) >= 0; n++ {
		if s[n] == '^' {
			upper = true
		} else {
			flag = s[n]
		}
	}
	width := 0
	for ; n < len(s) && '0' <= s[n] && s[n] <= '9' && width < 1000; n++ {
		width = 10*width + int(s[n]-'0')
	}
	if n < len(s) && (s[n] == 'E' || s[n] == 'O') {
		n++
	}
	if n == len(s) {
		return "%" + s, n
	}
	c, ok := conversions[s[n]]
	n++
	if !ok {
		return "%" + s[:n], n
	}
	pad := byte(' ')
	if c.text != nil {
		text = c.text(t)
	} else {
		text, pad = strconv.Itoa(c.number(t)), c.pad
		width = max(width, c.width)
	}
	if upper {
		text = strings.ToUpper(text)
	}
	switch flag {
	case '-':
		return text, n
	case '_':
		pad = ' '
	case '0':
		pad = '0'
	}
	if short := width - len(text); short > 0 {
		text = strings.Repeat(string(pad), short) + text
	}
	return text, n
}

// numbered returns a file's name with a number of at least so many digits behind it;
// with 0 for both there is none.
func numbered(name string, number, digits int) string {
	if number == 0 && digits == 0 {
		return name
	}
	return fmt.Sprintf("%s%0*d", name, digits, number)
}
