package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

// A disk counts what is brought to it, by name.
type disk struct {
	mu     sync.Mutex
	synced map[string]int
	broken error // what it answers
}

func (d *disk) sync(f *os.File) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.synced[filepath.Base(f.Name())]++
	return d.broken
}

func (d *disk) count(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.synced[name]
}

// writing returns an output to dir/out with the options, on a disk that counts and may be
// broken.
func writing(t *testing.T, dir string, broken error, args ...string) (*output, *disk) {
	t.Helper()
	opt, err := parseOptions(append(args, "-w", filepath.Join(dir, "out")))
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{synced: make(map[string]int), broken: broken}
	s := &session{opt: opt, stdout: os.Stdout, stderr: io.Discard, onDisk: d.sync}
	out, err := s.newOutput([]*savefile.Interface{{LinkType: linktype.Ethernet, Snaplen: 100}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out, d
}

// take puts n packets of 100 bytes out.
func take(out *output, n int) error {
	rec := savefile.Record{Interface: out.saver.ifaces[0], Data: make([]byte, 100), Len: 100}
	for range n {
		if err := out.packet(&rec, linktype.Ethernet); err != nil {
			return err
		}
	}
	return nil
}

func TestFsync(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // how often each of the files
	}{
		{nil, "map[]"},
		{[]string{"-C", "1k"}, "map[]"},
		{[]string{"--fsync", "never", "-C", "1k"}, "map[]"},
		{[]string{"--fsync", "rotate"}, "map[out:1]"},
		{[]string{"--fsync", "rotate", "-C", "1k"}, "map[out:1 out1:1 out2:1 out3:1]"}, // nine packets a file
		{[]string{"--fsync", "packet"}, "map[out:31]"},
		{[]string{"--fsync", "1h"}, "map[out:1]"},
		{[]string{"--fsync", "3600", "-C", "1k"}, "map[out:1 out1:1 out2:1 out3:1]"},
	} {
		dir := t.TempDir()
		out, d := writing(t, dir, nil, test.args...)
		if err := errors.Join(take(out, 30), out.finish()); err != nil {
			t.Errorf("%q: %v", test.args, err)
		}
		delete(d.synced, filepath.Base(dir)) // once for each name
		if got := fmt.Sprint(d.synced); got != test.want {
			t.Errorf("%q: %s, want %s", test.args, got, test.want)
		}
	}
}

// At intervals there is nothing that has to come: what waits in memory goes to the disk,
// too.
func TestFsyncInterval(t *testing.T) {
	dir := t.TempDir()
	out, d := writing(t, dir, nil, "--fsync", "5ms")
	if err := take(out, 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a file of one packet", func() bool {
		info, err := os.Stat(filepath.Join(dir, "out"))
		return err == nil && info.Size() == 24+16+100 && d.count("out") > 2
	})
	if err := out.finish(); err != nil {
		t.Fatal(err)
	}
	n := d.count("out")
	time.Sleep(20 * time.Millisecond)
	if d.count("out") != n {
		t.Error("it goes on behind the end")
	}
}

// A disk that fails ends the writing, and is told of once.
func TestFsyncFails(t *testing.T) {
	broken := errors.New("bad sector")
	for _, args := range [][]string{{"--fsync", "rotate"}, {"--fsync", "packet"}, {"--fsync", "1ms"}, {"--fsync", "rotate", "-C", "1k"}} {
		dir := t.TempDir()
		out, _ := writing(t, dir, broken, args...)
		var err error
		for i := 0; i < 1000 && err == nil; i++ {
			err = take(out, 5)
			if args[1] != "packet" {
				time.Sleep(time.Millisecond)
			}
			if args[1] == "rotate" && len(args) == 2 {
				break
			}
		}
		ends := err != nil
		err = errors.Join(err, out.finish())
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), ": fsync") {
			t.Errorf("%q: %v", args, err)
		}
		if !ends && (args[1] != "rotate" || len(args) > 2) {
			t.Errorf("%q: the writing went on", args)
		}
	}
}

func TestFsyncOption(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--fsync", "sometimes", "-w", "x"}, `unknown time for fsync "sometimes": want never, rotate, packet, or an interval such as 5 (seconds) or 200ms`},
		{[]string{"--fsync", "0", "-w", "x"}, `unknown time for fsync "0": want never, rotate, packet, or an interval such as 5 (seconds) or 200ms`},
		{[]string{"--fsync", "-1s", "-w", "x"}, `unknown time for fsync "-1s": want never, rotate, packet, or an interval such as 5 (seconds) or 200ms`},
		{[]string{"--fsync", "rotate"}, "--fsync is about a file to write: -w FILE"},
		{[]string{"--fsync", "rotate", "-w", "-"}, "-w - writes to standard output, which --fsync cannot bring to a disk"},
	} {
		if _, err := parseOptions(test.args); err == nil || err.Error() != test.want {
			t.Errorf("%q: %v", test.args, err)
		}
	}
}
