package attach

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// A strategy is a row: a small program that reads a packet in one way, and what that
// takes beside what the program type takes (loadCapabilities). Which capability the
// kernel asks for was found by taking them away one by one (6.18).
type strategy struct {
	capabilities []capability
	kernel       string // that came with it
	program      func(typ ebpf.ProgramType) (asm.Instructions, error)
}

var strategies = map[string]strategy{
	// kernel/bpf/verifier.c: without allow_ptr_leaks no variable offset is added to a
	// packet pointer.
	AccessDirect: {[]capability{capPerfmon}, "4.7 (tc), 4.8 (xdp), 5.0 (cgroup)", directProgram},
	// bpf_xdp_load_bytes is younger than bpf_skb_load_bytes.
	AccessHelper: {nil, "4.5, 5.18 for xdp", helperProgram},
	// kernel/bpf/verifier.c may_access_skb.
	AccessLdAbs: {nil, "3.19", ldAbsProgram},
	// kernel/bpf/verifier.c check_ptr_to_btf_access asks for cap_perfmon. A cast to a
	// pointer to void came with 6.17.
	AccessRdonlyCast: {[]capability{capPerfmon}, "6.17", castProgram},
}

// contextData is where a program type's context has the pointers to the packet's
// start and end (struct __sk_buff, struct xdp_md of linux/bpf.h).
var contextData = map[ebpf.ProgramType][2]int16{
	ebpf.SchedCLS:  {76, 80},
	ebpf.CGroupSKB: {76, 80},
	ebpf.XDP:       {0, 4},
}

// loadBytes is the BPF helper that copies bytes of a packet.
var loadBytes = map[ebpf.ProgramType]asm.BuiltinFunc{
	ebpf.SocketFilter: asm.FnSkbLoadBytes,
	ebpf.SchedCLS:     asm.FnSkbLoadBytes,
	ebpf.CGroupSKB:    asm.FnSkbLoadBytes,
	ebpf.XDP:          asm.FnXdpLoadBytes,
}

// none makes the error that a program type has no such access at all.
func none(typ ebpf.ProgramType, what string) error {
	return fmt.Errorf("%s programs have no %s: %w", typ, what, errors.ErrUnsupported)
}

// directProgram reads a byte at a place that another byte says.
func directProgram(typ ebpf.ProgramType) (asm.Instructions, error) {
	at, ok := contextData[typ]
	if !ok {
		return nil, none(typ, "pointer to the packet")
	}
	return asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, at[0], asm.Word),
		asm.LoadMem(asm.R3, asm.R1, at[1], asm.Word),
		asm.Mov.Imm(asm.R0, 0),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, 1),
		asm.JGT.Reg(asm.R4, asm.R3, "out"),
		asm.LoadMem(asm.R5, asm.R2, 0, asm.Byte),
		asm.Add.Reg(asm.R2, asm.R5),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, 1),
		asm.JGT.Reg(asm.R4, asm.R3, "out"),
		asm.LoadMem(asm.R5, asm.R2, 0, asm.Byte),
		asm.Return().WithSymbol("out"),
	}, nil
}

func helperProgram(typ ebpf.ProgramType) (asm.Instructions, error) {
	fn, ok := loadBytes[typ]
	if !ok {
		return nil, none(typ, "BPF helper that copies bytes")
	}
	return asm.Instructions{
		asm.Mov.Imm(asm.R2, 0),
		asm.Mov.Reg(asm.R3, asm.RFP),
		asm.Add.Imm(asm.R3, -8),
		asm.Mov.Imm(asm.R4, 4),
		fn.Call(),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}, nil
}

func ldAbsProgram(typ ebpf.ProgramType) (asm.Instructions, error) {
	if typ != ebpf.SocketFilter && typ != ebpf.SchedCLS {
		return nil, none(typ, "LD_ABS")
	}
	return asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadAbs(0, asm.Byte),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}, nil
}

// castProgram reads a byte through skb->data.
func castProgram(typ ebpf.ProgramType) (asm.Instructions, error) {
	if typ == ebpf.XDP {
		return nil, none(typ, "struct sk_buff")
	}
	k, err := RunningKernel()
	if err != nil {
		return nil, err
	}
	call := func(id int32) asm.Instruction {
		return asm.Instruction{OpCode: asm.OpCode(asm.JumpClass).SetJumpOp(asm.Call), Src: asm.PseudoKfuncCall, Constant: int64(id)}
	}
	return asm.Instructions{
		call(k.CastToKernCtx),
		asm.LoadMem(asm.R1, asm.R0, k.Data, asm.DWord),
		asm.Mov.Imm(asm.R2, 0),
		call(k.RdonlyCast),
		asm.LoadMem(asm.R1, asm.R0, 0, asm.Byte),
		asm.Add.Reg(asm.R0, asm.R1),
		asm.LoadMem(asm.R1, asm.R0, 0, asm.Word),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}, nil
}

// asked are the answers that have been found, which hold for one set of capabilities.
var asked = struct {
	sync.Mutex
	answers map[question]error
}{answers: make(map[question]error)}

type question struct {
	typ  ebpf.ProgramType
	name string
	set  uint64
}

func access(typ ebpf.ProgramType, name string) error {
	set, err := effective()
	if err != nil {
		return err
	}
	q := question{typ, name, set}
	asked.Lock()
	defer asked.Unlock()
	answer, ok := asked.answers[q]
	if !ok {
		answer = tryAccess(q)
		asked.answers[q] = answer
	}
	return answer
}

// tryAccess loads the program of a strategy.
func tryAccess(q question) error {
	s, ok := strategies[q.name]
	if !ok {
		return fmt.Errorf("attach: no strategy of packet access is called %q", q.name)
	}
	insns, err := s.program(q.typ)
	if err != nil {
		return err
	}
	p, err := Load(insns, q.typ)
	if err == nil {
		return p.Close()
	}
	if errors.Is(err, os.ErrPermission) {
		return err // it names the capability
	}
	var missing []string
	for _, c := range s.capabilities {
		if !c.in(q.set) && !capSysAdmin.in(q.set) {
			missing = append(missing, c.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("access %s in a program of type %s: missing %s (or cap_sys_admin): %w (%v)", q.name, q.typ, strings.Join(missing, " and "), os.ErrPermission, err)
	}
	return fmt.Errorf("access %s in a program of type %s came with Linux %s: %w (%v)", q.name, q.typ, s.kernel, errors.ErrUnsupported, err)
}
