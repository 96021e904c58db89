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
	p := a.program(d, snaplen)
	a.returns = false
	return p
}

// verdictsBehind emits copies of the returns that b leads to and that are not near,
// unless b leads to what stands behind it.
func (a *assembler) verdictsBehind(b *codeBlock) {
	to := b.next[:]
	if b.cond == 0 {
		to = to[:1]
	}
	for _, t := range to {
		if a.distance(a.place(t)) == 0 {
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

