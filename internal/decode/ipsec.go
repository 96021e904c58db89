package decode

import "encoding/binary"

// esp prints an ESP header, RFC 4303.
func (d *Decoder) esp(b []byte, length int) {
	if len(b) < 8 {
		d.text("ESP")
		d.cut("esp")
		return
	}
	d.printf("ESP(spi=0x%08x,seq=0x%x), length %d", binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), length)
}

// ah prints an authentication header, RFC 4302, and what follows it.
func (d *Decoder) ah(n *network, b []byte, length int) {
	if len(b) < 12 {
		d.text("AH")
		d.cut("ah")
		return
	}
	size := (int(b[1]) + 2) * 4
	if size < 12 {
		d.printf("AH [length %d < 12]", size)
		return
	}
	d.text("AH(")
	if d.opt.Verbose > 0 {
		d.printf("length=%d(%d-bytes),", b[1], size)
	}
	d.printf("spi=0x%08x,", binary.BigEndian.Uint32(b[4:]))
	if d.opt.Verbose > 0 && binary.BigEndian.Uint16(b[2:]) != 0 {
		d.printf("reserved[not MBZ],")
	}
	d.printf("seq=0x%x", binary.BigEndian.Uint32(b[8:]))
	if len(b) < size {
		d.cut("ah")
		return
	}
	if size > 12 {
		d.printf(",icv=0x%x", b[12:size])
	}
	d.text("): ")
	n.proto = b[0]
	d.transport(n, b[size:], length-size)
}

// ipcomp prints an IP payload compression header, RFC 3173.
func (d *Decoder) ipcomp(b []byte) {
	if len(b) < 4 {
		d.text("IPComp")
		d.cut("ipcomp")
		return
	}
	d.printf("IPComp(cpi=0x%04x)", binary.BigEndian.Uint16(b[2:]))
}
