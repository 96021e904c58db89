package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/internal/source"
)

// files are the files of a capture, which are numbered from the first on.
type files struct {
	base     string
	read     int    // files that were read and removed
	packets  uint64 // in them
	unwanted uint64 // of these, what the filter should have rejected
	disorder uint64 // of these, what does not have a higher number than those before
	next     uint64 // lowest number that may come
}

func (f *files) name(i int) string {
	if i == 0 {
		return f.base
	}
	return fmt.Sprint(f.base, i)
}

// completed reads the files that another one follows.
func (f *files) completed() error {
	for {
		if _, err := os.Stat(f.name(f.read + 1)); err != nil {
			return nil
		}
		if err := f.take(); err != nil {
			return err
		}
	}
}

// rest reads all that are left.
func (f *files) rest() error {
	for {
		if err := f.take(); errors.Is(err, os.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// take reads the next file and removes it.
func (f *files) take() error {
	name := f.name(f.read)
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := savefile.NewReader(file, name)
	if err != nil {
		return err
	}
	var rec savefile.Record
	for {
		if err := r.Next(&rec); err == io.EOF {
			f.read++
			return os.Remove(name)
		} else if err != nil {
			return err
		}
		f.packets++
		n, ok := source.Number(rec.Data)
		if !ok {
			return fmt.Errorf("%s: a packet of %d bytes has no number", name, len(rec.Data))
		}
		if n%2 != 0 {
			f.unwanted++
		}
		if n < f.next {
			f.disorder++
		}
		f.next = n + 1
	}
}
