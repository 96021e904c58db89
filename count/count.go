// Package count counts the packets of an interface in the kernel, by filters: how many
// there are of each, how many bytes, and how large they are. No packet is copied and
// none comes to this process.
//
// One eBPF program holds all filters of an interface and adds to counters in mapped memory, of
// which each processor has its own. It runs at the TC hooks of the interface, or, where it may not
// or there are none, on a packet socket that rejects every packet when it has been
// counted. A hook costs less: a packet on its way out is cloned for a packet socket
// even if that rejects it.
//
// The package knows no filters. A [Filter] hands over finished instructions for the
// [Place] that the package asks for.
//
// It works on Linux. Elsewhere [Open] returns an error that wraps [errors.ErrUnsupported].
package count

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// A Place is where a filter will run.
type Place struct {
	// Type is the type of the program: [ebpf.SchedCLS] at a hook,
	// [ebpf.SocketFilter] on a packet socket.
	Type ebpf.ProgramType
	// LinkType is what a reader of the interface sees packets begin with.
	LinkType linktype.Type
	// Cooked is set where the bytes that the program sees begin at the network layer
	// instead, as package capture describes for its Filter.
	Cooked bool
	// Outgoing is set where every packet is one that this machine sends, and the metadata
	// do not say so yet: at the egress hook. A filter that asks for the type of a
	// packet must take it for outgoing.
	Outgoing bool
}

// A Filter says which packets are counted together.
type Filter struct {
	// Program returns the filter's instructions for a place: a whole program that takes its
	// context in R1, calls no function of its own, does not use LD_ABS or LD_IND, and leaves 0 in
	// R0 for a packet that does not count.
	Program func(Place) (asm.Instructions, error)
}

// Where says at which place of the kernel packets are counted.
type Where uint8

// The places.
const (
	Auto   Where = iota // at the hooks, or on a socket where that cannot be
	Hook                // at the TC hooks
	Socket              // on a packet socket
)

// String returns "auto", "tc" or "socket".
func (w Where) String() string {
	switch w {
	case Auto:
		return "auto"
	case Hook:
		return "tc"
	case Socket:
		return "socket"
	}
	return fmt.Sprintf("where(%d)", uint8(w))
}

// Config says what to count. Interface and Filters are needed.
type Config struct {
	// Interface is the name of the interface, or [capture.Any], which has no hooks. It is
	// looked up in the network namespace of the calling thread.
	Interface string
	// LinkType asks for one of the link types of [capture.LinkTypes]; zero for the first.
	LinkType linktype.Type
	// Promiscuous asks the interface for all packets, not just those addressed to it.
	// It is ignored for capture.Any.
	Promiscuous bool
	// Direction keeps packets of one direction only. What a loopback device sends it
	// receives as well; with [capture.InOut] that is counted once.
	Direction capture.Direction
	// Where says at which place to count.
	Where Where
	// Filters are what is counted, each by itself: a packet counts for every filter that it
	// matches. There may be up to MaxFilters.
	Filters []Filter
}

// MaxFilters is the largest number of filters of one Counter. It keeps what is read at once
// small: 128 bytes for each filter and processor.
const MaxFilters = 1024

// check reports what is wrong with cfg on any system.
func (cfg *Config) check() error {
	switch {
	case cfg.Interface == "":
		return errors.New("count: no interface given")
	case len(cfg.Filters) == 0:
		return errors.New("count: no filter given")
	case len(cfg.Filters) > MaxFilters:
		return fmt.Errorf("count: %d filters, at most %d can be counted by", len(cfg.Filters), MaxFilters)
	case cfg.Direction > capture.Out:
		return fmt.Errorf("count: %s", cfg.Direction)
	case cfg.Where > Socket:
		return fmt.Errorf("count: %s does not exist", cfg.Where)
	}
	return nil
}

// Counts are what was counted for one filter since Open.
type Counts struct {
	Packets uint64
	// Bytes is the sum of the packets' lengths on the wire, with the VLAN tag that the kernel may
	// have taken out and with the header of a cooked capture, as a capture has them.
	Bytes uint64
	// Sizes has the number of packets of each size, see [SizeRange].
	Sizes [NumSizes]uint64
}

// A Counter counts until it is stopped. It may be used by several goroutines.
type Counter struct {
	*counter
}

// Open begins to count. It takes cap_bpf, and cap_net_admin for the hooks or cap_net_raw for
// a packet socket and for promiscuous mode; what is missing the error names.
func Open(cfg Config) (*Counter, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c, err := open(&cfg)
	if err != nil {
		return nil, err
	}
	return &Counter{c}, nil
}

// Read returns the counts so far, for the filters in their order. Filters are read one after
// the other while the counting goes on. It takes no capability. An error that wraps [capture.ErrGone] says that
// the interface was removed; the counts returned with it are good, and the last ones.
func (c *Counter) Read() ([]Counts, error) { return c.read() }

// Stop ends the counting. When it has returned nil, Read returns the same counts for ever. With
// clsact it takes cap_net_admin, which the error names; see Via.
func (c *Counter) Stop() error { return c.stop() }

// Close stops and gives everything back to the kernel.
func (c *Counter) Close() error { return c.shut() }

// Via is the kernel's mechanism: "tcx", "clsact" or "packet socket". With clsact, what there
// is before Linux 6.6, the programs stay on the interface when the process ends without
// Stop or Close; see [attach.Link].
func (c *Counter) Via() string { return c.via }

// LinkType returns the link type that filters were asked for.
func (c *Counter) LinkType() linktype.Type { return c.linkType }

// Instructions returns the length of the program that a packet meets, the longer one where
// there is one for each direction.
func (c *Counter) Instructions() int { return c.instructions }

// Fallback returns why packets are not counted at the hooks, nil where they are or where
// that was not asked for.
func (c *Counter) Fallback() error { return c.fallback }
