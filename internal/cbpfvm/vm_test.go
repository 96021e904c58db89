package cbpfvm

import (
	"testing"

	"github.com/gofilter/gofilter/ir"
	"golang.org/x/net/bpf"
)

// codes of the instructions that the tests are written in.
const (
	ldImm  = 0x00
	ldAbsB = 0x30
	ldIndB = 0x50
	ldIndW = 0x40
	ldLen  = 0x80
	ldxImm = 0x01
	ldxLen = 0x81
	ldxMSH = 0xb1
	ldMem  = 0x60
	ldxMem = 0x61
	st     = 0x02
	stx    = 0x03
	addX   = 0x0c
	divX   = 0x3c
	modX   = 0x9c
	lshX   = 0x6c
	rshX   = 0x7c
	neg    = 0x84
	jeqK   = 0x15
	jgtX   = 0x2d
	ja     = 0x05
	retK   = 0x06
	retA   = 0x16
	tax    = 0x07
	txa    = 0x87
)

func TestRun(t *testing.T) {
	pkt := []byte{0x45, 2, 3, 4, 5, 6, 7, 8}
	md := &ir.Metadata{Len: 100, IfIndex: 7, VLANPresent: true, VLANTCI: 0x2005}
	for _, c := range []struct {
		name           string
		prog           []bpf.RawInstruction
		libpcap, linux uint32
	}{
		{"last byte", []bpf.RawInstruction{{Op: ldAbsB, K: 7}, {Op: retA}}, 8, 8},
		{"one byte beyond", []bpf.RawInstruction{{Op: ldAbsB, K: 8}, {Op: retK, K: 1}}, 0, 0},
		{"word at the end", []bpf.RawInstruction{{Op: ldxImm, K: 4}, {Op: ldIndW}, {Op: retA}}, 0x05060708, 0x05060708},
		{"word across the end", []bpf.RawInstruction{{Op: ldxImm, K: 4}, {Op: ldIndW, K: 1}, {Op: retK, K: 1}}, 0, 0},
		{"offset that wraps", []bpf.RawInstruction{{Op: ldxImm, K: 0xffffffff}, {Op: ldIndB, K: 2}, {Op: retA}}, 0, 2},
		{"offset from the network header", []bpf.RawInstruction{{Op: ldxImm, K: 0xfff00000}, {Op: ldIndB, K: 3}, {Op: retA}}, 0, 4},
		{"offset from the link header", []bpf.RawInstruction{{Op: ldxImm, K: 0xffe00000}, {Op: ldIndB, K: 3}, {Op: retA}}, 0, 4},
		{"offset before those", []bpf.RawInstruction{{Op: ldxImm, K: 0x80000000}, {Op: ldIndB, K: 3}, {Op: retA}}, 0, 0},
		{"wire length", []bpf.RawInstruction{{Op: ldLen}, {Op: retA}}, 100, 100},
		{"wire length in X", []bpf.RawInstruction{{Op: ldxLen}, {Op: txa}, {Op: retA}}, 100, 100},
		{"interface", []bpf.RawInstruction{{Op: 0x20, K: 0xfffff008}, {Op: retA}}, 7, 7},
		{"tag", []bpf.RawInstruction{{Op: 0x28, K: 0xfffff02c}, {Op: retA}}, 0x2005, 0x2005},
		{"header length", []bpf.RawInstruction{{Op: ldxMSH}, {Op: txa}, {Op: retA}}, 20, 20},
		{"header length beyond", []bpf.RawInstruction{{Op: ldxMSH, K: 8}, {Op: retK, K: 1}}, 0, 0},
		{"shift by 33", []bpf.RawInstruction{{Op: ldImm, K: 3}, {Op: ldxImm, K: 33}, {Op: lshX}, {Op: retA}}, 0, 6},
		{"shift right by 32", []bpf.RawInstruction{{Op: ldImm, K: 3}, {Op: ldxImm, K: 32}, {Op: rshX}, {Op: retA}}, 0, 3},
		{"division by zero", []bpf.RawInstruction{{Op: ldImm, K: 3}, {Op: divX}, {Op: retK, K: 1}}, 0, 0},
		{"remainder by zero", []bpf.RawInstruction{{Op: ldImm, K: 3}, {Op: modX}, {Op: retK, K: 1}}, 0, 0},
		{"negation", []bpf.RawInstruction{{Op: ldImm, K: 3}, {Op: neg}, {Op: retA}}, 0xfffffffd, 0xfffffffd},
		{"scratch", []bpf.RawInstruction{
			{Op: ldImm, K: 3}, {Op: st, K: 15}, {Op: ldxImm, K: 4}, {Op: stx, K: 0},
			{Op: ldMem, K: 0}, {Op: ldxMem, K: 15}, {Op: addX}, {Op: tax}, {Op: ldImm}, {Op: txa}, {Op: retA},
		}, 7, 7},
		{"jumps", []bpf.RawInstruction{
			{Op: ldImm, K: 3}, {Op: jeqK, K: 3, Jt: 1}, {Op: retK, K: 1}, {Op: jgtX, Jf: 1}, {Op: ja, K: 1}, {Op: retK, K: 2}, {Op: retK, K: 3},
		}, 3, 3},
	} {
		for m, want := range map[Machine]uint32{Libpcap: c.libpcap, Linux: c.linux} {
			if got := Run(m, c.prog, pkt, md); got != want {
				t.Errorf("%s on machine %d: %#x, want %#x", c.name, m, got, want)
			}
		}
	}
	if got := Run(Libpcap, []bpf.RawInstruction{{Op: ldLen}, {Op: retA}}, pkt, nil); got != 8 {
		t.Errorf("length without metadata is %d, want 8", got)
	}
}

// TestBackward: programs of libpcap's protochain jump back.
func TestBackward(t *testing.T) {
	// A counts down from 3; each round doubles X.
	prog := []bpf.RawInstruction{
		{Op: ldxImm, K: 1}, {Op: ldImm, K: 3},
		{Op: jeqK, K: 0, Jt: 7},
		{Op: st}, {Op: txa}, {Op: addX}, {Op: tax}, {Op: ldMem},
		{Op: 0x14, K: 1}, // sub
		{Op: ja, K: 0xfffffff8},
		{Op: txa}, {Op: retA},
	}
	if got := Run(Libpcap, prog, nil, nil); got != 8 {
		t.Errorf("got %d, want 8", got)
	}
}
