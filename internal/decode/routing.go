package decode

import (
	"encoding/binary"
	"net/netip"
)

// igmpNames are the words for IGMP types, RFC 1112, 2236 and 3376.
var igmpNames = map[uint8]string{0x12: "v1 report", 0x16: "v2 report", 0x17: "leave", 0x22: "v3 report"}

func (d *Decoder) igmp(b []byte, length int) {
	d.text("igmp")
	if d.opt.Quiet {
		return
	}
	if len(b) < 8 {
		d.cut("igmp")
		return
	}
	group, _ := netip.AddrFromSlice(b[4:8])
	switch b[0] {
	case 0x11:
		d.text(" query v")
		switch {
		case length >= 12:
			d.text("3")
		case b[1] != 0:
			d.text("2")
			if b[1] != 100 {
				d.printf(" [max resp time %d]", b[1])
			}
		default:
			d.text("1")
		}
		if group.IsUnspecified() {
			return
		}
		d.text(" [gaddr ")
		d.host(group)
		d.text("]")
	case 0x12, 0x16, 0x17:
		d.text(" " + igmpNames[b[0]] + " ")
		d.host(group)
	case 0x22:
		d.printf(" v3 report, %d group record(s)", binary.BigEndian.Uint16(b[6:]))
	default:
		d.printf("-%d", b[0])
	}
}

// pimTypes are the words for PIM messages, RFC 7761.
var pimTypes = map[uint8]string{
	0: "Hello", 1: "Register", 2: "Register-Stop", 3: "Join / Prune", 4: "Bootstrap", 5: "Assert", 6: "Graft", 7: "Graft-ACK",
	8: "Candidate RP Advertisement",
}

func (d *Decoder) pim(b []byte, length int) {
	if len(b) < 1 {
		d.cut("pim")
		return
	}
	d.printf("PIMv%d, %s, length %d", b[0]>>4, name(pimTypes, b[0]&15, "Unknown"), length)
}

// vrrpAuth are the words for VRRP version 2's authentication types, RFC 2338.
var vrrpAuth = map[uint8]string{0: "none", 1: "simple", 2: "ah"}

// vrrp prints a VRRP advertisement, RFC 3768 and RFC 5798.
func (d *Decoder) vrrp(b []byte, length int) {
	if len(b) < 8 {
		d.cut("vrrp")
		return
	}
	version := b[0] >> 4
	d.printf("VRRPv%d, %s, vrid %d, prio %d", version, name(map[uint8]string{1: "Advertisement"}, b[0]&15, "[type#%d]"), b[1], b[2])
	if version == 2 {
		d.printf(", authtype %s, intvl %ds", name(vrrpAuth, b[4], "type#%d"), b[5])
	} else {
		d.printf(", intvl %dcs", binary.BigEndian.Uint16(b[4:])&0xfff)
	}
	d.printf(", length %d", length)
}
