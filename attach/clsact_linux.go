package attach

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Numbers of linux/pkt_sched.h, linux/pkt_cls.h and linux/rtnetlink.h.
const (
	handleClsact  = 0xffff0000 // TC_H_MAKE(TC_H_CLSACT, 0)
	parentClsact  = 0xfffffff1 // TC_H_CLSACT
	parentIngress = 0xfffffff2 // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
	parentEgress  = 0xfffffff3 // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

	tcaBPFFD            = 6
	tcaBPFName          = 7
	tcaBPFFlags         = 8
	tcaBPFFlagActDirect = 1

	sizeofTcmsg = 20 // struct tcmsg
)

// clsact attaches p as a direct-action filter to the interface's clsact qdisc, in front of all
// others or behind them.
func clsact(ifindex int, d Direction, p *ebpf.Program, first bool) (*Link, error) {
	c, err := dialRoute()
	if err != nil {
		return nil, err
	}
	f, err := c.addFilter(ifindex, d, p, first)
	if err != nil {
		unix.Close(c.fd)
		return nil, err
	}
	// The socket is kept: it belongs to the interface's namespace.
	return &Link{Via: "clsact", Lasts: true, close: func() error {
		defer unix.Close(c.fd)
		_, err := c.ask(unix.RTM_DELTFILTER, 0, f.tcmsg())
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EINVAL) {
			return nil // gone already, with the qdisc or the interface
		}
		return linkRefusal("remove TC filter", err, capLinkEdit)
	}}, nil
}

// A filter is where a TC filter is: struct tcmsg.
type filter struct {
	ifindex              int
	handle, parent, info uint32
}

func (f filter) tcmsg() []byte {
	b := make([]byte, sizeofTcmsg)
	ne := binary.NativeEndian
	ne.PutUint32(b[4:], uint32(f.ifindex))
	ne.PutUint32(b[8:], f.handle)
	ne.PutUint32(b[12:], f.parent)
	ne.PutUint32(b[16:], f.info)
	return b
}

// addFilter adds the filter, and the qdisc where there is none.
func (c *route) addFilter(ifindex int, d Direction, p *ebpf.Program, first bool) (filter, error) {
	qdisc := filter{ifindex: ifindex, handle: handleClsact, parent: parentClsact}
	_, err := c.ask(unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_EXCL,
		attr(qdisc.tcmsg(), unix.TCA_KIND, []byte("clsact\x00")))
	switch {
	case errors.Is(err, unix.EEXIST):
		if err := c.requireClsact(ifindex); err != nil {
			return filter{}, err
		}
	case err != nil:
		return filter{}, fmt.Errorf("add qdisc clsact: %w", err)
	}
	f := filter{ifindex: ifindex, parent: parentIngress}
	if d == Egress {
		f.parent = parentEgress
	}
	// Without a priority the kernel chooses one that nobody has, in front of all others. It says
	// which in its echo.
	if !first {
		if f.info, err = c.behind(f); err != nil {
			return filter{}, err
		}
	}
	f.info |= uint32(binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL)))
	var options []byte
	ne := binary.NativeEndian
	options = attr(options, tcaBPFFD, ne.AppendUint32(nil, uint32(p.FD())))
	options = attr(options, tcaBPFName, []byte(programName+"\x00"))
	options = attr(options, tcaBPFFlags, ne.AppendUint32(nil, tcaBPFFlagActDirect))
	msg := attr(f.tcmsg(), unix.TCA_KIND, []byte("bpf\x00"))
	msg = attr(msg, unix.TCA_OPTIONS, options)
	replies, err := c.ask(unix.RTM_NEWTFILTER, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ECHO, msg)
	if err != nil {
		return filter{}, fmt.Errorf("add filter: %w", err)
	}
	for _, r := range replies {
		if r.typ == unix.RTM_NEWTFILTER && len(r.body) >= sizeofTcmsg {
			f.handle, f.info = ne.Uint32(r.body[8:]), ne.Uint32(r.body[16:])
			return f, nil
		}
	}
	return filter{}, errors.New("add filter: the kernel does not say where it is")
}

// behind returns the priority, in its place in struct tcmsg, that is behind all filters where f is to be;
// 0 where there are none, or where one has the last priority that there is.
func (c *route) behind(f filter) (uint32, error) {
	replies, err := c.ask(unix.RTM_GETTFILTER, unix.NLM_F_DUMP, f.tcmsg())
	if err != nil {
		return 0, fmt.Errorf("list filters: %w", err)
	}
	last := uint32(0)
	for _, r := range replies {
		if r.typ == unix.RTM_NEWTFILTER && len(r.body) >= sizeofTcmsg {
			last = max(last, binary.NativeEndian.Uint32(r.body[16:])>>16)
		}
	}
	if last == 0 || last == 0xffff {
		return 0, nil
	}
	return (last + 1) << 16, nil
}

// requireClsact makes sure that the qdisc at the ingress hook is clsact. The older one,
// ingress, would take a filter for egress and run it at ingress.
func (c *route) requireClsact(ifindex int) error {
	replies, err := c.ask(unix.RTM_GETQDISC, unix.NLM_F_DUMP, filter{ifindex: ifindex}.tcmsg())
	if err != nil {
		return fmt.Errorf("list qdiscs: %w", err)
	}
	ne := binary.NativeEndian
	for _, r := range replies {
		if r.typ != unix.RTM_NEWQDISC || len(r.body) < sizeofTcmsg || int(ne.Uint32(r.body[4:])) != ifindex || ne.Uint32(r.body[12:]) != parentClsact {
			continue
		}
		if kind := attrString(r.body[sizeofTcmsg:], unix.TCA_KIND); kind != "clsact" {
			return fmt.Errorf("the interface has a qdisc %s where clsact belongs", kind)
		}
	}
	return nil
}
