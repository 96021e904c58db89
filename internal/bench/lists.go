package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"

	"github.com/gofilter/gofilter/internal/oracle"
)

// A list is a kind of long filter.
type list struct {
	name  string
	entry func(*rand.Rand) string
	join  string // between two entries; "" is " or "
	wrap  string // with %s for the list; "" is the list alone
}

// The kinds of list. Entries are random and each list is the front of a longer one.
var listKinds = []list{
	{name: "host", entry: func(r *rand.Rand) string { return "host " + addr4(r, 32) }},
	{name: "src host", entry: func(r *rand.Rand) string { return "src host " + addr4(r, 32) }},
	{name: "ip host", entry: func(r *rand.Rand) string { return "ip host " + addr4(r, 32) }},
	{name: "net", entry: func(r *rand.Rand) string { return "net " + addr4(r, 24) + "/24" }},
	{name: "src net", entry: func(r *rand.Rand) string { return "src net " + addr4(r, 16) + "/16" }},
	{name: "net of any length", entry: func(r *rand.Rand) string {
		n := 8 + r.IntN(23)
		return fmt.Sprintf("net %s/%d", addr4(r, n), n)
	}},
	{name: "port", entry: func(r *rand.Rand) string { return "port " + port(r) }},
	{name: "tcp dst port", entry: func(r *rand.Rand) string { return "tcp dst port " + port(r) }},
	{name: "udp port", entry: func(r *rand.Rand) string { return "udp port " + port(r) }},
	{name: "portrange", entry: func(r *rand.Rand) string {
		n := 1 + r.IntN(60000)
		return fmt.Sprintf("portrange %d-%d", n, n+1+r.IntN(50))
	}},
	{name: "ip6 host", entry: func(r *rand.Rand) string { return "ip6 host " + addr6(r, 128) }},
	{name: "ip6 net", entry: func(r *rand.Rand) string { return "ip6 net " + addr6(r, 48) + "/48" }},
	{name: "ether host", entry: func(r *rand.Rand) string { return "ether host " + station(r) }},
	{name: "ether src", entry: func(r *rand.Rand) string { return "ether src " + station(r) }},
	{name: "not host", entry: func(r *rand.Rand) string { return "not host " + addr4(r, 32) }, join: " and "},
	{name: "not port", entry: func(r *rand.Rand) string { return "not port " + port(r) }, join: " and "},
	{name: "tcp and hosts", entry: func(r *rand.Rand) string { return "host " + addr4(r, 32) }, wrap: "tcp and (%s)"},
	{name: "host or port", entry: func(r *rand.Rand) string {
		if r.IntN(2) == 0 {
			return "host " + addr4(r, 32)
		}
		return "port " + port(r)
	}},
	{name: "mixed", entry: func(r *rand.Rand) string {
		switch r.IntN(5) {
		case 0:
			return "host " + addr4(r, 32)
		case 1:
			return "net " + addr4(r, 24) + "/24"
		case 2:
			return "tcp dst port " + port(r)
		case 3:
			return "ip6 host " + addr6(r, 128)
		}
		return "port " + port(r)
	}},
}

// listSizes are the numbers of entries that are compared.
var listSizes = []int{2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 32, 50, 70, 100, 150, 200}

func addr4(r *rand.Rand, bits int) string {
	v := r.Uint32() &^ (1<<(32-bits) - 1)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}).String()
}

func addr6(r *rand.Rand, bits int) string {
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	for i := 4; i < bits/8; i++ {
		b[i] = byte(r.Uint32())
	}
	return netip.AddrFrom16(b).String()
}

func port(r *rand.Rand) string { return fmt.Sprint(1 + r.IntN(65535)) }

func station(r *rand.Rand) string {
	v := r.Uint64()
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", byte(v)&^1, byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40))
}

// of returns a list of n entries.
func (l *list) of(n int) string {
	rng := rand.New(rand.NewPCG(1, uint64(len(l.name))))
	join, wrap := l.join, l.wrap
	if join == "" {
		join = " or "
	}
	if wrap == "" {
		wrap = "%s"
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(join)
		}
		b.WriteString(l.entry(rng))
	}
	return fmt.Sprintf(wrap, b.String())
}

// lengths are the instructions of both libpcaps; 0 where one did not compile the list
// in a few seconds.
type lengths struct{ libpcap, debian int }

// shorter returns the shorter of the two, and one that nothing exceeds where neither
// compiled.
func (l lengths) shorter() int {
	n := math.MaxInt
	for _, m := range []int{l.libpcap, l.debian} {
		if m > 0 {
			n = min(n, m)
		}
	}
	return n
}

//go:embed testdata/libpcap.txt
var lengthsText []byte

func listKey(l *list, n int) string { return fmt.Sprintf("%s %d", l.name, n) }

// readLengths reads the recorded lengths: the list, how many entries, the instructions
// of libpcap 1.11 and of 1.10.3.
func readLengths() (map[string]lengths, error) {
	m := make(map[string]lengths)
	s := bufio.NewScanner(bytes.NewReader(lengthsText))
	for n := 1; s.Scan(); n++ {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		key, rest, ok := strings.Cut(s.Text(), "\t")
		var l lengths
		if _, err := fmt.Sscanf(rest, "%d\t%d", &l.libpcap, &l.debian); err != nil || !ok {
			return nil, fmt.Errorf("testdata/libpcap.txt:%d: %q is no record", n, s.Text())
		}
		m[key] = l
	}
	return m, s.Err()
}

// ask returns the instructions of both libpcaps, recorded ones where there is no driver.
func (b *bench) ask(l *list, n int) (lengths, error) {
	r := b.recorded[listKey(l, n)]
	for _, d := range []struct {
		driver *oracle.Driver
		to     *int
	}{{b.libpcap, &r.libpcap}, {b.debian, &r.debian}} {
		if d.driver == nil {
			continue
		}
		_, opt, err := d.driver.Compile(reference(l.of(n)))
		if err != nil {
			return r, err
		}
		*d.to = len(opt.Prog)
	}
	return r, nil
}

// record writes the lengths of all lists.
func (b *bench) record(path string) error {
	if b.libpcap == nil || b.debian == nil {
		return fmt.Errorf("both libpcaps are needed to record their sizes")
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Instructions of lists: the list, its entries, libpcap 1.11, libpcap 1.10.3; 0: not in a few seconds.\n")
	for i := range listKinds {
		l := &listKinds[i]
		for _, n := range listSizes {
			r, err := b.ask(l, n)
			if err != nil {
				return err
			}
			fmt.Fprintf(&out, "%s\t%d\t%d\n", listKey(l, n), r.libpcap, r.debian)
		}
	}
	return os.WriteFile(path, out.Bytes(), 0o666)
}

// lists compares lists of growing length.
func (b *bench) lists() error {
	for i := range listKinds {
		l := &listKinds[i]
		var row, longer strings.Builder
		worst := 0.0
		for _, n := range listSizes {
			r, err := b.ask(l, n)
			if err != nil {
				return err
			}
			ours, err := compile(l.of(n))
			if err != nil {
				return fmt.Errorf("list of %d: %s: %w", n, l.name, err)
			}
			if r.shorter() == math.MaxInt {
				continue
			}
			worst = max(worst, float64(ours)/float64(r.shorter()))
			if ours > r.shorter() {
				fmt.Fprintf(&longer, "; %d entries: %d for %d", n, ours, r.shorter())
			}
			if n == 2 || n == 10 || n == 50 || n == 200 {
				fmt.Fprintf(&row, "  %d: %d/%d", n, ours, r.shorter())
			}
		}
		b.held(worst <= 1, "%-18s %.2f at most%s%s", l.name, worst, row.String(), longer.String())
	}
	return nil
}
