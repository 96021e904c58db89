package source

import "encoding/binary"

// Header lengths of the frames that are sent, in bytes, and where the number is: at the
// start of a UDP payload over IPv4 without options.
const (
	ethernet = 14
	ipv4     = 20
	udp      = 8

	NumberOffset = ethernet + ipv4 + udp
	NumberSize   = 8
)

// Number returns the number of a frame that was captured from its Ethernet header on, or
// false where too little of it was.
func Number(frame []byte) (uint64, bool) {
	if len(frame) < NumberOffset+NumberSize {
		return 0, false
	}
	return binary.BigEndian.Uint64(frame[NumberOffset:]), true
}

// prepare makes room for the number: without a UDP checksum (RFC 768), which would have
// to be another one for each number.
func prepare(frame []byte) {
	clear(frame[ethernet+ipv4+6 : ethernet+ipv4+8])
}

func setNumber(frame []byte, n uint64) { binary.BigEndian.PutUint64(frame[NumberOffset:], n) }
