package capture

import (
	"errors"
	"fmt"

	"github.com/gofilter/gofilter/attach"
	"golang.org/x/sys/unix"
)

// A Group is several handles on one interface among which the kernel shares packets
// out (PACKET_FANOUT): each packet goes to one of them.
type Group struct {
	members []*Handle
}

// OpenGroup starts to capture on an interface with n handles, each with a ring as large
// as cfg says. The capture begins on all of them at one moment, and promises of each
// what [Open] does. A group of one is a handle as Open makes it.
//
// A filter of a group must not be locked ([attach.Lock]): a member of a group can be
// shut in no other way than by its filter.
func OpenGroup(cfg Config, n int) (*Group, error) {
	if err := checkGroup(n); err != nil {
		return nil, err
	}
	if n == 1 {
		h, err := Open(cfg)
		if err != nil {
			return nil, err
		}
		return &Group{[]*Handle{h}}, nil
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	g := new(Group)
	if err := g.open(&cfg, n); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// open makes the members. One that is bound and has not joined gets copies of packets
// that others get too, so each still rejects everything then. The real filters come when
// all have joined, one after the other; what the first ones let in meanwhile is from
// before the beginning.
func (g *Group) open(cfg *Config, n int) error {
	id := 0
	for i := range n {
		h := newHandle(cfg)
		g.members = append(g.members, h)
		if err := h.prepare(cfg); err != nil {
			return err
		}
		if err := bind(h.fd, &h.device); err != nil {
			return err
		}
		var err error
		if id, err = h.join(cfg.Spread, id, i == 0); err != nil {
			return &InterfaceError{h.device.name, err}
		}
	}
	for _, h := range g.members {
		if err := h.install(&cfg.Filter); err != nil {
			return err
		}
		if locked, err := unix.GetsockoptInt(h.fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER); err == nil && locked != 0 {
			return &InterfaceError{h.device.name, errors.New("the filter of a group of sockets must not be locked")}
		}
	}
	for _, h := range g.members {
		c := *h.change.Load()
		c.sequence, c.packets = h.ring.mark()
		h.change.Store(&c)
	}
	return nil
}

// join puts the socket into a group (packet(7), PACKET_FANOUT) and returns the group's
// number in the network namespace, which the kernel chooses for the first member.
func (h *Handle) join(s Spread, id int, first bool) (int, error) {
	mode := unix.PACKET_FANOUT_HASH
	if s == ByCPU {
		mode = unix.PACKET_FANOUT_CPU
	}
	mode |= unix.PACKET_FANOUT_FLAG_ROLLOVER
	if h.ignoresOutgoing() {
		mode |= unix.PACKET_FANOUT_FLAG_IGNORE_OUTGOING // the group has this flag, not its members
	}
	if first {
		mode |= unix.PACKET_FANOUT_FLAG_UNIQUEID
	}
	if err := unix.SetsockoptInt(h.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, id|mode<<16); err != nil {
		return 0, fmt.Errorf("join a group of sockets: %w", err)
	}
	if !first {
		return id, nil
	}
	value, err := unix.GetsockoptInt(h.fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
	if err != nil {
		return 0, fmt.Errorf("number of a group of sockets: %w", err)
	}
	return value & 0xffff, nil
}

// shutOut lets no further packet in, at once and without a wait for those under way.
// Where the filter is being changed just now, that is left to finish.
func (h *Handle) shutOut() {
	if !h.shutMu.TryLock() {
		return
	}
	defer h.shutMu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shut || h.closed || h.file == nil {
		return
	}
	h.shut = attach.Socket(h, attach.Return(0)) == nil
}
