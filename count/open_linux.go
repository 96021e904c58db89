package count

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// counter is a Counter on Linux.
type counter struct {
	via          string
	linkType     linktype.Type
	instructions int
	fallback     error

	name  string
	index int // of the interface; 0 for capture.Any

	mu       sync.Mutex
	inside   *os.File // a socket of the interface's namespace
	counters *counters
	attached []func() error // what undoes the attachments
	stopped  bool
	stopErr  error
}

func open(cfg *Config) (*counter, error) {
	types, err := capture.LinkTypes(cfg.Interface)
	if err != nil {
		return nil, err
	}
	c := &counter{name: cfg.Interface, linkType: types[0]}
	if cfg.LinkType != 0 {
		c.linkType = cfg.LinkType // a socket refuses what the interface does not have
	}
	if err = c.enter(); err == nil {
		err = c.start(cfg)
	}
	if err != nil {
		c.shut()
		return nil, err
	}
	return c, nil
}

// start begins to count at the place that can be had.
func (c *counter) start(cfg *Config) error {
	if c.index == loopbackIndex && cfg.Direction == capture.Out {
		return fmt.Errorf("count: %s: what a loopback device sends it receives as well, and is counted as that", c.name)
	}
	if cfg.Where != Socket {
		err := c.hookable()
		if err == nil {
			err = c.openHooks(cfg)
		}
		var own *filterError
		if err == nil || cfg.Where == Hook || errors.As(err, &own) {
			return err
		}
		c.fallback = err
	}
	err := c.openSocket(cfg)
	if err != nil && c.fallback != nil && !errors.Is(c.fallback, errors.ErrUnsupported) {
		err = fmt.Errorf("%w; at the TC hooks: %w", err, c.fallback)
	}
	return err
}

// enter opens a socket that remembers the network namespace, and looks the interface up in it.
func (c *counter) enter() error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("count: socket to look up %s with: %w", c.name, err)
	}
	c.inside = os.NewFile(uintptr(fd), "socket")
	if c.name == capture.Any {
		return nil
	}
	ifr, err := unix.NewIfreq(c.name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr)
	}
	if err != nil {
		return &capture.InterfaceError{Interface: c.name, Err: err}
	}
	c.index = int(ifr.Uint32())
	return nil
}

// gone reports whether the interface has been removed.
func (c *counter) gone() bool {
	if c.index == 0 {
		return false
	}
	ifr, err := unix.NewIfreq("?")
	if err != nil {
		return false
	}
	ifr.SetUint32(uint32(c.index))
	return errors.Is(unix.IoctlIfreq(int(c.inside.Fd()), unix.SIOCGIFNAME, ifr), unix.ENODEV)
}

func (c *counter) read() ([]Counts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counters == nil {
		return nil, fmt.Errorf("count: %s: %w", c.name, os.ErrClosed)
	}
	gone := !c.stopped && c.gone() // before: a count that is not among those read now is in no later ones
	all := make([]Counts, c.counters.filters)
	for i := range all {
		all[i] = c.counters.read(i)
	}
	if gone {
		return all, &capture.InterfaceError{Interface: c.name, Err: capture.ErrGone}
	}
	return all, nil
}

// add adds the counters of a processor. Every packet is in one range, so their sum is the
// number of packets.
func (sum *Counts) add(cpu *[numCounters]uint64) {
	for i := range sum.Sizes {
		sum.Sizes[i] += cpu[rangeZero+i]
		sum.Packets += cpu[rangeZero+i]
	}
	sum.Bytes += cpu[byteCounter]
}

func (c *counter) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end()
}

// end detaches, and waits for packets that are being counted.
func (c *counter) end() error {
	if c.stopped {
		return c.stopErr
	}
	c.stopped = true
	var errs []error
	for _, undo := range c.attached {
		errs = append(errs, undo())
	}
	if len(c.attached) > 0 {
		errs = append(errs, attach.Settle())
	}
	c.stopErr = errors.Join(errs...)
	return c.stopErr
}

func (c *counter) shut() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.end()
	err = errors.Join(err, c.counters.close())
	c.counters = nil
	if c.inside != nil {
		err = errors.Join(err, c.inside.Close())
		c.inside = nil
	}
	return err
}
