package attach

import (
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/cilium/ebpf"
)

// Error is a refusal to change a socket's filter.
type Error struct {
	Op     string // what was tried: "attach classic filter"
	Reason string // why it was refused, in words; may be empty
	Err    error  // what the kernel said
}

// Error returns what was tried, why it was refused, and the kernel's word.
func (e *Error) Error() string {
	if e.Reason == "" {
		return e.Op + ": " + e.Err.Error()
	}
	return e.Op + ": " + e.Reason + " (" + e.Err.Error() + ")"
}

// Unwrap returns the kernel's error.
func (e *Error) Unwrap() error { return e.Err }

// LoadError is a refusal to load an eBPF program.
type LoadError struct {
	Type         ebpf.ProgramType
	Instructions int      // length of the program; ld_imm64 counts as two
	Reason       string   // why, in words; may be empty
	Log          []string // the verifier's log, a line each; may be empty
	Err          error    // what the kernel said
}

// Error returns one line: the reason or the verifier's last word.
func (e *LoadError) Error() string {
	s := fmt.Sprintf("load %s program of %d instructions: ", e.Type, e.Instructions)
	switch {
	case e.Reason != "":
		s += e.Reason + " (" + e.Err.Error() + ")"
	case e.verdict() != "":
		s += e.verdict() + " (" + e.Err.Error() + ")"
	default:
		s += e.Err.Error()
	}
	return s
}

// verdict returns the line of the log that says what is wrong: the last one
// before the verifier's statistics.
func (e *LoadError) verdict() string {
	for i := len(e.Log) - 1; i >= 0; i-- {
		line := strings.TrimSpace(e.Log[i])
		if line == "" || strings.HasPrefix(line, "processed ") || strings.HasPrefix(line, "verification time ") ||
			strings.HasPrefix(line, "stack depth ") {
			continue
		}
		return line
	}
	return ""
}

// Unwrap returns the kernel's error.
func (e *LoadError) Unwrap() error { return e.Err }

// A rejection is what the kernel said where its verifier looked at the program and
// did not like it. The verifier says so with EACCES too, which must not be taken
// for a want of privilege: a rejection matches its number and nothing else.
type rejection struct{ errno syscall.Errno }

func (r rejection) Error() string { return r.errno.Error() }

func (r rejection) Is(target error) bool { return target == r.errno }

// Format prints the error; the verb %+v adds the verifier's log.
func (e *LoadError) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'v' && f.Flag('+'):
		io.WriteString(f, e.Error())
		for _, line := range e.Log {
			io.WriteString(f, "\n\t"+line)
		}
	case verb == 'v', verb == 's':
		io.WriteString(f, e.Error())
	case verb == 'q':
		fmt.Fprintf(f, "%q", e.Error())
	default:
		fmt.Fprintf(f, "%%!%c(*attach.LoadError=%s)", verb, e.Error())
	}
}
