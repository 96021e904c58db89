package conformance

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// Outcome is what became of a case.
type Outcome uint8

// The outcomes. A filter that this compiler says it cannot do is Unsupported and never
// anything else.
const (
	Pass         Outcome = iota
	Skipped              // the case needs names and there is no list of them here
	Unsupported          // an UnsupportedError, or a LimitError of the machine
	WrongRefusal         // refused, and should not have been
	WrongAccept          // a reject case that compiles
	WrongVerdict         // a packet's verdict is not the reference's
	Crash                // a panic
	numOutcomes
)

var outcomeNames = [numOutcomes]string{"pass", "skipped", "unsupported", "wrongly refused", "wrongly accepted", "wrong", "crash"}

func (o Outcome) String() string { return outcomeNames[o] }

// A Report is the outcome of one case.
type Report struct {
	Case    *Case
	Outcome Outcome
	Detail  string // of what is not a pass
	// Inputs counts the packets that were tried, cuts included; Stricter those of them that
	// the reference's optimized program accepts and this compiler rejects because, like the
	// reference's plain program, it faults.
	Inputs, Stricter int
}

// A Runner runs cases.
type Runner struct {
	Dir    string                       // where the data are
	Etc    gofilter.Resolver            // for cases that need names; nil: they are skipped
	Inputs int                          // packets a case that are explored, before cuts
	Seeds  func(linktype.Type) [][]byte // packets to start the exploration from
	// Objective is what RunOutside compiles for.
	Objective gofilter.Objective
}

// Run runs one case. A panic in the compiler is an outcome.
func (r *Runner) Run(c *Case) (rep Report) {
	rep.Case = c
	defer func() {
		if p := recover(); p != nil {
			rep.Outcome = Crash
			rep.Detail = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if c.Needs == "etc" && r.Etc == nil {
		rep.Outcome = Skipped
		return rep
	}
	switch c.Kind {
	case "accept":
		r.accept(c, &rep)
	case "reject":
		r.reject(c, &rep)
	case "apply":
		r.apply(c, &rep)
	}
	return rep
}

// config returns how a case is compiled.
func (r *Runner) config(c *Case) (gofilter.Config, error) {
	lt, err := linktype.Lookup(c.DLT)
	if err != nil {
		return gofilter.Config{}, err
	}
	cfg := gofilter.Config{LinkType: lt, Snaplen: c.Snaplen, Netmask: c.Netmask, Resolver: r.Etc}
	if c.LinuxExt {
		cfg.View = ir.ViewSocket
	}
	switch c.SavefileOrder {
	case "native":
		cfg.ByteOrder = gofilter.NativeOrder
	case "swapped":
		cfg.ByteOrder = gofilter.SwappedOrder
	}
	return cfg, nil
}

// refusal files an error of the compiler.
func (rep *Report) refusal(stage string, err error) {
	var unsupported *gofilter.UnsupportedError
	var limit *cbpfgen.LimitError
	var internal *gofilter.InternalError
	switch {
	case errors.As(err, &unsupported), errors.As(err, &limit):
		rep.Outcome = Unsupported
	case errors.As(err, &internal):
		rep.Outcome = Crash
	default:
		rep.Outcome = WrongRefusal
	}
	rep.Detail = stage + ": " + err.Error()
}

// engines are all ways that this compiler has to a verdict on one filter.
type engine struct {
	name  string
	plain bool // without passes: must equal the reference's plain program
	uncut bool // for packets that are no longer than what has been captured of them
	run   func(in *Input) uint32
	prog  []Insn // where there is one
}

// compile makes all engines of a case.
func (r *Runner) compile(src string, cfg gofilter.Config) (*gofilter.Filter, []engine, error) {
	f, err := gofilter.Compile(src, cfg)
	if err != nil {
		return nil, nil, err
	}
	cfg.Plain = true
	p, err := gofilter.Compile(src, cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("without passes: %w", err)
	}
	prog, err := generate(f.IR())
	if err != nil {
		return nil, nil, err
	}
	plain, err := generate(p.IR())
	if err != nil {
		return nil, nil, fmt.Errorf("without passes: %w", err)
	}
	cfg.Plain, cfg.Objective = false, gofilter.Speed
	q, err := gofilter.Compile(src, cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("for speed: %w", err)
	}
	quick, err := generateFor(q.IR(), cbpfgen.Options{Speed: true})
	if err != nil {
		return nil, nil, fmt.Errorf("for speed: %w", err)
	}
	cfg.Uncut = true
	u, err := gofilter.Compile(src, cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("for speed, of whole packets: %w", err)
	}
	uncut, err := generateFor(u.IR(), cbpfgen.Options{Speed: true})
	if err != nil {
		return nil, nil, fmt.Errorf("for speed, of whole packets: %w", err)
	}
	return f, []engine{
		{name: "Eval without passes", plain: true, run: func(in *Input) uint32 { return ir.Eval(p.IR(), in.Data, &in.Meta) }},
		{name: "cBPF without passes", plain: true, run: func(in *Input) uint32 { return Exec(plain, in).Verdict }, prog: plain},
		{name: "Eval", run: func(in *Input) uint32 { return ir.Eval(f.IR(), in.Data, &in.Meta) }},
		{name: "Filter.Run", run: func(in *Input) uint32 { return f.Run(in.Data, &in.Meta) }},
		{name: "cBPF", run: func(in *Input) uint32 { return Exec(prog, in).Verdict }, prog: prog},
		{name: "cBPF for speed", run: func(in *Input) uint32 { return Exec(quick, in).Verdict }, prog: quick},
		{name: "cBPF for speed, of whole packets", uncut: true, run: func(in *Input) uint32 { return Exec(uncut, in).Verdict }, prog: uncut},
	}, nil
}

// generate returns the classic program of f for the reference machine.
func generate(f *ir.Func) ([]Insn, error) { return generateFor(f, cbpfgen.Options{}) }

func generateFor(f *ir.Func, o cbpfgen.Options) ([]Insn, error) {
	raw, err := cbpfgen.Generate(f, o)
	if err != nil {
		return nil, err
	}
	prog := make([]Insn, len(raw))
	for i, in := range raw {
		prog[i] = Insn{in.Op, in.Jt, in.Jf, in.K}
	}
	if err := Validate(prog); err != nil {
		return nil, fmt.Errorf("generated program: %w", err)
	}
	return prog, nil
}

// flawed names the cases whose recorded programs are known to be wrong, and says why.
var flawed = map[string]string{
	"geneve_and_tcp_index_IEEE802_11_RADIO": "it reads scratch memory that it never wrote",
}

func (r *Runner) accept(c *Case, rep *Report) {
	cfg, err := r.config(c)
	if err != nil {
		rep.refusal("configuration", err)
		return
	}
	f, engines, err := r.compile(c.Expr, cfg)
	if err != nil {
		rep.refusal("compile", err)
		return
	}
	if f.RejectsAll() != (c.Opt == nil) {
		rep.Outcome = WrongRefusal
		if c.Opt == nil {
			rep.Outcome = WrongAccept
		}
		rep.Detail = fmt.Sprintf("RejectsAll is %v; the reference's optimizer says %q", f.RejectsAll(), c.OptError)
		return
	}
	if why := flawed[c.Name]; why != "" {
		// This compiler's own plain program stands in, so that the passes are still tried.
		own := *c
		own.Unopt, own.Opt = engines[1].prog, engines[1].prog
		c = &own
		rep.Detail = "the reference is not used: " + why
	}
	progs := [][]Insn{c.Unopt}
	if c.Opt != nil {
		progs = append(progs, c.Opt)
	}
	for _, e := range engines {
		if e.prog != nil {
			progs = append(progs, e.prog)
		}
	}
	rng := rand.New(rand.NewPCG(uint64(c.ID), 1))
	inputs := explore(progs, r.seeds(c, cfg.LinkType), budget{inputs: r.Inputs, runs: 40 * r.Inputs}, rng)
	for i, in := range inputs {
		all := 0
		if i%16 == 0 {
			all = 128
		}
		for _, n := range cuts(progs, in, all) {
			cut := *in
			cut.Data = in.Data[:n:n]
			rep.Inputs++
			for range 2 {
				if e, want := r.judge(c, &cut, engines, rng, rep); e != nil {
					rep.Outcome = WrongVerdict
					rep.Detail += disagreement(c, &cut, e, want, f, engines)
					return
				}
				if int(cut.Meta.Len) == n {
					break
				}
				cut.Meta.Len = uint32(n) // and once more, as a whole packet
			}
		}
	}
}

// seeds returns where the exploration of a case starts.
func (r *Runner) seeds(c *Case, lt linktype.Type) []*Input {
	var seeds []*Input
	add := func(data []byte, wire int) {
		in := &Input{Data: data}
		in.Meta.Len = uint32(wire)
		if c.LinuxExt {
			in.Meta.IfIndex, in.Meta.Protocol = 1, 0x0800
		}
		seeds = append(seeds, in)
	}
	add(make([]byte, 300), 300)
	ones := bytes.Repeat([]byte{0xff}, 300)
	add(ones, 300)
	rng := rand.New(rand.NewPCG(uint64(c.ID), 2))
	noise := make([]byte, 300)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	add(noise, 1500)
	if r.Seeds != nil {
		for _, p := range r.Seeds(lt) {
			// Zeros behind the packet give its fields room to lie elsewhere.
			data := make([]byte, max(len(p), 200))
			copy(data, p)
			add(data, len(data))
		}
	}
	return seeds
}

// judge runs a packet through everything; it returns the first engine whose verdict the rule
// does not allow, and the rule's words.
func (r *Runner) judge(c *Case, in *Input, engines []engine, rng *rand.Rand, rep *Report) (*engine, string) {
	ref := reference{unopt: Exec(c.Unopt, in), hasOpt: c.Opt != nil}
	if c.Opt != nil {
		ref.opt = Exec(c.Opt, in)
	}
	if ref.unopt.outside() || ref.opt.outside() {
		return nil, ""
	}
	stricter := false
	for i := range engines {
		e := &engines[i]
		if e.uncut && int(in.Meta.Len) != len(in.Data) {
			continue
		}
		got := e.run(in)
		ok, want := Rule(ref, got, e.plain, func() bool { return needless(c.Unopt, in, rng) })
		if !ok {
			return e, want
		}
		if !e.plain && ref.hasOpt && got == 0 && ref.opt.Verdict != 0 {
			stricter = true
		}
	}
	if stricter {
		rep.Stricter++
	}
	return nil, ""
}

// protochainDepth is how many headers this compiler's protochain looks behind.
const protochainDepth = 8

// outside reports whether a run of a protochain program went where it is no reference: its loop
// did not end, stepped past an AH header (by a wrong length; RFC 4302 §2.2 has the right one), or
// stepped over more headers than this compiler promises to.
func (r *Result) outside() bool { return r.Endless || r.PastAH || r.Loops > protochainDepth }

// reference is what the recorded programs make of a packet.
type reference struct {
	unopt, opt Result
	hasOpt     bool
}

// Rule decides whether a verdict is right; want says in words what would be.
//
// Without passes it must be that of the reference's plain program, faults included. With
// passes it must be the same, with one exception: where the plain program met a fault, the
// packet may be accepted if no byte that is missing matters. That is so if the reference's
// optimized program accepts it too, or if the plain program accepts it whatever
// they are (needless).
func Rule(ref reference, got uint32, plain bool, needless func() bool) (ok bool, want string) {
	want = fmt.Sprintf("%d as the reference's plain program", ref.unopt.Verdict)
	if ref.unopt.Fault {
		want += ", which faults"
	}
	if got == ref.unopt.Verdict {
		return true, want
	}
	if plain || !ref.unopt.Fault {
		return false, want
	}
	if ref.hasOpt && !ref.opt.Fault && ref.opt.Verdict == got {
		return true, want
	}
	return needless(), want
}

// needless reports whether the program accepts the packet whatever the bytes are that were not
// captured and whatever a division by zero gives, as far as trying tells.
func needless(prog []Insn, in *Input, rng *rand.Rand) bool {
	var pool []uint32
	for _, i := range prog {
		if i.Code&7 == jmp && i.Code&srcX == 0 && i.Code&0xf0 != jmpJA {
			pool = append(pool, i.K)
		}
	}
	return Tails(pool, rng, func(t *Tail) bool {
		m := machine{tail: t}
		res := m.run(prog, in, nil)
		return res.Verdict != 0 && !res.Endless
	})
}

// disagreement prints everything about a wrong verdict.
func disagreement(c *Case, in *Input, e *engine, want string, f *gofilter.Filter, engines []engine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s gives %d, want %s\n", e.name, e.run(in), want)
	fmt.Fprintf(&b, "captured %d bytes, metadata %+v\n%s", len(in.Data), in.Meta, hex.Dump(in.Data))
	fmt.Fprintf(&b, "reference, plain:\n%s", Listing(c.Unopt))
	if c.Opt != nil {
		fmt.Fprintf(&b, "reference, optimized (gives %d):\n%s", Exec(c.Opt, in).Verdict, Listing(c.Opt))
	}
	for _, e := range engines {
		fmt.Fprintf(&b, "%s: %d\n", e.name, e.run(in))
	}
	if e.plain {
		fmt.Fprintf(&b, "before passes:\n%s", f.Plain())
	} else {
		fmt.Fprintf(&b, "after passes:\n%s", f.IR())
	}
	for _, e := range engines {
		if e.prog != nil {
			fmt.Fprintf(&b, "%s:\n%s", e.name, Listing(e.prog))
		}
	}
	return b.String()
}

func (r *Runner) reject(c *Case, rep *Report) {
	if c.Savefile != "" {
		if _, err := r.open(c.Savefile); err == nil {
			rep.Outcome, rep.Detail = WrongAccept, "the file opens"
		}
		return
	}
	cfg, err := r.config(c)
	if err != nil {
		return
	}
	f, err := gofilter.Compile(c.Expr, cfg)
	var unsupported *gofilter.UnsupportedError
	var internal *gofilter.InternalError
	switch {
	case errors.As(err, &unsupported):
		rep.Outcome, rep.Detail = Unsupported, err.Error()
	case errors.As(err, &internal):
		rep.Outcome, rep.Detail = Crash, err.Error()
	case err == nil && !f.RejectsAll():
		rep.Outcome, rep.Detail = WrongAccept, fmt.Sprintf("compiles; the reference says %q", c.Error)
	case c.OnlyOptimizerRejects:
		cfg.Plain = true
		if err != nil {
			rep.refusal("with passes", err)
		} else if _, err := gofilter.Compile(c.Expr, cfg); err != nil {
			rep.refusal("without passes", err)
		}
	}
}

// open reads a savefile of the data whole.
func (r *Runner) open(name string) (*savefile.Reader, error) {
	data, err := os.ReadFile(filepath.Join(r.Dir, "savefiles", name))
	if err != nil {
		panic(err)
	}
	return savefile.NewReader(bytes.NewReader(data), name)
}

func (r *Runner) apply(c *Case, rep *Report) {
	file, err := r.open(c.Savefile)
	if err != nil {
		rep.refusal("open", err)
		return
	}
	face := file.Interface()
	cfg := gofilter.Config{
		LinkType: face.LinkType, Snaplen: face.Snaplen, Netmask: c.Netmask, Resolver: r.Etc, ByteOrder: gofilter.NativeOrder,
	}
	if face.BigEndian {
		cfg.ByteOrder = gofilter.SwappedOrder
	}
	_, engines, err := r.compile(c.Expr, cfg)
	if err != nil {
		rep.refusal("compile", err)
		return
	}
	var rec savefile.Record
	for i := 0; ; i++ {
		err := file.Next(&rec)
		if err == io.EOF {
			if i != len(c.Results) {
				rep.Outcome, rep.Detail = WrongVerdict, fmt.Sprintf("%d packets, want %d", i, len(c.Results))
			}
			return
		}
		if err != nil || i >= len(c.Results) {
			rep.Outcome, rep.Detail = WrongVerdict, fmt.Sprintf("packet %d: %v", i+1, err)
			return
		}
		in := &Input{Data: rec.Data}
		in.Meta.Len = rec.Len
		rep.Inputs++
		for _, e := range engines {
			if got := e.run(in); got != c.Results[i] {
				rep.Outcome = WrongVerdict
				rep.Detail = fmt.Sprintf("%s gives %d for packet %d, want %d\n%s", e.name, got, i+1, c.Results[i], hex.Dump(in.Data))
				return
			}
		}
	}
}
