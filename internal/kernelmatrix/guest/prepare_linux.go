package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// modulesDir has modules in the order of their names.
const modulesDir = "/modules"

// mounts are the file systems that the tests look into. Not every kernel has each.
var mounts = []struct {
	typ, at string
	needed  bool
}{
	{"proc", "/proc", true},
	{"sysfs", "/sys", true},
	{"devtmpfs", "/dev", true},
	{"tmpfs", "/tmp", true},
	{"bpf", "/sys/fs/bpf", true},
	{"cgroup2", "/sys/fs/cgroup", true},
	{"tracefs", "/sys/kernel/tracing", false},
}

// prepare makes a system of a kernel that has just started.
func prepare() error {
	for _, m := range mounts {
		if err := unix.Mount(m.typ, m.at, m.typ, 0, ""); err != nil && m.needed {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(modulesDir, "*.ko"))
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := insert(name); err != nil {
			return fmt.Errorf("module %s: %w", name, err)
		}
	}
	return loopbackUp()
}

// loopbackUp sets the first namespace's loopback device up, as every system does.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// struct ifreq of linux/if.h.
	var request struct {
		name  [unix.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = unix.IFF_UP
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("set the loopback device up: %w", errno)
	}
	return nil
}

// insert loads a kernel module.
func insert(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), "", 0)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// halt ends the machine when what was printed is out.
func halt() {
	os.Stdout.Sync()
	time.Sleep(100 * time.Millisecond)
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Println("guest: power off:", err)
	}
	select {}
}

// release returns what uname says of the kernel.
func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	return strings.Join([]string{unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Version[:])}, " ")
}
