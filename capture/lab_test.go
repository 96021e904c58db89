//go:build linux

package capture

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/netlab"
)

// opened opens a capture inside a namespace and closes it with the test.
func opened(t testing.TB, ns *netlab.Namespace, cfg Config) *Handle {
	t.Helper()
	h, err := openIn(ns, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func openIn(ns *netlab.Namespace, cfg Config) (h *Handle, err error) {
	err = ns.Do(func() (err error) {
		h, err = Open(cfg)
		return err
	})
	return h, err
}

// sender opens a raw sender that is closed with the test.
func sender(t testing.TB, ns *netlab.Namespace) *netlab.Sender {
	t.Helper()
	s, err := ns.Sender()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func send(t testing.TB, s *netlab.Sender, frames ...[]byte) {
	t.Helper()
	if err := s.Send(frames...); err != nil {
		t.Fatal(err)
	}
}

// payloadOffset is where the payload of netlab's datagrams starts.
const payloadOffset = 42

// numbered returns datagrams from the left to the right whose payloads start with
// their number, the first being from, and whose lengths vary.
func numbered(lab *netlab.Lab, from, n int) [][]byte {
	frames := make([][]byte, n)
	for i := range frames {
		k := from + i
		payload := binary.BigEndian.AppendUint32(nil, uint32(k))
		for len(payload) < 4+k%1400 {
			payload = append(payload, byte(k))
		}
		frames[i] = lab.Left.Datagram(lab.Right, 7, 9, payload)
	}
	return frames
}

// a copied packet.
type copied struct {
	Packet
	block uint64
}

// rest reads until the end and returns copies.
func rest(t testing.TB, h *Handle) []copied {
	t.Helper()
	var all []copied
	for {
		b, err := h.NextBlock()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		for b.Next(&p) {
			c := copied{p, b.sequence}
			c.Data = append([]byte(nil), p.Data...)
			all = append(all, c)
		}
		b.Release()
	}
}

// checkSums fails unless the counts add up.
func checkSums(t testing.TB, h *Handle) Stats {
	t.Helper()
	s, err := h.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if s.Received-s.Dropped != s.Delivered+s.Filtered+s.Discarded {
		t.Errorf("counts do not add up: %+v", s)
	}
	return s
}

// soon runs f and fails if it takes longer than d.
func soon(t testing.TB, d time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatalf("%s takes longer than %v", what, d)
	}
}
