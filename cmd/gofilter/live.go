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

// live captures until a signal, an error, or the number of packets asked for.
func (s *session) live() (err error) {
	name, err := interfaceName(s.opt.iface)
	if err != nil {
		return err
	}
	link, err := s.liveLinkType(name)
	if err != nil {
		return err
	}
	k, err := s.kernelFilter(name, link)
	if err != nil {
		return err
	}
	h, err := capture.Open(s.captureConfig(name, link, k))
	if err != nil {
		return err
	}
	defer h.Close()
	k.say(s)
	if err := s.dropPrivileges(); err != nil {
		return err
	}
	out, err := s.newOutput(savefile.Header{LinkType: h.LinkType(), Snaplen: uint32(h.Snaplen()), Nano: s.opt.nano, BigEndian: hostIsBigEndian()})
	if err != nil {
		return err
	}
	stop := s.watchSignals(liveCapture{h, out}) // before the banner: who sees that may send one
	s.banner(h)
	err = s.capture(h, out)
	stop()
	err = s.filesDone(err)
	err = errors.Join(err, out.finish())
	return errors.Join(err, s.summary(h, out))
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
func (s *session) captureConfig(name string, link linktype.Type, k *kernelFilter) capture.Config {
	o := s.opt
	cfg := capture.Config{
		Interface:   name,
		Snaplen:     int(o.snaplen),
		Promiscuous: !o.noPromisc,
		BufferSize:  int(o.bufferKiB) << 10,
		Filter:      k.filter(),
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
func (s *session) banner(h *capture.Handle) {
	if s.opt.verbose == 0 && s.opt.write == "" {
		s.notice("%s: verbose output suppressed, use -v[v]... for full protocol decode", program)
	} else {
		fmt.Fprintf(s.stderr, "%s: ", program)
	}
	s.notice("listening on %s, link-type %s, snapshot length %d bytes", h.Interface(), linkText(h.LinkType()), h.Snaplen())
}

// capture takes packets until there are no more.
func (s *session) capture(h *capture.Handle, out *output) error {
	link := h.LinkType()
	var p capture.Packet
	rec := savefile.Record{}
	for {
		block, err := h.NextBlock()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		out.lookAtClock()
		for block.Next(&p) {
			rec.Data, rec.Len = p.Data, uint32(p.Length)
			rec.Sec, rec.Nsec = p.Time/1e9, uint32(p.Time%1e9)
			rec.Number++
			if err := out.packet(&rec, link); err != nil {
				block.Release()
				return err
			}
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

// summary prints the counts at the end.
func (s *session) summary(h *capture.Handle, out *output) error {
	stats, err := h.Stats()
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
