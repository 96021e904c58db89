package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

// An output is where the packets that pass go: a savefile, standard output as
// text, both, or nowhere but into the count.
type output struct {
	s     *session
	taken uint64        // packets
	count atomic.Uint64 // the same, for other goroutines

	mu    sync.Mutex // of what follows: a signal may flush it
	file  *os.File   // nil where nothing is written
	name  string
	saved *savefile.Writer
	link  linktype.Type // of the savefile

	printer *printer // nil where nothing is printed

	finished bool
}

// newOutput opens the output that the options ask for; h is the header of the
// savefile.
func (s *session) newOutput(h savefile.Header) (*output, error) {
	out := &output{s: s, link: h.LinkType}
	if s.opt.countOnly {
		return out, nil
	}
	if s.opt.write == "" || s.opt.printToo {
		out.printer = s.newPrinter()
	}
	if s.opt.write == "" {
		return out, nil
	}
	out.name, out.file = s.opt.write, s.stdout
	if s.opt.write == "-" {
		out.name = "standard output"
		if s.opt.printToo {
			return nil, errors.New("-w - writes packets to standard output and --print prints there: choose one")
		}
	} else {
		if s.readsFile(s.opt.write) {
			return nil, fmt.Errorf("%s: is the file that is being read", s.opt.write)
		}
		f, err := os.Create(s.opt.write)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.opt.write, cause(err))
		}
		out.file = f
	}
	saved, err := savefile.NewWriter(out.file, h)
	if err != nil {
		return nil, out.failed(err)
	}
	out.saved = saved
	return out, nil
}

// readsFile reports whether name is the file that the session reads.
func (s *session) readsFile(name string) bool {
	if s.opt.read == "" || s.opt.read == "-" {
		return false
	}
	in, err := os.Stat(s.opt.read)
	if err != nil || !in.Mode().IsRegular() {
		return false
	}
	out, err := os.Stat(name)
	return err == nil && os.SameFile(in, out)
}

// packet takes one packet of the given link type.
func (out *output) packet(rec *savefile.Record, link linktype.Type) error {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.taken++
	out.count.Store(out.taken)
	if out.saved != nil {
		if err := out.save(rec, link); err != nil {
			return err
		}
	}
	if out.printer != nil {
		return out.printer.packet(rec, link)
	}
	return nil
}

func (out *output) save(rec *savefile.Record, link linktype.Type) error {
	if link != out.link {
		return fmt.Errorf("packet %d has link type %v; a pcap file has only one, and %s has %v", rec.Number, link, out.name, out.link)
	}
	if err := out.saved.Write(rec); err != nil {
		return out.failed(err)
	}
	if out.s.opt.perPacket {
		return out.failed(out.saved.Flush())
	}
	return nil
}

// flushLines writes out the lines printed so far.
func (out *output) flushLines() error {
	out.mu.Lock()
	defer out.mu.Unlock()
	return out.printer.flush()
}

// flushFile writes out what has been collected for the savefile.
func (out *output) flushFile() error {
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.saved == nil {
		return nil
	}
	return out.failed(out.saved.Flush())
}

// failed names the savefile in an error of writing it.
func (out *output) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", out.name, cause(err))
}

// finish ends the output. Where writing failed, the savefile is cut back to its
// last whole packet.
func (out *output) finish() error {
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.finished {
		return nil
	}
	out.finished = true
	var err error
	if out.printer != nil {
		err = out.printer.flush()
	}
	if out.saved == nil {
		return err
	}
	if already := out.saved.Err(); already != nil {
		out.cutBack()
	} else if flushErr := out.failed(out.saved.Flush()); flushErr != nil {
		out.cutBack()
		err = errors.Join(err, flushErr)
	}
	if out.file != out.s.stdout {
		if closeErr := out.file.Close(); closeErr != nil {
			err = errors.Join(err, out.failed(closeErr))
		}
	}
	return err
}

// cutBack removes what was written of a packet that could not be written whole.
// Pipes and devices cannot be cut; there nothing is done.
func (out *output) cutBack() {
	if info, err := out.file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > out.saved.Whole() {
		if err := out.file.Truncate(out.saved.Whole()); err != nil {
			out.s.notice("%s: %s: the file ends inside a packet: %v", program, out.name, cause(err))
		}
	}
}
