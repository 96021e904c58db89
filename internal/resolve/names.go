package resolve

import (
	"errors"
	"net/netip"
)

// A Names looks up what a filter calls by name. Each method returns an error
// that wraps ErrUnknown where the name is in no database, and says which ones
// were asked; any other error means that a database could not be read.
type Names interface {
	// Host returns the addresses of a host, IPv4 and IPv6, at least one.
	Host(name string) ([]netip.Addr, error)
	// Network returns the number of a network as networks(5) has it: "127" is
	// 127, "10.1" is 10<<8+1.
	Network(name string) (uint32, error)
	// Port returns the number of a service over "tcp" or "udp".
	Port(name, transport string) (uint16, error)
	// Protocol returns an IP protocol number.
	Protocol(name string) (uint8, error)
	// Ether returns the station address of a host.
	Ether(name string) ([6]byte, error)
}

// ErrUnknown is wrapped by errors that mean: there is no such name.
var ErrUnknown = errors.New("unknown name")
