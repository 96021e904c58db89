package main

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A vectorFile writes from several places with one system call, writev(2).
type vectorFile struct {
	*os.File
	conn syscall.RawConn
	list []unix.Iovec
}

// vectored returns a file to which packets can be written from where they are.
func vectored(file *os.File) io.Writer {
	conn, err := file.SyscallConn()
	if err != nil {
		return file
	}
	return &vectorFile{File: file, conn: conn}
}

// WriteVector writes all pieces.
func (f *vectorFile) WriteVector(pieces [][]byte) (n int, err error) {
	list := f.list[:0]
	for _, p := range pieces {
		if len(p) > 0 {
			v := unix.Iovec{Base: unsafe.SliceData(p)}
			v.SetLen(len(p))
			list = append(list, v)
		}
	}
	f.list = list
	connErr := f.conn.Write(func(fd uintptr) bool {
		for len(list) > 0 {
			var wrote uintptr
			wrote, _, errno := unix.Syscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&list[0])), uintptr(len(list)))
			switch errno {
			case 0:
			case unix.EINTR:
				continue
			case unix.EAGAIN:
				return false // when it can be written to
			default:
				err = os.NewSyscallError("write", errno)
				return true
			}
			n += int(wrote)
			list = rest(list, int(wrote))
		}
		return true
	})
	clear(f.list)
	if err == nil {
		err = connErr
	}
	return n, err
}

// rest returns what is left of list behind its first n bytes.
func rest(list []unix.Iovec, n int) []unix.Iovec {
	for len(list) > 0 && n >= int(list[0].Len) {
		n -= int(list[0].Len)
		list = list[1:]
	}
	if n > 0 {
		left := unsafe.Slice(list[0].Base, list[0].Len)[n:]
		list[0].Base = unsafe.SliceData(left)
		list[0].SetLen(len(left))
	}
	return list
}
