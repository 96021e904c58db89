// Package decode turns a packet into the line that tcpdump would print for it.
//
// The headers are taken apart by gopacket's layers; this package decides what is
// said of them. The form of the lines is that of tcpdump 4.99. A protocol that is
// not known here is named by its number with its length, and a header that the
// captured bytes end in is marked "[|name]", as there.
package decode

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/google/gopacket/layers"

	"github.com/gofilter/gofilter/linktype"
)

// Options say how much is printed. The zero value prints what tcpdump -n prints.
type Options struct {
	Stamp       Stamp
	Nano        bool // nine digits of a second, else six
	Zone        *time.Location
	Number      bool // the packet's number in front
	Link        bool // the link header, -e
	Quiet       bool // -q
	Verbose     int  // -v, -vv, -vvv
	AbsoluteSeq bool // TCP sequence numbers as they are, -S
	NoChecksum  bool // do not verify checksums, -K
	Dump        Dump
	DumpLink    bool  // Dump begins with the link header
	Names       Names // nil: numbers only
	// IfName returns the name of a network interface by its index, for link types
	// that say the index; nil or an empty answer prints a question mark.
	IfName func(index int) string
}

// Names turns numbers into names. An empty answer leaves the number.
type Names interface {
	Host(netip.Addr) string
	Port(proto string, port uint16) string // proto is "tcp", "udp" or "sctp"
	Proto(proto uint8) string
}

// A Packet is what is printed.
type Packet struct {
	Data     []byte // as captured
	Len      uint32 // length on the wire in bytes
	Sec      int64  // time stamp
	Nsec     uint32
	Number   uint64
	LinkType linktype.Type
}

// A Decoder prints the packets of one capture, in order: it remembers the time of
// the packet before, and where TCP connections began. It is not safe for
// concurrent use.
type Decoder struct {
	opt   Options
	out   []byte
	clock clock
	flows map[flow]*origin

	ip4   layers.IPv4
	ip6   layers.IPv6
	tcp   layers.TCP
	udp   layers.UDP
	arp   layers.ARP
	dns   layers.DNS
	depth int // of headers inside headers
}

// maxDepth is how many network headers inside one another are printed.
const maxDepth = 16

// New returns a Decoder. It keeps no reference to anything printed.
func New(opt Options) *Decoder {
	if opt.Zone == nil {
		opt.Zone = time.Local
	}
	return &Decoder{opt: opt, flows: make(map[flow]*origin)}
}

// Append appends the line or lines of p to out, with the newline at the end.
func (d *Decoder) Append(out []byte, p *Packet) []byte {
	d.out = out
	if d.opt.Number {
		d.printf("%5d  ", p.Number)
	}
	if len(p.Data) == 0 {
		d.text("[Invalid header: caplen==0]\n")
		return d.out
	}
	d.stamp(p)
	hidden := d.packet(p)
	if d.opt.DumpLink {
		hidden = 0
	}
	d.dump(p.Data[min(hidden, len(p.Data)):])
	d.out = append(d.out, '\n')
	return d.out
}

// packet prints the headers and returns the length of the link header.
func (d *Decoder) packet(p *Packet) (linkLen int) {
	start := len(d.out)
	defer func() {
		// A decoder of ours or of gopacket's that trips over a packet costs that
		// packet's line, not the capture.
		if r := recover(); r != nil {
			d.out = append(d.out[:start], "[undecodable packet]"...)
		}
	}()
	d.depth = 0
	return d.link(p)
}

// text appends s.
func (d *Decoder) text(s string) { d.out = append(d.out, s...) }

// printf appends formatted text.
func (d *Decoder) printf(format string, args ...any) { d.out = fmt.Appendf(d.out, format, args...) }

// num appends n in decimal.
func (d *Decoder) num(n uint64) { d.out = strconv.AppendUint(d.out, n, 10) }

// cut marks the header called name as not wholly captured.
func (d *Decoder) cut(name string) {
	d.text(" [|")
	d.text(name)
	d.text("]")
}

// mac appends an EUI-48 address.
func (d *Decoder) mac(b []byte) {
	const digits = "0123456789abcdef"
	for i, c := range b {
		if i > 0 {
			d.out = append(d.out, ':')
		}
		d.out = append(d.out, digits[c>>4], digits[c&15])
	}
}

// host appends an address or its name.
func (d *Decoder) host(a netip.Addr) {
	if d.opt.Names != nil {
		if name := d.opt.Names.Host(a); name != "" {
			d.text(name)
			return
		}
	}
	d.out = a.AppendTo(d.out)
}

// port appends a port or its name.
func (d *Decoder) port(proto string, port uint16) {
	if d.opt.Names != nil {
		if name := d.opt.Names.Port(proto, port); name != "" {
			d.text(name)
			return
		}
	}
	d.num(uint64(port))
}

// name returns the word for n in table, or else format with n in it where it has a
// verb.
func name[K ~uint8 | ~uint16 | ~uint32](table map[K]string, n K, format string) string {
	if s, ok := table[n]; ok {
		return s
	}
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, n)
}
