package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/capture/hook"
	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/linktype"
)

// listInterfaces prints what can be captured on, numbered.
func (s *session) listInterfaces() error {
	all, err := capture.Interfaces()
	if err != nil {
		return err
	}
	var b strings.Builder
	for i, ifi := range all {
		fmt.Fprintf(&b, "%d.%s", i+1, ifi.Name)
		if ifi.Description != "" {
			fmt.Fprintf(&b, " (%s)", ifi.Description)
		}
		fmt.Fprintf(&b, " [%s]\n", flagText(ifi.Flags))
	}
	return s.print(b.String())
}

// flagWords are the words for an interface's flags, in tcpdump's order.
var flagWords = []struct {
	flag capture.Flags
	word string
}{
	{capture.Up, "Up"},
	{capture.Running, "Running"},
	{capture.Loopback, "Loopback"},
	{capture.Wireless, "Wireless"},
	{capture.Connected, "Connected"},
	{capture.Disconnected, "Disconnected"},
}

func flagText(flags capture.Flags) string {
	var words []string
	for _, row := range flagWords {
		if flags&row.flag != 0 {
			words = append(words, row.word)
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// listLinkTypes prints the link types that each interface can be captured as.
func (s *session) listLinkTypes() error {
	names, err := s.interfaceNames()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, name := range names {
		types, err := capture.LinkTypes(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "Data link types for %s (use option -y to set):\n", name)
		for _, t := range types {
			fmt.Fprintf(&b, "  %s\n", linkText(t))
		}
	}
	return s.print(b.String())
}

// listAllTypes prints every link type that filters can be compiled for.
func (s *session) listAllTypes() error {
	var b strings.Builder
	b.WriteString("Data link types (use option -y to set):\n")
	for _, t := range linktype.All() {
		fmt.Fprintf(&b, "  %s", linkText(t))
		if l, ok := proto.LinkOf(t); ok && l.Carries == proto.CarriesNothing {
			b.WriteString(", protocols cannot be filtered")
		}
		b.WriteByte('\n')
	}
	return s.print(b.String())
}

// interfaceNames returns the names of the interfaces to capture on.
func (s *session) interfaceNames() ([]string, error) {
	values := s.opt.ifaces
	switch {
	case len(values) > 0:
	case s.opt.hook.Kind == hook.Cgroup:
		values = []string{capture.Any}
	default:
		values = []string{""}
	}
	var names []string
	for _, value := range values {
		name, err := interfaceName(value)
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, name) {
			return nil, fmt.Errorf("-i is given twice for %s", name)
		}
		names = append(names, name)
	}
	if len(names) > 1 && slices.Contains(names, capture.Any) {
		return nil, errors.New("-i any means every interface: no other -i may stand beside it")
	}
	return names, nil
}

// interfaceName returns the name of the interface that the option's value means:
// its name, its number in the list, or for an empty value the first of the list.
func interfaceName(value string) (string, error) {
	n := 1
	if value != "" {
		var err error
		if n, err = strconv.Atoi(value); err != nil {
			return value, nil
		}
	}
	all, err := capture.Interfaces()
	if err != nil {
		return "", err
	}
	for _, ifi := range all {
		if ifi.Name == value {
			return value, nil
		}
	}
	if n < 1 || n > len(all) {
		return "", fmt.Errorf("interface %d: there is no such number, -D lists %d", n, len(all))
	}
	return all[n-1].Name, nil
}
