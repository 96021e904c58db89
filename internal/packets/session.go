package packets

import "net/netip"

// An Endpoint is one side of a conversation.
type Endpoint struct {
	MAC  MAC
	Addr netip.Addr
	Port uint16
	seq  uint32
	id   uint16
}

// A Session is a TCP connection that writes down its own segments, in order, as IP
// packets.
type Session struct {
	Client, Server Endpoint
	// Emit takes each packet; fromClient says who sent it.
	Emit func(ip []byte, fromClient bool)
}

// IP returns an IP packet from one endpoint to another that carries payload.
func IP(src, dst netip.Addr, proto uint8, id uint16, payload []byte) []byte {
	if src.Is4() {
		return IPv4{Src: src, Dst: dst, Proto: proto, ID: id, DF: true}.Bytes(payload)
	}
	return IPv6{Src: src, Dst: dst, Next: proto, FlowLabel: uint32(id)}.Bytes(payload)
}

// send emits one segment from a to b. SYN and FIN count as a byte.
func (s *Session) send(a, b *Endpoint, flags uint8, options, data []byte) {
	h := TCP{SrcPort: a.Port, DstPort: b.Port, Seq: a.seq, Flags: flags, Options: options}
	if flags&ACK != 0 {
		h.Ack = b.seq
	}
	a.id++
	s.Emit(IP(a.Addr, b.Addr, ProtoTCP, a.id, h.Bytes(a.Addr, b.Addr, data)), a == &s.Client)
	a.seq += uint32(len(data))
	if flags&(SYN|FIN) != 0 {
		a.seq++
	}
}

// Open is the three-way handshake.
func (s *Session) Open() {
	s.Client.seq, s.Server.seq = 1_000_000_007, 3_000_000_019
	s.Client.id, s.Server.id = s.Client.Port, 0x1000
	// Maximum segment size 1460, SACK permitted, window scale 7, padded.
	syn := []byte{2, 4, 0x05, 0xb4, 4, 2, 1, 3, 3, 7, 1, 1}
	s.send(&s.Client, &s.Server, SYN, syn, nil)
	s.send(&s.Server, &s.Client, SYN|ACK, syn, nil)
	s.send(&s.Client, &s.Server, ACK, nil, nil)
}

// Say sends data from one side and has the other acknowledge it.
func (s *Session) Say(fromClient bool, data []byte) {
	a, b := &s.Client, &s.Server
	if !fromClient {
		a, b = b, a
	}
	s.send(a, b, PSH|ACK, nil, data)
	s.send(b, a, ACK, nil, nil)
}

// Close ends the connection from the client's side.
func (s *Session) Close() {
	s.send(&s.Client, &s.Server, FIN|ACK, nil, nil)
	s.send(&s.Server, &s.Client, FIN|ACK, nil, nil)
	s.send(&s.Client, &s.Server, ACK, nil, nil)
}

// Reset ends the connection from the server's side at once.
func (s *Session) Reset() { s.send(&s.Server, &s.Client, RST|ACK, nil, nil) }
