package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// An input is an open capture file.
type input struct {
	*savefile.Reader
	file *os.File // nil for standard input
}

func (in *input) close() {
	if in.file != nil {
		in.file.Close()
	}
}

// openFile opens the file to read.
func (s *session) openFile() (*input, error) {
	name := s.opt.read
	if name == "-" {
		r, err := savefile.NewReader(s.stdin, "standard input")
		return &input{Reader: r}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s: is a directory", name)
	}
	r, err := savefile.NewReader(f, name)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &input{r, f}, nil
}

// A kind is what a filter's compilation depends on among the packets of one file.
type kind struct {
	link      linktype.Type
	bigEndian bool
	snaplen   uint32
}

// A runner is a filter: it returns how much of a packet is wanted, in bytes.
type runner interface {
	Run(pkt []byte, md *ir.Metadata) uint32
}

// A fileFilter filters the packets of one file. The interfaces of a pcapng file
// may differ in link type; there is a filter for each kind.
type fileFilter struct {
	s      *session
	byKind map[kind]*gofilter.Filter
	last   *savefile.Interface // the one of the packet before,
	filter runner              // and its filter, nil where all packets are wanted
	md     ir.Metadata
}

// prepare compiles the filter for an interface unless that is done.
func (ff *fileFilter) prepare(i *savefile.Interface) error {
	if ff.s.takesAll() {
		ff.last = i
		return nil
	}
	if p := ff.s.finished; p != nil {
		ff.last, ff.filter = i, p
		return p.forFile(i.LinkType)
	}
	k := kind{i.LinkType, i.BigEndian, i.Snaplen}
	f, ok := ff.byKind[k]
	if !ok {
		var err error
		if f, err = ff.s.compile(ff.s.fileConfig(i)); err != nil {
			return err
		}
		ff.byKind[k] = f
	}
	ff.last, ff.filter = i, f
	return nil
}

// verdict returns the filter's result for a packet.
func (ff *fileFilter) verdict(rec *savefile.Record) (uint32, error) {
	if rec.Interface != ff.last {
		if err := ff.prepare(rec.Interface); err != nil {
			return 0, fmt.Errorf("packet %d, link type %v: %w", rec.Number, rec.Interface.LinkType, err)
		}
	}
	if ff.filter == nil {
		if n := ff.s.opt.snaplen; n != 0 {
			return n, nil
		}
		return rec.Interface.Snaplen, nil
	}
	ff.md.Len = rec.Len
	return ff.filter.Run(rec.Data, &ff.md), nil
}

// readFile filters a capture file and prints, writes or counts what passes.
func (s *session) readFile() (err error) {
	in, err := s.openFile()
	if err != nil {
		return err
	}
	defer in.close()
	first := in.Interface()
	if !s.opt.results {
		s.notice("reading from file %s, link-type %s, snapshot length %d", s.opt.read, linkText(first.LinkType), first.Snaplen)
	}
	if s.opt.linkGiven && s.opt.linkType != first.LinkType {
		return fmt.Errorf("%s: has link type %v, which -y cannot change to %v", s.opt.read, first.LinkType, s.opt.linkType)
	}
	ff := &fileFilter{s: s, byKind: make(map[kind]*gofilter.Filter)}
	if err := ff.prepare(first); err != nil {
		return err
	}
	if err := s.dropPrivileges(); err != nil {
		return err
	}
	if s.opt.results {
		return s.printResults(in, ff)
	}
	out, err := s.newOutput([]*savefile.Interface{first}, nil)
	if err != nil {
		return err
	}
	keepBrokenPipe()
	defer func() { err = s.hadEnough(errors.Join(err, out.finish())) }()
	reading := &fileReading{s: s, out: out}
	unwatch := s.watchSignals(reading)
	defer func() {
		unwatch()
		reading.noticed()
	}()
	var rec savefile.Record
	for !reading.stopped.Load() {
		if err := in.Next(&rec); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		v, err := ff.verdict(&rec)
		if err != nil {
			return err
		}
		if v == 0 {
			continue
		}
		out.lookAtClock()
		if err := out.packet(&rec, rec.Interface.LinkType); err != nil {
			return s.filesDone(err)
		}
		if out.taken == s.opt.count {
			break
		}
	}
	if s.opt.countOnly {
		return s.print(counted(out.taken, "packet") + "\n")
	}
	return nil
}

// printResults prints the filter's result for each packet on a line.
func (s *session) printResults(in *input, ff *fileFilter) (err error) {
	out := bufio.NewWriterSize(s.stdout, 64<<10)
	defer func() { err = errors.Join(err, outputError(out.Flush())) }()
	var rec savefile.Record
	var line []byte
	for n := uint64(0); s.opt.count == 0 || n < s.opt.count; n++ {
		if err := in.Next(&rec); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		v, err := ff.verdict(&rec)
		if err != nil {
			return err
		}
		line = strconv.AppendUint(line[:0], uint64(v), 10)
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// counted returns a number with its noun, which has a plural where it needs one.
func counted(n uint64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.FormatUint(n, 10) + " " + noun
}

// linkText returns a link type's name and description.
func linkText(t linktype.Type) string {
	if d := t.Description(); d != "" {
		return fmt.Sprintf("%v (%s)", t, d)
	}
	return t.String()
}
