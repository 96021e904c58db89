package attach

import (
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// xdpIDs are the attributes inside IFLA_XDP that hold the id of a program, and the words for
// its mode (linux/if_link.h).
var xdpIDs = []struct {
	attr uint16
	mode string
}{
	{unix.IFLA_XDP_DRV_PROG_ID, "native"},
	{unix.IFLA_XDP_SKB_PROG_ID, "generic"},
	{unix.IFLA_XDP_HW_PROG_ID, "offloaded"},
}

// xdpWords describes the XDP programs of an interface: " (id 7, native, drop_bad)". What
// cannot be found out is left out; the name takes cap_sys_admin.
func xdpWords(ifindex int) string {
	c, err := dialRoute()
	if err != nil {
		return ""
	}
	defer unix.Close(c.fd)
	ne := binary.NativeEndian
	ifi := make([]byte, unix.SizeofIfInfomsg)
	ne.PutUint32(ifi[4:], uint32(ifindex))
	replies, err := c.ask(unix.RTM_GETLINK, 0, ifi)
	if err != nil {
		return ""
	}
	words := ""
	for _, r := range replies {
		if r.typ != unix.RTM_NEWLINK || len(r.body) < unix.SizeofIfInfomsg {
			continue
		}
		xdp := attrValue(r.body[unix.SizeofIfInfomsg:], unix.IFLA_XDP)
		for _, row := range xdpIDs {
			if id := attrValue(xdp, row.attr); len(id) == 4 {
				words += fmt.Sprintf(" (id %d, %s%s)", ne.Uint32(id), row.mode, programWords(ne.Uint32(id)))
			}
		}
	}
	return words
}

// programWords returns a comma and the name of a program; nothing where it cannot be had.
func programWords(id uint32) string {
	p, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
	if err != nil {
		return ""
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil || info.Name == "" {
		return ""
	}
	return ", " + info.Name
}
