package main

import (
	"net"
	"os"

	"github.com/gofilter/gofilter/internal/decode"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

// printSize is how much text is collected before it is written, in bytes.
const printSize = 64 << 10

// A printer prints packets on standard output.
type printer struct {
	s       *session
	decoder *decode.Decoder
	text    []byte
	atOnce  bool // each line is written when it is complete
	named   bool // each packet's interface is said
	object  bool // packets are JSON objects
	line    []byte
}

func (s *session) newPrinter() *printer {
	return &printer{s: s, decoder: decode.New(s.decodeOptions()), atOnce: s.opt.lineBuffer || isTerminal(s.stdout), object: s.opt.json}
}

// stamps are the forms of the time by how often -t is given.
var stamps = []decode.Stamp{decode.StampClock, decode.StampNone, decode.StampUnix, decode.StampDelta, decode.StampDate, decode.StampFirst}

// decodeOptions returns what the options say of packet lines.
func (s *session) decodeOptions() decode.Options {
	o := s.opt
	d := decode.Options{
		Stamp:       stamps[min(o.stamp, len(stamps)-1)],
		Nano:        o.nano,
		Number:      o.number,
		Link:        o.link,
		Quiet:       o.quiet,
		Verbose:     o.verbose,
		AbsoluteSeq: o.absoluteSeq,
		NoChecksum:  o.noChecksum,
		IfName:      interfaceNames(),
	}
	times := 0
	switch {
	case o.json: // which has a time of its own
		d.Stamp, d.Number = decode.StampNone, false
	case o.hexASCII > 0:
		d.Dump, times = decode.DumpBoth, o.hexASCII
	case o.hex > 0:
		d.Dump, times = decode.DumpHex, o.hex
	case o.ascii > 0:
		d.Dump, times = decode.DumpASCII, o.ascii
	}
	d.DumpLink = times > 1
	if o.numeric == 0 {
		d.Names = newNames()
	}
	return d
}

// packet prints one packet.
func (p *printer) packet(rec *savefile.Record, link linktype.Type) error {
	packet := &decode.Packet{Data: rec.Data, Len: rec.Len, Sec: rec.Sec, Nsec: rec.Nsec, Number: rec.Number, LinkType: link}
	if p.object {
		p.line = p.decoder.Append(p.line[:0], packet)
		var err error
		if p.text, err = appendObject(p.text, rec, link, p.line); err != nil {
			return err
		}
	} else {
		if p.named {
			p.text = append(append(p.text, rec.Interface.Name...), ' ')
		}
		p.text = p.decoder.Append(p.text, packet)
	}
	if p.atOnce || len(p.text) >= printSize {
		return p.flush()
	}
	return nil
}

// flush writes the lines collected.
func (p *printer) flush() error {
	if len(p.text) == 0 {
		return nil
	}
	_, err := p.s.stdout.Write(p.text)
	p.text = p.text[:0]
	return outputError(err)
}

// isTerminal reports whether f is a character device other than the null device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// interfaceNames returns a function that names interfaces by their indices, and
// asks the system once for each.
func interfaceNames() func(int) string {
	known := make(map[int]string)
	return func(index int) string {
		name, ok := known[index]
		if !ok {
			if ifi, err := net.InterfaceByIndex(index); err == nil {
				name = ifi.Name
			}
			known[index] = name
		}
		return name
	}
}
