package attach

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// route is a socket to the kernel's routing part (rtnetlink(7)), in the network namespace
// of the thread that made it.
type route struct {
	fd  int
	seq uint32
}

func dialRoute() (*route, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	return &route{fd: fd}, nil
}

// A reply is a message behind its struct nlmsghdr.
type reply struct {
	typ  uint16
	body []byte
}

// ask sends a request and returns what the kernel says to it, up to its
// acknowledgement, or to the end of a dump.
func (c *route) ask(typ uint16, flags uint16, body []byte) ([]reply, error) {
	c.seq++
	ne := binary.NativeEndian
	if flags&unix.NLM_F_DUMP != unix.NLM_F_DUMP {
		flags |= unix.NLM_F_ACK
	}
	msg := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
	ne.PutUint32(msg, uint32(unix.SizeofNlMsghdr+len(body)))
	ne.PutUint16(msg[4:], typ)
	ne.PutUint16(msg[6:], flags|unix.NLM_F_REQUEST)
	ne.PutUint32(msg[8:], c.seq)
	if err := unix.Sendto(c.fd, append(msg, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("netlink request: %w", err)
	}
	var replies []reply
	for {
		buf := make([]byte, 64<<10)
		n, _, err := unix.Recvfrom(c.fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("netlink reply: %w", err)
		}
		for b := buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
			size := int(ne.Uint32(b))
			if size < unix.SizeofNlMsghdr || size > len(b) {
				return nil, fmt.Errorf("netlink reply of %d bytes has a message of %d", len(b), size)
			}
			m := reply{ne.Uint16(b[4:]), b[unix.SizeofNlMsghdr:size]}
			seq := ne.Uint32(b[8:])
			b = b[min(len(b), (size+3)&^3):]
			if seq != c.seq {
				continue
			}
			switch {
			case m.typ == unix.NLMSG_DONE:
				return replies, nil
			case m.typ != unix.NLMSG_ERROR:
				replies = append(replies, m)
			case len(m.body) < 4:
				return nil, errors.New("netlink reply without an error number")
			default:
				if code := int32(ne.Uint32(m.body)); code != 0 {
					return nil, syscall.Errno(-code)
				}
				return replies, nil
			}
		}
	}
}

// attr appends a struct rtattr with its value.
func attr(b []byte, typ uint16, value []byte) []byte {
	const header = 4
	b = binary.NativeEndian.AppendUint16(b, uint16(header+len(value)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// attrValue returns the value of an attribute, nil where there is none.
func attrValue(b []byte, typ uint16) []byte {
	ne := binary.NativeEndian
	for len(b) >= 4 {
		n := int(ne.Uint16(b))
		if n < 4 || n > len(b) {
			return nil
		}
		if ne.Uint16(b[2:])&^unix.NLA_F_NESTED == typ {
			return b[4:n]
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	return nil
}

// attrString returns the value of a string attribute, "" where there is none.
func attrString(b []byte, typ uint16) string {
	return unix.ByteSliceToString(attrValue(b, typ))
}
