package hook

import (
	"slices"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/capture"
)

func TestParse(t *testing.T) {
	for _, name := range []string{"tc-ingress", "tc-egress", "tcx", "xdp", "xdp-generic", "cgroup=/sys/fs/cgroup/a=b"} {
		h, err := Parse(name)
		if err != nil || h.String() != name {
			t.Errorf("%s: %v, %v", name, h, err)
		}
	}
	for _, test := range [][2]string{
		{"xpd", `unknown hook "xpd": want tc-ingress, tc-egress, tcx, xdp, xdp-generic, cgroup=PATH`},
		{"xdp=/a", `unknown hook "xdp=/a": want `},
		{"", `unknown hook "": want `},
		{"cgroup", "hook cgroup needs a directory: cgroup=PATH"},
		{"cgroup=", "hook cgroup needs a directory: cgroup=PATH"},
	} {
		if _, err := Parse(test[0]); err == nil || !strings.HasPrefix(err.Error(), test[1]) {
			t.Errorf("%q: %v", test[0], err)
		}
	}
}

func TestConfig(t *testing.T) {
	good := func() Config { return Config{Places: []Place{{Hook: Hook{Kind: TCX}, Interface: "eth0"}}} }
	cfg := good()
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"does not exist":           func(c *Config) { c.Places[0].Hook.Kind = 9 },
		"0 places":                 func(c *Config) { c.Places = nil },
		"snapshot length -1":       func(c *Config) { c.Snaplen = -1 },
		"buffer size":              func(c *Config) { c.BufferSize = maxBuffer + 1 },
		"block timeout":            func(c *Config) { c.BlockTimeout = -1 },
		"direction 7":              func(c *Config) { c.Places[0].Direction = 7 },
		"buffer(5)":                func(c *Config) { c.Buffer = 5 },
		"is one interface's":       func(c *Config) { c.Places[0].Interface = capture.Any },
		"cgroup needs a directory": func(c *Config) { c.Places[0].Hook = Hook{Kind: Cgroup} },
	} {
		cfg := good()
		change(&cfg)
		if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := (Hook{Kind: XDP}).directions(capture.Out); err == nil || err.Error() != "hook xdp has no packets of direction out" {
		t.Errorf("%v", err)
	}
}

// TestRooms: a packet of any length finds room, and not much more.
func TestRooms(t *testing.T) {
	if !slices.IsSorted(rooms) || roomsEnd(capture.DefaultSnaplen) != capture.DefaultSnaplen {
		t.Errorf("%v", rooms)
	}
	for i, room := range rooms {
		if (recordHeader+room)%8 != 0 || i > 0 && room > 2*rooms[i-1] {
			t.Errorf("%d", room)
		}
	}
	for _, n := range []int{1, 64, 65, 1514, 65549} {
		if end := roomsEnd(n); end < n || end > 2*n && end != rooms[0] {
			t.Errorf("%d bytes have room for %d", n, end)
		}
	}
}
