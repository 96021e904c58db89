package packets

import "net/netip"

// IPv4 is an IPv4 header (RFC 791). TTL 0 means 64.
type IPv4 struct {
	Src, Dst netip.Addr
	Proto    uint8
	TOS, TTL uint8
	ID       uint16
	DF, MF   bool
	FragOff  uint16 // in units of 8 bytes
	Options  []byte // a multiple of 4 bytes, at most 40
}

// Bytes returns the header and payload.
func (h IPv4) Bytes(payload []byte) []byte {
	if len(h.Options)%4 != 0 || len(h.Options) > 40 {
		panic("packets: IPv4 options of such a length cannot be")
	}
	ttl := h.TTL
	if ttl == 0 {
		ttl = 64
	}
	frag := h.FragOff
	if h.DF {
		frag |= 0x4000
	}
	if h.MF {
		frag |= 0x2000
	}
	n := 20 + len(h.Options)
	b := []byte{0x40 | byte(n/4), h.TOS}
	b = be.AppendUint16(b, uint16(n+len(payload)))
	b = be.AppendUint16(b, h.ID)
	b = be.AppendUint16(b, frag)
	b = append(b, ttl, h.Proto, 0, 0)
	b = append(b, h.Src.AsSlice()...)
	b = append(b, h.Dst.AsSlice()...)
	b = append(b, h.Options...)
	be.PutUint16(b[10:], fold16(sum16(0, b)))
	return append(b, payload...)
}

// Fragments cuts payload into pieces of size bytes (a multiple of 8; the last may be
// shorter) and returns a packet for each.
func (h IPv4) Fragments(payload []byte, size int) [][]byte {
	var all [][]byte
	for at := 0; at < len(payload); at += size {
		end := min(at+size, len(payload))
		f := h
		f.FragOff = uint16(at / 8)
		f.MF = end < len(payload)
		all = append(all, f.Bytes(payload[at:end]))
	}
	return all
}

// IPv6 is an IPv6 header (RFC 8200). HopLimit 0 means 64.
type IPv6 struct {
	Src, Dst     netip.Addr
	Next         uint8
	TrafficClass uint8
	HopLimit     uint8
	FlowLabel    uint32
}

// Bytes returns the header and payload.
func (h IPv6) Bytes(payload []byte) []byte {
	hops := h.HopLimit
	if hops == 0 {
		hops = 64
	}
	b := be.AppendUint32(nil, 6<<28|uint32(h.TrafficClass)<<20|h.FlowLabel&0xfffff)
	b = be.AppendUint16(b, uint16(len(payload)))
	b = append(b, h.Next, hops)
	b = append(b, h.Src.AsSlice()...)
	b = append(b, h.Dst.AsSlice()...)
	return append(b, payload...)
}

// Options6 puts a hop-by-hop or destination options header in front of payload, with n
// bytes of padding options (RFC 8200 §4.2); 2+n must be a multiple of 8.
func Options6(next uint8, n int, payload []byte) []byte {
	if (2+n)%8 != 0 || n < 2 {
		panic("packets: IPv6 options of such a length cannot be")
	}
	b := []byte{next, byte((2+n)/8 - 1), 1, byte(n - 2)} // PadN
	b = append(b, make([]byte, n-2)...)
	return append(b, payload...)
}

// Routing6 puts a routing header (RFC 8200 §4.4) of type 4, segment routing (RFC 8754),
// with one segment in front of payload.
func Routing6(next uint8, segment netip.Addr, payload []byte) []byte {
	b := []byte{next, 2, 4, 0, 0, 0, 0, 0}
	b = append(b, segment.AsSlice()...)
	return append(b, payload...)
}

// Fragment6 puts a fragment header (RFC 8200 §4.5) in front of payload. off is in units
// of 8 bytes.
func Fragment6(next uint8, off uint16, more bool, id uint32, payload []byte) []byte {
	w := off << 3
	if more {
		w |= 1
	}
	b := be.AppendUint16([]byte{next, 0}, w)
	b = be.AppendUint32(b, id)
	return append(b, payload...)
}

// AH puts an authentication header (RFC 4302) with a 12-byte check value in front of
// payload.
func AH(next uint8, spi, seq uint32, payload []byte) []byte {
	b := []byte{next, 4, 0, 0}
	b = be.AppendUint32(b, spi)
	b = be.AppendUint32(b, seq)
	b = append(b, Text(12)...)
	return append(b, payload...)
}

// ESP is an encapsulated payload (RFC 4303) of n opaque bytes.
func ESP(spi, seq uint32, n int) []byte {
	b := be.AppendUint32(nil, spi)
	b = be.AppendUint32(b, seq)
	return append(b, Text(n)...)
}
