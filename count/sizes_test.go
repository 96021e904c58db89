package count

import "testing"

// Ranges follow one another without a gap, and the table finds the range of every length.
func TestSizes(t *testing.T) {
	next := uint32(0)
	for i := range NumSizes {
		first, last := SizeRange(i)
		if first != next || i < NumSizes-1 && (last < first || last&(last+1) != 0) || i == NumSizes-1 && last != 0 {
			t.Errorf("range %d: %d to %d", i, first, last)
		}
		next = last + 1
	}
	table := placeTable()
	for n := uint32(0); n < 1<<18; n++ {
		// As the program does it.
		place := (rangeZero + NumSizes - 1) * counterSize
		if i := n >> fineShift; i < tableHalf {
			place = int(table[i])
		} else if i := n >> coarseShift; i < tableHalf {
			place = int(table[tableHalf+i])
		}
		i := place/counterSize - rangeZero
		if first, last := SizeRange(i); place%counterSize != 0 || i != rangeOf(n) || n < first || last != 0 && n > last {
			t.Fatalf("%d bytes: place %d, range %d", n, place, rangeOf(n))
		}
	}
}
