package cbpfgen

import (
	"slices"

	"golang.org/x/net/bpf"
)

// nearReturn is how many instructions a test may skip to come to a return before a copy
// of that pays: in the kernel's conversion about a line of the cache.
const nearReturn = 4

// withReturns is program with copies of the returns behind the blocks that lead to them,
// where nothing falls through.
//
// What a program costs on a socket is, for the most part, that its code comes from
// beyond the first cache, since much else ran in between. A return at the end is in a line
// that nothing else needs; one behind the first test is in a line that is there already.
func (a *assembler) withReturns(d *draft, snaplen uint32) *Program {
	a.last = nil
	a.returns = true
	a.findLater(d)
	a.findKeepsA(d)
	p := a.program(d, snaplen)
	a.returns = false
	return p
}

// findKeepsA fills a.keepsA: whether a block leads to one that needs what it leaves in A.
func (a *assembler) findKeepsA(d *draft) {
	a.keepsA = cleared(a.keepsA, len(d.blocks))
	d.live = cleared(d.live, len(d.blocks))
	in := d.live
	for i := len(d.blocks) - 1; i >= 0; i-- {
		b := &d.blocks[i]
		for _, t := range b.next {
			a.keepsA[i] = a.keepsA[i] || t >= 0 && in[t].a
		}
		live := b.liveOut(in)
		for _, c := range slices.Backward(b.code) {
			live = live.before(c.op)
		}
		in[i] = live
	}
}

// withoutJset emits a test of bits with two instructions where that is quicker. The kernel's
// machine has no jump for "no bit is set". Where the way for "some bit is set" is the next
// instruction the kernel makes two jumps of a jset: one over the other. Of a comparison of
// the masked bits with 0 it makes one, which is not taken. It reports whether it did.
func (a *assembler) withoutJset(b *codeBlock, some, none int) bool {
	if b.cond != clsJMP|jmpJSET|srcK || some != 0 || none == 0 {
		return false
	}
	a.emit(bpf.RawInstruction{Op: clsJMP | jmpJEQ | srcK, Jt: uint8(none)}, b.span)
	a.emit(bpf.RawInstruction{Op: clsALU | aluAND | srcK, K: b.k}, b.span)
	return true
}

// verdictsBehind emits copies of the returns that b leads to and that are not near. Where b
// leads to what stands behind it, it does so for the first test that rejects only: that
// ends most packets, and whoever passes it has one jump more.
func (a *assembler) verdictsBehind(id target, b *codeBlock) {
	to := b.next[:]
	if b.cond == 0 {
		to = to[:1]
	}
	for _, t := range to {
		if a.distance(a.place(t)) == 0 {
			if !a.later[id] && slices.Contains(to, toReject) && a.distance(a.reject) > nearReturn {
				a.reject = a.emit(bpf.RawInstruction{Op: opRetK}, b.span)
			}
			return
		}
	}
	if slices.Contains(to, toReject) && a.distance(a.reject) > nearReturn {
		a.reject = a.emit(bpf.RawInstruction{Op: opRetK}, b.span)
	}
	if slices.Contains(to, toAccept) && a.distance(a.accept) > nearReturn {
		a.accept = a.emit(bpf.RawInstruction{Op: opRetK, K: a.snaplen}, b.span)
	}
}

// findLater fills a.later: whether a test that rejects comes before a block. Where tests of
// what has been loaded already, failing, end in reject, most packets end there, so what the
// test before them leads to besides is later; they are not.
func (a *assembler) findLater(d *draft) {
	a.later = cleared(a.later, len(d.blocks))
	soon := cleared(a.soon, len(d.blocks))
	a.soon = soon
	// Edges lead forward.
	for i := len(d.blocks) - 1; i >= 0; i-- {
		b := &d.blocks[i]
		loads := slices.ContainsFunc(b.code, func(c insn) bool { return c.op&7 <= clsLDX })
		for _, t := range b.next {
			soon[i] = soon[i] || b.cond != 0 && !loads && (t == toReject || t >= 0 && soon[t])
		}
	}
	for i := range d.blocks {
		b := &d.blocks[i]
		rejects := a.later[i]
		for _, t := range b.next {
			rejects = rejects || b.cond != 0 && (t == toReject || t >= 0 && soon[t])
		}
		for _, t := range b.next {
			if t >= 0 && rejects && (a.later[i] || !soon[t]) {
				a.later[t] = true
			}
		}
	}
}
