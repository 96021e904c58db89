package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// liveConfig returns what to compile for to capture on an interface.
func (s *session) liveConfig(name string, link linktype.Type) gofilter.Config {
	cfg := s.config(link, ir.ViewSocket)
	if !cfg.Netmask.IsValid() {
		cfg.Netmask = netmaskOf(name)
	}
	return cfg
}

// A source is an interface that is being captured on.
type source struct {
	h     tap
	k     sayer
	iface *savefile.Interface // as the savefile describes it
	since time.Time
	taken uint64 // packets
}

// live captures until a signal, an error, or the number of packets asked for.
func (s *session) live() (err error) {
	names, err := s.interfaceNames()
	if err != nil {
		return err
	}
	var sources sources
	defer func() {
		for _, src := range sources {
			src.h.Close()
		}
	}()
	for _, name := range names {
		src, err := s.open(name)
		if err != nil {
			return err
		}
		sources = append(sources, src)
	}
	for _, src := range sources {
		src.k.say(s, src.iface.Name)
	}
	if err := s.dropPrivileges(); err != nil {
		return err
	}
	out, err := s.newOutput(sources.interfaces(), sources.statistics)
	if err != nil {
		return err
	}
	stop := s.watchSignals(liveCapture{sources, out}) // before the banner: who sees that may send one
	s.banner(sources)
	if len(sources) == 1 {
		err = s.capture(sources[0], out)
	} else {
		err = s.captureTogether(sources, out)
	}
	stop()
	err = s.filesDone(err)
	err = errors.Join(err, out.finish())
	return errors.Join(err, s.summary(sources, out))
}

// open starts to capture on an interface.
func (s *session) open(name string) (*source, error) {
	if s.opt.hooked() {
		return s.openHook(name)
	}
	link, err := s.liveLinkType(name)
	if err != nil {
		return nil, err
	}
	k, err := s.kernelFilter(name, link)
	if err != nil {
		return nil, err
	}
	since := time.Now()
	h, err := capture.Open(s.captureConfig(name, link, k.filter()))
	if err != nil {
		return nil, err
	}
	return s.newSource(socketTap{h}, k, since), nil
}

// newSource returns the source of a tap that was opened at a time.
func (s *session) newSource(h tap, k sayer, since time.Time) *source {
	return &source{h: h, k: k, since: since, iface: &savefile.Interface{
		Name:      h.Interface(),
		Filter:    s.source,
		LinkType:  h.LinkType(),
		Snaplen:   uint32(h.Snaplen()),
		Nano:      s.opt.nano || s.opt.savesNg() && !s.opt.micro,
		BigEndian: hostIsBigEndian(),
	}}
}

// liveLinkType returns the link type to capture an interface as.
func (s *session) liveLinkType(name string) (linktype.Type, error) {
	types, err := capture.LinkTypes(name)
	if err != nil {
		return 0, err
	}
	if !s.opt.linkGiven {
		return types[0], nil
	}
	for _, t := range types {
		if t == s.opt.linkType {
			return t, nil
		}
	}
	return 0, fmt.Errorf("%s: cannot be captured as %v; -L lists what it can", name, s.opt.linkType)
}

// captureConfig returns how to capture.
func (s *session) captureConfig(name string, link linktype.Type, filter capture.Filter) capture.Config {
	o := s.opt
	cfg := capture.Config{
		Interface:   name,
		Snaplen:     int(o.snaplen),
		Promiscuous: !o.noPromisc,
		BufferSize:  int(o.bufferKiB) << 10,
		Filter:      filter,
	}
	if o.linkGiven {
		cfg.LinkType = link
	}
	if o.immediate || (o.write == "" && isTerminal(s.stdout)) {
		cfg.Immediate = true
	} else {
		cfg.BlockTimeout = time.Second / 4
	}
	switch o.direction {
	case "in":
		cfg.Direction = capture.In
	case "out":
		cfg.Direction = capture.Out
	}
	return cfg
}

// banner says what is being captured.
func (s *session) banner(sources sources) {
	if s.opt.verbose == 0 && s.opt.write == "" {
		s.notice("%s: verbose output suppressed, use -v[v]... for full protocol decode", program)
	} else {
		fmt.Fprintf(s.stderr, "%s: ", program)
	}
	for _, src := range sources {
		at := ""
		if s.opt.hooked() {
			at = " at " + s.opt.hook.String()
		}
		s.notice("listening on %s%s, link-type %s, snapshot length %d bytes", src.h.Interface(), at, linkText(src.h.LinkType()), src.h.Snaplen())
	}
}

// capture takes packets until there are no more.
func (s *session) capture(src *source, out *output) error {
	var p capture.Packet
	rec := savefile.Record{Interface: src.iface}
	var failed error
	for {
		block := src.next(&failed)
		if block == nil {
			return failed
		}
		out.lookAtClock()
		for block.Next(&p) {
			rec.Number++
			if err := out.captured(&rec, &p); err != nil {
				block.Release()
				return err
			}
			src.taken++
			if out.taken == s.opt.count {
				block.Release()
				return nil
			}
		}
		block.Release()
		if out.printer != nil {
			if err := out.flushLines(); err != nil {
				return err
			}
		}
	}
}

// next returns the source's next packets, or nil where there are no more. What has
// been captured is still to be had after an error that ends the capture; the error is
// kept in failed.
func (src *source) next(failed *error) packets {
	for {
		block, err := src.h.packets()
		switch {
		case err == nil:
			return block
		case err == io.EOF, *failed != nil:
			return nil
		}
		*failed = err
		src.h.Break()
	}
}

// captured takes a packet from an interface; rec has all that p does not say.
func (out *output) captured(rec *savefile.Record, p *capture.Packet) error {
	rec.Data, rec.Len = p.Data, uint32(p.Length)
	rec.Sec, rec.Nsec = p.Time/1e9, uint32(p.Time%1e9)
	if out.s.opt.hooked() {
		rec.Flags = hookFlags(out.s.opt.hook, p)
	}
	return out.packet(rec, rec.Interface.LinkType)
}

// summary prints the counts at the end.
func (s *session) summary(sources sources, out *output) error {
	stats, err := sources.stats()
	if err != nil {
		return err
	}
	for _, line := range countLines(stats, out.taken) {
		s.notice("%s", line)
	}
	return nil
}

// countLines returns the counts of a capture, a line each.
func countLines(stats capture.Stats, taken uint64) []string {
	return []string{
		counted(taken, "packet") + " captured",
		counted(stats.Received, "packet") + " received by filter",
		counted(stats.Dropped, "packet") + " dropped by kernel",
	}
}
