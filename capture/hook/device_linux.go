package hook

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// A device is the interface, in the network namespace in which it was opened.
type device struct {
	name   string
	index  int // 0: all
	socket int // to ask for the interface
	packet int // packet socket that keeps it promiscuous; 0: none
}

// openDevice finds the interface and what its packets start with.
func (s *site) openDevice() error {
	s.device.name = capture.Any
	offered := []linktype.Type{linktype.Raw}
	if !s.everywhere() {
		s.device.name = s.Interface
		types, err := capture.LinkTypes(s.Interface)
		if err != nil {
			return err
		}
		if err := s.device.find(); err != nil {
			return s.failed(err)
		}
		if s.arphrd, err = s.device.arphrd(); err != nil {
			return s.failed(err)
		}
		if s.Hook.Kind != Cgroup {
			offered = types
		}
	}
	s.linkType = offered[0]
	if s.LinkType != 0 {
		s.linkType = 0
		for _, t := range offered {
			if t == s.LinkType {
				s.linkType = t
			}
		}
	}
	switch s.linkType {
	case 0:
		return s.failed(fmt.Errorf("cannot be captured as %v at hook %s, only as %v", s.LinkType, s.Hook, offered))
	case linktype.LinuxSLL, linktype.LinuxSLL2:
		return s.failed(fmt.Errorf("hook %s has packets with a link-layer header that is not known here: %w", s.Hook, errors.ErrUnsupported))
	}
	// As in the socket's capture.
	s.tags = s.linkType == linktype.Ethernet && s.Hook.ProgramType() != ebpf.XDP
	return nil
}

func (d *device) find() error {
	i, err := net.InterfaceByName(d.name)
	if err != nil {
		return fmt.Errorf("%w (%w)", capture.ErrNoInterface, err)
	}
	d.index = i.Index
	if d.socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	return nil
}

// arphrd returns the kind of the interface (linux/if_arp.h).
func (d *device) arphrd() (uint16, error) {
	request, err := unix.NewIfreq(d.name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(d.socket, unix.SIOCGIFHWADDR, request); err != nil {
		return 0, fmt.Errorf("kind of interface: %w", err)
	}
	return request.Uint16(), nil
}

// gone reports whether the interface has left the namespace.
func (d *device) gone() bool {
	if d.index == 0 {
		return false
	}
	request, err := unix.NewIfreq("?")
	if err != nil {
		return false
	}
	request.SetUint32(uint32(d.index))
	err = unix.IoctlIfreq(d.socket, unix.SIOCGIFNAME, request)
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO)
}

// setPromiscuous asks the interface for all packets until close. A packet socket of protocol
// 0, which receives nothing, is what can ask so that it ends with the process.
func (d *device) setPromiscuous() error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, unix.EPERM) {
			err = fmt.Errorf("missing cap_net_raw: %w", os.ErrPermission)
		}
		return fmt.Errorf("promiscuous mode: %w", err)
	}
	mreq := unix.PacketMreq{Ifindex: int32(d.index), Type: unix.PACKET_MR_PROMISC}
	if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq); err != nil {
		unix.Close(fd)
		return fmt.Errorf("promiscuous mode: %w", err)
	}
	d.packet = fd
	return nil
}

func (d *device) close() {
	if d.socket >= 0 {
		unix.Close(d.socket)
	}
	if d.packet > 0 {
		unix.Close(d.packet)
	}
}
