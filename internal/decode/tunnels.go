package decode

import "encoding/binary"

// gre prints a GRE header, RFC 2784 and RFC 2890, and what it carries.
func (d *Decoder) gre(b []byte, length int) {
	if len(b) < 4 {
		d.text("GRE")
		d.cut("gre")
		return
	}
	flags, proto := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	d.printf("GREv%d", flags&7)
	if flags&7 != 0 {
		d.printf(", length %d", length)
		return
	}
	size := 4
	for _, f := range []uint16{0x8000 | 0x4000, 0x2000, 0x1000} {
		if flags&f != 0 {
			size += 4
		}
	}
	if len(b) < size {
		d.cut("gre")
		return
	}
	if flags&0x2000 != 0 {
		at := 4
		if flags&0xc000 != 0 {
			at = 8
		}
		d.printf(", key=0x%x", binary.BigEndian.Uint32(b[at:]))
	}
	if flags&0x1000 != 0 {
		d.printf(", seq %d", binary.BigEndian.Uint32(b[size-4:]))
	}
	if d.opt.Link {
		d.printf(", proto %s (0x%04x)", name(etherTypes, proto, "unknown"), proto)
	}
	d.printf(", length %d: ", length)
	d.etherType(proto, b[size:], length-size, nil)
}

// vxlan prints a VXLAN header, RFC 7348, and the frame under it on a line of its
// own.
func (d *Decoder) vxlan(b []byte, length int) {
	if len(b) < 8 {
		d.text("VXLAN")
		d.cut("vxlan")
		return
	}
	flags := "[.]"
	if b[0]&0x08 != 0 {
		flags = "[I]"
	}
	d.printf("VXLAN, flags %s (0x%02x), vni %d\n", flags, b[0], binary.BigEndian.Uint32(b[4:])>>8)
	if len(b) < 8+ethernetSize {
		d.cut("ether")
		return
	}
	if d.depth++; d.depth > maxDepth {
		d.text("[nested too deep]")
		return
	}
	defer func() { d.depth-- }()
	d.ethernetFrame(b[8:], length-8)
}

// geneve prints a Geneve header, RFC 8926, and what is under it.
func (d *Decoder) geneve(b []byte, length int) {
	d.text("Geneve")
	if len(b) < 8 {
		d.cut("geneve")
		return
	}
	options := int(b[0]&0x3f) * 4
	d.text(", Flags [")
	switch b[1] >> 6 {
	case 0:
		d.text("none")
	case 1:
		d.text("C")
	case 2:
		d.text("O")
	case 3:
		d.text("OC")
	}
	d.printf("], vni 0x%x", binary.BigEndian.Uint32(b[4:])>>8)
	proto := binary.BigEndian.Uint16(b[2:])
	if d.opt.Verbose > 0 || d.opt.Link {
		d.printf(", proto %s (0x%04x)", name(etherTypes, proto, "unknown"), proto)
	}
	if options > 0 {
		d.printf(", options [%d bytes]", options)
	}
	if len(b) < 8+options {
		d.cut("geneve")
		return
	}
	if d.opt.Verbose > 0 {
		d.text("\n\t")
	} else {
		d.text(": ")
	}
	d.etherType(proto, b[8+options:], length-8-options, nil)
}
