package conformance

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime/debug"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ir"
)

// Outside is a place outside this program where a filter runs.
type Outside struct {
	Name string
	// Metadata returns what goes with a packet there.
	Metadata func(data []byte) *ir.Metadata
	// Match runs the filter. ok is false for a packet that the place cannot have.
	Match func(data []byte) (accepted, ok bool, err error)
	// Listing is what a failure prints of the program.
	Listing func() string
	Close   func()
}

// RunOutside compiles an accept case for a view, has it built for places outside, and holds
// their verdicts to Eval's, and to the reference's by [Rule]. The packets are solved as for [Runner.Run]; the
// reference gets the metadata of the place. A case that the view cannot have is Skipped.
func (r *Runner) RunOutside(c *Case, view ir.View, build func(f *ir.Func) ([]Outside, error)) (rep Report) {
	rep.Case = c
	defer func() {
		if p := recover(); p != nil {
			rep.Outcome = Crash
			rep.Detail = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if c.Kind != "accept" || c.Needs == "etc" && r.Etc == nil || flawed[c.Name] != "" {
		rep.Outcome = Skipped
		return rep
	}
	cfg, err := r.config(c)
	if err != nil {
		rep.refusal("configuration", err)
		return rep
	}
	cfg.View, cfg.Objective = view, r.Objective
	f, err := gofilter.Compile(c.Expr, cfg)
	if err != nil {
		rep.refusal("compile", err)
		return rep
	}
	places, err := build(f.IR())
	for i := range places {
		defer places[i].Close()
	}
	if err != nil {
		rep.Outcome, rep.Detail = WrongRefusal, err.Error()
		return rep
	}
	progs := [][]Insn{c.Unopt}
	if c.Opt != nil {
		progs = append(progs, c.Opt)
	}
	rng := rand.New(rand.NewPCG(uint64(c.ID), 1))
	inputs := explore(progs, r.seeds(c, cfg.LinkType), budget{inputs: r.Inputs, runs: 40 * r.Inputs}, rng)
	for _, in := range inputs {
		for _, n := range cuts(progs, in, 0) {
			for i := range places {
				if !rep.outside(c, &places[i], in.Data[:n:n], rng, f) {
					return rep
				}
			}
		}
	}
	return rep
}

// ownName is the name of the cases of Own.
const ownName = "own"

// Own returns a case for a filter that nothing is recorded of. This compiler's own plain
// program is the reference, for what it accepts: a pass may drop a fault, and brings none.
func (r *Runner) Own(id int, expr, dlt string, netmask netip.Addr, view ir.View) (*Case, error) {
	c := &Case{ID: id, Kind: "accept", Name: ownName, Expr: expr, DLT: dlt, Snaplen: 262144, Netmask: netmask}
	cfg, err := r.config(c)
	if err != nil {
		return nil, err
	}
	cfg.View = view
	f, err := gofilter.Compile(expr, cfg)
	if err != nil {
		return nil, err
	}
	plain, err := generate(f.Plain())
	if err != nil {
		return nil, err
	}
	c.Unopt = plain
	return c, nil
}

// outside runs one packet at one place. It returns false for a failure.
func (rep *Report) outside(c *Case, at *Outside, data []byte, rng *rand.Rand, f *gofilter.Filter) bool {
	accepted, ok, err := at.Match(data)
	if !ok {
		return true
	}
	in := &Input{Data: data, Meta: *at.Metadata(data)}
	ref := reference{unopt: Exec(c.Unopt, in), hasOpt: c.Opt != nil}
	if c.Opt != nil {
		ref.opt = Exec(c.Opt, in)
	}
	if ref.unopt.outside() || ref.opt.outside() {
		return true
	}
	rep.Inputs++
	got := uint32(0)
	if accepted {
		got = c.Snaplen
	}
	right, want := Rule(ref, got, false, func() bool { return needless(c.Unopt, in, rng) })
	if c.Name == ownName {
		// The classic program no longer shows which of its rejections is a fault: a load that
		// always faults has become one. So only what it accepts is held against the place.
		right = accepted || ref.unopt.Verdict == 0
	}
	if own := ir.Eval(f.IR(), data, &in.Meta) != 0; own != accepted {
		right, want = false, fmt.Sprintf("what Eval says, %v", own)
	}
	if err == nil && right {
		if got == 0 && ref.hasOpt && ref.opt.Verdict != 0 {
			rep.Stricter++
		}
		return true
	}
	rep.Outcome = WrongVerdict
	rep.Detail = fmt.Sprintf("%s gives %d (%v), want %s\ncaptured %d bytes, metadata %+v\n%sreference, plain:\n%sEval gives %d\n%s%s",
		at.Name, got, err, want, len(data), in.Meta, hex.Dump(data), Listing(c.Unopt), ir.Eval(f.IR(), data, &in.Meta), f.IR(), at.Listing())
	return false
}
