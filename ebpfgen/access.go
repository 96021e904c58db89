package ebpfgen

import (
	"fmt"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// Access is a way to read a packet's bytes.
type Access uint8

// The strategies.
const (
	// AccessDefault is the first of the target's strategies.
	AccessDefault Access = iota
	// AccessDirect reads through the context's data pointer after comparing with
	// data_end. A packet whose linear part is too short is read as by
	// AccessLoadBytes, where the target can have such packets. Offsets that
	// depend on the packet need CAP_PERFMON.
	AccessDirect
	// AccessLoadBytes copies bytes to the stack with bpf_skb_load_bytes, or
	// bpf_xdp_load_bytes.
	AccessLoadBytes
	// AccessLdAbs uses the LD_ABS and LD_IND instructions.
	AccessLdAbs
	// AccessRdonlyCast reads through the data pointer of struct sk_buff, found with
	// the kernel functions bpf_cast_to_kern_ctx and bpf_rdonly_cast. A packet
	// whose linear part is too short is read as by AccessLoadBytes. The program is
	// for one build of the kernel, see [Options].Kernel. It needs Linux 6.17,
	// CAP_PERFMON beside CAP_BPF, and has to be loaded under a licence that the kernel
	// counts as compatible with the GPL.
	AccessRdonlyCast
	numAccess
)

var accessNames = [numAccess]string{"default", "direct", "helper", "ldabs", "rdonly_cast"}

func (a Access) String() string {
	if a < numAccess {
		return accessNames[a]
	}
	return fmt.Sprintf("access(%d)", uint8(a))
}

// LookupAccess returns the strategy of that name.
func LookupAccess(name string) (Access, bool) {
	for a, s := range accessNames {
		if s == name {
			return Access(a), true
		}
	}
	return 0, false
}

// strategy is what instruction selection asks of an Access.
type strategy interface {
	// traits returns the facts that the stages before selection need.
	traits() traits
	// prologue emits what the body starts with.
	prologue(b *body)
	// guard makes the bytes of g readable, or leaves for b.fail.
	guard(b *body, g *guard)
	// load reads the bytes of load id to register dst: in network byte order
	// where b.raw(id), else as a number.
	load(b *body, id ir.ValueID, dst asm.Register)
	// length puts the length of the packet in register dst.
	length(b *body, dst asm.Register)
}

// traits are the facts about a strategy that the stages before selection need.
type traits struct {
	machine *machine
	// reach is the largest end of a load, in bytes from its base, that the
	// strategy can express. A load that ends beyond leaves for the body's fail.
	reach uint64
	// guards: loads have to be guarded; span is the most that one guard covers.
	guards bool
	span   uint64
	// calls: a guard, or without guards a load, calls a BPF helper.
	calls bool
	// pointers: a guard leaves a pointer for its loads.
	pointers bool
	// anywhere: the verifier does not ask where a pointer can point.
	anywhere bool
	// network: loads give network byte order.
	network bool
}
