package opt

// What a step of a classic program costs once Linux has converted it for a
// packet socket, in nanoseconds. The passes for speed ask it whether a change pays.
//
// An absolute load becomes a comparison and a move, and a jump over a call that is
// hardly ever made; most of what it costs is that its hundred bytes of code come from
// beyond the first cache, since much of the kernel ran since the last packet. An
// indexed load becomes a call of a function that looks at its offset first; where returns
// are guarded against speculation that is most of what it costs. The figures are of Linux 6.18 on
// x86-64 with that guard (AMD EPYC, safe return); `make bench-speed` takes them
// again, and those of programs that nothing else runs between (0.4, 7, 0.1, 0.1).
const (
	costAbsolute = 1.4  // BPF_LD with BPF_ABS, and BPF_LDX with BPF_MSH
	costIndexed  = 9.5  // BPF_LD with BPF_IND
	costArith    = 0.25 // BPF_ALU
	costTest     = 0.25 // a conditional jump, most of those that are not taken
)

// Costs is that table for whoever measures it again.
var Costs = []struct {
	Step string
	NS   float64
}{
	{"absolute load", costAbsolute},
	{"indexed load", costIndexed},
	{"arithmetic", costArith},
	{"test", costTest},
}

// passRate guesses how much of what reaches a test of equality passes it, from
// the number of bits that must be equal in bytes that must not be zero: an
// address hardly ever, a port seldom, a protocol often. Bytes that must be zero
// count for nothing; such tests are for the rare case (fragments).
func passRate(bits int) float64 {
	switch {
	case bits >= 24:
		return 0.01
	case bits >= 16:
		return 0.05
	case bits >= 8:
		return 0.5
	}
	return 0.8
}
