package conformance

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofilter/gofilter"
)

// Etc is the resolver of the cases that need names: the lines that come with them, and the
// system's lists of services and protocols.
type Etc struct {
	hosts     map[string][]netip.Addr
	networks  map[string]uint32
	ethers    map[string][6]byte
	ports     map[string]uint16 // by "name/tcp"
	protocols map[string]uint8
}

// LoadEtc reads the resolver's files: hosts, ethers and networks of dir, and
// services and protocols of sys ("/etc").
func LoadEtc(dir, sys string) (*Etc, error) {
	e := &Etc{
		hosts:     make(map[string][]netip.Addr),
		networks:  make(map[string]uint32),
		ethers:    make(map[string][6]byte),
		ports:     make(map[string]uint16),
		protocols: make(map[string]uint8),
	}
	for _, file := range []struct {
		path string
		row  func(f []string) error
	}{
		{filepath.Join(dir, "hosts"), e.host},
		{filepath.Join(dir, "ethers"), e.ether},
		{filepath.Join(dir, "networks"), e.network},
		{filepath.Join(sys, "services"), e.service},
		{filepath.Join(sys, "protocols"), e.protocol},
	} {
		if err := rows(file.path, file.row); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// rows calls row with the fields of each line of a file, comments removed.
func rows(path string, row func(f []string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	s := bufio.NewScanner(file)
	for n := 1; s.Scan(); n++ {
		line, _, _ := strings.Cut(s.Text(), "#")
		if f := strings.Fields(line); len(f) >= 2 {
			if err := row(f); err != nil {
				return fmt.Errorf("%s:%d: %w", path, n, err)
			}
		}
	}
	return s.Err()
}

func (e *Etc) host(f []string) error {
	a, err := netip.ParseAddr(f[0])
	if err != nil {
		return err
	}
	for _, name := range f[1:] {
		name = strings.ToLower(name)
		e.hosts[name] = append(e.hosts[name], a)
	}
	return nil
}

func (e *Etc) ether(f []string) error {
	var mac [6]byte
	parts := strings.Split(f[0], ":")
	if len(parts) != 6 {
		return fmt.Errorf("%q is no Ethernet address", f[0])
	}
	for i, p := range parts {
		b, err := strconv.ParseUint(p, 16, 8)
		if err != nil {
			return err
		}
		mac[i] = byte(b)
	}
	e.ethers[strings.ToLower(f[1])] = mac
	return nil
}

func (e *Etc) network(f []string) error {
	a, err := netip.ParseAddr(f[1])
	if err != nil {
		return err
	}
	b := a.As4()
	e.networks[strings.ToLower(f[0])] = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return nil
}

func (e *Etc) service(f []string) error {
	num, transport, _ := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(num, 10, 16)
	if err != nil {
		return err
	}
	for i, name := range f {
		if key := name + "/" + transport; i != 1 {
			if _, dup := e.ports[key]; !dup {
				e.ports[key] = uint16(port)
			}
		}
	}
	return nil
}

func (e *Etc) protocol(f []string) error {
	n, err := strconv.ParseUint(f[1], 10, 16)
	if err != nil {
		return err
	}
	if n > 255 {
		return nil // a number of Linux's socket interface; no header has it
	}
	for i, name := range f {
		if i != 1 {
			e.protocols[name] = uint8(n)
		}
	}
	return nil
}

// find returns what a list has for a name.
func find[V any](list map[string]V, what, name string) (V, error) {
	v, ok := list[name]
	if !ok {
		return v, fmt.Errorf("not among the recorded %s: %w", what, gofilter.ErrUnknownName)
	}
	return v, nil
}

// Host returns the addresses of a host, in the order of the file. As in the system's
// own lookups the names of hosts, networks and stations match in any case, those of services and
// protocols exactly.
func (e *Etc) Host(name string) ([]netip.Addr, error) {
	return find(e.hosts, "hosts", strings.ToLower(name))
}

// Network returns the number of a network.
func (e *Etc) Network(name string) (uint32, error) {
	return find(e.networks, "networks", strings.ToLower(name))
}

// Port returns the number of a service.
func (e *Etc) Port(name, transport string) (uint16, error) {
	return find(e.ports, "services", name+"/"+transport)
}

// Protocol returns an IP protocol number.
func (e *Etc) Protocol(name string) (uint8, error) { return find(e.protocols, "protocols", name) }

// Ether returns the station address of a host.
func (e *Etc) Ether(name string) ([6]byte, error) {
	return find(e.ethers, "ethers", strings.ToLower(name))
}
