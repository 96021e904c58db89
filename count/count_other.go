//go:build !linux

package count

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/gofilter/gofilter/linktype"
)

// counter is empty where the kernel runs no eBPF programs.
type counter struct {
	via          string
	linkType     linktype.Type
	instructions int
	fallback     error
}

var errUnsupported = fmt.Errorf("count: counting in the kernel of %s: %w", runtime.GOOS, errors.ErrUnsupported)

func open(*Config) (*counter, error) { return nil, errUnsupported }

func (*counter) read() ([]Counts, error) { return nil, errUnsupported }

func (*counter) stop() error { return errUnsupported }

func (*counter) shut() error { return errUnsupported }
