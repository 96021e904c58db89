package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/linktype"
)

// What eBPF programs are held to: geometric means over the filters that count, for packets
// that pass.
const (
	handRatio   = 1.5 // TC and XDP: of the time of what is written by hand
	cbpfcRatio  = 1.0 // and of the time of what cbpfc makes of libpcap's program
	socketRatio = 0.5 // socket: of the time of the kernel's conversion of libpcap's program
)

// A runner is a program under measurement.
type runner struct {
	name   string
	target ebpfgen.Target
	insns  asm.Instructions
}

// A sheet is what one runner took and how large it is.
type sheet struct {
	runner
	// best is the fastest time on each packet, in ns, in the even runs and in the odd ones. What
	// interrupts only adds; what the two differ in is what the measurement is worth.
	best          [2][]float64
	empty         *sheet // the empty program of the target, which figures are net of
	xlated, jited int    // instructions that the kernel made of it, bytes of machine code
}

// both is what net takes for all runs.
const both = 2

// net returns the mean time on a packet over the empty program, in ns, of the even runs (0), the
// odd ones (1), or both.
func (s *sheet) net(part int) float64 {
	sum := 0.0
	for i := range s.best[0] {
		if part == both {
			sum += min(s.best[0][i], s.best[1][i]) - min(s.empty.best[0][i], s.empty.best[1][i])
		} else {
			sum += s.best[part][i] - s.empty.best[part][i]
		}
	}
	return sum / float64(len(s.best[0]))
}

// race measures programs on packets: packets take turns, and for each the programs. Each
// run loads them anew, as where a program lies in memory matters for its time. Behind the
// sheets of the programs are those of the empty ones.
func (b *bench) race(runners []runner, frames [][]byte) ([]sheet, error) {
	var sheets []sheet
	empty := make(map[ebpfgen.Target]int)
	for _, r := range runners {
		sheets = append(sheets, sheet{runner: r})
		empty[r.target] = -1
	}
	for _, r := range runners {
		if empty[r.target] < 0 {
			empty[r.target] = len(sheets)
			sheets = append(sheets, sheet{runner: runner{"empty", r.target, asm.Instructions{asm.Mov.Imm32(asm.R0, 0), asm.Return()}}})
		}
	}
	for i := range sheets {
		s := &sheets[i]
		s.empty = &sheets[empty[s.target]]
		for part := range s.best {
			s.best[part] = slices.Repeat([]float64{math.Inf(1)}, len(frames))
		}
	}
	for run := range b.runs {
		if err := b.lap(sheets, frames, run%2); err != nil {
			return nil, err
		}
	}
	return sheets[:len(runners)], nil
}

// lap is one run of a race.
func (b *bench) lap(sheets []sheet, frames [][]byte, part int) error {
	loaded := make([]*kernelrun.Program, len(sheets))
	defer func() {
		for _, p := range loaded {
			if p != nil {
				p.Close()
			}
		}
	}()
	for i := range sheets {
		s := &sheets[i]
		var err error
		if loaded[i], err = kernelrun.Load(s.target, s.insns, ebpfgen.Verdict{}); err != nil {
			return s.wrap(err)
		}
		info, err := loaded[i].Loaded().Info()
		if err != nil {
			return s.wrap(err)
		}
		// A kernel that tells neither leaves a 0.
		size, _ := info.TranslatedSize()
		jited, _ := info.JitedSize()
		s.xlated, s.jited = size/asm.InstructionSize, int(jited)
	}
	n := 1 // packets that one program meets before the next one has its turn
	if sheets[0].target == ebpfgen.XDP {
		n = len(frames) // there a change takes long
	}
	for from := 0; from < len(frames); from += n {
		for i, k := range loaded {
			s := &sheets[i]
			if err := b.time(s.target, k, frames[from:from+n], s.best[part][from:]); err != nil {
				return s.wrap(err)
			}
		}
	}
	return nil
}

func (r *runner) wrap(err error) error { return fmt.Errorf("%s at %s: %w", r.name, r.target, err) }

// xdpRepeat is how many times as often a packet is run at XDP: a call costs more there.
const xdpRepeat = 5

// time lowers best to what a program takes on each of some packets.
func (b *bench) time(t ebpfgen.Target, k *kernelrun.Program, frames [][]byte, best []float64) error {
	repeat := b.repeat
	if t == ebpfgen.XDP {
		unpin, err := b.board.pin(k.Loaded())
		if err != nil {
			return err
		}
		defer unpin()
		repeat *= xdpRepeat
	}
	for i, pkt := range frames {
		fast, err := fastest([]*kernelrun.Program{k}, pkt, repeat)
		if err != nil {
			return err
		}
		best[i] = min(best[i], fast[0])
	}
	return nil
}

// A limit holds one runner to another.
type limit struct {
	of, to  string
	ratio   float64
	logs    [both + 1]float64 // sums of logarithms of the ratios, see sheet.net
	missing bool              // one of the two was not measured
}

// hook measures eBPF programs at one target: runners makes those of a filter.
func (b *bench) hook(limits []limit, runners func(f *filter) ([]runner, error)) error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	n := 0
	for i := range filters {
		f := &filters[i]
		if !f.counts {
			continue
		}
		list, err := runners(f)
		if err != nil {
			return err
		}
		if err := sameVerdicts(list, f); err != nil {
			return err
		}
		sheets, err := b.race(list, f.passing())
		if err != nil {
			return err
		}
		if n == 0 {
			b.head(sheets)
		}
		b.line(f.name, sheets)
		n++
		for j := range limits {
			limits[j].add(sheets)
		}
	}
	for j := range limits {
		b.keep(&limits[j], n)
	}
	return nil
}

// add adds the ratio of the limit's programs to its sums.
func (l *limit) add(sheets []sheet) {
	x := slices.IndexFunc(sheets, func(s sheet) bool { return s.name == l.of })
	y := slices.IndexFunc(sheets, func(s sheet) bool { return s.name == l.to })
	if x < 0 || y < 0 {
		l.missing = true
		return
	}
	for part := range l.logs {
		l.logs[part] += math.Log(sheets[x].net(part) / sheets[y].net(part))
	}
}

// keep prints how a limit over n filters is kept.
func (b *bench) keep(l *limit, n int) {
	if l.missing {
		fmt.Fprintf(b.out, "  %s / %s: not measured\n", l.of, l.to)
		return
	}
	var mean [both + 1]float64
	for part, sum := range l.logs {
		mean[part] = math.Exp(sum / float64(n))
	}
	b.bounds = append(b.bounds, bound{fmt.Sprintf("%s, %s / %s", b.section, l.of, l.to), mean[both], l.ratio})
	fmt.Fprintf(b.out, "  %s / %s, geometric mean of the %d: %.2f; by half of the runs %.2f and %.2f (at most %.2f)\n",
		l.of, l.to, n, mean[both], mean[0], mean[1], l.ratio)
}

func (b *bench) head(sheets []sheet) {
	fmt.Fprintf(b.out, "  %-15s", "")
	for i := range sheets {
		fmt.Fprintf(b.out, "  %-24s", sheets[i].name)
	}
	fmt.Fprintln(b.out)
}

// line prints the time of each program, half the difference of the two parts of the runs, its
// instructions, as generated and as translated by the kernel, and its bytes of machine code.
func (b *bench) line(name string, sheets []sheet) {
	fmt.Fprintf(b.out, "  %-15s", name)
	for i := range sheets {
		s := &sheets[i]
		fmt.Fprintf(b.out, "  %5.2f ±%4.2f %3d %3d %4d", s.net(both), math.Abs(s.net(0)-s.net(1))/2,
			s.insns.Size()/asm.InstructionSize, s.xlated, s.jited)
	}
	fmt.Fprintln(b.out)
}

// sameVerdicts runs programs on packets that pass and on others.
func sameVerdicts(list []runner, f *filter) error {
	for _, r := range list {
		k, err := kernelrun.Load(r.target, r.insns, ebpfgen.Verdict{})
		if err != nil {
			return fmt.Errorf("%q, %s at %s: %w", f.text, r.name, r.target, err)
		}
		defer k.Close()
		no, err := k.Run(others()[0])
		if err != nil {
			return err
		}
		for i, pkt := range f.passing() {
			got, err := k.Run(pkt)
			if err != nil {
				return err
			}
			if got == no {
				return fmt.Errorf("%q, %s at %s: packet %d is rejected", f.text, r.name, r.target, i)
			}
		}
	}
	return nil
}

// ours compiles a filter for a target.
func ours(f *filter, t ebpfgen.Target, objective gofilter.Objective) (runner, error) {
	c, err := gofilter.Compile(f.text, gofilter.Config{LinkType: linktype.Ethernet, View: t.View(), Objective: objective})
	if err != nil {
		return runner{}, err
	}
	insns, err := ebpfgen.Generate(c.IR(), t, ebpfgen.Options{Kernel: kernelrun.Kernel()})
	return runner{objective.String(), t, insns}, err
}

// objectives compiles a filter for size and for speed.
func objectives(f *filter, t ebpfgen.Target) ([]runner, error) {
	var list []runner
	for _, o := range []gofilter.Objective{gofilter.Size, gofilter.Speed} {
		r, err := ours(f, t, o)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (b *bench) tc() error { return b.frames(ebpfgen.SchedCLS) }

func (b *bench) xdp() error { return b.frames(ebpfgen.XDP) }

// frames measures a target that reads frames directly, beside programs written by hand and
// cbpfc's.
func (b *bench) frames(t ebpfgen.Target) error {
	hand, err := byHand()
	if errors.Is(err, errNoClang) {
		fmt.Fprintln(b.out, " ", err)
	} else if err != nil {
		return err
	}
	translated, err := byCBPFC()
	if err != nil {
		return err
	}
	limits := []limit{
		{of: "size", to: "by hand", ratio: handRatio}, {of: "size", to: "cbpfc", ratio: cbpfcRatio},
		{of: "speed", to: "by hand", ratio: handRatio}, {of: "speed", to: "cbpfc", ratio: cbpfcRatio},
	}
	return b.hook(limits, func(f *filter) ([]runner, error) {
		list, err := objectives(f, t)
		if err != nil {
			return nil, err
		}
		insns, ok := translated[f.text]
		if !ok {
			return nil, fmt.Errorf("%q is not recorded", f.text)
		}
		list = append(list, runner{"cbpfc", t, hooked(t, insns)})
		if hand == nil {
			return list, nil
		}
		p, ok := hand[handName(t, f)]
		if !ok {
			return nil, fmt.Errorf("nobody has written %s", handName(t, f))
		}
		return append(list, runner{"by hand", t, p.Instructions}), nil
	})
}

// socket measures the socket target beside the kernel's conversion of libpcap's program, which
// runs at TC (emulate.go).
func (b *bench) socket() error {
	limits := []limit{{of: "size", to: "libpcap", ratio: socketRatio}, {of: "speed", to: "libpcap", ratio: socketRatio}}
	return b.hook(limits, func(f *filter) ([]runner, error) {
		list, err := objectives(f, ebpfgen.SocketFilter)
		if err != nil {
			return nil, err
		}
		theirs, ok := b.recorded[f.text]
		if !ok {
			return nil, fmt.Errorf("%q is not recorded", f.text)
		}
		insns, err := emulate(theirs)
		return append(list, runner{"libpcap", ebpfgen.SchedCLS, insns}), err
	})
}
