package capture

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// adapterStamps are the kernel's names of an adapter's time stamps, flags of
// linux/net_tstamp.h: of what ETHTOOL_GET_TS_INFO answers and of what PACKET_TIMESTAMP
// takes.
var adapterStamps = []struct {
	stamp TimeStamp
	flag  uint32
}{
	{AdapterTime, unix.SOF_TIMESTAMPING_SYS_HARDWARE},
	{AdapterUnsyncedTime, unix.SOF_TIMESTAMPING_RAW_HARDWARE},
}

// TimeStamps lists the time stamps that an interface offers, the default first. It takes
// no privilege. Any offers the host's only.
func TimeStamps(name string) ([]TimeStamp, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket to look up %s with: %w", name, err)
	}
	defer unix.Close(fd)
	d, err := findDevice(fd, name, 0)
	if err != nil {
		return nil, err
	}
	return d.timeStamps(fd)
}

// timeStamps lists the time stamps of a device, asked through socket fd.
func (d *device) timeStamps(fd int) ([]TimeStamp, error) {
	if d.index == 0 {
		return []TimeStamp{HostTime}, nil
	}
	info, err := unix.IoctlGetEthtoolTsInfo(fd, d.name)
	switch {
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		return []TimeStamp{HostTime}, nil
	case err != nil:
		return nil, &InterfaceError{d.name, fmt.Errorf("ask for time stamps: %w", missing(err))}
	}
	return offered(info), nil
}

// offered reads the kernel's answer. An adapter that can stamp only some packets, those
// of the precision time protocol, offers nothing that a capture could use.
func offered(info *unix.EthtoolTsInfo) []TimeStamp {
	list := []TimeStamp{HostTime}
	if info.Rx_filters&(1<<unix.HWTSTAMP_FILTER_ALL) == 0 {
		return list
	}
	for _, row := range adapterStamps {
		if info.So_timestamping&row.flag != 0 {
			list = append(list, row.stamp)
		}
	}
	return list
}

// stamp makes the kernel use a time stamp for the packets of socket fd.
func stamp(fd int, d *device, want TimeStamp) error {
	if want == HostTime {
		return nil
	}
	list, err := d.timeStamps(fd)
	if err != nil {
		return err
	}
	if !slices.Contains(list, want) {
		return &InterfaceError{d.name, fmt.Errorf("no time stamps of type %v, it has %v: %w", want, list, errors.ErrUnsupported)}
	}
	if err := stampAll(fd, d); err != nil {
		return err
	}
	for _, row := range adapterStamps {
		if row.stamp != want {
			continue
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_TIMESTAMP, int(row.flag)); err != nil {
			return &InterfaceError{d.name, fmt.Errorf("time stamps of type %v: %w", want, err)}
		}
	}
	return nil
}

// stampAll makes an adapter stamp every packet that it receives. That is a setting of the
// adapter, not of the socket: it stays when the capture ends.
func stampAll(fd int, d *device) error {
	refused := func(err error) error {
		if errors.Is(err, unix.EPERM) {
			err = fmt.Errorf("missing cap_net_admin: %w", os.ErrPermission)
		}
		return &InterfaceError{d.name, fmt.Errorf("let the adapter stamp packets: %w", err)}
	}
	// What it does with packets to be sent is none of a capture's business.
	cfg, err := unix.IoctlGetHwTstamp(fd, d.name)
	if err != nil {
		cfg = &unix.HwTstampConfig{Tx_type: unix.HWTSTAMP_TX_OFF}
	}
	if err == nil && cfg.Rx_filter == unix.HWTSTAMP_FILTER_ALL {
		return nil
	}
	cfg.Rx_filter = unix.HWTSTAMP_FILTER_ALL
	if err := unix.IoctlSetHwTstamp(fd, d.name, cfg); err != nil {
		return refused(err)
	}
	if cfg.Rx_filter != unix.HWTSTAMP_FILTER_ALL { // the driver writes what it does instead
		return refused(errors.New("it stamps only some of them"))
	}
	return nil
}
