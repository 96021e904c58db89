// Command gofilter compiles tcpdump-style packet filters, prints what they compile
// to, and captures or reads packets with them. Its options are tcpdump's.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gofilter/gofilter/expr"
)

// program is what errors and notices begin with.
const program = "gofilter"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// A session is one run of the command.
type session struct {
	opt      *options
	warned   bool      // the expression's warnings were printed
	source   string    // text of the filter
	finished *finished // the filter where there is no text of it
	stdin    io.Reader
	stdout   *os.File
	stderr   io.Writer
	onDisk   func(*os.File) error // brings a file to the disk; nil: fsync(2)
}

// run runs the command and returns its exit status: 0, or 1 for anything wrong.
func run(args []string, stdin io.Reader, stdout *os.File, stderr io.Writer) int {
	opt, err := parseOptions(args)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
		return 1
	}
	s := &session{opt: opt, stdin: stdin, stdout: stdout, stderr: stderr}
	if err := s.do(); err != nil {
		s.report(err)
		return 1
	}
	return 0
}

// do does the one thing that the options ask for.
func (s *session) do() error {
	o := s.opt
	switch {
	case o.help:
		return s.print(usage())
	case o.version:
		return s.print(program + " version " + version() + "\n")
	case o.completion != "":
		return s.print(completion(o.completion))
	case o.batch:
		return s.batch()
	case o.listInterfaces:
		return s.listInterfaces()
	case o.listAllTypes:
		return s.listAllTypes()
	case o.listLinkTypes:
		return s.listLinkTypes()
	case o.stat.interval > 0:
		return s.stat()
	case o.listStampTypes:
		return s.listStampTypes()
	}
	var err error
	if o.program != "" {
		s.finished, err = s.readProgram()
	} else {
		s.source, err = s.expression()
	}
	if err != nil {
		return err
	}
	switch {
	case o.dump > 0 || o.format != "" || o.ebpf || o.dumpPass != "":
		return s.dump()
	case o.read != "":
		return s.readFile()
	case o.results:
		return errors.New("--results needs a file to read: -r FILE")
	}
	if o.hooked() {
		return s.liveHook()
	}
	return s.live()
}

// print writes to standard output.
func (s *session) print(text string) error {
	_, err := io.WriteString(s.stdout, text)
	return outputError(err)
}

// notice prints a line of the kind that says what is going on.
func (s *session) notice(format string, args ...any) {
	fmt.Fprintf(s.stderr, format+"\n", args...)
}

// An expressionError is an error of the filter's text.
type expressionError struct {
	source string
	err    error
}

func (e *expressionError) Error() string { return e.err.Error() }
func (e *expressionError) Unwrap() error { return e.err }

// report prints an error: one line that says what and where, and for a fault of
// the expression the expression with the place marked.
func (s *session) report(err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range several.Unwrap() {
			s.report(err)
		}
		return
	}
	var list expr.ErrorList
	var ee *expressionError
	if errors.As(err, &ee) && errors.As(ee.err, &list) {
		var text bytes.Buffer
		if expr.PrintError(&text, ee.source, ee.err) == nil {
			fmt.Fprintf(s.stderr, "%s: %s", program, text.Bytes())
			return
		}
	}
	fmt.Fprintf(s.stderr, "%s: %v\n", program, err)
}

// outputError says that it was standard output that err is about.
func outputError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("standard output: %w", cause(err))
}

// cause returns the reason in an error of package os, which names the operation
// and the file too.
func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
