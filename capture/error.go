package capture

import "errors"

// Errors that a caller can act on; compare with [errors.Is]. The errors returned
// name the interface too.
var (
	// ErrNoInterface: the interface does not exist.
	ErrNoInterface = errors.New("no such interface")
	// ErrDown: the interface is not up. From Next and NextBlock it is not the
	// end: the next call waits for the interface to come up again.
	ErrDown = errors.New("the interface is down")
	// ErrGone: the interface was removed while capturing.
	ErrGone = errors.New("the interface disappeared")
)

// An InterfaceError is something wrong with an interface.
type InterfaceError struct {
	Interface string // its name
	Err       error
}

// Error names the interface and says what is wrong with it.
func (e *InterfaceError) Error() string { return e.Interface + ": " + e.Err.Error() }

// Unwrap returns what is wrong without the interface.
func (e *InterfaceError) Unwrap() error { return e.Err }
