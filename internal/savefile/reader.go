package savefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// A Reader reads the packets of one capture file.
type Reader struct {
	name   string
	win    window
	format Format
	order  binary.ByteOrder
	number uint64 // packets handed out
	err    error  // what Next returns from now on

	pcap pcapFile
	ng   pcapngFile
}

// NewReader reads the header of a capture file from r: for pcapng up to the first
// interface description. name is what errors call the file. The error is an
// *Error. r is read in large pieces, and further than the packets handed out.
func NewReader(r io.Reader, name string) (*Reader, error) {
	f := &Reader{name: name}
	f.win = window{r: r, buf: make([]byte, windowSize)}
	head := f.win.need(4)
	if len(head) < 4 {
		return nil, f.cut(len(head), 4, "file header")
	}
	var err error
	switch {
	case isPcap(head):
		f.format = Pcap
		err = f.pcapHeader()
	case binary.LittleEndian.Uint32(head) == blockSection:
		f.format = Pcapng
		err = f.pcapngHeader()
	default:
		err = f.fail("%s", "unknown file format"+foreign(f.win.need(8)))
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Format returns the file's format.
func (f *Reader) Format() Format { return f.format }

// Interface returns the file's first interface: for a pcap file the only one.
func (f *Reader) Interface() *Interface {
	if f.format == Pcap {
		return &f.pcap.iface
	}
	return f.ng.first
}

// Next reads the next packet into rec. It returns io.EOF after the last one, and
// an *Error where the file is bad or cut; that is then the answer to every later
// call.
func (f *Reader) Next(rec *Record) error {
	if f.err != nil {
		return f.err
	}
	var err error
	if f.format == Pcap {
		err = f.pcapNext(rec)
	} else {
		err = f.pcapngNext(rec)
	}
	if err != nil {
		f.err = err
		return err
	}
	f.number++
	rec.Number = f.number
	return nil
}

// fail returns an error about the packet that is being read, or about the file's
// header where none is.
func (f *Reader) fail(format string, args ...any) error {
	return &Error{File: f.name, Record: f.place(), Offset: f.win.off, Text: fmt.Sprintf(format, args...)}
}

// place returns the number of the packet being read, 0 while the header is.
func (f *Reader) place() uint64 {
	if f.Interface() == nil || (f.format == Pcap && !f.pcap.open) {
		return 0
	}
	return f.number + 1
}

// cut returns the error for an input that ended or failed with have bytes where
// want were needed for what.
func (f *Reader) cut(have, want int, what string) error {
	e := &Error{File: f.name, Record: f.place(), Offset: f.win.off}
	if f.win.err != io.EOF {
		e.Err = f.win.err
		e.Text = "read: " + reason(f.win.err)
		return e
	}
	e.Truncated = true
	e.Err = io.ErrUnexpectedEOF
	e.Text = fmt.Sprintf("%d of %d bytes of the %s are there", have, want, what)
	if e.Record == 0 {
		e.Text = "truncated: " + e.Text
		if have == 0 && f.win.off == 0 {
			e.Text = "empty file"
		}
	}
	return e
}

// reason returns the text of a read error without the file's name, which Error
// says itself.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// foreigners are formats that files come in by mistake, by their first bytes.
var foreigners = []struct {
	magic string
	name  string
}{
	{"\x1f\x8b", "gzip"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"\xfd7zXZ", "xz"},
	{"BZh", "bzip2"},
	{"PK\x03\x04", "zip"},
	{"snoop\x00\x00\x00", "snoop, RFC 1761"},
	{"\xa1\xb2\xc3\xcb", "a saved filter program, not a capture"},
	{"\xcb\xc3\xb2\xa1", "a saved filter program, not a capture"},
}

// foreign returns what a file that starts with head looks like, in parentheses.
func foreign(head []byte) string {
	for _, row := range foreigners {
		if bytes.HasPrefix(head, []byte(row.magic)) {
			return " (" + row.name + ")"
		}
	}
	return ""
}
