package netlab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// ProbeEtherType is the EtherType of the frames that Ready sends: the first local
// experimental one (IEEE 802, clause 9.2.4).
const ProbeEtherType = 0x88b5

// Ready waits until both ends of the pair carry frames to each other. The kernel
// activates a link's queue some time after the link is up, and drops what is sent
// before that without a word.
func (l *Lab) Ready() error {
	if err := probe(l.Left, l.Right); err != nil {
		return err
	}
	return probe(l.Right, l.Left)
}

// probe sends frames until one arrives.
func probe(from, to *Namespace) error {
	proto := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, ProbeEtherType))
	fd := -1
	err := to.Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: to.Index})
	})
	if fd >= 0 {
		defer unix.Close(fd)
	}
	if err != nil {
		return fmt.Errorf("probe %s: %w", to.Link, err)
	}
	s, err := from.Sender()
	if err != nil {
		return fmt.Errorf("probe %s: %w", from.Link, err)
	}
	defer s.Close()
	frame := make([]byte, 60)
	copy(frame, to.MAC)
	copy(frame[6:], from.MAC)
	binary.BigEndian.PutUint16(frame[12:], ProbeEtherType)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err := s.Send(frame); err != nil && !errors.Is(err, unix.ENETDOWN) && !errors.Is(err, unix.ENXIO) {
			return err
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, _ := unix.Poll(fds, 5); n == 1 && fds[0].Revents&unix.POLLIN != 0 {
			return nil
		}
	}
	return fmt.Errorf("no frame from %s arrives at %s", from.Link, to.Link)
}
