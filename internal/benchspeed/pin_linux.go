package main

import (
	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
)

// A board is what XDP programs are pinned to: a link in a private namespace.
type board struct {
	lab *netlab.Lab // nil until it is needed
}

// pin attaches an XDP program, and gives back what takes it off. The kernel enters XDP
// programs through code that it patches when one comes or goes, and BPF_PROG_TEST_RUN is such
// a coming and going unless the program is attached: tens of milliseconds for a call, and the
// calling thread's time goes into it.
func (b *board) pin(p *ebpf.Program) (unpin func() error, err error) {
	if b.lab == nil {
		if b.lab, err = netlab.Open(netlab.Options{Quiet: true}); err != nil {
			return nil, err
		}
	}
	var l *attach.Link
	err = b.lab.Left.Do(func() error {
		l, err = attach.XDP(b.lab.Left.Index, p, attach.XDPGeneric)
		return err
	})
	if err != nil {
		return nil, err
	}
	return l.Close, nil
}

func (b *board) close() {
	if b.lab != nil {
		b.lab.Close()
	}
}
