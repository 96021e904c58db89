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

// Config says what to capture and where.
type Config struct {
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

	// Snaplen, Promiscuous, BufferSize, BlockTimeout and Immediate are as those of
	// capture.Config. The buffer's size is rounded up to a power of two; a perf buffer of
	// it is divided among the processors. Only hooks that receive make an interface
	// promiscuous, which takes cap_net_raw.
	Snaplen      int
	Promiscuous  bool
	BufferSize   int
	BlockTimeout time.Duration
	Immediate    bool
	// Direction chooses one of the directions of a hook that has two.
	Direction capture.Direction
	// Buffer asks for a kind of buffer.
	Buffer Buffer
}

// maxBuffer is the largest buffer in bytes: what the kernel numbers positions in with.
const maxBuffer = 1 << 30

// check finds what is wrong with a configuration by itself.
func (cfg *Config) check() error {
	switch {
	case cfg.Hook.Kind.row() == nil:
		return fmt.Errorf("hook: %s does not exist", cfg.Hook)
	case cfg.Snaplen < 0 || cfg.Snaplen > capture.DefaultSnaplen:
		return fmt.Errorf("hook: snapshot length %d is not within 0 to %d", cfg.Snaplen, capture.DefaultSnaplen)
	case cfg.BufferSize < 0 || cfg.BufferSize > maxBuffer:
		return fmt.Errorf("hook: buffer size %d is not within 0 to %d bytes", cfg.BufferSize, maxBuffer)
	case cfg.BlockTimeout < 0 || cfg.BlockTimeout > time.Hour:
		return fmt.Errorf("hook: block timeout %v is not within 0 and an hour", cfg.BlockTimeout)
	case cfg.Direction > capture.Out:
		return fmt.Errorf("hook: direction %d does not exist", cfg.Direction)
	case cfg.Buffer > PerfBuffer:
		return fmt.Errorf("hook: %s does not exist", cfg.Buffer)
	case cfg.Hook.Kind != Cgroup && (cfg.Interface == "" || cfg.Interface == capture.Any):
		return errors.New("hook " + cfg.Hook.String() + " is one interface's: name it")
	case cfg.Hook.Kind == Cgroup && cfg.Hook.Path == "":
		return errors.New("hook cgroup needs a directory")
	}
	return nil
}

// everywhere reports whether packets of all interfaces are wanted.
func (cfg *Config) everywhere() bool { return cfg.Interface == "" || cfg.Interface == capture.Any }
