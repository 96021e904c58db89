package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// An archive is an initramfs under construction: cpio in the format newc (the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	w   *bufio.Writer
	n   int64 // bytes written
	ino int
	err error
}

// Modes of files, as in stat(2).
const (
	modeDir    = 0o040755
	modeFile   = 0o100755
	modeDevice = 0o020600
)

func newArchive(w io.Writer) *archive { return &archive{w: bufio.NewWriterSize(w, 1<<20)} }

// entry adds a file; major and minor are a device's.
func (a *archive) entry(name string, mode uint32, major, minor int, content []byte) {
	a.ino++
	header := "070701"
	for _, n := range []int{a.ino, int(mode), 0, 0, 1, 0, len(content), 0, 0, major, minor, len(name) + 1, 0} {
		header += fmt.Sprintf("%08x", n)
	}
	a.bytes([]byte(header + name + "\x00"))
	a.pad()
	a.bytes(content)
	a.pad()
}

func (a *archive) bytes(b []byte) {
	if a.err == nil {
		_, a.err = a.w.Write(b)
		a.n += int64(len(b))
	}
}

func (a *archive) pad() { a.bytes(make([]byte, -a.n&3)) }

func (a *archive) dir(name string)                  { a.entry(name, modeDir, 0, 0, nil) }
func (a *archive) file(name string, content []byte) { a.entry(name, modeFile, 0, 0, content) }

// tree adds a directory with all that is in it.
func (a *archive) tree(root, name string) error {
	return filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(filepath.Join(name, rel))
		if d.IsDir() {
			a.dir(rel)
			return a.err
		}
		content, err := os.ReadFile(path)
		a.file(rel, content)
		return err
	})
}

// close ends the archive.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	if a.err != nil {
		return a.err
	}
	return a.w.Flush()
}
