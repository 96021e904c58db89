package oracle

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gofilter/gofilter"
)

// Names is a Resolver that knows what driver/oracle.c knows and nothing else.
type Names struct{}

var _ gofilter.Resolver = Names{}

var (
	hosts = map[string][]string{
		"oneaddr": {"10.1.2.3"},
		"sixaddr": {"2001:db8::5"},
		"twoaddr": {"10.1.2.4", "192.0.2.7"},
		"mixaddr": {"198.51.100.1", "2001:db8::6", "2001:db8:1::7"},
		"router":  {"10.0.0.1", "2001:db8::1"},
	}
	ethers = map[string][6]byte{
		"router":  {0x00, 0x11, 0x22, 0x33, 0x44, 0x55},
		"sixaddr": {0x02, 0x00, 0x00, 0x00, 0x00, 0x05},
		"station": {0x08, 0x00, 0x20, 0x0a, 0x0b, 0x0c},
	}
	nets  = map[string]uint32{"tennet": 10, "loopnet": 127, "docnet": 0xc00002, "subnet": 0x0a01}
	ports = map[string]map[string]uint16{
		"tcp": {"anyport": 53, "tcpport": 80, "splitport": 512},
		"udp": {"anyport": 53, "udpport": 69, "splitport": 513},
	}
	protocols = map[string]uint8{
		"ip": 0, "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47,
		"esp": 50, "ah": 51, "ospf": 89, "pim": 103, "vrrp": 112, "sctp": 132,
	}
)

// find looks name up in a table.
func find[V any](table map[string]V, name string) (V, error) {
	v, ok := table[name]
	if !ok {
		return v, fmt.Errorf("not in the table: %w", gofilter.ErrUnknownName)
	}
	return v, nil
}

// Host returns the addresses of a host.
func (Names) Host(name string) ([]netip.Addr, error) {
	texts, err := find(hosts, strings.ToLower(name))
	addrs := make([]netip.Addr, len(texts))
	for i, s := range texts {
		addrs[i] = netip.MustParseAddr(s)
	}
	return addrs, err
}

// Network returns the number of a network.
func (Names) Network(name string) (uint32, error) { return find(nets, strings.ToLower(name)) }

// Port returns the number of a service.
func (Names) Port(name, transport string) (uint16, error) { return find(ports[transport], name) }

// Protocol returns an IP protocol number.
func (Names) Protocol(name string) (uint8, error) { return find(protocols, name) }

// Ether returns a station address.
func (Names) Ether(name string) ([6]byte, error) { return find(ethers, strings.ToLower(name)) }

// keys returns the words of a table, sorted.
func keys[V any](table map[string]V) []string {
	words := make([]string, 0, len(table))
	for w := range table {
		words = append(words, w)
	}
	slices.Sort(words)
	return words
}
