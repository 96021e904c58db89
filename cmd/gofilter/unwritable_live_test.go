//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// smallDisk makes the command's mount namespace one with a file system of so many bytes
// on dir, starts it there, and returns a path by which the test reaches it.
func smallDisk(t *testing.T, dir string, size int, start func() error) (path string, err error) {
	t.Helper()
	// The thread is one that ends with the lab's Do, and the namespace with the last file.
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return "", err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		return "", err
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { f.Close() })
	return fmt.Sprintf("/proc/self/fd/%d", f.Fd()), start()
}

// A disk that becomes full ends the capture with one error. What is on it is whole and
// has no gap.
func TestLiveDiskFull(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	for _, args := range [][]string{{}, {"--pcapng"}, {"-U"}, {"-C", "30k"}, {"--fsync", "packet"}, {"--fsync", "5ms"}, {"--fsync", "rotate", "-C", "30k"}, {"--workers", "2"}} {
		dir := t.TempDir()
		out := filepath.Join(dir, "out")
		cmd := command(t, append([]string{"--immediate-mode", "-i", lab.Right.Link, "-w", out, "udp dst port 7"}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		var path string
		err := lab.Right.Do(func() (err error) {
			path, err = smallDisk(t, dir, 100<<10, cmd.Start)
			return err
		})
		if errors.Is(err, unix.EINVAL) {
			netlab.Skip(t, "the root directory is no mount, so there can be no private mounts: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		done, sent := make(chan struct{}), make(chan uint64)
		go func() { sent <- stream(t, lab, done) }()
		err = cmd.Wait()
		close(done)
		<-sent
		if cmd.ProcessState.ExitCode() != 1 || strings.Count(stderr.String(), "no space left on device") != 1 ||
			!strings.Contains(stderr.String(), "\ngofilter: "+out) || !strings.Contains(stderr.String(), " packets captured\n") {
			t.Errorf("%q: %v\n%s", args, err, &stderr)
		}
		var all []uint64
		files, err := os.ReadDir(path)
		if err != nil || len(files) == 0 {
			t.Fatalf("%q: %d files, %v", args, len(files), err)
		}
		for i := range files { // out, out1, out2
			name := "out"
			if i > 0 {
				name += fmt.Sprint(i)
			}
			if info, err := os.Stat(filepath.Join(path, name)); err == nil && info.Size() == 0 {
				continue // there was no room for its header
			}
			all = append(all, numbersIn(t, filepath.Join(path, name))...)
		}
		for i, k := range all {
			if k != all[0]+uint64(i) {
				t.Errorf("%q: packet %d behind %d", args, k, all[i-1])
				break
			}
		}
		if len(all) < 500 {
			t.Errorf("%q: %d packets in %d files", args, len(all), len(files))
		}
	}
}

// Who reads packets from a pipe may have had enough: that is an end like any other. A
// pipe of lines that is closed is an error, and the file beside it is whole.
func TestLiveClosedPipe(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	file := filepath.Join(t.TempDir(), "out")
	for _, test := range []struct {
		args   []string
		status int
	}{
		{[]string{"-U", "-w", "-"}, 0},
		{[]string{"-nl"}, 1},
		{[]string{"-nl", "--print", "-w", file}, 1},
	} {
		cmd := command(t, append([]string{"--immediate-mode", "-i", lab.Right.Link, "udp dst port 7"}, test.args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := lab.Right.Do(cmd.Start); err != nil {
			t.Fatal(err)
		}
		done, sent := make(chan struct{}), make(chan uint64)
		go func() { sent <- stream(t, lab, done) }()
		if _, err := io.ReadFull(stdout, make([]byte, 500)); err != nil {
			t.Error(err)
		}
		stdout.Close()
		err = cmd.Wait()
		close(done)
		<-sent
		said := strings.Count(stderr.String(), "gofilter: standard output: broken pipe\n")
		if cmd.ProcessState.ExitCode() != test.status || said != test.status || !strings.Contains(stderr.String(), " captured\n") {
			t.Errorf("%q: %v\n%s", test.args, err, &stderr)
		}
		if test.args[0] == "-nl" && len(test.args) > 1 {
			if n := packetsIn(t, file); n == 0 || !strings.Contains(stderr.String(), fmt.Sprintf("\n%d packets captured\n", n)) {
				t.Errorf("%d packets in the file\n%s", n, &stderr)
			}
		}
	}
}
