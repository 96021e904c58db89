package hook

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// Buffer is a kind of buffer between the kernel and this process.
type Buffer uint8

// The kinds of buffers.
const (
	AnyBuffer  Buffer = iota // the first that works
	RingBuffer               // BPF_MAP_TYPE_RINGBUF: Linux 5.8, for XDP 5.18
	PerfBuffer               // BPF_MAP_TYPE_PERF_EVENT_ARRAY: Linux 5.5; takes cap_perfmon
)

// String returns "ring buffer" or "perf buffer".
func (b Buffer) String() string {
	switch b {
	case RingBuffer:
		return "ring buffer"
	case PerfBuffer:
		return "perf buffer"
	}
	return fmt.Sprintf("buffer(%d)", uint8(b))
}

// A Place is where packets are captured, and which.
type Place struct {
	Hook Hook
	// Interface is the name of the interface, in the network namespace of the calling
	// thread. For a control group it may be empty or capture.Any: then packets of all
	// interfaces are captured, else those of the one.
	Interface string
	// LinkType asks for one of the link types that the interface offers; 0: its first. At
	// a control group there is linktype.Raw only.
	LinkType linktype.Type
	// Filter is a program of type Hook.ProgramType that leaves 1 in R0 to capture a packet
	// and 0 not to; nil captures all.
	Filter asm.Instructions
	// FilterFlags are the BPF_F_* flags that the filter has to be loaded with.
	FilterFlags uint32
	// Promiscuous asks the interface for all packets, which takes cap_net_raw. It is
	// ignored where only sent packets are captured, and for control groups.
	Promiscuous bool
	// Direction chooses one of the directions of a hook that has two.
	Direction capture.Direction
}

// Config says what to capture.
type Config struct {
	// Places are at least one. They share a buffer, so that their packets come in order.
	Places []Place

	// Snaplen, BufferSize, BlockTimeout and Immediate are as those of capture.Config. The
	// buffer's size is rounded up to a power of two; a perf buffer of it is divided among
	// the processors.
	Snaplen      int
	BufferSize   int
	BlockTimeout time.Duration
	Immediate    bool
	// Buffer asks for a kind of buffer.
	Buffer Buffer
}

// maxBuffer is the largest buffer in bytes: what the kernel numbers positions in with.
const maxBuffer = 1 << 30

// maxPlaces is the most places: what a record has room for the number of.
const maxPlaces = 1 << 16

// check finds what is wrong with a configuration by itself.
func (cfg *Config) check() error {
	switch {
	case len(cfg.Places) == 0 || len(cfg.Places) > maxPlaces:
		return fmt.Errorf("hook: %d places are not within 1 to %d", len(cfg.Places), maxPlaces)
	case cfg.Snaplen < 0 || cfg.Snaplen > capture.DefaultSnaplen:
		return fmt.Errorf("hook: snapshot length %d is not within 0 to %d", cfg.Snaplen, capture.DefaultSnaplen)
	case cfg.BufferSize < 0 || cfg.BufferSize > maxBuffer:
		return fmt.Errorf("hook: buffer size %d is not within 0 to %d bytes", cfg.BufferSize, maxBuffer)
	case cfg.BlockTimeout < 0 || cfg.BlockTimeout > time.Hour:
		return fmt.Errorf("hook: block timeout %v is not within 0 and an hour", cfg.BlockTimeout)
	case cfg.Buffer > PerfBuffer:
		return fmt.Errorf("hook: %s does not exist", cfg.Buffer)
	}
	for i := range cfg.Places {
		if err := cfg.Places[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Place) check() error {
	switch {
	case p.Hook.Kind.row() == nil:
		return fmt.Errorf("hook: %s does not exist", p.Hook)
	case p.Direction > capture.Out:
		return fmt.Errorf("hook: direction %d does not exist", p.Direction)
	case p.Hook.Kind != Cgroup && p.everywhere():
		return errors.New("hook " + p.Hook.String() + " is one interface's: name it")
	case p.Hook.Kind == Cgroup && p.Hook.Path == "":
		return errors.New("hook cgroup needs a directory")
	}
	return nil
}

// everywhere reports whether packets of all interfaces are wanted.
func (p *Place) everywhere() bool { return p.Interface == "" || p.Interface == capture.Any }

// An Attachment is what became of a place.
type Attachment struct {
	Hook      Hook
	Interface string        // its name when it was opened; capture.Any: all
	LinkType  linktype.Type // what each packet's bytes start with
	Via       string        // the kernel's mechanism, as attach.Link has it
	// Lasts is true where a program stays when this process ends without Close, as
	// attach.Link has it. It writes into a buffer that nobody reads then.
	Lasts bool
	// Instructions is the length of the program, of the longer one where there is one for
	// each direction.
	Instructions int
}
