package netlab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// attrVethPeer is VETH_INFO_PEER of linux/veth.h.
const attrVethPeer = 1

// A message is an rtnetlink request under construction (RFC 3549, rtnetlink(7)).
type message struct {
	buf []byte
}

func newMessage(typ uint16, flags uint16) *message {
	m := &message{buf: make([]byte, unix.SizeofNlMsghdr, 256)}
	ne := binary.NativeEndian
	ne.PutUint16(m.buf[4:], typ)
	ne.PutUint16(m.buf[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK|flags)
	ne.PutUint32(m.buf[8:], 1)
	return m
}

// link appends a struct ifinfomsg.
func (m *message) link(index int, flags, change uint32) {
	ne := binary.NativeEndian
	b := make([]byte, unix.SizeofIfInfomsg)
	ne.PutUint32(b[4:], uint32(index))
	ne.PutUint32(b[8:], flags)
	ne.PutUint32(b[12:], change)
	m.buf = append(m.buf, b...)
}

// attr appends an attribute whose value is what fill appends.
func (m *message) attr(typ uint16, fill func()) {
	start := len(m.buf)
	m.buf = append(m.buf, 0, 0, 0, 0)
	fill()
	ne := binary.NativeEndian
	ne.PutUint16(m.buf[start:], uint16(len(m.buf)-start))
	ne.PutUint16(m.buf[start+2:], typ)
	for len(m.buf)%4 != 0 {
		m.buf = append(m.buf, 0)
	}
}

func (m *message) bytes(typ uint16, b []byte) {
	m.attr(typ, func() { m.buf = append(m.buf, b...) })
}

func (m *message) string(typ uint16, s string) { m.bytes(typ, append([]byte(s), 0)) }

func (m *message) uint32(typ uint16, n uint32) {
	m.attr(typ, func() { m.buf = binary.NativeEndian.AppendUint32(m.buf, n) })
}

// do sends the request in the calling thread's namespace and waits for the
// kernel's word.
func (m *message) do() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	defer unix.Close(fd)
	binary.NativeEndian.PutUint32(m.buf, uint32(len(m.buf)))
	if err := unix.Sendto(fd, m.buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink request: %w", err)
	}
	reply := make([]byte, 8192)
	n, _, err := unix.Recvfrom(fd, reply, 0)
	if err != nil {
		return fmt.Errorf("netlink reply: %w", err)
	}
	if n < unix.SizeofNlMsghdr+4 || binary.NativeEndian.Uint16(reply[4:]) != unix.NLMSG_ERROR {
		return fmt.Errorf("netlink reply of %d bytes is no acknowledgement", n)
	}
	if code := int32(binary.NativeEndian.Uint32(reply[unix.SizeofNlMsghdr:])); code != 0 {
		return syscall.Errno(-code)
	}
	return nil
}

// addVeth makes a veth pair: name in the calling thread's namespace, peer in
// the namespace that peerNS is a file of.
func addVeth(name, peer string, peerNS int) error {
	m := newMessage(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	m.link(0, 0, 0)
	m.string(unix.IFLA_IFNAME, name)
	m.attr(unix.IFLA_LINKINFO, func() {
		m.string(unix.IFLA_INFO_KIND, "veth")
		m.attr(unix.IFLA_INFO_DATA, func() {
			m.attr(attrVethPeer, func() {
				m.link(0, 0, 0)
				m.string(unix.IFLA_IFNAME, peer)
				m.uint32(unix.IFLA_NET_NS_FD, uint32(peerNS))
			})
		})
	})
	if err := m.do(); err != nil {
		return fmt.Errorf("add veth pair %s, %s: %w", name, peer, err)
	}
	return nil
}

func setUp(index int, up bool) error {
	m := newMessage(unix.RTM_NEWLINK, 0)
	flags := uint32(0)
	if up {
		flags = unix.IFF_UP
	}
	m.link(index, flags, unix.IFF_UP)
	return m.do()
}

func delLink(index int) error {
	m := newMessage(unix.RTM_DELLINK, 0)
	m.link(index, 0, 0)
	return m.do()
}

func addAddr(index int, p netip.Prefix) error {
	m := newMessage(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	b := make([]byte, unix.SizeofIfAddrmsg)
	b[0] = unix.AF_INET
	if p.Addr().Is6() {
		b[0] = unix.AF_INET6
		b[2] = unix.IFA_F_NODAD
	}
	b[1] = byte(p.Bits())
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	m.buf = append(m.buf, b...)
	m.bytes(unix.IFA_LOCAL, p.Addr().AsSlice())
	m.bytes(unix.IFA_ADDRESS, p.Addr().AsSlice())
	if err := m.do(); err != nil {
		return fmt.Errorf("add address %s: %w", p, err)
	}
	return nil
}
