package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/cooked"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A kernelFilter is the session's filter in the forms that a packet socket takes,
// and what became of them.
type kernelFilter struct {
	mode       string                           // of --attach
	all        bool                             // no filter: every packet is wanted
	extended   func() (asm.Instructions, error) // the eBPF program, or why there is none
	classic    []bpf.RawInstruction
	classicErr error                    // why there is no classic one
	quick      func() (*ir.Func, error) // the filter for speed; nil for none
	kernel     *ebpfgen.Kernel          // for the eBPF program
	slow       error                    // why eBPF would not be quicker than classic BPF; nil where it is
	here       *gofilter.Filter         // for filtering in this process, where the kernel cannot; else nil

	length    int                // of the attached program, in instructions
	objective gofilter.Objective // what it was made for

	used     attach.Method           // what the filter was attached with; 0: with nothing
	refused  map[attach.Method]error // why not with these, which were tried
	overflow error                   // why with nothing
}

// kernelFilter compiles the filter for an interface.
func (s *session) kernelFilter(name string, link linktype.Type) (*kernelFilter, error) {
	k := &kernelFilter{mode: s.opt.attach}
	if s.takesAll() {
		k.all = true
		return k, nil
	}
	if p := s.finished; p != nil {
		k.mode, k.classic = "classic", p.prog
		return k, p.forSocket(link)
	}
	cfg := s.liveConfig(name, link)
	f, err := s.compile(cfg)
	if err != nil {
		return nil, err
	}
	fn := f.IR()
	if cooked.Is(link) {
		if fn, err = cooked.Kernel(fn, link); err != nil {
			k.extended, k.classicErr = func() (asm.Instructions, error) { return nil, err }, err
			return k, s.filterHere(k, cfg)
		}
	}
	if k.mode != "classic" {
		k.kernel = (*ebpfgen.Kernel)(attach.KernelFor(ebpf.SocketFilter))
		if k.kernel == nil {
			k.slow = attach.Access(ebpf.SocketFilter, attach.AccessRdonlyCast)
		}
	}
	k.extended = sync.OnceValues(func() (asm.Instructions, error) {
		return ebpfgen.Generate(fn, ebpfgen.SocketFilter, ebpfgen.Options{Kernel: k.kernel})
	})
	k.classic, k.classicErr = cbpfgen.Generate(fn, cbpfgen.Options{Kernel: true, MaxInsns: cbpfgen.MaxSocketInsns})
	// The cooked filter's loads have been moved to where the kernel has what they read; wide
	// ones could not be.
	if !cooked.Is(link) && !s.opt.noOptimize {
		k.quick = forSpeed(s.source, cfg)
	}
	return k, s.filterHere(k, cfg)
}

// filterHere prepares for the case that the kernel takes no form of the filter. A
// filter on metadata works in the kernel only; then there is nothing to prepare.
func (s *session) filterHere(k *kernelFilter, cfg gofilter.Config) error {
	cfg.View = ir.ViewFile
	f, err := gofilter.Compile(s.source, cfg)
	if err == nil {
		k.here = f
		return nil
	}
	if k.classicErr == nil {
		return nil
	}
	if _, err := k.extended(); err != nil {
		return fmt.Errorf("the kernel cannot run the filter: %w", k.classicErr)
	}
	return nil
}

// filter returns what the capture is to do with the filter.
func (k *kernelFilter) filter() capture.Filter {
	if k.all {
		return capture.Filter{}
	}
	f := capture.Filter{Attach: func(conn syscall.Conn) (alone bool, err error) {
		err = k.attach(conn)
		return k.overflow == nil, err
	}}
	if k.here != nil {
		f.Accept = k.accept
	}
	return f
}

// methods are the ways to attach, in the order in which they are tried. A program that calls a
// BPF helper for each load is slower than a classic one.
func (k *kernelFilter) methods() []attach.Method {
	switch {
	case k.mode == "classic":
		return []attach.Method{attach.Classic}
	case k.mode == "ebpf":
		return []attach.Method{attach.EBPF}
	case k.slow != nil:
		return []attach.Method{attach.Classic, attach.EBPF}
	}
	return []attach.Method{attach.EBPF, attach.Classic}
}

// attach puts the filter on a packet socket: as eBPF, as classic BPF, or, where
// the kernel takes neither and the filter does not need it, not at all.
func (k *kernelFilter) attach(conn syscall.Conn) error {
	k.used, k.overflow, k.refused = 0, nil, make(map[attach.Method]error)
	methods := k.methods()
	for _, m := range methods {
		err := k.attachWith(m, conn)
		if err == nil {
			k.used = m
			return nil
		}
		k.refused[m] = err
	}
	if len(methods) == 1 {
		return k.refused[methods[0]]
	}
	k.overflow = fmt.Errorf("%w; as eBPF: %w", k.refused[attach.Classic], k.refused[attach.EBPF])
	if k.here == nil {
		return k.overflow
	}
	return attach.Socket(conn, attach.Return(maxSnaplen))
}

func (k *kernelFilter) attachWith(m attach.Method, conn syscall.Conn) error {
	switch {
	case m == attach.EBPF:
		return k.attachEBPF(conn)
	case k.classicErr != nil:
		return k.classicErr
	}
	return k.attachClassic(conn)
}

// attachEBPF attaches the filter as eBPF: the quick program where it reads packets directly, or, where the
// kernel does not take that, the short one.
func (k *kernelFilter) attachEBPF(conn syscall.Conn) error {
	if k.quick != nil && k.kernel != nil {
		if f, err := k.quick(); err == nil {
			insns, err := ebpfgen.Generate(f, ebpfgen.SocketFilter, ebpfgen.Options{Kernel: k.kernel})
			if err == nil && attachProgram(conn, insns) == nil {
				k.length, k.objective = instructions(insns), gofilter.Speed
				return nil
			}
		}
	}
	insns, err := k.extended()
	if err != nil {
		return err
	}
	k.length, k.objective = instructions(insns), gofilter.Size
	return attachProgram(conn, insns)
}

func attachProgram(conn syscall.Conn, insns asm.Instructions) error {
	prog, err := attach.Load(insns, ebpf.SocketFilter)
	if err != nil {
		return err
	}
	defer prog.Close()
	return attach.SocketProgram(conn, prog)
}

// accept filters in this process.
func (k *kernelFilter) accept(p *capture.Packet) bool {
	return k.here.Match(p.Data, &ir.Metadata{Len: uint32(p.Length)})
}

// say tells, with -v, how the filter is attached and why so, and always where the
// kernel does not filter.
func (k *kernelFilter) say(s *session, name string) {
	on := ""
	if len(s.opt.ifaces) > 1 {
		on = name + ": "
	}
	switch {
	case k.all:
	case k.overflow != nil:
		s.notice("%s: %sfiltering in this process, the kernel does not take the filter: %v", program, on, k.overflow)
	case s.opt.verbose > 0:
		s.notice("%s: %sfilter attached with %v, %s", program, on, k.used, k.reasons())
	}
}

// reasons says how long the attached program is, and why it is that one.
func (k *kernelFilter) reasons() string {
	words := fmt.Sprintf("%d instructions for %v", k.length, k.objective)
	other := attach.EBPF
	if k.used == attach.EBPF {
		other = attach.Classic
	}
	switch err := k.refused[other]; {
	case err != nil:
		return fmt.Sprintf("%s; not with %v: %v", words, other, err)
	case k.mode != "auto":
		return words + ", as asked"
	case k.used == attach.Classic:
		return fmt.Sprintf("%s; %v is quicker with access %s only: %v", words, other, attach.AccessRdonlyCast, k.slow)
	}
	return words
}

// instructions counts a program's instructions as the kernel does.
func instructions(insns asm.Instructions) int {
	n := 0
	for i := range insns {
		n += int(insns[i].Size() / asm.InstructionSize)
	}
	return n
}

// netmaskOf returns the IPv4 netmask of an interface's first IPv4 address, the zero
// Addr where it has none.
func netmaskOf(name string) netip.Addr {
	all, err := capture.Interfaces()
	if err != nil {
		return netip.Addr{}
	}
	for _, ifi := range all {
		if ifi.Name != name {
			continue
		}
		for _, p := range ifi.Addrs {
			if p.Addr().Is4() {
				var mask [4]byte
				binary.BigEndian.PutUint32(mask[:], ^uint32(0)<<(32-p.Bits()))
				return netip.AddrFrom4(mask)
			}
		}
	}
	return netip.Addr{}
}

// hostIsBigEndian reports the byte order of this machine.
func hostIsBigEndian() bool {
	return binary.NativeEndian.Uint16([]byte{0, 1}) == 1
}
