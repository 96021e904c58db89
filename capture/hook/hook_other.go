//go:build !linux

package hook

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/gofilter/gofilter/capture"
)

var errUnsupported = fmt.Errorf("hook: capture at hooks on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// A Handle captures at a hook; there is none on this system.
type Handle struct{}

// A Block is a run of packets; there is none on this system.
type Block struct{}

// Open returns an error that wraps errors.ErrUnsupported, or one of the configuration.
func Open(cfg Config) (*Handle, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return nil, errUnsupported
}

// NextBlock returns an error that wraps errors.ErrUnsupported.
func (h *Handle) NextBlock() (*Block, error) { return nil, errUnsupported }

// Stats returns nothing.
func (h *Handle) Stats() []capture.Stats { return nil }

// Attachments returns nothing.
func (h *Handle) Attachments() []Attachment { return nil }

// Snaplen returns 0.
func (h *Handle) Snaplen() int { return 0 }

// Buffer returns 0.
func (h *Handle) Buffer() (Buffer, int) { return AnyBuffer, 0 }

// Break does nothing.
func (h *Handle) Break() {}

// Close returns an error that wraps errors.ErrUnsupported.
func (h *Handle) Close() error { return errUnsupported }

// Len returns 0.
func (b *Block) Len() int { return 0 }

// Place returns 0.
func (b *Block) Place() int { return 0 }

// Next returns false.
func (b *Block) Next(*capture.Packet) bool { return false }

// Release does nothing.
func (b *Block) Release() {}
