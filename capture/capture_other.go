//go:build !linux

package capture

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"github.com/gofilter/gofilter/linktype"
)

var errUnsupported = fmt.Errorf("capture: live capture on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// A Handle captures packets; there is none on this system.
type Handle struct{}

// A Block is a part of the ring; there is none on this system.
type Block struct{}

// Open returns an error that wraps errors.ErrUnsupported.
func Open(Config) (*Handle, error) { return nil, errUnsupported }

// LinkTypes returns an error that wraps errors.ErrUnsupported.
func LinkTypes(string) ([]linktype.Type, error) { return nil, errUnsupported }

// TimeStamps returns an error that wraps errors.ErrUnsupported.
func TimeStamps(string) ([]TimeStamp, error) { return nil, errUnsupported }

// Next returns an error that wraps errors.ErrUnsupported.
func (h *Handle) Next(*Packet) error { return errUnsupported }

// NextBlock returns an error that wraps errors.ErrUnsupported.
func (h *Handle) NextBlock() (*Block, error) { return nil, errUnsupported }

// Pending returns false.
func (h *Handle) Pending() bool { return false }

// SetFilter returns an error that wraps errors.ErrUnsupported.
func (h *Handle) SetFilter(Filter) error { return errUnsupported }

// Stats returns an error that wraps errors.ErrUnsupported.
func (h *Handle) Stats() (Stats, error) { return Stats{}, errUnsupported }

// SyscallConn returns an error that wraps errors.ErrUnsupported.
func (h *Handle) SyscallConn() (syscall.RawConn, error) { return nil, errUnsupported }

// Interface returns the empty string.
func (h *Handle) Interface() string { return "" }

// LinkType returns 0.
func (h *Handle) LinkType() linktype.Type { return 0 }

// Cooked returns false.
func (h *Handle) Cooked() bool { return false }

// Snaplen returns 0.
func (h *Handle) Snaplen() int { return 0 }

// BufferSize returns 0.
func (h *Handle) BufferSize() int { return 0 }

// Break does nothing.
func (h *Handle) Break() {}

// Close returns an error that wraps errors.ErrUnsupported.
func (h *Handle) Close() error { return errUnsupported }

// Len returns 0.
func (b *Block) Len() int { return 0 }

// Next returns false.
func (b *Block) Next(*Packet) bool { return false }

// Release does nothing.
func (b *Block) Release() {}

func (h *Handle) shutOut() {}

// A Group is several handles on one interface; there is none on this system.
type Group struct{ members []*Handle }

// OpenGroup returns an error that wraps errors.ErrUnsupported.
func OpenGroup(_ Config, n int) (*Group, error) { return nil, errUnsupported }

// A Merge makes one run of several handles' packets; there is none on this system.
type Merge struct{}

// NewMerge returns a Merge without packets.
func NewMerge(...*Handle) *Merge { return new(Merge) }

// Next returns false.
func (m *Merge) Next(*Packet) (handle int, ok bool) { return 0, false }

// Wait returns an error that wraps errors.ErrUnsupported.
func (m *Merge) Wait() error { return errUnsupported }

// Late returns 0.
func (m *Merge) Late() uint64 { return 0 }

// Break does nothing.
func (m *Merge) Break() {}

// Close returns an error that wraps errors.ErrUnsupported.
func (m *Merge) Close() error { return errUnsupported }

func mediumFlags(*Interface) Flags { return 0 }
