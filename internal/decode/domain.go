package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Bits of a DNS header's second 16-bit field, RFC 1035 and RFC 2535.
const (
	dnsResponse  = 0x8000
	dnsAA        = 0x0400
	dnsTC        = 0x0200
	dnsRD        = 0x0100
	dnsRA        = 0x0080
	dnsAD        = 0x0020
	dnsCD        = 0x0010
	dnsZero      = 0x0070 // and what should be 0 in a query, the two above among it
	dnsRcodeMask = 0x000f
)

var dnsOpcodes = [16]string{"", " inv_q", " stat", " op3", " notify", " update", " op6", " op7", " op8", " updateA",
	" updateD", " updateDA", " updateM", " updateMA", " zoneInit", " zoneRef"}

var dnsRcodes = [16]string{"", " FormErr", " ServFail", " NXDomain", " NotImp", " Refused", " YXDomain", " YXRRSet",
	" NXRRSet", " NotAuth", " NotZone", " Resp11", " Resp12", " Resp13", " Resp14", " NoChange"}

// dnsTypes are the names of record types, IANA's registry.
var dnsTypes = map[uint16]string{
	1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 11: "WKS", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB",
	24: "SIG", 25: "KEY", 28: "AAAA", 29: "LOC", 33: "SRV", 35: "NAPTR", 37: "CERT", 39: "DNAME", 41: "OPT", 43: "DS",
	44: "SSHFP", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 59: "CDS", 60: "CDNSKEY",
	64: "SVCB", 65: "HTTPS", 99: "SPF", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 255: "ANY", 256: "URI", 257: "CAA",
}

// domain prints a DNS message of length bytes on the wire. multicast is RFC 6762's
// use of it.
func (d *Decoder) domain(b []byte, length int, multicast bool) {
	if len(b) < 12 {
		d.cut("domain")
		return
	}
	id, flags := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	counts := [4]uint16{}
	for i := range counts {
		counts[i] = binary.BigEndian.Uint16(b[4+2*i:])
	}
	d.num(uint64(id))
	d.text(dnsOpcodes[flags>>11&15])
	response := flags&dnsResponse != 0
	if response {
		d.responseFlags(flags, counts)
	} else {
		d.queryFlags(flags, counts)
	}
	if !d.decodeDomain(b) {
		d.cut("domain")
		return
	}
	if response {
		d.answers(counts, multicast)
	} else {
		for i := range d.dns.Questions {
			d.question(&d.dns.Questions[i], multicast)
		}
	}
	d.printf(" (%d)", length)
}

// decodeDomain decodes a message and reports whether it is whole. gopacket indexes
// past the end of some that are not.
func (d *Decoder) decodeDomain(b []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	d.dns = layers.DNS{}
	return d.dns.DecodeFromBytes(b, gopacket.NilDecodeFeedback) == nil
}

// queryFlags prints the flags of a query and those counts that are not the usual
// ones: one question and nothing else.
func (d *Decoder) queryFlags(flags uint16, counts [4]uint16) {
	if flags&dnsRD != 0 {
		d.text("+")
	}
	if flags&dnsCD != 0 {
		d.text("%")
	}
	if flags&(dnsAA|dnsTC|dnsRA|dnsRcodeMask|0x40) != 0 {
		d.printf(" [b2&3=0x%x]", flags)
	}
	for _, c := range [4]struct {
		n, usual uint16
		suffix   string
	}{{counts[1], 0, "a"}, {counts[0], 1, "q"}, {counts[2], 0, "n"}, {counts[3], 0, "au"}} {
		if c.n != c.usual {
			d.printf(" [%d%s]", c.n, c.suffix)
		}
	}
}

func (d *Decoder) responseFlags(flags uint16, counts [4]uint16) {
	d.text(dnsRcodes[flags&dnsRcodeMask])
	for _, f := range []struct {
		set  bool
		mark string
	}{
		{flags&dnsAA != 0, "*"}, {flags&dnsRA == 0, "-"}, {flags&dnsTC != 0, "|"}, {flags&dnsAD != 0, "$"},
	} {
		if f.set {
			d.text(f.mark)
		}
	}
	if counts[0] != 1 {
		d.printf(" [%dq]", counts[0])
	}
}

func (d *Decoder) question(q *layers.DNSQuestion, multicast bool) {
	class := uint16(q.Class)
	unicast := multicast && class&0x8000 != 0
	if multicast {
		class &^= 0x8000
	}
	d.text(" " + name(dnsTypes, uint16(q.Type), "Type%d"))
	if class != 1 {
		d.printf(" (Class %d)", class)
	}
	if multicast {
		if unicast {
			d.text(" (QU)")
		} else {
			d.text(" (QM)")
		}
	}
	d.text("? ")
	d.domainName(q.Name)
}

// domainName prints a name with the root's dot.
func (d *Decoder) domainName(b []byte) {
	for _, c := range b {
		if c < ' ' || c > '~' {
			c = '.'
		}
		d.out = append(d.out, c)
	}
	d.text(".")
}

// answers prints the records of a response: of the answer section; with -vv of all.
func (d *Decoder) answers(counts [4]uint16, multicast bool) {
	if d.opt.Verbose > 1 {
		for i := range d.dns.Questions {
			d.text([2]string{" q:", ","}[min(i, 1)])
			d.question(&d.dns.Questions[i], multicast)
		}
	}
	d.printf(" %d/%d/%d", counts[1], counts[2], counts[3])
	d.records(d.dns.Answers, "", multicast)
	if d.opt.Verbose > 1 {
		d.records(d.dns.Authorities, " ns:", multicast)
		d.records(d.dns.Additionals, " ar:", multicast)
	}
}

func (d *Decoder) records(rs []layers.DNSResourceRecord, intro string, multicast bool) {
	for i := range rs {
		r := &rs[i]
		if i == 0 {
			d.text(intro)
		} else {
			d.text(",")
		}
		d.text(" ")
		if d.opt.Verbose > 0 {
			d.domainName(r.Name)
			d.text(" ")
		}
		class := uint16(r.Class)
		if r.Type != layers.DNSTypeOPT {
			if multicast {
				if class&0x8000 != 0 {
					d.text("(Cache flush) ")
				}
				class &^= 0x8000
			}
			if class != 1 {
				d.printf("(Class %d) ", class)
			}
			if d.opt.Verbose > 2 {
				d.printf("[%s] ", interval(r.TTL))
			}
		}
		d.text(name(dnsTypes, uint16(r.Type), "Type%d"))
		d.recordData(r)
	}
}

func (d *Decoder) recordData(r *layers.DNSResourceRecord) {
	switch r.Type {
	case layers.DNSTypeA, layers.DNSTypeAAAA:
		if a, ok := netip.AddrFromSlice(r.Data); ok {
			d.text(" ")
			d.out = a.AppendTo(d.out)
		}
	case layers.DNSTypeNS:
		d.text(" ")
		d.domainName(r.NS)
	case layers.DNSTypeCNAME:
		d.text(" ")
		d.domainName(r.CNAME)
	case layers.DNSTypePTR:
		d.text(" ")
		d.domainName(r.PTR)
	case layers.DNSTypeMX:
		d.text(" ")
		d.domainName(r.MX.Name)
		d.printf(" %d", r.MX.Preference)
	case layers.DNSTypeSRV:
		d.text(" ")
		d.domainName(r.SRV.Name)
		d.printf(":%d %d %d", r.SRV.Port, r.SRV.Priority, r.SRV.Weight)
	case layers.DNSTypeTXT:
		for _, s := range r.TXTs {
			d.printf(" %q", s)
		}
	case layers.DNSTypeOPT:
		d.printf(" UDPsize=%d", uint16(r.Class))
		if r.TTL&0x8000 != 0 {
			d.text(" DO")
		}
	}
}

// interval returns a number of seconds as tcpdump writes a time to live: "1h5m".
func interval(sec uint32) string {
	if sec == 0 {
		return "0s"
	}
	s := ""
	for _, u := range []struct {
		n    uint32
		unit string
	}{{7 * 86400, "w"}, {86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}} {
		if sec >= u.n {
			s += itoa(int(sec/u.n)) + u.unit
			sec %= u.n
		}
	}
	return s
}
