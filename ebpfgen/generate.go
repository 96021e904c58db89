package ebpfgen

import (
	"fmt"

	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ir"
)

// slowLabel is where the second body begins.
const slowLabel = "slow"

// Generate returns the program that runs f at a target. f must satisfy
// [ir.Func.Check]. The program takes the target's context in R1, leaves one of the values of
// [Target.Verdict] in R0 and exits; it changes neither packet nor context. For
// [Inline] it is a part of a program.
//
// A jump names its target by [asm.Instruction.Reference], and the target
// has that name as its symbol. The source of each instruction that the filter's text has
// words for is a [Words].
//
// The errors are *UnsupportedError and *LimitError.
func Generate(f *ir.Func, t Target, o Options) (asm.Instructions, error) {
	if t.target == nil {
		return nil, &UnsupportedError{Target: "none", What: "no target was given"}
	}
	if err := t.fits(f); err != nil {
		return nil, err
	}
	prefix, done := "", ""
	if t.inline != nil {
		if err := t.inline.check(t); err != nil {
			return nil, err
		}
		prefix, done = t.inline.Prefix, t.inline.Done
	}
	v := t.Verdict(f.Snaplen, o)
	if v.Accept == v.Reject {
		return nil, t.unsupported("accept and reject are both %d", v.Accept)
	}
	access, err := t.choose(o, v)
	if err != nil {
		return nil, err
	}
	out := newAssembler(prefix)
	for i, b := range bodies(f, t, access, o.Kernel) {
		if i > 0 {
			if !out.used[slowLabel] {
				break // no guard can fail
			}
			out.label(slowLabel)
		}
		if err := b.emit(out, o.littleEndian()); err != nil {
			return nil, err
		}
		out.verdict(b.label(toAccept), v.Accept, t.inline)
		out.verdict(b.label(toReject), v.Reject, t.inline)
	}
	insns, err := out.assemble(done)
	if err != nil {
		return nil, err
	}
	if err := withinLimits(insns, o); err != nil {
		return nil, err
	}
	if insns[0].Source() == nil && f.Source != "" {
		// The kernel takes no line information without some for the first instruction.
		all := ir.Span{End: int32(len(f.Source))}
		insns[0] = insns[0].WithSource(Words{Text: f.Source, Span: all})
	}
	return insns, nil
}

// withinLimits reports which limit of the kernel, or of the caller, a program exceeds.
func withinLimits(insns asm.Instructions, o Options) error {
	limit, kernel := o.MaxInstructions, "as asked for"
	if limit == 0 {
		limit, kernel = MaxPrivileged, "every kernel"
		if o.Version.before(withMillion) {
			limit, kernel = MaxUnprivileged, fmt.Sprintf("Linux %s; %s takes %d", o.Version, withMillion, MaxPrivileged)
		}
	}
	if len(insns) > limit {
		return &LimitError{What: "instructions", Have: len(insns), Max: limit, Kernel: kernel}
	}
	if n := pending(insns); n > maxPending {
		return &LimitError{What: "tests in a row", Have: n, Max: maxPending, Kernel: "every kernel's verifier"}
	}
	return nil
}

// bodies returns the bodies of a program: one, or a second one for packets that the
// first does not decide.
func bodies(f *ir.Func, t Target, access Access, k *Kernel) []*body {
	copies := loadBytes{}
	switch access {
	case AccessDirect:
		if t.inline != nil {
			return []*body{newBody(f, t, direct{t.inline.machine()}, t.inline.Prefix, toReject)}
		}
		if !t.fragments {
			return []*body{newBody(f, t, direct{&leaf}, "", toReject)}
		}
		return inPlace(f, t, direct{&leaf})
	case AccessRdonlyCast:
		return inPlace(f, t, rdonlyCast{direct{&looking}, k})
	case AccessLoadBytes:
		fast := newBody(f, t, copies, "", toReject)
		fast.again, fast.widens = slowLabel, minimalFrame
		return []*body{fast, newBody(f, t, copies, slowLabel+".", toReject).after(fast)}
	case AccessLdAbs:
		return []*body{newBody(f, t, ldAbs{}, "", toReject)}
	}
	panic(fmt.Sprintf("ebpfgen: no strategy for access %s", access))
}

// inPlace returns a body that reads the linear part of a packet by acc, and one
// that reads packets whose linear part is too short.
func inPlace(f *ir.Func, t Target, acc strategy) []*body {
	fast := newBody(f, t, acc, "", toFail)
	fast.fail, fast.again, fast.widens = slowLabel, slowLabel, bothPorts
	copies := loadBytes{test: t.bufLen == 0}
	return []*body{fast, newBody(f, t, copies, slowLabel+".", toReject).after(fast)}
}

// bothPorts lets a guard ask for a few bytes that not every path needs: so
// that both ports of a TCP or UDP header share a guard.
func bothPorts(_ *cluster, need, widest uint64) bool { return widest <= need+8 }

// minimalFrame lets a guard also ask for what nearly every frame has: the 60
// bytes of a minimal Ethernet frame (IEEE 802.3, without the check sequence).
// It saves a call, which costs more than all comparisons.
func minimalFrame(c *cluster, need, widest uint64) bool {
	return bothPorts(c, need, widest) || c.base == ir.None && widest <= 60
}
