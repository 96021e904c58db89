package capture

import (
	"net"
	"net/netip"
	"sort"
	"strings"
)

// An Interface is something that can be captured on.
type Interface struct {
	Name        string
	Description string // in words; mostly empty
	Index       int    // 0 for Any
	Flags       Flags
	Addrs       []netip.Prefix // its addresses with the length of their networks
	MAC         net.HardwareAddr
	MTU         int
}

// Flags describe an interface.
type Flags uint8

// The flags. Connected and Disconnected are both absent where the question does
// not apply or could not be answered.
const (
	Up           Flags = 1 << iota // configured up
	Running                        // with resources allocated
	Loopback                       // the loopback device
	Wireless                       // radio
	Connected                      // a carrier, or associated
	Disconnected                   // no carrier
)

// String lists the flags in tcpdump's words: "Up, Running, Connected".
func (f Flags) String() string {
	var words []string
	for _, w := range []struct {
		flag Flags
		word string
	}{{Up, "Up"}, {Running, "Running"}, {Loopback, "Loopback"}, {Wireless, "Wireless"}} {
		if f&w.flag != 0 {
			words = append(words, w.word)
		}
	}
	wireless := f&Wireless != 0
	switch {
	case f&Connected != 0 && wireless:
		words = append(words, "Associated")
	case f&Connected != 0:
		words = append(words, "Connected")
	case f&Disconnected != 0 && wireless:
		words = append(words, "Not associated")
	case f&Disconnected != 0:
		words = append(words, "Disconnected")
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// String is the interface as tcpdump -D shows it, without the number.
func (i Interface) String() string {
	s := i.Name
	if i.Description != "" {
		s += " (" + i.Description + ")"
	}
	return s + " [" + i.Flags.String() + "]"
}

// anyInterface is the entry of the pseudo-interface.
var anyInterface = Interface{
	Name:        Any,
	Description: "Pseudo-device that captures on all interfaces",
	Flags:       Up | Running,
}

// Interfaces lists what can be captured on, in the network namespace of the
// calling thread, Any included. The order is that of tcpdump -D, the most useful
// first: running before not running, up before down, connected before
// disconnected, then Any, then the loopback device, and otherwise by index.
func Interfaces() ([]Interface, error) {
	list, err := interfaces()
	if err != nil {
		return nil, err
	}
	list = append(list, anyInterface)
	sort.SliceStable(list, func(i, j int) bool { return list[i].demerit() < list[j].demerit() })
	return list, nil
}

// demerit is the sort key of the list, the weightiest reason in the highest bit.
func (i *Interface) demerit() int {
	d := 0
	for bit, bad := range []bool{
		i.Name == Any,
		i.Flags&Loopback != 0,
		i.Flags&Disconnected != 0 && i.Flags&Wireless == 0,
		i.Flags&Up == 0,
		i.Flags&Running == 0,
	} {
		if bad {
			d |= 1 << bit
		}
	}
	return d
}

// interfaces lists the real interfaces by index.
func interfaces() ([]Interface, error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Index < found[j].Index })
	list := make([]Interface, 0, len(found)+1)
	for _, f := range found {
		i := Interface{Name: f.Name, Index: f.Index, MAC: f.HardwareAddr, MTU: f.MTU}
		for _, m := range []struct {
			theirs net.Flags
			ours   Flags
		}{{net.FlagUp, Up}, {net.FlagRunning, Running}, {net.FlagLoopback, Loopback}} {
			if f.Flags&m.theirs != 0 {
				i.Flags |= m.ours
			}
		}
		i.Flags |= mediumFlags(&i)
		addrs, err := f.Addrs()
		if err != nil {
			return nil, &InterfaceError{f.Name, err}
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				i.Addrs = append(i.Addrs, p)
			}
		}
		list = append(list, i)
	}
	return list, nil
}
