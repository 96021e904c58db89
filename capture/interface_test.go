//go:build linux

package capture

import (
	"fmt"
	"testing"

	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/linktype"
)

func TestDemerit(t *testing.T) {
	list := []Interface{
		{Name: "best", Flags: Up | Running | Connected},
		{Name: "radio", Flags: Up | Running | Wireless | Disconnected},
		anyInterface,
		{Name: "lo", Flags: Up | Running | Loopback},
		{Name: "unplugged", Flags: Up | Running | Disconnected},
		{Name: "unconfigured", Flags: Running},
		{Name: "dead", Flags: Up},
		{Name: "off", Flags: 0},
	}
	for i := 1; i < len(list); i++ {
		a, b := &list[i-1], &list[i]
		if a.demerit() > b.demerit() {
			t.Errorf("%s (%#x) comes after %s (%#x)", a.Name, a.demerit(), b.Name, b.demerit())
		}
	}
}

func TestARPHRD(t *testing.T) {
	seen := map[uint16]bool{}
	for _, a := range arphrds {
		if seen[a.number] {
			t.Errorf("two rows for %d", a.number)
		}
		seen[a.number] = true
		for _, typ := range a.linkTypes() {
			if !typ.Known() {
				t.Errorf("%s: link type %d does not exist", a.name, typ)
			}
		}
	}
	for _, c := range []struct {
		number uint16
		typ    linktype.Type
		cooked bool
	}{
		{1, linktype.Ethernet, false},
		{arphrdLoopback, linktype.Ethernet, false},
		{512, linktype.LinuxSLL, true},
		{0xfffe, linktype.Raw, false},
		{803, linktype.IEEE802_11Radiotap, false},
		{arphrdCAN, linktype.CANSocketCAN, false},
		{4711, linktype.LinuxSLL, true}, // unknown
	} {
		if a := arphrdOf(c.number); a.linkType != c.typ || a.cooked != c.cooked {
			t.Errorf("%d: %v, cooked %v", c.number, a.linkType, a.cooked)
		}
	}
}

func TestInterfacesInLab(t *testing.T) {
	lab := netlab.New(t)
	var list []Interface
	var types []linktype.Type
	err := lab.Left.Do(func() (err error) {
		if list, err = Interfaces(); err != nil {
			return err
		}
		types, err = LinkTypes(lab.Left.Link)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	byName := map[string]Interface{}
	for _, i := range list {
		if i.Flags&Up != 0 {
			names = append(names, i.Name)
		}
		byName[i.Name] = i
	}
	if got := fmt.Sprint(names); got != "[vleft any lo]" {
		t.Errorf("interfaces that are up: %s", got)
	}
	v := byName["vleft"]
	if v.Flags != Up|Running|Connected || v.Index != lab.Left.Index || v.MTU != 1500 ||
		v.MAC.String() != lab.Left.MAC.String() || fmt.Sprint(v.Addrs) != "[192.0.2.1/24]" {
		t.Errorf("%+v", v)
	}
	if lo := byName["lo"]; lo.Flags != Up|Running|Loopback || lo.Index != 1 {
		t.Errorf("%+v", lo)
	}
	if fmt.Sprint(types) != "[EN10MB DOCSIS]" {
		t.Errorf("link types %v", types)
	}
	if types, err := LinkTypes(Any); err != nil || fmt.Sprint(types) != "[LINUX_SLL2 LINUX_SLL]" {
		t.Errorf("link types of any: %v, %v", types, err)
	}
}

func TestInterfaceString(t *testing.T) {
	for _, c := range []struct {
		i    Interface
		want string
	}{
		{Interface{Name: "eth0", Flags: Up | Running | Connected}, "eth0 [Up, Running, Connected]"},
		{Interface{Name: "eth1", Flags: Up | Disconnected}, "eth1 [Up, Disconnected]"},
		{Interface{Name: "wlan0", Flags: Up | Running | Wireless | Connected}, "wlan0 [Up, Running, Wireless, Associated]"},
		{Interface{Name: "wlan1", Flags: Wireless | Disconnected}, "wlan1 [Wireless, Not associated]"},
		{Interface{Name: "lo", Flags: Up | Running | Loopback}, "lo [Up, Running, Loopback]"},
		{Interface{Name: "tun0"}, "tun0 [none]"},
		{anyInterface, "any (Pseudo-device that captures on all interfaces) [Up, Running]"},
	} {
		if got := c.i.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
