package count

import (
	"syscall"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// cookedHeaders are the lengths of the headers that a reader sees, and the kernel does not,
// in bytes (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2).
var cookedHeaders = map[linktype.Type]int{linktype.LinuxSLL: 16, linktype.LinuxSLL2: 20}

// openSocket counts in the filter of a packet socket, which rejects everything. A capture that
// is never read has all else that the socket needs; its ring stays empty.
func (c *counter) openSocket(cfg *Config) error {
	header, cooked := cookedHeaders[c.linkType]
	place := Place{Type: ebpf.SocketFilter, LinkType: c.linkType, Cooked: cooked}
	count := func(conn syscall.Conn) (alone bool, err error) {
		prog, err := c.load(cfg, place, layout{header: header, skip: c.skips(cfg.Direction)})
		if err != nil {
			return false, err
		}
		defer prog.Close() // the socket keeps it
		return true, attach.SocketProgram(conn, prog)
	}
	h, err := capture.Open(capture.Config{
		Interface:   c.name,
		LinkType:    cfg.LinkType,
		Promiscuous: cfg.Promiscuous,
		BufferSize:  1,
		Direction:   cfg.Direction,
		Filter:      capture.Filter{Attach: count},
	})
	if err != nil {
		return err
	}
	c.via = "packet socket"
	c.attached = append(c.attached, h.Close)
	return nil
}

// skips returns what a reader would skip.
func (c *counter) skips(d capture.Direction) skip {
	var s skip
	switch {
	case d == capture.Out:
		s = skipIncoming
	case d == capture.In, c.index == loopbackIndex, c.linkType == linktype.CANSocketCAN:
		s = skipOutgoing // of what goes out on the two devices all comes in
	}
	if c.index == 0 {
		s |= skipRepeated
	}
	return s
}
