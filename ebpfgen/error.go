package ebpfgen

import "fmt"

// An UnsupportedError says that a target cannot run a filter, whatever its
// size: it lacks a metadatum, a strategy of access, or the filter was made for
// another view.
type UnsupportedError struct {
	Target string // name of the target
	What   string // what it lacks, for the reader
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("target %s: %s", e.Target, e.What)
}

// A LimitError says that a program is larger than a machine takes.
type LimitError struct {
	What   string // what is counted: "instructions", "jump displacement", "stack bytes"
	Have   int    // how many the program has
	Max    int    // how many are allowed
	Kernel string // who sets the limit, and which kernel takes more
}

func (e *LimitError) Error() string {
	s := fmt.Sprintf("program too large: %d %s, limit %d", e.Have, e.What, e.Max)
	if e.Kernel != "" {
		s += " (" + e.Kernel + ")"
	}
	return s
}
