package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// A durability says when what is written has to be on the disk, so that it outlasts the
// machine's end and not just the program's.
type durability struct {
	rotate bool          // each file, when it is complete
	packet bool          // each packet, before the next one is taken
	every  time.Duration // what there is, at this interval; 0: not
}

func (d durability) any() bool { return d.rotate }

func (o *options) setFsync(s string) error {
	switch s {
	case "never":
		o.fsync = durability{}
		return nil
	case "rotate":
		o.fsync = durability{rotate: true}
		return nil
	case "packet":
		o.fsync = durability{rotate: true, packet: true}
		return nil
	}
	every, err := time.ParseDuration(s)
	if n, numberErr := strconv.ParseUint(s, 10, 31); numberErr == nil {
		every, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || every < time.Millisecond {
		return fmt.Errorf("unknown time for fsync %q: want never, rotate, packet, or an interval such as 5 (seconds) or 200ms", s)
	}
	o.fsync = durability{rotate: true, every: every}
	return nil
}

// checkFsync refuses fsync where there is no file.
func (o *options) checkFsync() error {
	switch {
	case !o.fsync.any():
	case o.write == "":
		return errors.New("--fsync is about a file to write: -w FILE")
	case o.write == "-":
		return errors.New("-w - writes to standard output, which --fsync cannot bring to a disk")
	}
	return nil
}

// A syncer brings files to the disk beside the writer, who would have no time for
// packets meanwhile.
type syncer struct {
	sync func(*os.File) error
	work sync.WaitGroup
	stop func() // ends the work at intervals and waits for that, with no lock held; nil where there is none

	mu  sync.Mutex
	err error // the first
}

// behind does work on a file that the writer has done with.
func (y *syncer) behind(work func() error) {
	y.work.Go(func() {
		if err := work(); err != nil {
			y.mu.Lock()
			defer y.mu.Unlock()
			if y.err == nil {
				y.err = err
			}
		}
	})
}

// failed returns the first error, once.
func (y *syncer) failed() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	err := y.err
	if err != nil {
		y.err = errSaid
	}
	if err == errSaid {
		return nil
	}
	return err
}

// errSaid stands for an error that has been returned.
var errSaid = errors.New("said already")

// onDisk brings a file to the disk. Pipes and devices have no other place to go.
func (y *syncer) onDisk(file *os.File, name string) error {
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = y.sync(file)
	}
	if err != nil && !errors.Is(err, os.ErrClosed) { // which it is on the disk before
		return fmt.Errorf("%s: fsync: %w", name, cause(err))
	}
	return nil
}

// nameOnDisk brings the name of a new file to the disk. Some systems cannot open a
// directory; there the name follows the file sooner or later.
func (y *syncer) nameOnDisk(name string) error {
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return nil
	}
	defer dir.Close()
	if err := y.sync(dir); err != nil && !errors.Is(err, os.ErrInvalid) && !errors.Is(err, errors.ErrUnsupported) && !isInvalid(err) {
		return fmt.Errorf("%s: fsync of its directory: %w", name, cause(err))
	}
	return nil
}

// syncAtIntervals brings what the saver has written to the disk again and again.
func (out *output) syncAtIntervals(every time.Duration) {
	quit, done := make(chan struct{}), make(chan struct{})
	var once sync.Once
	y := &out.saver.syncer
	y.stop = func() {
		once.Do(func() { close(quit) })
		<-done
	}
	y.behind(func() error {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return nil
			case <-tick.C:
			}
			out.mu.Lock()
			err := out.saver.flush() // stays, and is met by the writer
			file, name := out.saver.file, out.saver.name
			out.mu.Unlock()
			if err != nil || file == nil {
				continue
			}
			if err := y.onDisk(file, name); err != nil {
				return err
			}
		}
	})
}
