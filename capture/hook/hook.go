package hook

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
)

// Kind is a kind of place in the kernel.
type Kind uint8

// The kinds.
const (
	TCIngress  Kind = iota + 1 // packets that an interface receives, in front of the stack
	TCEgress                   // packets that it is given to send
	TCX                        // both, by bpf_link only (Linux 6.6)
	XDP                        // received frames in the driver, or as XDPGeneric where it cannot
	XDPGeneric                 // received frames, in the stack
	Cgroup                     // packets of the sockets of a control group, from the network layer on
)

// A Hook is a place to capture at.
type Hook struct {
	Kind Kind
	Path string // of the control group's directory, for Cgroup
}

// A kind is what is known of one.
type kind struct {
	kind       Kind
	name       string
	typ        ebpf.ProgramType
	directions []capture.Direction
	// verdict is what the program answers: TC_ACT_UNSPEC, which is TCX_NEXT, XDP_PASS, or
	// 1 for a control group (linux/pkt_cls.h, linux/bpf.h).
	verdict int32
}

var kinds = []kind{
	{TCIngress, "tc-ingress", ebpf.SchedCLS, []capture.Direction{capture.In}, -1},
	{TCEgress, "tc-egress", ebpf.SchedCLS, []capture.Direction{capture.Out}, -1},
	{TCX, "tcx", ebpf.SchedCLS, []capture.Direction{capture.In, capture.Out}, -1},
	{XDP, "xdp", ebpf.XDP, []capture.Direction{capture.In}, 2},
	{XDPGeneric, "xdp-generic", ebpf.XDP, []capture.Direction{capture.In}, 2},
	{Cgroup, "cgroup", ebpf.CGroupSKB, []capture.Direction{capture.In, capture.Out}, 1},
}

// row returns the row of a kind; nil where there is none.
func (k Kind) row() *kind {
	for i := range kinds {
		if kinds[i].kind == k {
			return &kinds[i]
		}
	}
	return nil
}

// Names returns the forms that Parse takes.
func Names() []string {
	var names []string
	for i := range kinds {
		name := kinds[i].name
		if kinds[i].kind == Cgroup {
			name += "=PATH"
		}
		names = append(names, name)
	}
	return names
}

// Parse returns the hook that s names: tc-ingress, tc-egress, tcx, xdp, xdp-generic, or
// cgroup=PATH.
func Parse(s string) (Hook, error) {
	name, path, hasPath := strings.Cut(s, "=")
	for i := range kinds {
		k := &kinds[i]
		if k.name != name || hasPath && k.kind != Cgroup {
			continue
		}
		if k.kind == Cgroup && path == "" {
			return Hook{}, fmt.Errorf("hook cgroup needs a directory: cgroup=PATH")
		}
		return Hook{k.kind, path}, nil
	}
	return Hook{}, fmt.Errorf("unknown hook %q: want %s", s, strings.Join(Names(), ", "))
}

// String returns the form that Parse takes.
func (h Hook) String() string {
	k := h.Kind.row()
	switch {
	case k == nil:
		return fmt.Sprintf("hook(%d)", uint8(h.Kind))
	case h.Kind == Cgroup:
		return k.name + "=" + h.Path
	}
	return k.name
}

// ProgramType returns the type of the hook's programs, and so of the filter.
func (h Hook) ProgramType() ebpf.ProgramType {
	if k := h.Kind.row(); k != nil {
		return k.typ
	}
	return ebpf.UnspecifiedProgram
}

// Verdict returns what the capturing program answers the kernel of each packet: that the
// next program, or the stack, shall have it.
func (h Hook) Verdict() int32 {
	if k := h.Kind.row(); k != nil {
		return k.verdict
	}
	return 0
}

// directions returns those to attach to where d is wanted.
func (h Hook) directions(d capture.Direction) ([]attach.Direction, error) {
	names := map[capture.Direction]attach.Direction{capture.In: attach.Ingress, capture.Out: attach.Egress}
	var list []attach.Direction
	for _, have := range h.Kind.row().directions {
		if d == capture.InOut || d == have {
			list = append(list, names[have])
		}
	}
	if list == nil {
		return nil, fmt.Errorf("hook %s has no packets of direction %s", h, d)
	}
	return list, nil
}
