package oracle

import (
	"slices"
	"strings"

	"github.com/gofilter/gofilter/linktype"
)

// debianTypes are link types of which libpcap 1.10.3, Debian 12's, knows what 1.11
// knows.
var debianTypes = []linktype.Type{
	linktype.Ethernet, linktype.TokenRing, linktype.FDDI, linktype.PPP, linktype.PPPSerial, linktype.PPPEther, linktype.PPPBSDOS,
	linktype.CHDLC,
	linktype.IEEE802_11, linktype.IEEE802_11Radiotap, linktype.LinuxSLL, linktype.LinuxSLL2,
	linktype.ATMRFC1483, linktype.IPOverFC, linktype.NetAnalyzer,
}

// Debian is what libpcap 1.10.3 has in common with 1.11.
var Debian = Extent{
	LiveOnly: true,
	Known:    func(t linktype.Type) bool { return slices.Contains(debianTypes, t) },
	Without:  []string{"vxlan"},
}

// versions are the differences that there are because libpcap 1.10.3 does
// otherwise than 1.11.
var versions = []exception{
	{
		"limits", func(d *Difference) bool {
			return refused(d, "is greater than the maximum", "invalid DECnet address", "invalid 802.11", "more than one hyphen")
		},
		"1.10 checks fewer numbers for their range, and takes what comes first of a malformed address or range",
	},
	{
		"metadata", func(d *Difference) bool { return refused(d, "only known in a live capture") },
		"1.10 tests metadata whatever the handle is, where it is built for Linux",
	},
	{
		"port range in hex", func(d *Difference) bool { return accepted(d, "unknown port in range") },
		"1.10 reads the ends of a port range in decimal only",
	},
	{
		"gateway", func(d *Difference) bool { return accepted(d, "'gateway' not supported") },
		"1.10 as Debian builds it has none",
	},
	{
		"names", func(d *Difference) bool {
			return accepted(d, "unknown ether proto", "unknown 802.11 subtype name", "unknown 802.11 type name")
		},
		"1.10 lacks a few names",
	},
	{
		"IPv6 addresses of a name", func(d *Difference) bool { return accepted(d, "modifier applied to ip6 host") },
		"1.10 refuses a name with an IPv6 address after arp; 1.11 leaves that address out",
	},
	{
		"other programs", func(d *Difference) bool {
			return d.Packet != nil && has(d, changed...)
		},
		"1.10 tests these in another way: multicast addresses as a range, bytes under a mask with another load, IS-IS and DECnet with other offsets or sizes, llc where all frames have it and PPPoE sessions with loads of their own",
	},
	{
		"words of prefixes", func(d *Difference) bool {
			return d.Packet != nil && containsAny(d.Case.Expr, "::", "/0", "mask")
		},
		"1.10 loads the words of an address that a mask leaves nothing of",
	},
	{
		"order of checks", func(d *Difference) bool {
			return d.Packet != nil && strings.Count(d.Case.Expr, "[") > 1
		},
		"1.10 makes the checks of a comparison's operands in the other order, which decides what faults",
	},
	{
		"octal port range", func(d *Difference) bool { return d.Packet != nil && has(d, "53-0100") },
		"1.10 reads the ends of a port range in decimal only",
	},
}

// changed are words whose tests 1.10 writes in another way.
var changed = append(strings.Fields(isoWords), "iso", "multicast", "byte", "decnet", "llc", "pppoes")

// refused reports whether we alone refuse, with such words.
func refused(d *Difference, words ...string) bool {
	return d.Kind == WeRefuse && containsAny(d.Err.Error(), words...)
}

// accepted reports whether we alone accept, and libpcap said such words.
func accepted(d *Difference, words ...string) bool {
	return d.Kind == WeAccept && containsAny(d.Plain.Refused, words...)
}

// has reports whether one of the words is in the filter.
func has(d *Difference, words ...string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(d.Case.Expr, isBreak), func(w string) bool { return slices.Contains(words, w) })
}
