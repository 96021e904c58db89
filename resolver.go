package gofilter

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gofilter/gofilter/internal/resolve"
)

// A Resolver looks up what a filter calls by name. Compile calls it for the names
// that a filter uses and for no other; it must give the same answers throughout
// one compilation.
type Resolver = resolve.Names

// ErrUnknownName is wrapped by the errors of a Resolver that mean: there is no such
// name.
var ErrUnknownName = resolve.ErrUnknown

// lookupLimit bounds one lookup of a host.
const lookupLimit = 10 * time.Second

// SystemResolver returns a Resolver that asks what the system's own programs ask:
// the name service for hosts, with a limit of ten seconds each, and the files
// /etc/services, /etc/protocols, /etc/networks and /etc/ethers. As there, case
// matters in the names of services and protocols only.
func SystemResolver() Resolver { return systemResolver{} }

type systemResolver struct{}

func (systemResolver) Host(name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupLimit)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return nil, unknown("the name service has no such host")
	case err != nil:
		return nil, err
	case len(addrs) == 0:
		return nil, unknown("the name service has no address for it")
	}
	return addrs, nil
}

func (systemResolver) Port(name, transport string) (uint16, error) {
	n, err := net.DefaultResolver.LookupPort(context.Background(), transport, name)
	if err != nil || n < 0 || n > 0xffff {
		return 0, unknown("not in /etc/services")
	}
	return uint16(n), nil
}

func (systemResolver) Protocol(name string) (uint8, error) {
	const path = "/etc/protocols"
	same := func(a string) bool { return a == name }
	fields, err := etcLine(path, func(f []string) bool { return len(f) > 1 && named(f, same) })
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(fields[1], 10, 8)
	if err != nil {
		return 0, fmt.Errorf("%s: bad number %q for %s", path, fields[1], name)
	}
	return uint8(n), nil
}

func (systemResolver) Network(name string) (uint32, error) {
	const path = "/etc/networks"
	same := func(a string) bool { return strings.EqualFold(a, name) }
	fields, err := etcLine(path, func(f []string) bool { return len(f) > 1 && named(f, same) })
	if err != nil {
		return 0, err
	}
	return parseNetwork(path, fields[1])
}

// parseNetwork reads a network number of networks(5): up to four parts; zero parts
// at the end do not count.
func parseNetwork(path, s string) (uint32, error) {
	parts := strings.Split(s, ".")
	for len(parts) > 1 && parts[len(parts)-1] == "0" {
		parts = parts[:len(parts)-1]
	}
	var n uint32
	for _, p := range parts {
		b, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(parts) > 4 {
			return 0, fmt.Errorf("%s: bad network number %q", path, s)
		}
		n = n<<8 | uint32(b)
	}
	return n, nil
}

func (systemResolver) Ether(name string) (addr [6]byte, err error) {
	const path = "/etc/ethers"
	fields, err := etcLine(path, func(f []string) bool { return len(f) > 1 && strings.EqualFold(f[1], name) })
	if err != nil {
		return addr, err
	}
	parts := strings.Split(fields[0], ":")
	for i, p := range parts {
		b, err := strconv.ParseUint(p, 16, 8)
		if err != nil || len(parts) != len(addr) {
			return addr, fmt.Errorf("%s: bad address %q for %s", path, fields[0], name)
		}
		addr[i] = byte(b)
	}
	return addr, nil
}

// named reports whether a line, "name value aliases...", has the same name or alias.
func named(fields []string, same func(string) bool) bool {
	if same(fields[0]) {
		return true
	}
	for _, alias := range fields[2:] {
		if same(alias) {
			return true
		}
	}
	return false
}

// etcLine returns the fields of the first line of a file that is wanted.
func etcLine(path string, wanted func(fields []string) bool) ([]string, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, unknown("there is no " + path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if fields := strings.Fields(line); len(fields) > 0 && wanted(fields) {
			return fields, nil
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return nil, unknown("not in " + path)
}

// unknown says where a name is not.
func unknown(where string) error { return fmt.Errorf("%s: %w", where, ErrUnknownName) }
