package ebpfgen

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// A Target is a place in the kernel where a filter can run.
type Target struct {
	*target
}

// target is a row of facts about a program type.
type target struct {
	name    string
	typ     string    // BPF_PROG_TYPE_*, the name in linux/bpf.h
	views   []ir.View // the views whose filters it can run
	verdict Verdict
	// snaplenAccepts: the accept value is the filter's snapshot length, not
	// verdict.Accept.
	snaplenAccepts bool
	ctx            context
	access         []way // in order of preference
	// fragments: a packet can have bytes outside its linear part.
	fragments bool
	loadBytes asm.BuiltinFunc // the BPF helper that copies any bytes of the packet
	// bufLen is the BPF helper that returns the length of the whole packet; 0:
	// the length is in the context.
	bufLen asm.BuiltinFunc
	flags  uint32 // for loading: BPF_F_* of linux/bpf.h
	source string
	inline *Registers // of a sequence for another program; nil: a whole program
}

// A way is a strategy of a target.
type way struct {
	access Access
	since  Version // the oldest kernel that takes it
}

// context says where the fields of a program's context are.
type context struct {
	data, end int16 // of the linear part; 32-bit fields that hold pointers
	length    int16 // of the whole packet; -1: data_end-data
	meta      map[ir.Meta]field
}

// field is a member of the context.
type field struct {
	off     int16
	network bool // a 16-bit number in network byte order
}

// skb is struct __sk_buff of linux/bpf.h.
var skb = context{
	data: 76, end: 80, length: 0,
	meta: map[ir.Meta]field{
		ir.MetaPacketType:  {off: 4},
		ir.MetaProtocol:    {off: 16, network: true},
		ir.MetaVLANPresent: {off: 20},
		ir.MetaVLANTag:     {off: 24},
		ir.MetaVLANProto:   {off: 28, network: true},
		ir.MetaIfIndex:     {off: 40},
	},
}

// xdpMD is struct xdp_md of linux/bpf.h. Its ingress_ifindex is the only
// metadatum that a filter can ask for.
var xdpMD = context{
	data: 0, end: 4, length: -1,
	meta: map[ir.Meta]field{ir.MetaIfIndex: {off: 12}},
}

// The targets.
var (
	// SocketFilter is a program for SO_ATTACH_BPF. Accept returns the filter's
	// snapshot length, reject 0. What has been measured of its strategies, for packets
	// that match: AccessRdonlyCast takes 0.4 of the time of the classic program
	// that libpcap makes, AccessLoadBytes and AccessLdAbs more than twice of it (6.18).
	SocketFilter = Target{&target{
		name: "socket", typ: "BPF_PROG_TYPE_SOCKET_FILTER",
		views:          []ir.View{ir.ViewSocket},
		snaplenAccepts: true,
		ctx:            skb, access: []way{{AccessRdonlyCast, withCast}, {AccessLoadBytes, withJump32}, {AccessLdAbs, withJump32}}, fragments: true, loadBytes: asm.FnSkbLoadBytes,
		source: "net/core/filter.c sk_filter_is_valid_access, sk_filter_func_proto",
	}}

	// SchedCLS is a TC program. The default verdicts are a classifier's: accept
	// returns -1 (TC_ACT_UNSPEC: a match, with the class that was configured), reject 0
	// (no match). Under direct action, and at a TCX hook, neither of the two
	// drops a packet. To drop what the filter rejects, set Options.Verdict to
	// TCDirectAction.
	SchedCLS = Target{&target{
		name: "tc", typ: "BPF_PROG_TYPE_SCHED_CLS",
		views:   []ir.View{ir.ViewTC},
		verdict: Verdict{Accept: 0xffffffff, Reject: 0},
		ctx:     skb, access: []way{{AccessDirect, withJump32}, {AccessLoadBytes, withJump32}, {AccessLdAbs, withJump32}}, fragments: true, loadBytes: asm.FnSkbLoadBytes,
		source: "net/sched/cls_bpf.c cls_bpf_classify, net/core/filter.c tc_cls_act_is_valid_access",
	}}

	// XDP is an XDP program for drivers that hand over frames in one piece.
	// Accept returns XDP_PASS, reject XDP_DROP. AccessLoadBytes needs Linux 5.18.
	XDP = Target{&target{
		name: "xdp", typ: "BPF_PROG_TYPE_XDP",
		views:   []ir.View{ir.ViewXDP, ir.ViewFile},
		verdict: Verdict{Accept: 2, Reject: 1},
		ctx:     xdpMD, access: []way{{AccessDirect, withJump32}, {AccessLoadBytes, withXDPLoad}},
		loadBytes: asm.FnXdpLoadBytes, bufLen: asm.FnXdpGetBuffLen,
		source: "linux/bpf.h enum xdp_action, struct xdp_md",
	}}

	// XDPFrags is as XDP, for drivers that hand over frames in several pieces. A
	// program for it has to be loaded with Target.Flags.
	XDPFrags = Target{&target{
		name: "xdp.frags", typ: "BPF_PROG_TYPE_XDP",
		views:   []ir.View{ir.ViewXDP, ir.ViewFile},
		verdict: Verdict{Accept: 2, Reject: 1},
		ctx:     xdpMD, access: []way{{AccessDirect, withXDPLoad}, {AccessLoadBytes, withXDPLoad}},
		fragments: true, loadBytes: asm.FnXdpLoadBytes, bufLen: asm.FnXdpGetBuffLen,
		flags:  1 << 5, // BPF_F_XDP_HAS_FRAGS
		source: "net/core/filter.c bpf_xdp_load_bytes, bpf_xdp_get_buff_len",
	}}

	// CgroupSKB is a program for the ingress and egress hooks of a control
	// group. Data starts at the network layer. Accept returns 1 (let through),
	// reject 0.
	CgroupSKB = Target{&target{
		name: "cgroup", typ: "BPF_PROG_TYPE_CGROUP_SKB",
		views:   []ir.View{ir.ViewCgroup},
		verdict: Verdict{Accept: 1, Reject: 0},
		ctx:     skb, access: []way{{AccessDirect, withJump32}, {AccessLoadBytes, withJump32}}, fragments: true, loadBytes: asm.FnSkbLoadBytes,
		source: "net/core/filter.c cg_skb_is_valid_access, kernel/bpf/cgroup.c",
	}}
)

// TCDirectAction is the verdict of a TC program that lets through what the
// filter accepts (TC_ACT_OK, TCX_PASS) and drops the rest (TC_ACT_SHOT, TCX_DROP).
var TCDirectAction = Verdict{Accept: 0, Reject: 2}

// TCNext is the verdict of a TC program that leaves what the filter accepts to the next
// program of the hook (TC_ACT_UNSPEC, TCX_NEXT) and drops the rest (TC_ACT_SHOT,
// TCX_DROP). It is the one for a hook where others have programs: TCDirectAction lets a
// packet through past theirs.
var TCNext = Verdict{Accept: 0xffffffff, Reject: 2}

// Targets returns all targets that have a name.
func Targets() []Target { return []Target{SocketFilter, SchedCLS, XDP, XDPFrags, CgroupSKB} }

// LookupTarget returns the target of that name.
func LookupTarget(name string) (Target, bool) {
	for _, t := range Targets() {
		if t.name == name {
			return t, true
		}
	}
	return Target{}, false
}

// String returns the target's name: socket, tc, xdp, xdp.frags or cgroup.
func (t Target) String() string { return t.name }

// ProgramType returns the name of the program type in linux/bpf.h.
func (t Target) ProgramType() string { return t.typ }

// Oldest returns the oldest kernel that takes the target's programs, with the strategy
// that needs least.
func (t Target) Oldest() Version {
	oldest := t.access[0].since
	for _, w := range t.access {
		if w.since.before(oldest) {
			oldest = w.since
		}
	}
	return oldest
}

// Flags returns the BPF_F_* flags of linux/bpf.h that a program has to be loaded with.
func (t Target) Flags() uint32 { return t.flags }

// View returns the view for which a filter has to be compiled.
func (t Target) View() ir.View { return t.views[0] }

// Access returns the target's strategies in order of preference, without those that
// need to know one kernel.
func (t Target) Access() []Access { return t.AccessOn(nil) }

// AccessOn returns the target's strategies in order of preference for a kernel of
// which k is known; nil: nothing.
func (t Target) AccessOn(k *Kernel) []Access {
	var all []Access
	for _, w := range t.access {
		if w.access != AccessRdonlyCast || k != nil {
			all = append(all, w.access)
		}
	}
	return all
}

// AccessIn returns the strategies that a version of Linux takes, in order of preference; none
// where it does not have the target. AccessRdonlyCast, where it is among them, needs Options.Kernel, too.
func (t Target) AccessIn(v Version) []Access {
	var all []Access
	for _, w := range t.access {
		if !v.before(w.since) {
			all = append(all, w.access)
		}
	}
	return all
}

// Verdict returns the values of R0 for a filter of the given snapshot length.
func (t Target) Verdict(snaplen uint32, o Options) Verdict {
	switch {
	case o.Verdict != nil:
		return *o.Verdict
	case t.snaplenAccepts:
		return Verdict{Accept: snaplen, Reject: t.verdict.Reject}
	}
	return t.verdict
}

// unsupported makes the error that the target lacks something.
func (t Target) unsupported(format string, args ...any) error {
	return &UnsupportedError{Target: t.name, What: fmt.Sprintf(format, args...)}
}

// fits reports why f cannot run at the target, nil if it can.
func (t Target) fits(f *ir.Func) error {
	ok := false
	for _, v := range t.views {
		ok = ok || v == f.View
	}
	if !ok {
		var names []string
		for _, v := range t.views {
			names = append(names, v.String())
		}
		return t.unsupported("needs a filter for view %s, not %s", strings.Join(names, " or "), f.View)
	}
	for id := range f.Values {
		if v := &f.Values[id]; v.Op == ir.OpMeta {
			if _, ok := t.ctx.meta[v.Meta]; !ok {
				return t.unsupported("has no metadatum %s", v.Meta)
			}
		}
	}
	return nil
}

// choose returns the strategy that o asks for.
func (t Target) choose(o Options, v Verdict) (Access, error) {
	if oldest := t.Oldest(); o.Version.before(oldest) {
		return 0, t.unsupported("needs Linux %s, not %s", oldest, o.Version)
	}
	for _, w := range t.access {
		switch {
		case o.Access == AccessDefault && (w.access == AccessRdonlyCast && o.Kernel == nil || o.Version.before(w.since)):
			continue
		case o.Access == AccessDefault:
		case w.access != o.Access:
			continue
		case o.Version.before(w.since):
			return 0, t.unsupported("access %s needs Linux %s, not %s", w.access, w.since, o.Version)
		}
		if w.access == AccessRdonlyCast && o.Kernel == nil {
			return 0, t.unsupported("access %s needs facts about one kernel", w.access)
		}
		if w.access == AccessLdAbs && v.Reject != 0 {
			return 0, t.unsupported("access %s rejects with 0, not with %d", w.access, v.Reject)
		}
		return w.access, nil
	}
	return 0, t.unsupported("has no access %s", o.Access)
}
