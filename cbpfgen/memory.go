package cbpfgen

import "sync"

// memory is what one call of Generate works in. It is used again by later calls; what
// is in it is cleared before it is read.
type memory struct {
	legal legalizer
	sel   selector
	asm   assembler
}

var memories sync.Pool

// maxKept is the number of values of a function from which on its memory is not kept.
const maxKept = 1 << 16

func getMemory() *memory {
	if m, ok := memories.Get().(*memory); ok {
		return m
	}
	return new(memory)
}

func (m *memory) put() {
	if len(m.sel.homes) <= maxKept {
		memories.Put(m)
	}
}

// cleared returns n zeros, in the memory of s where that is enough.
func cleared[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	s = s[:n]
	clear(s)
	return s
}
