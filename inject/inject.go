// Package inject puts a filter, given as text, into stub functions of somebody's eBPF program. Its
// Inject takes and returns what that of github.com/jschwinger233/elibpcap does, and expects the
// same stub, so that a program can change from one to the other by an import:
//
//	import elibpcap "github.com/gofilter/gofilter/inject"
//
// The stub is a function that is not inlined and whose compiler cannot know what it returns:
//
//	static __noinline bool
//	filter_l2(void *_skb, void *__skb, void *___skb, void *data, void *data_end)
//	{
//		return data != data_end && _skb == __skb && __skb == ___skb;
//	}
//
// It returns true for the packets that the filter accepts. The package needs no libpcap and no cgo.
// There is no Options.Debug: the instructions that are returned print themselves, with the words of the
// filter. For other stubs, contexts and verdicts there is [ebpfgen.Inject], which this package
// calls.
package inject

import (
	"fmt"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// ErrRejectsAll is wrapped by the error for a filter that no packet satisfies.
var ErrRejectsAll = ebpfgen.ErrRejectsAll

// RejectAllExpr is a filter that rejects all packets and is no error.
const RejectAllExpr = "__reject_all__"

// rejectsAll is the same in the language.
const rejectsAll = "not (len >= 0)"

// A PacketAccessMode is a way in which the filter reads packets.
type PacketAccessMode int

// The modes.
const (
	// Direct reads between data and data_end, which are an XDP or TC program's. It sees the
	// linear part of the packet.
	Direct PacketAccessMode = iota
	// BpfProbeReadKernel reads with bpf_probe_read_kernel from the addresses data to
	// data_end of kernel memory, as a tracing program finds them (Linux 5.5, programs under
	// the GPL).
	BpfProbeReadKernel
	// BpfSkbLoadBytes reads with bpf_skb_load_bytes. The stub's first argument is the context, struct
	// __sk_buff, of a TC program; the filter has its metadata, such as the VLAN tag.
	BpfSkbLoadBytes
)

// stubs are what there is for each mode, with the view of packets that a filter has there.
var stubs = map[PacketAccessMode]struct {
	stub ebpfgen.Stub
	view ir.View
}{
	Direct:             {ebpfgen.Stub{Arguments: ebpfgen.Pointers}, ir.ViewFile},
	BpfProbeReadKernel: {ebpfgen.Stub{Arguments: ebpfgen.RawPointers}, ir.ViewFile},
	BpfSkbLoadBytes: {ebpfgen.Stub{Arguments: ebpfgen.Context, Target: ebpfgen.SchedCLS,
		Options: ebpfgen.Options{Access: ebpfgen.AccessLoadBytes}}, ebpfgen.SchedCLS.View()},
}

// Options say where the filter goes and what it finds there.
type Options struct {
	AtBpf2Bpf        string           // name of the stub function
	PacketAccessMode PacketAccessMode // how the filter reads packets
	L2Skb            bool             // packets begin with an Ethernet header, else with an IP header

	Resolver gofilter.Resolver // of names in the filter; nil: numbers and the language's own names
}

// compile returns the filter for what the options say.
func (o *Options) compile(filter string) (*gofilter.Filter, error) {
	row, ok := stubs[o.PacketAccessMode]
	if !ok {
		return nil, fmt.Errorf("inject: no mode %d of access to packets", o.PacketAccessMode)
	}
	if filter == RejectAllExpr {
		filter = rejectsAll
	}
	cfg := gofilter.Config{LinkType: linktype.Raw, View: row.view, Resolver: o.Resolver}
	if o.L2Skb {
		cfg.LinkType = linktype.Ethernet
	}
	return gofilter.Compile(filter, cfg)
}

// stub returns the stub with a filter for it.
func (o *Options) stub(f *gofilter.Filter, rejectAll bool) ebpfgen.Stub {
	s := stubs[o.PacketAccessMode].stub
	s.Symbol, s.Contract, s.Filter, s.RejectAll = o.AtBpf2Bpf, ebpfgen.StubCompares, f.IR(), rejectAll
	return s
}

// Inject returns a copy of a program, the Instructions of an ebpf.ProgramSpec, in which the stub
// function is the filter. An empty filter accepts all packets.
//
// The errors are those of [gofilter.Compile], which have the place in the filter, and of
// [ebpfgen.Inject]; for a filter other than RejectAllExpr that no packet satisfies the error
// wraps ErrRejectsAll.
func Inject(filter string, insns asm.Instructions, opts Options) (asm.Instructions, error) {
	f, err := opts.compile(filter)
	if err != nil {
		return nil, err
	}
	return ebpfgen.Inject(insns, opts.stub(f, filter == RejectAllExpr))
}

// InjectBoth is Inject for a program that has a stub function for packets that begin with an Ethernet
// header and another one for those that begin with an IP header. A filter that only packets of one kind can
// satisfy, such as arp, rejects all of the other; the error wraps ErrRejectsAll where it is none.
// In opts AtBpf2Bpf and L2Skb have no meaning.
func InjectBoth(filter string, insns asm.Instructions, l2, l3 string, opts Options) (asm.Instructions, error) {
	var both []ebpfgen.Stub
	some := filter == RejectAllExpr
	for _, o := range []Options{
		{AtBpf2Bpf: l2, L2Skb: true, PacketAccessMode: opts.PacketAccessMode, Resolver: opts.Resolver},
		{AtBpf2Bpf: l3, PacketAccessMode: opts.PacketAccessMode, Resolver: opts.Resolver},
	} {
		f, err := o.compile(filter)
		if err != nil {
			return nil, fmt.Errorf("function %s: %w", o.AtBpf2Bpf, err)
		}
		some = some || !f.RejectsAll()
		both = append(both, o.stub(f, true))
	}
	if !some {
		return nil, ErrRejectsAll
	}
	return ebpfgen.Inject(insns, both...)
}
