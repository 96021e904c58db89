package conformance

import "math/rand/v2"

// A Tail stands for what is not known of a cut packet: the bytes behind the captured ones, and what
// a division by zero gives. It makes them up as they are asked for, mostly from the numbers that the
// program compares with, and then keeps to them.
type Tail struct {
	rng    *rand.Rand
	pool   []uint32
	target int    // the load, counted from 0, that gets want
	want   uint32 // its value
	loads  int
	bytes  map[uint64]byte
}

// Tails calls try with one tail after the other and reports whether try held for all. pool is the
// numbers that the program compares with; each is given to each of the first missing loads.
func Tails(pool []uint32, rng *rand.Rand, try func(*Tail) bool) bool {
	const first, random, most, repeat = 6, 64, 64, 4
	if len(pool) == 0 {
		pool = []uint32{0}
	}
	for i := range random {
		if !try(&Tail{rng: rng, pool: pool, target: -1 - i, bytes: map[uint64]byte{}}) {
			return false
		}
	}
	for target := range first {
		reached := false
		for i := range repeat * min(len(pool), most) {
			t := &Tail{rng: rng, pool: pool, target: target, want: pool[i/repeat], bytes: map[uint64]byte{}}
			if !try(t) {
				return false
			}
			reached = reached || t.loads > target
		}
		if !reached {
			break
		}
	}
	return true
}

// Load returns n bytes of the packet at off as a number.
func (t *Tail) Load(data []byte, off uint64, n int) uint32 {
	end := uint64(len(data))
	if off+uint64(n) > end {
		v := t.next()
		for i := n - 1; i >= 0; i-- {
			at := off + uint64(i)
			if _, known := t.bytes[at]; at >= end && !known {
				t.bytes[at] = byte(v)
			}
			v >>= 8
		}
	}
	var v uint32
	for i := off; i < off+uint64(n); i++ {
		if i < end {
			v = v<<8 | uint32(data[i])
		} else {
			v = v<<8 | uint32(t.bytes[i])
		}
	}
	return v
}

// Quotient returns what a division by zero gives.
func (t *Tail) Quotient() uint32 { return t.next() }

// next makes up a number.
func (t *Tail) next() uint32 {
	n := t.loads
	t.loads++
	switch {
	case n == t.target:
		return t.want
	case t.target == -1:
		return 0
	case t.target == -2:
		return 0xffffffff
	}
	v := t.pool[t.rng.IntN(len(t.pool))]
	switch t.rng.UintN(8) {
	case 0:
		return v + 1
	case 1:
		return v - 1
	case 2, 3:
		return t.rng.Uint32()
	}
	return v
}
