package hook

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/linktype"
)

// A site is a place that is being captured at.
type site struct {
	Place
	device   device
	linkType linktype.Type
	tags     bool // a tag in the metadata is put back into the bytes
	arphrd   uint16

	progs    []*ebpf.Program // until they are attached, in the order of directions
	links    []*attach.Link
	via      string
	lasts    bool
	length   int // of the longest program, in instructions
	counters *counters

	taken, delivered uint64 // guarded by Handle.mu
}

// failed names what an error is about.
func (s *site) failed(err error) error {
	return &capture.InterfaceError{Interface: s.device.name, Err: err}
}

// directions returns those to attach to.
func (s *site) directions() ([]attach.Direction, error) {
	if s.Hook.Kind == TCX && s.arphrd == unix.ARPHRD_LOOPBACK && s.Direction == capture.InOut {
		return []attach.Direction{attach.Ingress}, nil // what goes out comes in
	}
	return s.Hook.directions(s.Direction)
}

// load loads a program for each direction; p is what they have in common with other sites'.
func (s *site) load(p program) error {
	directions, err := s.directions()
	if err != nil {
		return err
	}
	if s.counters, err = newCounters(); err != nil {
		return s.failed(err)
	}
	p.typ, p.filter, p.verdict, p.tags = s.Hook.ProgramType(), s.Filter, s.Hook.Verdict(), s.tags
	p.counters = s.counters.m.FD()
	p.helpers = p.typ != ebpf.XDP || attach.Access(ebpf.XDP, attach.AccessHelper) == nil
	if s.Hook.Kind == Cgroup {
		p.only = s.device.index
	}
	for _, p.direction = range directions {
		insns := p.build()
		s.length = max(s.length, instructions(insns))
		prog, err := attach.LoadFlags(insns, p.typ, s.FilterFlags)
		if err != nil {
			return s.failed(fmt.Errorf("%s: %w", p.what(), err))
		}
		s.progs = append(s.progs, prog)
	}
	return nil
}

// attach attaches the programs.
func (s *site) attach() error {
	directions, err := s.directions()
	if err != nil {
		return err
	}
	if s.Promiscuous && s.Hook.Kind != Cgroup && directions[0] == attach.Ingress {
		if err := s.device.setPromiscuous(); err != nil {
			return s.failed(err)
		}
	}
	for i, d := range directions {
		l, err := s.attachTo(d, s.progs[i])
		if err != nil {
			return s.failed(err)
		}
		s.links = append(s.links, l)
		s.via, s.lasts = l.Via, l.Lasts
	}
	s.unload() // the links keep them
	return nil
}

func (s *site) attachTo(d attach.Direction, prog *ebpf.Program) (*attach.Link, error) {
	switch s.Hook.Kind {
	case TCIngress, TCEgress:
		return attach.TC(s.device.index, d, prog)
	case TCX:
		return attach.TCX(s.device.index, d, prog)
	case XDP:
		return attach.XDP(s.device.index, prog, attach.XDPAuto)
	case XDPGeneric:
		return attach.XDP(s.device.index, prog, attach.XDPGeneric)
	case Cgroup:
		return attach.Cgroup(s.Hook.Path, d, prog)
	}
	panic(fmt.Sprintf("hook: attach to %s", s.Hook))
}

// unload closes the programs.
func (s *site) unload() {
	for _, prog := range s.progs {
		prog.Close()
	}
	s.progs = nil
}

// detach removes the programs from their places.
func (s *site) detach() error {
	var errs []error
	for _, l := range s.links {
		errs = append(errs, l.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return s.failed(err)
	}
	return nil
}

// close gives back what has not been given back. The counts are gone then.
func (s *site) close() {
	s.unload()
	s.device.close()
	if s.counters != nil {
		s.counters.close()
		s.counters = nil
	}
}
