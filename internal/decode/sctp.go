package decode

import (
	"encoding/binary"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// sctpChunks are the words for chunk types, RFC 9260 and IANA's registry.
var sctpChunks = map[uint8]string{
	0: "DATA", 1: "INIT", 2: "INIT ACK", 3: "SACK", 4: "HB REQ", 5: "HB ACK", 6: "ABORT", 7: "SHUTDOWN", 8: "SHUTDOWN ACK",
	9: "OP ERR", 10: "COOKIE ECHO", 11: "COOKIE ACK", 12: "ECN ECHO", 13: "CWR", 14: "SHUTDOWN COMPLETE", 15: "AUTH",
	0xc1: "ASCONF", 0x80: "ASCONF-ACK",
}

func (d *Decoder) sctpLine(n *network, b []byte, length int) {
	var h layers.SCTP
	if h.DecodeFromBytes(b, gopacket.NilDecodeFeedback) != nil {
		d.addressesAnd(n, " ")
		d.cut("sctp")
		return
	}
	d.ports(n, "sctp", uint16(h.SrcPort), uint16(h.DstPort))
	d.text("sctp")
	be := binary.BigEndian
	b, length = b[12:], length-12
	for i := 1; length > 0; i++ {
		if len(b) < 4 {
			d.cut("sctp")
			return
		}
		typ, flags, size := b[0], b[1], int(be.Uint16(b[2:]))
		if d.opt.Verbose > 1 {
			d.printf("\n\t%d) ", i)
		} else {
			d.printf(" (%d) ", i)
		}
		d.printf("[%s] ", name(sctpChunks, typ, "Unknown chunk type: 0x%x"))
		if size < 4 {
			d.printf("[chunk length %d < 4]", size)
			return
		}
		body := b[4:min(size, len(b))]
		if !d.sctpChunk(typ, flags, body, size-4) {
			d.cut("sctp")
			return
		}
		padded := (size + 3) &^ 3
		if padded >= len(b) {
			return
		}
		b, length = b[padded:], length-padded
	}
}

// sctpChunk prints one chunk's fields; false where they are cut.
func (d *Decoder) sctpChunk(typ, flags uint8, b []byte, size int) bool {
	be := binary.BigEndian
	switch typ {
	case 0:
		for _, f := range []struct {
			bit  uint8
			mark string
		}{{4, "(U)"}, {2, "(B)"}, {1, "(E)"}} {
			if flags&f.bit != 0 && flags&3 != 3 {
				d.text(f.mark)
			}
		}
		if flags&3 == 3 && flags&4 != 0 {
			d.text("(U)")
		}
		if flags&3 != 3 && flags&7 != 0 {
			d.text(" ")
		}
		if len(b) < 12 {
			return false
		}
		d.printf("[TSN: %d] [SID: %d] [SSEQ %d] [PPID 0x%x] ", be.Uint32(b), be.Uint16(b[4:]), be.Uint16(b[6:]), be.Uint32(b[8:]))
		if d.opt.Verbose > 1 {
			d.text("[Payload:")
			d.hex(b[12:], "\n\t", true)
			d.text("]")
		}
	case 1, 2:
		if len(b) < 16 {
			return false
		}
		d.printf("[init tag: %d] [rwnd: %d] [OS: %d] [MIS: %d] [init TSN: %d] ",
			be.Uint32(b), be.Uint32(b[4:]), be.Uint16(b[8:]), be.Uint16(b[10:]), be.Uint32(b[12:]))
	case 3:
		if len(b) < 12 {
			return false
		}
		d.printf("[cum ack %d] [a_rwnd %d] [#gap acks %d] [#dup tsns %d] ",
			be.Uint32(b), be.Uint32(b[4:]), be.Uint16(b[8:]), be.Uint16(b[10:]))
	}
	return true
}
