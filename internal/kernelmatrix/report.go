package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A report is what the guest says, line by line. Beside words for people there are lines that begin with
// "PASS ", "FAIL " and, last, "END ".
type report struct {
	out            io.Writer
	rest           []byte // of a line that has not come to its end
	passed, failed int
	ended          bool
}

// Write takes what the guest prints, through a serial line.
func (r *report) Write(b []byte) (int, error) {
	r.rest = append(r.rest, b...)
	for {
		line, rest, ok := bytes.Cut(r.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		r.rest = rest
		line = bytes.Trim(line, "\r")
		switch {
		case bytes.HasPrefix(line, []byte("PASS ")):
			r.passed++
		case bytes.HasPrefix(line, []byte("FAIL ")):
			r.failed++
		case bytes.HasPrefix(line, []byte("END ")):
			r.ended = true
		}
		if _, err := fmt.Fprintf(r.out, "%s\n", line); err != nil {
			return 0, err
		}
	}
}

// verdict says whether all is well.
func (r *report) verdict() error {
	switch {
	case r.failed > 0:
		return fmt.Errorf("%d programs fail", r.failed)
	case !r.ended:
		return errors.New("it did not come to its end")
	case r.passed == 0:
		return errors.New("nothing ran")
	}
	return nil
}
