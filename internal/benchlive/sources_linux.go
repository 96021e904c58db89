package main

import (
	"encoding/binary"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
)

// numFrames is how many different packets there are.
const numFrames = 128

// liveRepeat is how often one of them is received in a round of live frames. The kernel
// takes long to clear up after a round.
const liveRepeat = 16384

// sources are the ways to make packets.
var sources = []*source{
	{"sendmmsg at the other end", numFrames, 200, openSender},
	{"live frames of BPF_PROG_TEST_RUN", liveRepeat, 16, openLive},
}

// sender sends the frames at the left end; the softirq that receives them runs in its time.
type sender struct {
	*netlab.Sender
	frames [][]byte
}

func openSender(lab *netlab.Lab, frames [][]byte) (sending, error) {
	s, err := lab.Left.Sender()
	if err != nil {
		return nil, err
	}
	return &sender{s, frames}, nil
}

func (s *sender) send(int) error { return s.Send(s.frames...) }

// live lets the kernel's test of XDP programs receive frames on the right end, which no driver
// has anything to do with: a packet costs much less besides.
type live struct {
	pass   *ebpf.Program
	frames [][]byte
	ctx    []byte // struct xdp_md
}

func openLive(lab *netlab.Lab, frames [][]byte) (sending, error) {
	pass, err := attach.Load(asm.Instructions{asm.Mov.Imm(asm.R0, 2), asm.Return()}, ebpf.XDP) // XDP_PASS
	if err != nil {
		return nil, err
	}
	l := &live{pass: pass, frames: frames, ctx: make([]byte, 24)}
	binary.NativeEndian.PutUint32(l.ctx[4:], uint32(len(frames[0]))) // data_end
	binary.NativeEndian.PutUint32(l.ctx[12:], uint32(lab.Right.Index))
	return l, nil
}

func (l *live) send(round int) error {
	_, err := l.pass.Run(&ebpf.RunOptions{Data: l.frames[round%len(l.frames)], Context: l.ctx, Repeat: liveRepeat, Flags: unix.BPF_F_TEST_XDP_LIVE_FRAMES})
	return err
}

func (l *live) Close() error { return l.pass.Close() }
