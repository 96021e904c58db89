package count

import "math/bits"

// NumSizes is how many ranges of sizes are told apart.
const NumSizes = 14

// firstSize is where the second range begins, in bytes: below it lengths say nothing.
const firstSize = 32

// SizeRange returns the lengths on the wire, in bytes, that the i-th of Counts.Sizes counts, from
// first to last. Ranges begin at powers of two; the last one has no end, and last is 0.
func SizeRange(i int) (first, last uint32) {
	switch {
	case i == 0:
		return 0, firstSize - 1
	case i == NumSizes-1:
		return firstSize << (i - 1), 0
	}
	return firstSize << (i - 1), firstSize<<i - 1
}

// rangeOf returns the range that counts packets of n bytes.
func rangeOf(n uint32) int { return min(bits.Len32(n/firstSize), NumSizes-1) }

// A packet's length becomes the place of its counter through a table, with one comparison for
// most packets: its first half is indexed by length/fine, the other, for longer packets, by
// length/coarse.
const (
	fineShift   = 5  // of firstSize
	coarseShift = 11 // so that fine and coarse have the same number of entries
	tableHalf   = 1 << (coarseShift - fineShift)
)

// counterSize is the size of a counter in bytes.
const counterSize = 8

// Layout of a filter's counters: the bytes, the ranges, one that is not used. That is two cache
// lines of most machines; a packet of up to 2047 bytes needs the first one only.
const (
	numCounters = 16
	byteCounter = 0
	rangeZero   = 1
)

// placeTable returns the table: an entry is the place of a range's counter in bytes.
func placeTable() (table [2 * tableHalf]byte) {
	for i := range uint32(tableHalf) {
		table[i] = byte((rangeZero + rangeOf(i<<fineShift)) * counterSize)
		table[tableHalf+i] = byte((rangeZero + rangeOf(i<<coarseShift)) * counterSize)
	}
	return table
}
