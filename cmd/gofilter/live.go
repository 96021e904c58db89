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
	g     *capture.Group // a handle for each worker
	k     *kernelFilter
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
			src.g.Close()
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
	keepBrokenPipe()
	stop := s.watchSignals(liveCapture{sources, out}) // before the banner: who sees that may send one
	s.banner(sources)
	if len(sources) == 1 && s.opt.workers == 1 {
		err = s.capture(sources[0], out)
	} else {
		err = s.captureTogether(sources, out)
	}
	stop()
	err = s.filesDone(err)
	err = s.hadEnough(errors.Join(err, out.finish()))
	return errors.Join(err, s.summary(sources, out))
}

// open starts to capture on an interface.
func (s *session) open(name string) (*source, error) {
	link, err := s.liveLinkType(name)
	if err != nil {
		return nil, err
	}
	k, err := s.kernelFilter(name, link)
	if err != nil {
		return nil, err
	}
	cfg := s.captureConfig(name, link, k)
	if cfg.TimeStamp, err = s.timeStamp(name); err != nil {
		return nil, err
	}
	since := time.Now()
	g, err := capture.OpenGroup(cfg, s.opt.workers)
	if err != nil {
		return nil, err
	}
	h := g.Handles()[0]
	return &source{g: g, k: k, since: since, iface: &savefile.Interface{
		Name:      h.Interface(),
		Filter:    s.filterText(),
		LinkType:  h.LinkType(),
		Snaplen:   uint32(h.Snaplen()),
		Nano:      s.opt.nano || s.opt.savesNg() && !s.opt.micro,
		BigEndian: hostIsBigEndian(),
	}}, nil
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
	switch {
	case o.immediate || (o.write == "" && isTerminal(s.stdout)):
		cfg.Immediate = true
	case o.workers > 1 || len(o.ifaces) > 1:
		// What is merged waits for what may come before it.
		cfg.BlockTimeout = mergeTimeout
	default:
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

// mergeTimeout is how long a packet may wait in a block of one ring among several.
const mergeTimeout = 10 * time.Millisecond

// banner says what is being captured.
func (s *session) banner(sources sources) {
	if s.opt.verbose == 0 && s.opt.write == "" {
		s.notice("%s: verbose output suppressed, use -v[v]... for full protocol decode", program)
	} else {
		fmt.Fprintf(s.stderr, "%s: ", program)
	}
	for _, src := range sources {
		h := src.g.Handles()[0]
		s.notice("listening on %s, link-type %s, snapshot length %d bytes", h.Interface(), linkText(h.LinkType()), h.Snaplen())
	}
}

// capture takes packets until there are no more.
func (s *session) capture(src *source, out *output) error {
	rec := savefile.Record{Interface: src.iface}
	var failed error
	for {
		block := src.next(&failed)
		if block == nil {
			return failed
		}
		out.lookAtClock()
		n, err := out.block(block, &rec, s.opt.count)
		src.taken += n
		block.Release()
		switch {
		case err != nil:
			return err
		case s.opt.count > 0 && out.taken == s.opt.count:
			return nil
		}
		if out.printer != nil {
			if err := out.flushLines(); err != nil {
				return err
			}
		}
	}
}

// next returns the next packets of a source with one worker, or nil where there are no more. What has
// been captured is still to be had after an error that ends the capture; the error is
// kept in failed.
func (src *source) next(failed *error) *capture.Block {
	for {
		block, err := src.g.Handles()[0].NextBlock()
		switch {
		case err == nil:
			return block
		case err == io.EOF, *failed != nil:
			return nil
		}
		*failed = err
		src.g.Break()
	}
}

// block takes the packets of a block and returns how many it took. It stops when limit,
// if that is not 0, have been taken in all, or after the first error. rec has all that the
// packets do not say.
func (out *output) block(block *capture.Block, rec *savefile.Record, limit uint64) (n uint64, err error) {
	out.mu.Lock()
	defer out.mu.Unlock()
	link := rec.Interface.LinkType
	var p capture.Packet
	for block.Next(&p) {
		rec.Number++
		set(rec, &p)
		if err = out.take(rec, link); err != nil {
			break
		}
		if n++; out.taken == limit {
			break
		}
		if w := out.steady(); w != nil {
			more, err := out.steadily(w, block, limit)
			rec.Number += more
			return n + more, err
		}
	}
	out.count.Store(out.taken)
	return n, err
}

// lendFrom is the mean length, in bytes, of packets that are written from the ring, where
// they are. Shorter ones are copied together.
const lendFrom = 512

// steadily is block for packets that go to one file and nowhere else: a packet costs
// little more than its copy, or, if it is long, not even that.
func (out *output) steadily(w packetWriter, block *capture.Block, limit uint64) (n uint64, err error) {
	left := limit - out.taken // where there is no limit, more than there can be
	lend, bytes := out.meanLength >= lendFrom, 0
	var p capture.Packet
	for n < left && err == nil && block.Next(&p) {
		n++
		bytes += len(p.Data)
		if lend {
			err = w.LendAt(uint64(p.Time), p.Data, uint32(p.Length))
		} else {
			err = w.WriteAt(uint64(p.Time), p.Data, uint32(p.Length))
		}
	}
	if lend && err == nil {
		err = w.Flush() // the block goes back
	}
	if n > 0 {
		out.meanLength = bytes / int(n)
	}
	out.taken += n
	out.count.Store(out.taken)
	return n, out.saver.failed(err)
}

// captured takes a packet from an interface; rec has all that p does not say.
func (out *output) captured(rec *savefile.Record, p *capture.Packet) error {
	set(rec, p)
	return out.packet(rec, rec.Interface.LinkType)
}

// set puts into rec what p says.
func set(rec *savefile.Record, p *capture.Packet) {
	rec.Data, rec.Len = p.Data, uint32(p.Length)
	rec.Sec, rec.Nsec = p.Time/1e9, uint32(p.Time%1e9)
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
