package capture

import (
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/gofilter/gofilter/linktype"
	"golang.org/x/net/bpf"
)

// Any is the name of the pseudo-interface that stands for all of them.
const Any = "any"

// What a zero Config means.
const (
	DefaultSnaplen      = 262144                 // bytes, as tcpdump
	DefaultBufferSize   = 16 << 20               // bytes; tcpdump has 2 MiB
	DefaultBlockTimeout = 100 * time.Millisecond // see Config.BlockTimeout
)

// The size of a ring's block in bytes: the unit in which packets are handed over. The
// least one is, but for the headers, the longest packet that fits. Each block
// costs a wakeup, which larger ones share among more packets; those that are larger
// still leave the cache before they are read.
const (
	minBlockSize = 256 << 10
	maxBlockSize = 4 << 20
	ringBlocks   = 16 // a ring has about as many, if their size allows
)

// blockSize returns the size of the blocks of a ring of size bytes.
func blockSize(size int) int {
	n := minBlockSize
	for n < maxBlockSize && n*ringBlocks < size {
		n *= 2
	}
	return n
}

// Config says what to capture. The zero value with an Interface is good.
type Config struct {
	// Interface is the name of the interface, or Any. It is looked up in the
	// network namespace of the calling thread.
	Interface string
	// Index is the index of the interface, for when Interface is empty.
	Index int
	// LinkType asks for one of the link types that the interface offers, see
	// [LinkTypes]. Zero asks for the first of them.
	LinkType linktype.Type
	// Snaplen is how many bytes of a packet are wanted; 0 means DefaultSnaplen.
	// A cooked header and a VLAN tag that is put back count. A filter program
	// answers with a length of its own; the smaller one holds.
	Snaplen int
	// Promiscuous asks the interface for all packets, not just those addressed to
	// it. It is ignored for Any.
	Promiscuous bool
	// BufferSize is the size of the ring in bytes, rounded up to whole blocks of
	// 256 KiB to 4 MiB; 0 means DefaultBufferSize. At least two blocks are taken.
	BufferSize int
	// BlockTimeout is how long a packet may wait in a block that does not fill,
	// in whole milliseconds; 0 means DefaultBlockTimeout. It can take twice as
	// long. Nothing waits for it at the end, see [Handle.Break].
	BlockTimeout time.Duration
	// Immediate delivers packets as soon as the ring allows, within about two
	// milliseconds: a BlockTimeout of one.
	Immediate bool
	// Direction keeps packets of one direction only.
	Direction Direction
	// TimeStamp asks for the time stamps of a clock; see [TimeStamps] for those that the
	// interface offers. The error of one that it does not wraps [errors.ErrUnsupported].
	// An adapter that does not stamp all packets yet is made to, which takes
	// cap_net_admin and stays so.
	TimeStamp TimeStamp
	// Filter decides which packets are delivered; the zero Filter takes all.
	Filter Filter
	// Spread says how the members of a [Group] share packets out; a handle that is
	// alone gets them all.
	Spread Spread
}

// A Filter decides which packets are delivered: a program in the kernel, a
// predicate in this process, both, or neither. At most one of Classic, Program
// and Attach may be set.
//
// The kernel runs the program before the bytes are what the reader sees. The outer
// VLAN tag of a received packet is in the metadata then, not in the bytes; and
// where [Handle.Cooked] is true the bytes start at the network layer, there is no
// cooked header. Accept sees the packet as it would be delivered, but not yet cut
// to the snapshot length: a filter may look beyond it.
type Filter struct {
	Classic []bpf.RawInstruction // attached with SO_ATTACH_FILTER
	Program *ebpf.Program        // attached with SO_ATTACH_BPF; the caller may close it afterwards
	Accept  func(*Packet) bool   // must not keep the packet
	// Attach attaches a program itself, for a choice of several. It reports whether that
	// decides alone: then Accept is not asked.
	Attach func(syscall.Conn) (alone bool, err error)
}

// Direction says which packets of an interface are wanted.
type Direction uint8

// The directions. On the loopback device every packet goes out and comes in; it is
// delivered once, as an incoming one.
const (
	InOut Direction = iota // both
	In                     // received by this machine
	Out                    // sent by this machine
)

// String returns the name of the direction.
func (d Direction) String() string {
	switch d {
	case InOut:
		return "inout"
	case In:
		return "in"
	case Out:
		return "out"
	}
	return "unknown direction"
}

// Spread says which member of a [Group] gets a packet. Whatever it says, a packet
// whose member has no room goes to one that has.
type Spread uint8

// The ways to share packets out.
const (
	ByFlow Spread = iota // the packets of a flow, in both directions, go to one member
	ByCPU                // the packets that one processor received go to one member
)

// String returns the name of the way to spread.
func (s Spread) String() string {
	switch s {
	case ByFlow:
		return "by flow"
	case ByCPU:
		return "by processor"
	}
	return "unknown spread"
}
