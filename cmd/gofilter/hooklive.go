package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/capture/hook"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/savefile"
)

// A hookCapture is a capture at hooks. One buffer is for all places.
type hookCapture struct {
	h       *hook.Handle
	sources []*hookSource // in the order of the handle's places
	since   time.Time
	out     *output
}

// liveHook captures at the hook that the options name, as live does with packet sockets.
func (s *session) liveHook() (err error) {
	names, err := s.interfaceNames()
	if err != nil {
		return err
	}
	c := &hookCapture{}
	for _, name := range names {
		src, err := s.hookSource(name)
		if err != nil {
			return err
		}
		c.sources = append(c.sources, src)
	}
	if err := c.open(s); err != nil {
		return err
	}
	defer c.h.Close()
	c.say(s)
	if err := s.dropPrivileges(); err != nil {
		return err
	}
	var ifaces []*savefile.Interface
	for _, src := range c.sources {
		ifaces = append(ifaces, src.iface)
	}
	if c.out, err = s.newOutput(ifaces, c.statistics); err != nil {
		return err
	}
	keepBrokenPipe()
	stop := s.watchSignals(c) // before the banner: who sees that may send one
	c.banner(s)
	err = c.run(s.opt.count)
	stop()
	err = s.filesDone(err)
	err = s.hadEnough(errors.Join(err, c.out.finish()))
	for _, line := range c.counts() {
		s.notice("%s", line)
	}
	return err
}

// open starts to capture.
func (c *hookCapture) open(s *session) error {
	o := s.captureConfig("", 0, &kernelFilter{all: true})
	cfg := hook.Config{Snaplen: o.Snaplen, BufferSize: o.BufferSize, BlockTimeout: time.Second / 4, Immediate: o.Immediate}
	for _, src := range c.sources {
		cfg.Places = append(cfg.Places, src.place)
	}
	c.since = time.Now()
	var err error
	if c.h, err = hook.Open(cfg); err != nil {
		return err
	}
	for i, a := range c.h.Attachments() {
		iface := &savefile.Interface{
			Name:      a.Interface,
			Filter:    s.filterText(),
			LinkType:  a.LinkType,
			Snaplen:   uint32(c.h.Snaplen()),
			Nano:      s.opt.nano || s.opt.savesNg() && !s.opt.micro,
			BigEndian: hostIsBigEndian(),
		}
		describeHook(iface, a.Hook)
		c.sources[i].iface = iface
	}
	return nil
}

// say tells, with -v, where the programs are attached, and always where they may stay behind.
func (c *hookCapture) say(s *session) {
	buffer, size := c.h.Buffer()
	for i, a := range c.h.Attachments() {
		on := ""
		if len(c.sources) > 1 {
			on = a.Interface + ": "
		}
		if a.Lasts {
			s.notice("%s: %sthe program stays if this one is killed, for the kernel has no TCX; tc filter del removes it", program, on)
		}
		if s.opt.verbose == 0 {
			continue
		}
		reads := ", no filter"
		if access := c.sources[i].access; access != ebpfgen.AccessDefault {
			reads = ", access " + access.String()
		}
		s.notice("%s: %sprogram attached at %s by %s, %d instructions%s, %s of %d bytes", program, on, a.Hook, a.Via, a.Instructions, reads, buffer, size)
	}
}

// banner says what is being captured.
func (c *hookCapture) banner(s *session) {
	if s.opt.verbose == 0 && s.opt.write == "" {
		s.notice("%s: verbose output suppressed, use -v[v]... for full protocol decode", program)
	} else {
		fmt.Fprintf(s.stderr, "%s: ", program)
	}
	for _, a := range c.h.Attachments() {
		s.notice("listening on %s at %s, link-type %s, snapshot length %d bytes", a.Interface, a.Hook, linkText(a.LinkType), c.h.Snaplen())
	}
}

// run takes packets until there are no more, or so many as are wanted.
func (c *hookCapture) run(count uint64) error {
	var p capture.Packet
	var rec savefile.Record
	for {
		block, err := c.h.NextBlock()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		c.out.lookAtClock()
		for block.Next(&p) {
			src := c.sources[block.Place()]
			rec.Number++
			rec.Interface, rec.Flags = src.iface, hookFlags(src.place.Hook, &p)
			if err := c.out.captured(&rec, &p); err != nil {
				block.Release()
				return err
			}
			src.taken++
			if c.out.taken == count {
				block.Release()
				return nil
			}
		}
		block.Release()
		if c.out.printer != nil {
			if err := c.out.flushLines(); err != nil {
				return err
			}
		}
	}
}

// statistics returns what a savefile says of each interface at its end.
func (c *hookCapture) statistics() []savefile.Statistics {
	var list []savefile.Statistics
	for i, st := range c.h.Stats() {
		list = append(list, savefile.Statistics{Start: c.since.UnixNano(), End: time.Now().UnixNano(),
			Received: st.Received, Dropped: st.Dropped, Delivered: c.sources[i].taken})
	}
	return list
}

func (c *hookCapture) end()             { c.h.Break() }
func (c *hookCapture) flushSaved() bool { return c.out.flushFile() != nil }

func (c *hookCapture) counts() []string {
	var sum capture.Stats
	for _, st := range c.h.Stats() {
		sum.Received += st.Received
		sum.Dropped += st.Dropped
	}
	return countLines(sum, c.out.count.Load())
}
