package count

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// tcNext is TC_ACT_UNSPEC of linux/pkt_cls.h: the packet goes on as if there had been no
// program.
const tcNext = -1

// hookable reports why packets cannot be counted at the interface's hooks, nil where
// they can.
func (c *counter) hookable() error {
	switch {
	case c.index == 0:
		return fmt.Errorf("%s has no hook: %w", c.name, errors.ErrUnsupported)
	case c.linkType == linktype.Ethernet, c.linkType == linktype.Raw:
		return nil
	}
	// What other devices have in front of the network layer is known of packet sockets only.
	return fmt.Errorf("link type %v is counted on packet sockets only: %w", c.linkType, errors.ErrUnsupported)
}

// openHooks attaches to the hooks that the direction asks for, in front of programs that are
// there: what these drop a packet socket sees on its way in, too. On its way out
// a packet socket does not see it.
func (c *counter) openHooks(cfg *Config) (err error) {
	defer func() {
		if err != nil { // so that a packet socket can be tried
			for _, undo := range c.attached {
				undo()
			}
			c.counters.close()
			c.attached, c.counters, c.instructions = nil, nil, 0
		}
	}()
	for _, d := range c.directions(cfg.Direction) {
		place := Place{Type: ebpf.SchedCLS, LinkType: c.linkType, Outgoing: d == attach.Egress}
		prog, err := c.load(cfg, place, layout{returns: tcNext})
		if err != nil {
			return err
		}
		link, err := attach.TCFirst(c.index, d, prog)
		prog.Close() // the link keeps it
		if err != nil {
			return err
		}
		c.via = link.Via
		c.attached = append(c.attached, link.Close)
	}
	if !cfg.Promiscuous {
		return nil
	}
	f, err := promiscuous(c.index)
	if err != nil {
		return &capture.InterfaceError{Interface: c.name, Err: err}
	}
	c.attached = append(c.attached, f.Close)
	return nil
}

// directions returns the hooks whose packets count. What a loopback device sends comes in as
// well.
func (c *counter) directions(d capture.Direction) []attach.Direction {
	switch {
	case d == capture.In, c.index == loopbackIndex:
		return []attach.Direction{attach.Ingress}
	case d == capture.Out:
		return []attach.Direction{attach.Egress}
	}
	return []attach.Direction{attach.Ingress, attach.Egress}
}

// promiscuous turns promiscuous mode on for as long as the file is open. The
// socket's protocol is 0, so that it is on no packet's way.
func promiscuous(index int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("promiscuous mode: missing cap_net_raw: %w", os.ErrPermission)
	}
	if err != nil {
		return nil, fmt.Errorf("promiscuous mode: packet socket: %w", err)
	}
	err = unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
		&unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC})
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("promiscuous mode: %w", err)
	}
	return os.NewFile(uintptr(fd), "packet socket"), nil
}
