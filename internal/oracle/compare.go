package oracle

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/ir"
)

// Kind is how the two compilers differ.
type Kind string

// The kinds.
const (
	WeRefuse   Kind = "refused here, accepted there"
	WeAccept   Kind = "accepted here, refused there"
	PlainWrong Kind = "plain program's verdict"
	OptWrong   Kind = "verdict after the passes"
	Broken     Kind = "internal error"
	TheyDied   Kind = "the reference died"
)

// A Difference is a case on which the two do not agree.
type Difference struct {
	Case   *Case
	Kind   Kind
	Err    error                // ours, where we refuse
	Plain  Answer               // the reference's, without its optimizer
	Opt    Answer               // and with it
	Packet *conformance.Input   // where verdicts differ
	Ours   uint32               // the verdict that is not right
	Engine string               // which of ours gave it
	Filter *gofilter.Filter     // where there is one
	Want   []conformance.Result // of Plain and, if it is there, of Opt
	run    trace                // of Plain
}

func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\t%s\n", d.Case, d.Kind)
	if d.Err != nil {
		fmt.Fprintf(&b, "\there: %v\n", d.Err)
	}
	fmt.Fprintf(&b, "\tthere: %v; optimized: %v\n", &d.Plain, &d.Opt)
	if d.Packet != nil {
		fmt.Fprintf(&b, "\t%s gives %d, the reference %+v, on %d bytes %+v\n\t%s\n", d.Engine, d.Ours, d.Want, len(d.Packet.Data), d.Packet.Meta, hex.EncodeToString(d.Packet.Data))
	}
	return b.String()
}

// Programs is all that there is to a difference in verdicts.
func (d *Difference) Programs() string {
	if d.Filter == nil {
		return ""
	}
	s := "reference:\n" + conformance.Listing(d.Plain.Prog)
	if d.Opt.OK() {
		s += "reference, optimized:\n" + conformance.Listing(d.Opt.Prog)
	}
	s += "before passes:\n" + d.Filter.Plain().String() + "after passes:\n" + d.Filter.IR().String()
	if prog, err := generate(d.Filter.IR(), false); err == nil {
		s += "program:\n" + conformance.Listing(prog)
	}
	return s
}

// Effort says how many packets are tried on a case.
type Effort struct {
	Inputs, Runs, Cuts int
}

// Tally counts what a comparison tried.
type Tally struct {
	Cases, Accepted, Refused, Verdicts int
	RejectsAllHere, RejectsAllThere    int // found by one alone
	Laxer                              int // packets accepted here, with a fault that does not matter, and rejected by the reference's optimized program
}

// Add adds another tally.
func (t *Tally) Add(u Tally) {
	t.Cases += u.Cases
	t.Accepted += u.Accepted
	t.Refused += u.Refused
	t.Verdicts += u.Verdicts
	t.RejectsAllHere += u.RejectsAllHere
	t.RejectsAllThere += u.RejectsAllThere
	t.Laxer += u.Laxer
}

// Config returns how a case is compiled here.
func (c *Case) Config() gofilter.Config {
	cfg := gofilter.Config{LinkType: c.Link, Snaplen: c.Snaplen, Netmask: c.Netmask, Resolver: Names{}}
	switch c.View {
	case Linux:
		cfg.View = ir.ViewSocket
	case Native:
		cfg.ByteOrder = gofilter.NativeOrder
	case Swapped:
		cfg.ByteOrder = gofilter.SwappedOrder
	}
	return cfg
}

const rejectsAll = "expression rejects all packets"

// Compare compares the two compilers on a case. It returns nil where they agree.
func Compare(d *Driver, c *Case, e Effort, tally *Tally) (*Difference, error) {
	tally.Cases++
	plain, opt, err := d.Compile(c)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", c, err)
	}
	diff := &Difference{Case: c, Plain: plain, Opt: opt}
	f, err := gofilter.Compile(c.Expr, c.Config())
	var internal *gofilter.InternalError
	if errors.As(err, &internal) {
		diff.Kind, diff.Err = Broken, err
		return diff, nil
	}
	diff.Err = err
	if plain.Died != "" {
		diff.Kind = TheyDied
		return diff, nil
	}
	switch {
	case err == nil && !plain.OK():
		diff.Kind = WeAccept
		return diff, nil
	case err == nil && !opt.OK() && opt.Died == "" && opt.Refused != rejectsAll:
		diff.Kind = WeAccept
		return diff, nil
	case err != nil && plain.OK():
		diff.Kind = WeRefuse
		return diff, nil
	case err != nil:
		tally.Refused++
		return nil, nil
	}
	tally.Accepted++
	switch {
	case f.RejectsAll() && opt.OK():
		tally.RejectsAllHere++
	case !f.RejectsAll() && opt.Refused == rejectsAll:
		tally.RejectsAllThere++
	}
	if err := conformance.Validate(plain.Prog); err != nil {
		return nil, fmt.Errorf("%v: the reference's program: %w", c, err)
	}
	diff.Filter = f
	return verdicts(diff, e, tally)
}

// An engine is one of our ways to a verdict.
type engine struct {
	name string
	run  func(in *conformance.Input) uint32
}

// generate returns the classic program of f.
func generate(f *ir.Func, kernel bool) ([]conformance.Insn, error) {
	raw, err := cbpfgen.Generate(f, cbpfgen.Options{Kernel: kernel})
	if err != nil {
		return nil, err
	}
	prog := make([]conformance.Insn, len(raw))
	for i, in := range raw {
		prog[i] = conformance.Insn{Code: in.Op, JT: in.Jt, JF: in.Jf, K: in.K}
	}
	return prog, conformance.Validate(prog)
}

func programEngine(name string, prog []conformance.Insn) engine {
	return engine{name, func(in *conformance.Input) uint32 { return conformance.Exec(prog, in).Verdict }}
}

// verdicts compares verdicts on packets that are made for the case.
func verdicts(diff *Difference, e Effort, tally *Tally) (*Difference, error) {
	c, f := diff.Case, diff.Filter
	rng := rand.New(rand.NewPCG(c.Seed, uint64(c.N)^0x5eed))
	engines := []engine{
		{"Eval without passes", func(in *conformance.Input) uint32 { return ir.Eval(f.Plain(), in.Data, &in.Meta) }},
		{"Eval", func(in *conformance.Input) uint32 { return ir.Eval(f.IR(), in.Data, &in.Meta) }},
		{"Filter.Run", func(in *conformance.Input) uint32 { return f.Run(in.Data, &in.Meta) }},
	}
	broken := func(stage string, err error) (*Difference, error) {
		var limit *cbpfgen.LimitError
		if errors.As(err, &limit) {
			return nil, nil
		}
		diff.Kind, diff.Err = Broken, fmt.Errorf("%s: %w", stage, err)
		return diff, nil
	}
	progs := [][]conformance.Insn{diff.Plain.Prog}
	prog, err := generate(f.IR(), false)
	if err != nil {
		if d, err := broken("cBPF", err); d != nil || err != nil {
			return d, err
		}
	} else {
		engines = append(engines, programEngine("cBPF", prog))
		progs = append(progs, prog)
	}
	if rng.IntN(8) == 0 {
		if prog, err := generate(f.IR(), true); err != nil {
			if d, err := broken("cBPF for the kernel", err); d != nil || err != nil {
				return d, err
			}
		} else {
			engines = append(engines, programEngine("cBPF for the kernel", prog))
		}
	}
	inputs := explore(progs, seeds(c, rng), e.Inputs, e.Runs, rng)
	for i, in := range inputs {
		lengths := []int{len(in.Data)}
		if i < 3 || i%3 == 0 {
			lengths = append(lengths, cuts(progs, in, e.Cuts, rng)...)
		}
		for _, n := range lengths {
			cut := *in
			cut.Data = in.Data[:n:n]
			tally.Verdicts++
			if judge(diff, &cut, engines, rng, tally) {
				return diff, nil
			}
		}
	}
	return nil, nil
}

// judge reports whether one of the engines gives a wrong verdict.
//
// Without passes the verdict must be that of the reference's plain program. With
// passes it must be the same too, but where the plain program faults the packet may be
// accepted if the reference's optimized program accepts it, or if it would be accepted
// whatever the missing bytes were, and whatever a division by zero were to give.
func judge(diff *Difference, in *conformance.Input, engines []engine, rng *rand.Rand, tally *Tally) bool {
	plain := conformance.Exec(diff.Plain.Prog, in)
	if plain.Endless || plain.PastAH || plain.Loops >= 8 {
		return false // protochain: see exceptions.go
	}
	var opt conformance.Result
	asked, divided := false, false
	for i, e := range engines {
		got := e.run(in)
		if got == plain.Verdict {
			continue
		}
		if i > 0 && plain.Loops >= 7 {
			continue // nor this: the length of the last header that is followed matters to nothing here
		}
		if i > 0 && plain.Fault && got != 0 {
			if !asked && diff.Opt.OK() {
				opt, asked = conformance.Exec(diff.Opt.Prog, in), true
			}
			if asked && opt.Verdict == got {
				continue
			}
			ok, zero := needless(diff.Plain.Prog, in, rng)
			if ok {
				tally.Laxer++
				continue
			}
			divided = zero
		}
		diff.Kind, diff.Engine, diff.Ours, diff.Packet = OptWrong, e.name, got, in
		if i == 0 {
			diff.Kind = PlainWrong
		}
		diff.Want = []conformance.Result{plain}
		if diff.Opt.OK() {
			diff.Want = append(diff.Want, conformance.Exec(diff.Opt.Prog, in))
		}
		diff.inspect()
		diff.run.divided = diff.run.divided || divided
		return true
	}
	return false
}

// inspect looks for known faults of the reference's program on the packet, and on
// what the packet may be cut from.
func (d *Difference) inspect() {
	t := trace{inspect: true}
	t.run(d.Plain.Prog, d.Packet, false)
	d.run = t
	rng := rand.New(rand.NewPCG(d.Case.Seed, uint64(d.Case.N)))
	for try := range 40 {
		t.runOn(d.Plain.Prog, d.Packet, false, filling(try, rng.Uint64()))
		d.run.unwritten = d.run.unwritten || t.unwritten
		d.run.clobbered = d.run.clobbered || t.clobbered
		d.run.divided = d.run.divided || t.divided
		d.run.wrapped = d.run.wrapped || t.wrapped
	}
	d.run.extension = misplaced(d.Plain.Prog)
}

// filling returns one way to fill in missing bytes.
func filling(try int, salt uint64) func(off uint64) byte {
	salt |= 1
	return func(off uint64) byte {
		switch try {
		case 0:
			return 0
		case 1:
			return 0xff
		}
		b := byte((off + salt) * 0x9e3779b97f4a7c15 * salt >> 56)
		if try%2 == 0 {
			return b & 0x0f // often zero, and fields that agree
		}
		return b
	}
}

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// needless reports whether a program accepts the packet whatever the missing bytes
// are, as far as some tries tell. divided says that one where it does not divided by
// zero.
func needless(prog []conformance.Insn, in *conformance.Input, rng *rand.Rand) (ok, divided bool) {
	var t trace
	for try := range 12 {
		t.runOn(prog, in, false, filling(try, rng.Uint64()))
		// Of protochain's loops it is not known here where they go wrong.
		if t.verdict == 0 && !t.endless && t.loops == 0 {
			return false, t.divided
		}
	}
	return true, false
}
