// Package savefile reads and writes capture files in the pcap and pcapng formats.
//
// Reading streams: it needs no seeking, so a pipe is as good as a file, and a
// packet is handed out in the reader's own buffer. Formats:
// draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng; where files in the wild
// differ from them, what libpcap 1.11 makes of such files.
package savefile

import (
	"fmt"
	"time"

	"github.com/gofilter/gofilter/linktype"
)

// Format is the layout of a capture file.
type Format uint8

// The formats.
const (
	Pcap   Format = iota + 1 // one header, then records
	Pcapng                   // blocks
)

func (f Format) String() string {
	switch f {
	case Pcap:
		return "pcap"
	case Pcapng:
		return "pcapng"
	}
	return fmt.Sprintf("format(%d)", uint8(f))
}

// An Interface is what a file says of one place that packets were captured at. A
// pcap file has exactly one; a pcapng file one for each of its interface
// description blocks. Two records of the same interface point to the same one.
type Interface struct {
	ID     int // number within its section, from 0
	Name   string
	Filter string // that packets passed, in libpcap's language; empty: none, or not said
	// Description, Comment and Verdict are written to pcapng, and not read: if_description,
	// a comment, and the epb_verdict of each packet.
	Description, Comment string
	Verdict              *Verdict
	LinkType             linktype.Type
	// LinkExt is the upper half of a pcap file's link type field: with bit 26 set,
	// bits 28 to 31 are the length of the frame check sequence at the end of each
	// packet, in 16-bit units.
	LinkExt uint32
	// Snaplen is the most bytes that were captured of a packet; a file's 0 is read
	// as the most that is allowed for the link type.
	Snaplen uint32
	// BigEndian is the byte order of the host that wrote the file, and so of the
	// fields that a link type has in host order.
	BigEndian bool
	// Nano says that the time stamps are finer than a microsecond.
	Nano bool

	units    uint64 // pcapng: time stamp units in a second
	tsoffset int64  // pcapng: seconds to add
}

// A Record is one packet of a capture file.
type Record struct {
	Data      []byte // as captured; good until the next call of Next
	Sec       int64  // time stamp: seconds since 1970-01-01 UTC
	Nsec      uint32 // and nanoseconds, less than a second
	Len       uint32 // length on the wire in bytes
	Number    uint64 // place in the file, from 1
	Flags     uint32 // epb_flags of pcapng, written and not read; 0: nothing to say
	Interface *Interface
}

// A Verdict is what a program of the kernel answered of a packet (epb_verdict).
type Verdict struct {
	Kind  uint8
	Value int64
}

// Kinds of verdicts, draft-ietf-opsawg-pcapng section 4.3.
const (
	VerdictTC  = 1 // an eBPF program at TC; TC_ACT_* of linux/pkt_cls.h
	VerdictXDP = 2 // at XDP; XDP_* of linux/bpf.h
)

// Bits of Record.Flags, draft-ietf-opsawg-pcapng section 4.3.1: the direction, and how a
// packet was received.
const (
	FlagInbound     = 1
	FlagOutbound    = 2
	FlagUnicast     = 1 << 2
	FlagMulticast   = 2 << 2
	FlagBroadcast   = 3 << 2
	FlagPromiscuous = 4 << 2
)

// Time returns the record's time stamp.
func (r *Record) Time() time.Time { return time.Unix(r.Sec, int64(r.Nsec)) }

// An Error says what is wrong with a capture file, and where.
type Error struct {
	File      string // as given to NewReader
	Record    uint64 // number of the packet that is bad, from 1; 0: the file's header
	Offset    int64  // in the file, of the record or block at fault, in bytes
	Truncated bool   // the file ends inside that record
	Text      string // what is wrong
	Err       error  // of reading, where that is the cause; else nil
}

func (e *Error) Error() string {
	switch {
	case e.Record == 0 && e.Offset == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Text)
	case e.Record == 0:
		return fmt.Sprintf("%s: header (offset %d): %s", e.File, e.Offset, e.Text)
	case e.Truncated:
		return fmt.Sprintf("%s: truncated at packet %d (offset %d): %s", e.File, e.Record, e.Offset, e.Text)
	}
	return fmt.Sprintf("%s: packet %d (offset %d): %s", e.File, e.Record, e.Offset, e.Text)
}

func (e *Error) Unwrap() error { return e.Err }

// defaultSnaplen is the most bytes of one packet that libpcap reads from or
// writes to a file (MAXIMUM_SNAPLEN in its pcap-int.h); larger says where it
// allows more (max_snaplen_for_dlt in its pcap-common.c).
const defaultSnaplen = 262144

var larger = map[linktype.Type]uint32{
	linktype.DBus:    128 << 20,
	linktype.EBHSCR:  8 << 20,
	linktype.USBPcap: 1 << 20,
}

// maxSnaplen returns the most bytes that a packet of link type t may have.
func maxSnaplen(t linktype.Type) uint32 {
	if n, ok := larger[t]; ok {
		return n
	}
	return defaultSnaplen
}

// adjustSnaplen returns the snapshot length to assume where a file says n.
func adjustSnaplen(t linktype.Type, n uint32) uint32 {
	if n == 0 || n > 1<<31-1 {
		return maxSnaplen(t)
	}
	return n
}
