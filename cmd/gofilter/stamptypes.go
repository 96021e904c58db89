package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gofilter/gofilter/capture"
)

// stampTypes are tcpdump's time stamp types. On Linux there is a clock for three of them.
var stampTypes = []struct {
	name, text string
	stamp      capture.TimeStamp
	linux      bool
}{
	{"host", "Host", capture.HostTime, true},
	{"host_lowprec", "Host, low precision", 0, false},
	{"host_hiprec", "Host, high precision", 0, false},
	{"host_hiprec_unsynced", "Host, high precision, not synced with system time", 0, false},
	{"adapter", "Adapter", capture.AdapterTime, true},
	{"adapter_unsynced", "Adapter, not synced with system time", capture.AdapterUnsyncedTime, true},
}

func stampNames() []string {
	var names []string
	for _, row := range stampTypes {
		names = append(names, row.name)
	}
	return names
}

func (o *options) setStampType(s string) error {
	return choice(&o.stampType, "time stamp type", stampNames()...)(s)
}

// timeStamp returns the time stamp that the options ask for, if the interface has it.
func (s *session) timeStamp(name string) (capture.TimeStamp, error) {
	if s.opt.stampType == "" {
		return capture.HostTime, nil
	}
	has, err := capture.TimeStamps(name)
	if err != nil {
		return 0, err
	}
	for _, row := range stampTypes {
		if row.name == s.opt.stampType && row.linux && slices.Contains(has, row.stamp) {
			return row.stamp, nil
		}
	}
	return 0, fmt.Errorf("%s: has no time stamps of type %s; -J lists what it has", name, s.opt.stampType)
}

// listStampTypes prints the types of time stamps that each interface has.
func (s *session) listStampTypes() error {
	names, err := s.interfaceNames()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, name := range names {
		has, err := capture.TimeStamps(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "Time stamp types for %s (use option -j to set):\n", name)
		for _, row := range stampTypes {
			if row.linux && slices.Contains(has, row.stamp) {
				fmt.Fprintf(&b, "  %s (%s)\n", row.name, row.text)
			}
		}
	}
	return s.print(b.String())
}
