package main

import (
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/capture/hook"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/opt"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/internal/untag"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A hookSource is a place at the hook that the options name.
type hookSource struct {
	place  hook.Place
	access ebpfgen.Access      // how the filter reads packets; AccessDefault: there is no filter
	iface  *savefile.Interface // as the savefile describes it
	taken  uint64              // packets
}

// hookSource prepares the hook of an interface.
func (s *session) hookSource(name string) (*hookSource, error) {
	at := s.opt.hook
	link := linktype.Raw
	if at.Kind != hook.Cgroup {
		var err error
		if link, err = s.liveLinkType(name); err != nil {
			return nil, err
		}
	}
	c := s.captureConfig(name, link, &kernelFilter{all: true})
	src := &hookSource{place: hook.Place{Hook: at, Interface: name, LinkType: c.LinkType, Promiscuous: c.Promiscuous, Direction: c.Direction}}
	return src, s.compileHook(src, link)
}

// compileHook compiles the filter for a hook.
func (s *session) compileHook(src *hookSource, link linktype.Type) error {
	p := &src.place
	typ := p.Hook.ProgramType()
	target := hookTarget(typ)
	p.FilterFlags = target.Flags()
	if s.takesAll() {
		return nil
	}
	fn, err := s.hookFunc(p, target, link)
	if err != nil {
		return err
	}
	if src.access, err = hookAccess(target, typ, s.opt.access); err != nil {
		return err
	}
	p.Filter, err = ebpfgen.Generate(fn, target, ebpfgen.Options{Access: src.access, Verdict: &ebpfgen.Verdict{Accept: 1}})
	return err
}

// hookFunc returns the filter for a hook: it means what it means to a packet socket. At XDP a
// frame has still the tag that the stack takes out of the bytes.
func (s *session) hookFunc(p *hook.Place, target ebpfgen.Target, link linktype.Type) (*ir.Func, error) {
	c := s.liveConfig(p.Interface, link)
	c.View = target.View()
	tags := c.View == ir.ViewXDP && link == linktype.Ethernet
	if tags {
		c.View = ir.ViewTC
	}
	f, err := s.compile(c)
	if err != nil {
		return nil, err
	}
	if !tags {
		return f.IR(), nil
	}
	fn, err := untag.XDP(f.IR())
	if err != nil {
		return nil, fmt.Errorf("the filter cannot run at %s: %w", p.Hook, err)
	}
	return fn, opt.Run(fn, opt.Options{Plain: s.opt.noOptimize})
}

// hookTarget returns the target of a hook's programs.
func hookTarget(typ ebpf.ProgramType) ebpfgen.Target {
	switch typ {
	case ebpf.SchedCLS:
		return ebpfgen.SchedCLS
	case ebpf.CGroupSKB:
		return ebpfgen.CgroupSKB
	case ebpf.XDP:
		// Frames in several pieces came with the BPF helper that copies from them.
		if attach.Access(ebpf.XDP, attach.AccessHelper) == nil {
			return ebpfgen.XDPFrags
		}
		return ebpfgen.XDP
	}
	panic(fmt.Sprintf("%s: no target for programs of type %s", program, typ))
}

// hookAccess returns the first strategy that works here, or the one that is asked for.
func hookAccess(target ebpfgen.Target, typ ebpf.ProgramType, asked ebpfgen.Access) (ebpfgen.Access, error) {
	if asked != ebpfgen.AccessDefault {
		return asked, nil
	}
	var first error
	for _, a := range target.Access() {
		// What ends the program where a packet is too short ends the capturing one, too.
		if a == ebpfgen.AccessLdAbs {
			continue
		}
		err := attach.Access(typ, a.String())
		if err == nil {
			return a, nil
		}
		if first == nil {
			first = err
		}
	}
	return 0, first
}

// verdictKinds are the numbers that pcapng has for the programs whose verdicts it records.
var verdictKinds = map[ebpf.ProgramType]uint8{ebpf.SchedCLS: savefile.VerdictTC, ebpf.XDP: savefile.VerdictXDP}

// describeHook records the hook, and the verdict of its program, in what a savefile says of
// the interface.
func describeHook(i *savefile.Interface, at hook.Hook) {
	i.Description = "hook " + at.String()
	if kind, ok := verdictKinds[at.ProgramType()]; ok {
		i.Verdict = &savefile.Verdict{Kind: kind, Value: int64(at.Verdict())}
	} else {
		i.Comment = fmt.Sprintf("verdict %d of each packet: it passes", at.Verdict())
	}
}

// hookFlags returns what pcapng records of a packet's way.
func hookFlags(at hook.Hook, p *capture.Packet) uint32 {
	if p.Type == capture.Outgoing {
		return savefile.FlagOutbound
	}
	if at.ProgramType() == ebpf.XDP {
		return savefile.FlagInbound // in front of the one who says whom it is for
	}
	flags := uint32(savefile.FlagInbound)
	switch p.Type {
	case capture.Host:
		flags |= savefile.FlagUnicast
	case capture.Broadcast:
		flags |= savefile.FlagBroadcast
	case capture.Multicast:
		flags |= savefile.FlagMulticast
	case capture.OtherHost:
		flags |= savefile.FlagPromiscuous
	}
	return flags
}
