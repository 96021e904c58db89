package capture

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mediumFlags finds out whether an interface is wireless and has a carrier. What
// cannot be found out is left out.
func mediumFlags(i *Interface) Flags {
	if i.Flags&Loopback != 0 {
		return 0
	}
	var f Flags
	if _, err := os.Stat("/sys/class/net/" + i.Name + "/phy80211"); err == nil {
		f |= Wireless
	}
	if up, ok := carrier(i.Name); ok && up {
		f |= Connected
	} else if ok {
		f |= Disconnected
	}
	return f
}

// carrier asks the driver for the state of the link (ETHTOOL_GLINK of
// linux/ethtool.h).
func carrier(name string) (up, ok bool) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, false
	}
	defer unix.Close(fd)
	value := struct{ cmd, data uint32 }{cmd: unix.ETHTOOL_GLINK} // struct ethtool_value
	req := struct {                                              // struct ifreq
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [24 - unsafe.Sizeof(uintptr(0))]byte
	}{data: unsafe.Pointer(&value)}
	if len(name) >= len(req.name) {
		return false, false
	}
	copy(req.name[:], name)
	var pin runtime.Pinner
	pin.Pin(&value)
	defer pin.Unpin()
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
	return value.data != 0, errno == 0
}
