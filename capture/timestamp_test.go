//go:build linux

package capture

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gofilter/gofilter/internal/netlab"
	"golang.org/x/sys/unix"
)

func TestOffered(t *testing.T) {
	const all, ptp = 1 << unix.HWTSTAMP_FILTER_ALL, 1 << unix.HWTSTAMP_FILTER_PTP_V2_L4_EVENT
	const soft, sys, raw = unix.SOF_TIMESTAMPING_SOFTWARE, unix.SOF_TIMESTAMPING_SYS_HARDWARE, unix.SOF_TIMESTAMPING_RAW_HARDWARE
	for _, c := range []struct {
		flags, filters uint32
		want           string
	}{
		{0, 0, "[host]"},
		{soft, 1, "[host]"},
		{soft | raw, ptp, "[host]"},
		{soft | raw, all, "[host adapter_unsynced]"},
		{sys | raw, all | ptp | 1, "[host adapter adapter_unsynced]"},
		{sys, all, "[host adapter]"},
	} {
		got := fmt.Sprint(offered(&unix.EthtoolTsInfo{So_timestamping: c.flags, Rx_filters: c.filters}))
		if got != c.want {
			t.Errorf("flags %#x, filters %#x: %s, want %s", c.flags, c.filters, got, c.want)
		}
	}
}

// TestTimeStamps asks a link that has no clock, and wants one of it all the same.
func TestTimeStamps(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	for _, name := range []string{lab.Right.Link, "lo", Any} {
		err := lab.Right.Do(func() error {
			list, err := TimeStamps(name)
			if fmt.Sprint(list) != "[host]" {
				t.Errorf("%s: %v", name, list)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		for _, want := range []TimeStamp{AdapterTime, AdapterUnsyncedTime} {
			for _, n := range []int{1, 2} {
				err := lab.Right.Do(func() error {
					g, err := OpenGroup(Config{Interface: name, TimeStamp: want}, n)
					if err == nil {
						g.Close()
					}
					return err
				})
				text := fmt.Sprintf("%s: no time stamps of type %v, it has [host]: unsupported operation", name, want)
				if !errors.Is(err, errors.ErrUnsupported) || err.Error() != text {
					t.Errorf("%s, %v: %v", name, want, err)
				}
			}
		}
	}
	if _, err := Open(Config{Interface: "lo", TimeStamp: AdapterUnsyncedTime + 1}); err == nil {
		t.Error("an unknown time stamp")
	}
	if _, err := TimeStamps("nosuch0"); !errors.Is(err, ErrNoInterface) {
		t.Error(err)
	}
	// The adapter's setting itself, of a driver that has none.
	err := lab.Right.Do(func() error {
		fd, err := openPacket(unix.SOCK_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		d, err := findDevice(fd, lab.Right.Link, 0)
		if err != nil {
			return err
		}
		return stampAll(fd, &d)
	})
	if !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("a link without a clock: %v", err)
	}
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, TimeStamp: HostTime})
	send(t, sender(t, lab.Left), numbered(lab, 0, 3)...)
	h.Break()
	if got := rest(t, h); len(got) != 3 {
		t.Errorf("%d packets", len(got))
	}
}
