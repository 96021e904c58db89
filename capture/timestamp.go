package capture

// A TimeStamp says by whose clock packets are stamped.
type TimeStamp uint8

// The time stamps. An adapter stamps what it receives; packets that this machine sends
// have the host's time in any case, and so may some that the adapter left out: the
// TP_STATUS_TS_ bits of [Packet.Status] say whose a time stamp is.
const (
	HostTime            TimeStamp = iota // the kernel's clock, UTC
	AdapterTime                          // the adapter's clock, turned into the kernel's by the driver (before Linux 3.17)
	AdapterUnsyncedTime                  // the adapter's clock as it is: seconds since some moment of its own
)

// String returns the name that libpcap has for it.
func (t TimeStamp) String() string {
	names := [...]string{"host", "adapter", "adapter_unsynced"}
	if int(t) < len(names) {
		return names[t]
	}
	return "unknown time stamp"
}
