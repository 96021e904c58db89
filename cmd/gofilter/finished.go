package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/internal/cooked"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// maxProgramFile bounds the size of a file with a program, in bytes: the longest program
// in the longest form.
const maxProgramFile = 1 << 20

// A finished program is a filter that somebody has compiled.
type finished struct {
	name  string // of the file
	prog  []bpf.RawInstruction
	saved *cbpfgen.Savefile // what the file says of the program; nil where it says nothing
	link  linktype.Type     // what the program is for, where saved or -y says it
}

// readProgram reads the program that --program names.
func (s *session) readProgram() (*finished, error) {
	p := &finished{name: s.opt.program}
	in := s.stdin
	if p.name == "-" {
		p.name = "standard input"
	} else {
		f, err := os.Open(p.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, cause(err))
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxProgramFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", p.name, cause(err))
	case len(data) > maxProgramFile:
		return nil, fmt.Errorf("%s: a program is not longer than %d bytes", p.name, maxProgramFile)
	}
	if err := p.parse(data); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return p, nil
}

// parse reads a savefile or one of the text forms.
func (p *finished) parse(data []byte) (err error) {
	if cbpfgen.IsSavefile(data) {
		if p.saved, err = cbpfgen.ParseSavefile(data); err != nil {
			return err
		}
		p.prog = p.saved.Program
		if p.link, err = dlt(p.saved.LinkType); err != nil {
			return err
		}
	} else if p.prog, err = cbpfgen.Parse(string(data)); err != nil {
		return err
	}
	return cbpfgen.Verify(p.prog)
}

// dlt returns the link type of a DLT_ number.
func dlt(n uint16) (linktype.Type, error) {
	t, ok := linktype.FromDLT(int(n))
	if !ok {
		return 0, fmt.Errorf("unknown link type DLT_%d", n)
	}
	return t, nil
}

// suits reports a program that was made for other packets than those of a link type.
func (p *finished) suits(link linktype.Type) error {
	if p.saved != nil && p.link != link {
		return fmt.Errorf("%s: the program is for link type %v, not %v", p.name, p.link, link)
	}
	return nil
}

// Run returns the program's result for a packet of a file.
func (p *finished) Run(pkt []byte, md *ir.Metadata) uint32 {
	return cbpfvm.Run(cbpfvm.Libpcap, p.prog, pkt, md)
}

// forFile reports a program that cannot filter files of a link type.
func (p *finished) forFile(link linktype.Type) error {
	if cbpfgen.NeedsMetadata(p.prog) {
		return fmt.Errorf("%s: the program is for a live capture: it asks for metadata, which a file does not have", p.name)
	}
	return p.suits(link)
}

// forSocket reports a program that cannot filter an interface's packets.
func (p *finished) forSocket(link linktype.Type) error {
	if cooked.Is(link) {
		return fmt.Errorf("%s: a finished program cannot filter an interface whose packets have a cooked header in files only: give the expression", p.name)
	}
	return p.suits(link)
}

// filterText returns the text of the filter, as far as there is one.
func (s *session) filterText() string {
	if s.finished != nil && s.finished.saved != nil {
		return s.finished.saved.Filter
	}
	return s.source
}

// dumpFinished prints a finished program in the form that was asked for.
func (s *session) dumpFinished() error {
	p, o := s.finished, s.opt
	row := o.classicFormat()
	if o.linkGiven {
		if err := p.suits(o.linkType); err != nil {
			return err
		}
		p.link = o.linkType
	}
	if p.saved != nil || o.linkGiven {
		if err := row.client.sees(p.link); err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return s.deliverClassic(p.prog, func() *cbpfgen.Savefile {
		if p.saved != nil {
			return p.saved
		}
		if !o.linkGiven {
			s.notice("Warning: assuming Ethernet")
			p.link = linktype.Ethernet
		}
		snaplen := o.snaplen
		if snaplen == 0 {
			snaplen = maxSnaplen
		}
		return &cbpfgen.Savefile{Program: p.prog, LinkType: uint16(p.link.DLT()), Snaplen: snaplen,
			Dialect: cbpfgen.LinuxDialect, LinkTypeName: p.link.String(), Comment: program + " " + version()}
	})
}

// checkProgram refuses what a finished program cannot be beside, or become.
func (o *options) checkProgram() error {
	if o.program == "" {
		return nil
	}
	switch {
	case o.exprFile != "" || strings.TrimSpace(strings.Join(o.words, " ")) != "":
		return errors.New("--program has the filter: no expression beside it")
	case o.ebpf:
		return errors.New("--program is a classic one: an eBPF program is made of an expression")
	case o.dumpPass != "":
		return errors.New("--dump-pass shows how an expression is compiled; --program is finished")
	case o.attach == "ebpf":
		return errors.New("--program is a classic one: --attach classic")
	case len(o.ifaces) > 1:
		return errors.New("--program is for one interface: choose one -i")
	}
	return nil
}
