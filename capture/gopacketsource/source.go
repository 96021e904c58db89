// Package gopacketsource lets gopacket read from a capture. It is apart from
// package capture, so that gopacket is not forced on whoever imports that.
package gopacketsource

import (
	"time"

	"github.com/gofilter/gofilter/capture"
	"github.com/google/gopacket"
)

// A Source reads the packets of a handle, one goroutine at a time.
type Source struct {
	h *capture.Handle
	p capture.Packet
}

var (
	_ gopacket.PacketDataSource         = (*Source)(nil)
	_ gopacket.ZeroCopyPacketDataSource = (*Source)(nil)
)

// New returns a source that reads from h. The handle stays the caller's to close.
func New(h *capture.Handle) *Source { return &Source{h: h} }

// ZeroCopyReadPacketData returns the next packet where it is in the ring: the
// bytes are good until the next call. The errors are those of
// [capture.Handle.NextBlock].
func (s *Source) ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	if err := s.h.Next(&s.p); err != nil {
		return nil, gopacket.CaptureInfo{}, err
	}
	return s.p.Data, gopacket.CaptureInfo{
		Timestamp:      time.Unix(0, s.p.Time),
		CaptureLength:  len(s.p.Data),
		Length:         s.p.Length,
		InterfaceIndex: s.p.Interface,
	}, nil
}

// ReadPacketData returns a copy of the next packet, which is the caller's to keep.
func (s *Source) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	data, ci, err := s.ZeroCopyReadPacketData()
	if err != nil {
		return nil, ci, err
	}
	return append([]byte(nil), data...), ci, nil
}

// Packet returns what capture knows about the packet that was read last.
func (s *Source) Packet() *capture.Packet { return &s.p }
