package conformance

import (
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"
	"slices"
)

// A node says where a number in a run came from.
type node struct {
	kind nodeKind
	val  uint32
	off  int // packet: offset in bytes; aux: offset of the ancillary datum
	size int // packet: bytes
	op   uint16
	a, b *node // operands that depend on the packet; nil for one that does not
	x, y uint32
}

type nodeKind uint8

const (
	nodePacket nodeKind = iota
	nodeLen
	nodeAux
	nodeArith
)

// A trace is what one run depended on.
type trace struct {
	branches []branch
	indices  []*node // what indirect loads added to their displacement
	cuts     []int   // captured lengths at which a load of the run starts or ends
	path     maphash.Hash
}

// branch is a conditional jump that a run met: "a op b" with x and y the numbers.
type branch struct {
	pc    int
	op    uint16
	taken bool
	a, b  *node
	x, y  uint32
}

// The recorders do nothing on a nil trace.

func (tr *trace) leaf(kind nodeKind, off, size int, v uint32) *node {
	if tr == nil {
		return nil
	}
	return &node{kind: kind, off: off, size: size, val: v}
}

// arith records "a op y" with a number y.
func (tr *trace) arith(op uint16, a, b *node, y, v uint32) *node {
	if tr == nil || a == nil {
		return nil
	}
	return &node{kind: nodeArith, op: op, a: a, b: b, x: a.val, y: y, val: v}
}

func (tr *trace) arith2(op uint16, a *node, x uint32, b *node, y, v uint32) *node {
	if tr == nil || (a == nil && b == nil) {
		return nil
	}
	return &node{kind: nodeArith, op: op, a: a, b: b, x: x, y: y, val: v}
}

// maxCut bounds the captured lengths that are worth trying.
const maxCut = 2048

func (tr *trace) load(off uint64, n int) {
	if tr == nil || off > maxCut {
		return
	}
	tr.cuts = append(tr.cuts, int(off), int(off)+n-1, int(off)+n)
}

func (tr *trace) index(x *node) {
	if tr == nil || x == nil {
		return
	}
	tr.indices = append(tr.indices, x)
	// A header of another length is another path: what lies where is different.
	tr.path.WriteByte(byte(min(x.val, 255)))
}

func (tr *trace) branch(pc int, op uint16, taken bool, a *node, x uint32, b *node, y uint32) {
	if tr == nil {
		return
	}
	k := uint32(pc) << 1
	if taken {
		k |= 1
	}
	var h [4]byte
	binary.LittleEndian.PutUint32(h[:], k)
	tr.path.Write(h[:])
	if a != nil || b != nil {
		tr.branches = append(tr.branches, branch{pc, op, taken, a, b, x, y})
	}
}

// clone returns a copy that shares nothing.
func (in *Input) clone() *Input {
	c := *in
	c.Data = slices.Clone(in.Data)
	return &c
}

// set changes the input so that n becomes want, as far as that can be had by taking the
// other operand of each operation as it is. It reports whether it found a way.
func set(in *Input, n *node, want uint32) bool {
	switch n.kind {
	case nodePacket:
		if n.off+n.size > len(in.Data) {
			return false
		}
		p := in.Data[n.off:]
		switch n.size {
		case 1:
			p[0] = byte(want)
			return want <= 0xff
		case 2:
			binary.BigEndian.PutUint16(p, uint16(want))
			return want <= 0xffff
		}
		binary.BigEndian.PutUint32(p, want)
		return true
	case nodeLen:
		if want > 1<<20 {
			return false
		}
		in.Meta.Len = want
		in.Data = in.Data[:min(len(in.Data), int(want))]
		return true
	case nodeAux:
		switch n.off {
		case 0:
			in.Meta.Protocol = uint16(want)
			return want <= 0xffff
		case 4:
			in.Meta.PacketType = uint8(want)
			return want <= 7
		case 8:
			in.Meta.IfIndex = want
			return true
		case 44:
			in.Meta.VLANTCI, in.Meta.VLANPresent = uint16(want), true
			return want <= 0xffff
		case 48:
			in.Meta.VLANPresent = want == 1
			if want == 0 {
				in.Meta.VLANTCI, in.Meta.VLANTPID = 0, 0
			}
			return want <= 1
		case 60:
			in.Meta.VLANTPID, in.Meta.VLANPresent = uint16(want), true
			return want <= 0xffff
		}
		return false
	}
	if n.a != nil && setOperand(in, n, want) {
		return true
	}
	if n.b == nil {
		return false
	}
	// The second operand instead.
	switch n.op {
	case aluADD:
		return set(in, n.b, want-n.x)
	case aluSUB:
		return set(in, n.b, n.x-want)
	case aluXOR:
		return set(in, n.b, want^n.x)
	case aluAND, aluOR:
		return set(in, n.b, want)
	}
	return false
}

// setOperand is set for the first operand of an operation.
func setOperand(in *Input, n *node, want uint32) bool {
	y := n.y
	switch n.op {
	case aluADD:
		return set(in, n.a, want-y)
	case aluSUB:
		return set(in, n.a, want+y)
	case aluXOR:
		return set(in, n.a, want^y)
	case aluNEG:
		return set(in, n.a, -want)
	case aluAND:
		return want&^y == 0 && set(in, n.a, n.x&^y|want)
	case aluOR:
		return y&^want == 0 && set(in, n.a, want)
	case aluLSH:
		return y < 32 && want>>y<<y == want && set(in, n.a, want>>y)
	case aluRSH:
		return y < 32 && want<<y>>y == want && set(in, n.a, want<<y|n.x&(1<<y-1))
	case aluMUL:
		return y != 0 && want%y == 0 && set(in, n.a, want/y)
	case aluDIV:
		return y != 0 && uint64(want)*uint64(y) <= 0xffffffff && set(in, n.a, want*y+n.x%y)
	case aluMOD:
		return want < y && set(in, n.a, n.x-n.x%y+want)
	}
	return false
}

// wants lists numbers for the first operand of a branch that matter: they decide it the
// one way or the other, or lie at its border.
func wants(b *branch, rng *rand.Rand) []uint32 {
	y := b.y
	switch b.op {
	case jmpJEQ:
		if b.taken {
			return []uint32{y + 1, y - 1, y ^ 1<<rng.UintN(8), y ^ 1<<rng.UintN(32), 0, rng.Uint32()}
		}
		return []uint32{y}
	case jmpJGT, jmpJGE:
		return []uint32{y, y + 1, y - 1, rng.Uint32N(max(y, 1)), y + rng.Uint32N(256)}
	}
	// jset
	bit := uint32(1) << rng.UintN(32)
	return []uint32{b.x | y, b.x &^ y, b.x&^y | bit&y, b.x&^y | y&-y}
}

// budget bounds the exploration of one case.
type budget struct {
	inputs int // packets kept
	runs   int // traced runs
	data   int // bytes of a packet
}

// explore returns packets that take programs down as many different paths as it
// finds, the seeds first. It runs the programs, looks where each branch's operands
// came from, and changes those bytes so that the branch goes the other way. A packet
// that takes some branch a way that none took before is looked at before all others.
func explore(progs [][]Insn, seeds []*Input, b budget, rng *rand.Rand) []*Input {
	e := explorer{progs: progs, b: b, rng: rng, seed: maphash.MakeSeed(), paths: make(map[uint64]bool)}
	for _, p := range progs {
		e.ways = append(e.ways, make([][2]bool, len(p)))
	}
	for _, s := range seeds {
		e.visit(s)
	}
	for !e.spent() {
		var in *Input
		switch {
		case len(e.fresh) > 0:
			in, e.fresh = e.fresh[len(e.fresh)-1], e.fresh[:len(e.fresh)-1]
		case len(e.queue) > 0:
			at := rng.IntN(len(e.queue))
			in = e.queue[at]
			e.queue = slices.Delete(e.queue, at, at+1)
		default:
			return e.kept
		}
		for i := range progs {
			e.vary(i, in)
		}
	}
	return e.kept
}

type explorer struct {
	progs [][]Insn
	b     budget
	rng   *rand.Rand
	seed  maphash.Seed

	kept  []*Input
	fresh []*Input // took a branch a new way; to be varied first
	queue []*Input // took a new path
	paths map[uint64]bool
	ways  [][][2]bool // by program and instruction: ways that branches have gone
	runs  int
	same  int // kept though their path is known
}

func (e *explorer) spent() bool { return len(e.kept) >= e.b.inputs || e.runs >= e.b.runs }

// visit runs the programs on a packet and keeps it if that was something new.
func (e *explorer) visit(in *Input) {
	e.runs++
	var key uint64
	fresh := false
	for i, p := range e.progs {
		var tr trace
		tr.path.SetSeed(e.seed)
		var m machine
		res := m.run(p, in, &tr)
		if res.Endless {
			return
		}
		tr.path.WriteByte(byte(res.Verdict))
		if res.Fault {
			tr.path.WriteByte(1)
		}
		key = key*0x9e3779b97f4a7c15 + tr.path.Sum64()
		for _, br := range tr.branches {
			way := 0
			if br.taken {
				way = 1
			}
			if !e.ways[i][br.pc][way] {
				e.ways[i][br.pc][way] = true
				fresh = true
			}
		}
	}
	switch {
	case fresh:
		e.fresh = append(e.fresh, in)
	case !e.paths[key]:
		e.queue = append(e.queue, in)
	case e.same < e.b.inputs/4 && e.rng.UintN(4) == 0:
		e.same++
	default:
		return
	}
	e.paths[key] = true
	e.kept = append(e.kept, in)
}

// vary makes new packets from one by what program i does on it.
func (e *explorer) vary(i int, in *Input) {
	var tr trace
	tr.path.SetSeed(e.seed)
	var m machine
	if m.run(e.progs[i], in, &tr).Endless {
		return
	}
	for _, x := range tr.indices {
		for _, w := range []uint32{0, 20, 24, 60, x.val + 1, x.val - 1, 4 * e.rng.Uint32N(16)} {
			if c := in.clone(); set(c, x, w) && !e.spent() {
				e.visit(c)
			}
		}
	}
	for j := range tr.branches {
		// From the last branch on: what is deep is hard to come to.
		br := &tr.branches[len(tr.branches)-1-j]
		for _, w := range wants(br, e.rng) {
			if e.spent() {
				return
			}
			c := in.clone()
			ok := br.a != nil && set(c, br.a, w)
			if !ok && br.b != nil {
				c = in.clone()
				ok = set(c, br.b, br.x+e.rng.Uint32N(3)-1)
			}
			if ok {
				e.visit(c)
			}
		}
	}
}

// cuts returns the captured lengths worth trying for a packet: those at the borders of
// every load that the programs do on it, and every one up to all.
func cuts(progs [][]Insn, in *Input, all int) []int {
	n := len(in.Data)
	set := map[int]bool{n: true}
	for _, p := range progs {
		var tr trace
		var m machine
		m.run(p, in, &tr)
		for _, c := range tr.cuts {
			if c >= 0 && c < n {
				set[c] = true
			}
		}
	}
	for c := 0; c < min(n, all); c++ {
		set[c] = true
	}
	list := make([]int, 0, len(set))
	for c := range set {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}
