package conformance

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofilter/gofilter/ir"
)

// mutants returns programs that differ from prog in one instruction by a small fault of the kind
// that a compiler makes.
func mutants(prog []Insn) map[string][]Insn {
	all := map[string][]Insn{}
	add := func(pc int, what string, change func(*Insn)) {
		m := append([]Insn(nil), prog...)
		change(&m[pc])
		if Validate(m) == nil {
			all[fmt.Sprintf("%s: %s", what, m[pc].text(pc))] = m
		}
	}
	for pc, i := range prog {
		add(pc, fmt.Sprintf("(%03d) k+1", pc), func(m *Insn) { m.K++ })
		switch i.Code & 7 {
		case jmp:
			if i.Code&0xf0 != jmpJA {
				add(pc, fmt.Sprintf("(%03d) jt and jf exchanged", pc), func(m *Insn) { m.JT, m.JF = m.JF, m.JT })
			}
			if i.Code&0xf0 == jmpJGT || i.Code&0xf0 == jmpJGE {
				add(pc, fmt.Sprintf("(%03d) jgt and jge exchanged", pc), func(m *Insn) { m.Code ^= jmpJGT ^ jmpJGE })
			}
		case ld:
			if i.Code&0xe0 == modeABS || i.Code&0xe0 == modeIND {
				add(pc, fmt.Sprintf("(%03d) k-1", pc), func(m *Insn) { m.K-- })
			}
		}
	}
	return all
}

// TestMutants: of every small fault in a program the explorer makes a packet that shows it.
func TestMutants(t *testing.T) {
	for name, mutant := range mutants(sshProgram) {
		rng := rand.New(rand.NewPCG(3, 4))
		zero := &Input{Data: make([]byte, 200), Meta: ir.Metadata{Len: 200}}
		progs := [][]Insn{sshProgram, mutant}
		if !differ(progs, explore(progs, []*Input{zero}, budget{inputs: 150, runs: 5000}, rng)) {
			t.Errorf("no packet shows %s", name)
		}
	}
}

// differ reports whether the two programs give one of the packets, or a cut of one, different
// verdicts.
func differ(progs [][]Insn, inputs []*Input) bool {
	for _, in := range inputs {
		for _, n := range cuts(progs, in, 0) {
			c := *in
			c.Data = in.Data[:n]
			if Exec(progs[0], &c).Verdict != Exec(progs[1], &c).Verdict {
				return true
			}
		}
	}
	return false
}

// TestRecordedMutants measures the same over the recorded programs, where they are: faults
// that no packet can show (in code that other tests make unreachable, say) are few.
func TestRecordedMutants(t *testing.T) {
	dir := os.Getenv("GOFILTER_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	cases, err := Load(dir)
	if err != nil {
		t.Skip("no recorded cases here: ", err)
	}
	r := &Runner{}
	total, found := 0, 0
	for n := range cases {
		c := &cases[n]
		if c.Kind != "accept" || c.Opt == nil || n%29 != 0 || loops(c.Opt) {
			continue
		}
		cfg, err := r.config(c)
		if err != nil {
			t.Fatal(err)
		}
		for name, mutant := range mutants(c.Opt) {
			rng := rand.New(rand.NewPCG(3, 4))
			progs := [][]Insn{c.Opt, mutant}
			total++
			if differ(progs, explore(progs, r.seeds(c, cfg.LinkType), budget{inputs: 150, runs: 6000}, rng)) {
				found++
			} else {
				t.Logf("case %d %q: no packet shows %s", c.ID, c.Expr, name)
			}
		}
	}
	if total == 0 || found*100 < total*95 {
		t.Errorf("packets show %d of %d faults", found, total)
	}
}

// TestRule holds the rule's borders.
func TestRule(t *testing.T) {
	fault, accept, reject := Result{Fault: true}, Result{Verdict: 100}, Result{}
	yes, no := func() bool { return true }, func() bool { return false }
	for _, tt := range []struct {
		name     string
		ref      reference
		got      uint32
		plain    bool
		needless func() bool
		want     bool
	}{
		{"equal", reference{accept, accept, true}, 100, false, no, true},
		{"rejects what is accepted", reference{accept, accept, true}, 0, false, yes, false},
		{"accepts what is rejected", reference{reject, reject, true}, 100, false, yes, false},
		{"another number", reference{accept, accept, true}, 99, false, yes, false},
		{"plain faults too", reference{fault, accept, true}, 0, false, no, true},
		{"drops a fault as the optimizer does", reference{fault, accept, true}, 100, false, no, true},
		{"drops a fault that matters", reference{fault, fault, true}, 100, false, no, false},
		{"drops a fault that does not matter", reference{fault, fault, true}, 100, false, yes, true},
		{"drops a fault without passes", reference{fault, accept, true}, 100, true, yes, false},
	} {
		if ok, want := Rule(tt.ref, tt.got, tt.plain, tt.needless); ok != tt.want {
			t.Errorf("%s: allowed is %v (want %s)", tt.name, ok, want)
		}
	}
}
