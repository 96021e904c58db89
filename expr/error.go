package expr

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Code is the class of an Error, for programs. Later stages add their own.
type Code string

// The codes of the scanner and the parser.
const (
	CodeCharacter  Code = "character"  // a character that no word begins with
	CodeNumber     Code = "number"     // a number with a wrong digit or of more than 32 bits
	CodeAddress    Code = "address"    // an address that is malformed
	CodeUnexpected Code = "unexpected" // a word that may not stand where it stands
	CodeUnknown    Code = "unknown"    // a word that should be a keyword, and is none
	CodeOperator   Code = "operator"   // signs that are no operator
	CodeUnclosed   Code = "unclosed"   // an opening parenthesis or bracket without its partner
	CodeUnopened   Code = "unopened"   // a closing parenthesis or bracket without its partner
	CodeLimit      Code = "limit"      // source too long, or nested too deep
)

// An Error is a fault of the filter's text, with its place.
type Error struct {
	Span
	Code       Code
	Msg        string   // what is wrong, without the position, Suggestion and Hint
	Word       string   // the offending part of the source, empty at its end
	Expected   []string // what could have stood there
	Suggestion string   // what was probably meant, empty if nothing comes close
	Hint       string   // advice about a common mistake, empty if it is none
	Partner    Span     // the parenthesis or bracket that Msg refers to, empty if none
	Line, Col  int      // of Span.Pos, from 1; Col counts characters. 0: Locate was not called
}

// Locate sets Line and Col, given the source that Span is a part of. It returns e.
func (e *Error) Locate(src string) *Error {
	e.Line, e.Col = position(src, e.Pos)
	return e
}

// Error returns "line:column: " and what is wrong.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.text()
	}
	return strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Col) + ": " + e.text()
}

// text returns what is wrong, without the position.
func (e *Error) text() string {
	var b strings.Builder
	b.WriteString(e.Msg)
	if e.Suggestion != "" {
		b.WriteString(" (did you mean " + e.Suggestion + "?)")
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// ErrorList is the errors of one stage, sorted by place; at most MaxErrors of them.
type ErrorList []*Error

// Add appends e. It does nothing once the list has MaxErrors.
func (l *ErrorList) Add(e *Error) {
	if len(*l) < MaxErrors {
		*l = append(*l, e)
	}
}

// Sort orders the list by place; errors at the same place stay in order.
func (l ErrorList) Sort() {
	slices.SortStableFunc(l, func(a, b *Error) int {
		if a.Pos != b.Pos {
			return int(a.Pos) - int(b.Pos)
		}
		return int(a.End) - int(b.End)
	})
}

// Error returns the text of all errors, one a line.
func (l ErrorList) Error() string {
	if len(l) == 0 {
		return "no errors"
	}
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors for errors.Is and errors.As.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Err returns the list sorted, or nil if it is empty.
func (l ErrorList) Err() error {
	if len(l) == 0 {
		return nil
	}
	l.Sort()
	return l
}

// listOf returns the errors with a place in err, nil if there is none.
func listOf(err error) ErrorList {
	var list ErrorList
	if errors.As(err, &list) {
		return list
	}
	var one *Error
	if errors.As(err, &one) {
		return ErrorList{one}
	}
	return nil
}
