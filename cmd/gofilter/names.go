package main

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// reverseLimit bounds one look-up of an address's name. Past it the address is
// printed as it is.
const reverseLimit = 2 * time.Second

// maxNames is how many addresses are remembered.
const maxNames = 1 << 16

// names are the system's names for numbers in packet lines.
type names struct {
	hosts  map[netip.Addr]string
	ports  map[string]string // by "22/tcp"
	protos map[uint8]string
}

func newNames() *names {
	n := &names{hosts: make(map[netip.Addr]string), ports: make(map[string]string), protos: make(map[uint8]string)}
	for _, f := range tableFile("/etc/services") {
		if _, seen := n.ports[f[1]]; !seen {
			n.ports[f[1]] = f[0]
		}
	}
	for _, f := range tableFile("/etc/protocols") {
		if number, err := strconv.ParseUint(f[1], 10, 8); err == nil {
			if _, seen := n.protos[uint8(number)]; !seen {
				n.protos[uint8(number)] = f[0]
			}
		}
	}
	return n
}

// tableFile returns the fields of the lines of a file that have two at least. A
// file that cannot be read has no lines: its names are numbers then.
func tableFile(path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var rows [][]string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if fields := strings.Fields(line); len(fields) >= 2 {
			rows = append(rows, fields)
		}
	}
	return rows
}

// Host asks the name service, once for each address.
func (n *names) Host(a netip.Addr) string {
	if name, ok := n.hosts[a]; ok {
		return name
	}
	name := ""
	if !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		ctx, cancel := context.WithTimeout(context.Background(), reverseLimit)
		defer cancel()
		if found, err := net.DefaultResolver.LookupAddr(ctx, a.String()); err == nil && len(found) > 0 {
			name = strings.TrimSuffix(found[0], ".")
		}
	}
	if len(n.hosts) >= maxNames {
		clear(n.hosts)
	}
	n.hosts[a] = name
	return name
}

func (n *names) Port(proto string, port uint16) string {
	return n.ports[strconv.Itoa(int(port))+"/"+proto]
}

func (n *names) Proto(proto uint8) string { return n.protos[proto] }
