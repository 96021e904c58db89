package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

// A saver writes packets to a savefile and, where files are rotated, to those that
// follow it.
type saver struct {
	s          *session
	ifaces     []*savefile.Interface        // that packets come from, as far as that is known
	statistics func() []savefile.Statistics // of them; nil where there are none
	rotation
	syncer
	look bool // the clock is to be asked at the next packet

	file   *os.File // nil when it has been closed
	name   string   // of the file, for people
	writer packetWriter
	ng     *savefile.NgWriter // the writer, where it is one of pcapng; else nil
}

// A packetWriter writes packets in a format.
type packetWriter interface {
	Write(*savefile.Record) error
	WriteAt(ns uint64, data []byte, length uint32) error
	LendAt(ns uint64, data []byte, length uint32) error
	Flush() error
	Whole() int64
	Buffered() int
	Err() error
}

// newSaver opens the first file.
func (s *session) newSaver(ifaces []*savefile.Interface, statistics func() []savefile.Statistics) (*saver, error) {
	v := &saver{s: s, ifaces: ifaces, statistics: statistics, rotation: s.opt.rotation, syncer: syncer{sync: s.onDisk}}
	if v.sync == nil {
		v.sync = (*os.File).Sync
	}
	if !s.opt.savesNg() {
		for _, i := range ifaces {
			if first := ifaces[0]; i.LinkType != first.LinkType {
				return nil, fmt.Errorf("%s has link type %v and %s has %v; a pcap file has only one: write --pcapng", first.Name, first.LinkType, i.Name, i.LinkType)
			}
		}
	}
	return v, v.open()
}

// open opens the file whose turn it is and writes its header.
func (v *saver) open() error {
	s := v.s
	var file *os.File
	if s.opt.write == "-" {
		if s.opt.printToo {
			return errors.New("-w - writes packets to standard output and --print prints there: choose one")
		}
		v.name, file = "standard output", s.stdout
	} else {
		v.name = v.rotation.name(s.opt.write)
		if s.readsFile(v.name) {
			return fmt.Errorf("%s: is the file that is being read", v.name)
		}
		var err error
		if file, err = os.Create(v.name); err != nil {
			return fmt.Errorf("%s: %w", v.name, cause(err))
		}
	}
	if err := v.begin(file); err != nil {
		if file != s.stdout {
			file.Close()
		}
		return v.failed(err)
	}
	v.file = file
	if s.opt.fsync.any() {
		name := v.name
		v.behind(func() error { return v.nameOnDisk(name) })
	}
	return nil
}

// begin writes the header of a file in its format.
func (v *saver) begin(file *os.File) error {
	first := v.ifaces[0]
	if !v.s.opt.savesNg() {
		w, err := savefile.NewWriter(vectored(file), savefile.Header{LinkType: first.LinkType, LinkExt: first.LinkExt, Snaplen: first.Snaplen,
			Nano: v.nano(first), BigEndian: first.BigEndian})
		v.writer = w
		return err
	}
	w, err := savefile.NewNgWriter(vectored(file), first.BigEndian, program+" "+version())
	if err != nil {
		return err
	}
	v.writer, v.ng = w, w
	for _, i := range v.ifaces {
		i.Nano = v.nano(i)
		if err := w.Describe(i); err != nil {
			return err
		}
	}
	return nil
}

// nano reports whether the time stamps of an interface are written in nanoseconds.
func (v *saver) nano(i *savefile.Interface) bool { return v.s.opt.nano || i.Nano && !v.s.opt.micro }

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

// rotate begins another file if the next packet belongs there.
func (v *saver) rotate() error {
	if !v.rotates() {
		return nil
	}
	now := time.Unix(v.since, 0)
	if v.look {
		now, v.look = time.Now(), false
	}
	due, limit := v.due(now, v.writer.Whole()+int64(v.writer.Buffered()))
	if !due {
		return nil
	}
	closed := v.name
	if err := v.close(func() { v.postrotate(closed) }); err != nil {
		return err
	}
	if limit != nil {
		return limit
	}
	return v.open()
}

// postrotate runs the command of -z on a file that was closed. It goes on by itself,
// also when this program ends.
func (v *saver) postrotate(name string) {
	command := v.command
	if command == "" {
		return
	}
	cmd := exec.Command(command, name)
	cmd.Stdout, cmd.Stderr = v.s.stdout, v.s.stderr
	if err := startLow(cmd); err != nil {
		v.s.notice("%s: -z %s %s: %v", program, command, name, err)
		return
	}
	go func() {
		if err := cmd.Wait(); err != nil {
			v.s.notice("%s: -z %s %s: %v", program, command, name, err)
		}
	}()
}

func (v *saver) packet(rec *savefile.Record, link linktype.Type) error {
	if v.ng != nil {
		rec.Interface.Nano = v.nano(rec.Interface)
	} else if first := v.ifaces[0]; link != first.LinkType {
		return fmt.Errorf("packet %d has link type %v; a pcap file has only one, and %s has %v", rec.Number, link, v.name, first.LinkType)
	}
	if err := v.writer.Write(rec); err != nil {
		return v.failed(err)
	}
	switch d := v.s.opt.fsync; {
	case d.packet:
		if err := v.flush(); err != nil {
			return err
		}
		return v.onDisk(v.file, v.name)
	case v.s.opt.perPacket:
		return v.flush()
	case d.any():
		return v.syncer.failed()
	}
	return nil
}

// steady returns what writes packets of the interface of the packet before, where there
// is nothing to decide or to do for each of them, and nil otherwise.
func (v *saver) steady() packetWriter {
	if v.rotates() || v.s.opt.perPacket || v.s.opt.fsync.packet {
		return nil
	}
	return v.writer
}

// flush writes out what has been collected.
func (v *saver) flush() error {
	if v.file == nil {
		return nil
	}
	return v.failed(v.writer.Flush())
}

// failed names the savefile in an error of writing it.
func (v *saver) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", v.name, cause(err))
}

// close ends the present file, if there is one. Where writing failed, it is cut back
// to its last whole packet. What follows, if anything does, is done when the file is
// closed; if that needs time it happens behind the next packets.
func (v *saver) close(follows func()) error {
	if v.file == nil {
		return nil
	}
	var err error
	if v.ng != nil && v.statistics != nil {
		for k, counts := range v.statistics() {
			v.ng.Statistics(v.ifaces[k], counts) // an error stays, and is met below
		}
	}
	if already := v.writer.Err(); already != nil {
		v.cutBack() // and the error has been returned
	} else if err = v.failed(v.writer.Flush()); err != nil {
		v.cutBack()
	}
	file, name := v.file, v.name
	v.file = nil
	end := func() (err error) {
		if v.s.opt.fsync.any() {
			err = v.onDisk(file, name)
		}
		if file != v.s.stdout {
			if closeErr := file.Close(); closeErr != nil && err == nil {
				err = fmt.Errorf("%s: %w", name, cause(closeErr))
			}
		}
		if err == nil && follows != nil {
			follows()
		}
		return err
	}
	if err == nil && follows != nil && v.s.opt.fsync.any() {
		v.behind(end)
		return nil
	}
	return errors.Join(err, end())
}

// finish ends the last file and waits for those before it.
func (v *saver) finish() error {
	err := v.close(nil)
	v.syncer.work.Wait()
	return errors.Join(err, v.syncer.failed())
}

// cutBack removes what was written of a packet that could not be written whole.
// Pipes and devices cannot be cut; there nothing is done.
func (v *saver) cutBack() {
	if info, err := v.file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > v.writer.Whole() {
		if err := v.file.Truncate(v.writer.Whole()); err != nil {
			v.s.notice("%s: %s: the file ends inside a packet: %v", program, v.name, cause(err))
		}
	}
}
