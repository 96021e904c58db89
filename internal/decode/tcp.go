package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
)

// A flow is one direction-free TCP connection: lo is the smaller of its ends.
type flow struct {
	lo, hi netip.AddrPort
}

// An origin is what sequence numbers of a connection are printed relative to: seq
// for what the end lo sends, ack for what hi sends.
type origin struct {
	seq, ack uint32
}

// maxFlows is how many connections are remembered; past it all are forgotten and
// numbers start from what is then seen.
const maxFlows = 1 << 17

func (d *Decoder) tcpLine(n *network, b []byte, length int) {
	if len(b) < 4 {
		n.named = true
		d.addresses(n)
		d.cut("tcp")
		return
	}
	sport, dport := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	d.ports(n, "tcp", sport, dport)
	if len(b) < 20 {
		d.cut("tcp")
		return
	}
	hlen := int(b[12]>>4) * 4
	if hlen < 20 {
		d.printf(" tcp %d [bad hdr length %d - too short, < 20]", length-hlen, hlen)
		return
	}
	if hlen > length {
		d.printf("[bad hdr length %d - too long, > %d]", hlen, length)
		return
	}
	data := length - hlen
	if d.opt.Quiet {
		d.printf("tcp %d", data)
		return
	}
	if len(b) >= hlen {
		// Options that are wrong are shown below as far as they are right.
		_ = d.tcp.DecodeFromBytes(b, gopacket.NilDecodeFeedback)
	}
	flags := uint16(b[13]) | uint16(b[12]&1)<<8
	d.text("Flags [")
	d.tcpFlags(flags)
	d.text("]")
	if d.opt.Verbose > 0 && !d.opt.NoChecksum && len(b) == length && !n.part {
		if sum := transportChecksum(n, protoTCP, b); sum == 0 {
			d.printf(", cksum 0x%04x (correct)", binary.BigEndian.Uint16(b[16:]))
		} else {
			have := binary.BigEndian.Uint16(b[16:])
			zeroed := append([]byte(nil), b...)
			zeroed[16], zeroed[17] = 0, 0
			d.printf(", cksum 0x%04x (incorrect -> 0x%04x)", have, transportChecksum(n, protoTCP, zeroed))
		}
	}
	seq, ack := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	var edge uint32 // what the other end's numbers are relative to
	if !d.opt.AbsoluteSeq && flags&tcpACK != 0 {
		seq, ack, edge = d.relative(n, sport, dport, flags, seq, ack)
	}
	if d.opt.Verbose > 1 || data > 0 || flags&(tcpSYN|tcpFIN|tcpRST) != 0 {
		d.text(", seq ")
		d.num(uint64(seq))
		if data > 0 {
			d.text(":")
			d.num(uint64(seq + uint32(data)))
		}
	}
	if flags&tcpACK != 0 {
		d.text(", ack ")
		d.num(uint64(ack))
	}
	d.text(", win ")
	d.num(uint64(binary.BigEndian.Uint16(b[14:])))
	if flags&tcpURG != 0 {
		d.printf(", urg %d", binary.BigEndian.Uint16(b[18:]))
	}
	if hlen > 20 {
		d.text(", options [")
		if !d.tcpOptions(b[20:min(hlen, len(b))], hlen-20, edge) {
			d.cut("tcp")
			return
		}
		d.text("]")
	}
	d.text(", length ")
	d.num(uint64(data))
	if data > 0 && len(b) > hlen && !n.part {
		d.stream(b[hlen:], data, sport, dport)
	}
}

// TCP flags, RFC 9293.
const (
	tcpFIN = 1 << iota
	tcpSYN
	tcpRST
	tcpPSH
	tcpACK
	tcpURG
	tcpECE
	tcpCWR
	tcpAE
)

const tcpFlagLetters = "FSRP.UEWe"

func (d *Decoder) tcpFlags(flags uint16) {
	if flags == 0 {
		d.text("none")
		return
	}
	for i := range len(tcpFlagLetters) {
		if flags&(1<<i) != 0 {
			d.out = append(d.out, tcpFlagLetters[i])
		}
	}
}

// relative returns seq and ack of a segment that has ACK set relative to where
// its connection was first seen, and what to subtract from the numbers in a SACK
// option.
func (d *Decoder) relative(n *network, sport, dport uint16, flags uint16, seq, ack uint32) (uint32, uint32, uint32) {
	f := flow{netip.AddrPortFrom(n.src, sport), netip.AddrPortFrom(n.dst, dport)}
	reversed := f.hi.Compare(f.lo) < 0
	if reversed {
		f.lo, f.hi = f.hi, f.lo
	}
	o, seen := d.flows[f]
	if !seen || flags&tcpSYN != 0 {
		if len(d.flows) >= maxFlows {
			clear(d.flows)
		}
		o = &origin{seq: seq, ack: ack - 1}
		if reversed {
			o = &origin{seq: ack - 1, ack: seq}
		}
		d.flows[f] = o
		if reversed {
			return seq, ack, o.seq
		}
		return seq, ack, o.ack
	}
	if reversed {
		return seq - o.ack, ack - o.seq, o.seq
	}
	return seq - o.seq, ack - o.ack, o.ack
}

// TCP options, IANA's registry.
const (
	tcpOptEOL       = 0
	tcpOptNOP       = 1
	tcpOptMSS       = 2
	tcpOptWScale    = 3
	tcpOptSACKOK    = 4
	tcpOptSACK      = 5
	tcpOptTimestamp = 8
	tcpOptMD5       = 19
	tcpOptUTO       = 28
	tcpOptAO        = 29
	tcpOptMPTCP     = 30
	tcpOptTFO       = 34
)

var tcpOptNames = map[uint8]string{
	tcpOptEOL: "eol", tcpOptNOP: "nop", tcpOptMSS: "mss", tcpOptWScale: "wscale", tcpOptSACKOK: "sackOK", tcpOptSACK: "sack",
	6: "echo", 7: "echoreply", tcpOptTimestamp: "TS", 11: "cc", 12: "ccnew", 13: "ccecho", tcpOptMD5: "md5", 27: "qs",
	tcpOptUTO: "uto", tcpOptAO: "tcp-ao", tcpOptMPTCP: "mptcp", tcpOptTFO: "tfo", 254: "exp",
}

// tcpOptions prints the options in b, of which there should be want bytes. It
// returns false where they are cut.
func (d *Decoder) tcpOptions(b []byte, want int, edge uint32) bool {
	sep := ""
	for want > 0 {
		d.text(sep)
		if len(b) == 0 {
			return false
		}
		kind := b[0]
		size := 1
		if kind > tcpOptNOP {
			if want < 2 {
				d.text("[bad opt]")
				return true
			}
			if len(b) < 2 {
				return false
			}
			size = int(b[1])
		}
		d.text(name(tcpOptNames, kind, "unknown-%d"))
		if kind > tcpOptNOP && (size < 2 || size > want) {
			d.text("[bad opt]")
			return true
		}
		if len(b) < size {
			return false
		}
		if size > 2 || kind == tcpOptSACK {
			d.tcpOption(kind, b[2:size], edge)
		}
		if kind == tcpOptEOL {
			return true
		}
		b, want = b[size:], want-size
		sep = ","
	}
	return true
}

// tcpOption prints the value of one option.
func (d *Decoder) tcpOption(kind uint8, v []byte, edge uint32) {
	be := binary.BigEndian
	switch {
	case kind == tcpOptMSS && len(v) == 2:
		d.printf(" %d", be.Uint16(v))
	case kind == tcpOptWScale && len(v) == 1:
		d.printf(" %d", v[0])
	case kind == tcpOptTimestamp && len(v) == 8:
		d.text(" val ")
		d.num(uint64(be.Uint32(v)))
		d.text(" ecr ")
		d.num(uint64(be.Uint32(v[4:])))
	case kind == tcpOptSACK && len(v)%8 == 0:
		d.printf(" %d ", len(v)/8)
		for ; len(v) > 0; v = v[8:] {
			d.printf("{%d:%d}", be.Uint32(v)-edge, be.Uint32(v[4:])-edge)
		}
	case kind == tcpOptUTO && len(v) == 2:
		n, unit := be.Uint16(v)&0x7fff, "s"
		if be.Uint16(v)&0x8000 != 0 {
			n, unit = n*60, "s"
		}
		d.printf(" %d%s", n, unit)
	case kind == tcpOptTFO:
		d.printf("  cookie %x", v)
	default:
		d.printf(" 0x%x", v)
	}
}

// textProtos are the protocols of readable lines, by port. Commands are the words
// that begin a client's line; where there are none every payload is shown.
var textProtos = map[uint16]struct {
	name     string
	commands []string
}{
	21: {"FTP", []string{"ACCT", "ALLO", "APPE", "CWD", "DELE", "EPRT", "EPSV", "HELP", "LIST", "MKD", "MODE", "NLST", "NOOP",
		"PASS", "PASV", "PORT", "PWD", "QUIT", "REIN", "REST", "RETR", "RMD", "RNFR", "RNTO", "SITE", "SIZE", "SMNT", "STAT",
		"STOR", "STOU", "STRU", "SYST", "TYPE", "USER"}},
	22: {"SSH", nil},
	25: {"SMTP", []string{"DATA", "EHLO", "EXPN", "HELO", "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "VRFY"}},
	80: {"HTTP", httpMethods}, 8080: {"HTTP", httpMethods}, 3128: {"HTTP", httpMethods},
	554: {"RTSP", []string{"ANNOUNCE", "DESCRIBE", "GET_PARAMETER", "OPTIONS", "PAUSE", "PLAY", "RECORD", "REDIRECT",
		"SET_PARAMETER", "SETUP", "TEARDOWN"}},
}

var httpMethods = []string{"GET", "PUT", "COPY", "HEAD", "LOCK", "MOVE", "POLL", "POST", "BCOPY", "BMOVE", "MKCOL", "TRACE",
	"LABEL", "MERGE", "DELETE", "SEARCH", "UNLOCK", "REPORT", "UPDATE", "NOTIFY", "BDELETE", "CONNECT", "OPTIONS", "CHECKIN",
	"PROPFIND", "CHECKOUT", "CCM_POST", "SUBSCRIBE", "PROPPATCH", "BPROPFIND", "BPROPPATCH", "UNCHECKOUT", "MKACTIVITY",
	"MKWORKSPACE", "UNSUBSCRIBE", "RPC_CONNECT", "VERSION-CONTROL", "BASELINE-CONTROL"}

// stream prints the payload of a TCP segment, of data bytes on the wire.
func (d *Decoder) stream(b []byte, data int, sport, dport uint16) {
	if sport == 53 || dport == 53 {
		if len(b) > 2 {
			d.text(" ")
			d.domain(b[2:], data-2, false)
		}
		return
	}
	proto, ok := textProtos[sport]
	if !ok {
		if proto, ok = textProtos[dport]; !ok {
			return
		}
	}
	if proto.commands == nil {
		// Nothing marks a line of this protocol but that it is readable.
		if line, ok := firstLine(b); ok {
			d.text(": " + proto.name + ": ")
			d.out = append(d.out, line...)
		}
		return
	}
	d.text(": " + proto.name)
	if !isCommand(b, proto.commands) && !isResponse(b, proto.name) {
		return
	}
	if d.opt.Verbose == 0 {
		if line, ok := firstLine(b); ok {
			d.text(": ")
			d.out = append(d.out, line...)
		}
		return
	}
	d.printf(", length: %d", data)
	for {
		line, ok := firstLine(b)
		if !ok {
			return
		}
		d.text("\n\t")
		d.out = append(d.out, line...)
		b = b[bytes.IndexByte(b, '\n')+1:]
		if len(line) == 0 {
			return
		}
	}
}

// firstLine returns the first line of b without its end. ok is false where it does
// not end in b or is not readable.
func firstLine(b []byte) (line []byte, ok bool) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return nil, false
	}
	line = bytes.TrimSuffix(b[:end], []byte("\r"))
	for _, c := range line {
		if c != '\t' && (c < ' ' || c > '~') {
			return nil, false
		}
	}
	return line, true
}

// isCommand reports whether b begins with one of the words and a space or line
// end.
func isCommand(b []byte, words []string) bool {
	end := bytes.IndexAny(b, " \r\n\t")
	if end < 0 {
		end = len(b)
	}
	for _, w := range words {
		if bytes.EqualFold(b[:end], []byte(w)) {
			return true
		}
	}
	return false
}

// isResponse reports whether b begins with a three-digit status: alone, or after
// the protocol's name and version.
func isResponse(b []byte, proto string) bool {
	if proto == "HTTP" || proto == "RTSP" {
		if !bytes.HasPrefix(b, []byte(proto+"/")) {
			return false
		}
		space := bytes.IndexByte(b, ' ')
		if space < 0 {
			return false
		}
		b = b[space+1:]
	}
	if len(b) < 4 {
		return false
	}
	for _, c := range b[:3] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return b[3] == ' ' || b[3] == '-' || b[3] == '\r' || b[3] == '\n'
}
