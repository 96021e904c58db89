package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/gofilter/gofilter/linktype"
	"golang.org/x/sys/unix"
)

// A device is the interface of a handle.
type device struct {
	name  string
	index int // 0 for Any
	arphrd
}

// htons returns n in network byte order.
func htons(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}

// anyDevice is the device behind the name Any.
func anyDevice() device {
	return device{name: Any, arphrd: arphrd{linkType: cookedTypes[0], others: cookedTypes[1:], cooked: true}}
}

// findDevice looks an interface up in the network namespace of socket fd, by name
// or, where that is empty, by index.
func findDevice(fd int, name string, index int) (device, error) {
	switch {
	case name == Any:
		return anyDevice(), nil
	case name == "" && index <= 0:
		return device{}, errors.New("capture: no interface given")
	case name == "":
		found, err := nameOf(fd, index)
		if err != nil {
			return device{}, &InterfaceError{fmt.Sprintf("interface %d", index), missing(err)}
		}
		name = found
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil { // the name is too long for any interface
		return device{}, &InterfaceError{name, ErrNoInterface}
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return device{}, &InterfaceError{name, missing(err)}
	}
	d := device{name: name, index: int(ifr.Uint32())}
	if ifr, err = unix.NewIfreq(name); err != nil {
		return device{}, &InterfaceError{name, ErrNoInterface}
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, ifr); err != nil {
		return device{}, &InterfaceError{name, missing(err)}
	}
	d.arphrd = arphrdOf(ifr.Uint16()) // sa_family of ifr_hwaddr
	return d, nil
}

// missing puts the kernel's word for an unknown interface into ours.
func missing(err error) error {
	if errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) {
		return ErrNoInterface
	}
	return err
}

// nameOf returns the present name of an interface.
func nameOf(fd, index int) (string, error) {
	ifr, err := unix.NewIfreq("?")
	if err != nil {
		return "", err
	}
	ifr.SetUint32(uint32(index))
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFNAME, ifr); err != nil {
		return "", err
	}
	return ifr.Name(), nil
}

// LinkTypes lists the link types that an interface can be captured as, the
// default first. It takes no privilege.
func LinkTypes(name string) ([]linktype.Type, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket to look up %s with: %w", name, err)
	}
	defer unix.Close(fd)
	d, err := findDevice(fd, name, 0)
	if err != nil {
		return nil, err
	}
	return d.linkTypes(), nil
}

// choose returns the link type to capture as: want, or the first where want is 0.
func (d *device) choose(want linktype.Type) (linktype.Type, error) {
	types := d.linkTypes()
	if want == 0 {
		return types[0], nil
	}
	for _, t := range types {
		if t == want {
			return t, nil
		}
	}
	return 0, &InterfaceError{d.name, fmt.Errorf("link type %s is not one that the interface has (%v)", want, types)}
}

// openPacket opens a packet socket that receives nothing yet: its protocol is 0.
// typ is SOCK_RAW or SOCK_DGRAM.
func openPacket(typ int) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, typ|unix.SOCK_CLOEXEC, 0)
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return -1, fmt.Errorf("capture: packet socket: missing cap_net_raw: %w", os.ErrPermission)
	case errors.Is(err, unix.EAFNOSUPPORT):
		return -1, fmt.Errorf("capture: the kernel has no packet sockets: %w", errors.ErrUnsupported)
	}
	return -1, fmt.Errorf("capture: packet socket: %w", err)
}

// bind lets packets in: all protocols, from one interface or from all.
func bind(fd int, d *device) error {
	err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: d.index})
	if err != nil {
		return &InterfaceError{d.name, missing(err)}
	}
	// The kernel binds to an interface that is down, and leaves an error behind.
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return &InterfaceError{d.name, err}
	case errno == int(unix.ENETDOWN):
		return &InterfaceError{d.name, ErrDown}
	case errno != 0:
		return &InterfaceError{d.name, unix.Errno(errno)}
	}
	return nil
}

// unbind shuts packets out without a filter, for a socket whose filter is locked:
// it binds to a protocol that no packet has (0xffff is reserved, RFC 1701). The
// kernel waits for packets under way before it returns.
func unbind(fd int, d *device) error {
	return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: 0xffff, Ifindex: d.index})
}

// setPromiscuous turns promiscuous mode on for as long as fd is open.
func setPromiscuous(fd int, d *device) error {
	err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
		&unix.PacketMreq{Ifindex: int32(d.index), Type: unix.PACKET_MR_PROMISC})
	if err != nil {
		return &InterfaceError{d.name, fmt.Errorf("promiscuous mode: %w", err)}
	}
	return nil
}

// ignoreOutgoing spares the socket the packets that this machine sends. Kernels
// before 4.20 cannot; there the reader skips them.
func ignoreOutgoing(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	if err != nil && !errors.Is(err, unix.ENOPROTOOPT) {
		return fmt.Errorf("ignore outgoing packets: %w", err)
	}
	return nil
}
