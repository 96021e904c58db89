//go:build linux

package gopacketsource

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// TestSource reads packets the way gopacket's users do.
func TestSource(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	var h *capture.Handle
	err := lab.Right.Do(func() (err error) {
		h, err = capture.Open(capture.Config{Interface: lab.Right.Link, Snaplen: 60})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	s, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	frame := lab.Left.Datagram(lab.Right, 7, 9, bytes.Repeat([]byte("x"), 100))
	before := time.Now()
	if err := s.Send(frame, frame, frame); err != nil {
		t.Fatal(err)
	}
	h.Break()

	src := New(h)
	data, ci, err := src.ZeroCopyReadPacketData()
	if err != nil || !bytes.Equal(data, frame[:60]) {
		t.Fatalf("%x, %v", data, err)
	}
	if ci.CaptureLength != 60 || ci.Length != len(frame) || ci.InterfaceIndex != lab.Right.Index ||
		ci.Timestamp.Before(before) || ci.Timestamp.After(time.Now()) {
		t.Errorf("%+v", ci)
	}
	if src.Packet().Type != capture.Host {
		t.Errorf("%+v", src.Packet())
	}
	kept, _, err := src.ReadPacketData()
	if err != nil {
		t.Fatal(err)
	}
	packet, err := gopacket.NewPacketSource(src, layers.LayerTypeEthernet).NextPacket()
	if err != nil {
		t.Fatal(err)
	}
	if udp, ok := packet.Layer(layers.LayerTypeUDP).(*layers.UDP); !ok || udp.DstPort != 9 {
		t.Errorf("%v", packet)
	}
	if _, _, err := src.ZeroCopyReadPacketData(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	h.Close()
	if !bytes.Equal(kept, frame[:60]) {
		t.Errorf("the copy changed to %x", kept)
	}
}
