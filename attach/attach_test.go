//go:build linux

package attach

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/gofilter/gofilter/internal/netlab"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// pair returns two joined unix datagram sockets, the receiver first. They take
// no privilege; a filter sees the datagram from its first byte.
func pair(t *testing.T) (receiver, sender *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	receiver, sender = os.NewFile(uintptr(fds[0]), "receiver"), os.NewFile(uintptr(fds[1]), "sender")
	t.Cleanup(func() { receiver.Close(); sender.Close() })
	return receiver, sender
}

// received returns the next queued datagram, or "" if there is none.
func received(t *testing.T, f *os.File) string {
	t.Helper()
	buf := make([]byte, 256)
	n, _, err := unix.Recvfrom(int(f.Fd()), buf, unix.MSG_DONTWAIT)
	if errors.Is(err, unix.EAGAIN) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// firstByte is a classic program that accepts a packet whose first byte is b.
func firstByte(t *testing.T, b byte) []bpf.RawInstruction {
	t.Helper()
	prog, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(b), SkipTrue: 1},
		bpf.RetConstant{Val: 0xffff},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// byteProgram is the same in eBPF, for the byte at off.
func byteProgram(off int32, b byte) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadAbs(off, asm.Byte),
		asm.JNE.Imm(asm.R0, int32(b), "reject"),
		asm.Mov.Imm(asm.R0, 0xffff),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("reject"),
		asm.Return(),
	}
}

// loaded loads a socket filter or skips the test for want of privilege.
func loaded(t *testing.T, insns asm.Instructions) *ebpf.Program {
	t.Helper()
	p, err := Load(insns, ebpf.SocketFilter)
	if errors.Is(err, os.ErrPermission) {
		netlab.Skip(t, "%v", err)
	}
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestSocket(t *testing.T) {
	rx, tx := pair(t)
	if err := Socket(rx, firstByte(t, 'a')); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(tx, "apple")
	if got := received(t, rx); got != "apple" {
		t.Errorf("received %q, want the accepted packet", got)
	}
	tx.Write([]byte("pear")) // a rejected datagram is EPERM for its sender
	if got := received(t, rx); got != "" {
		t.Errorf("received %q, which the filter rejects", got)
	}
	if err := Detach(rx); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(tx, "pear")
	if got := received(t, rx); got != "pear" {
		t.Errorf("received %q after detach, want everything", got)
	}
	if err := Detach(rx); !errors.Is(err, unix.ENOENT) {
		t.Errorf("second detach: %v, want ENOENT", err)
	}
}

func TestSocketProgram(t *testing.T) {
	rx, tx := pair(t)
	p := loaded(t, byteProgram(0, 'a'))
	if err := SocketProgram(rx, p); err != nil {
		t.Fatal(err)
	}
	p.Close() // the socket keeps the program
	fmt.Fprint(tx, "apple")
	tx.Write([]byte("pear"))
	if got := received(t, rx) + received(t, rx); got != "apple" {
		t.Errorf("received %q, want only what the program accepts", got)
	}
}

func TestLock(t *testing.T) {
	rx, _ := pair(t)
	if err := Socket(rx, Return(0)); err != nil {
		t.Fatal(err)
	}
	if err := Lock(rx); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"attach":  Socket(rx, Return(1)),
		"detach":  Detach(rx),
		"replace": Replace(rx, Return(1)),
	} {
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "locked") {
			t.Errorf("%s on a locked filter: %v", name, err)
		}
	}
}

func TestReplaceDrains(t *testing.T) {
	rx, tx := pair(t)
	fmt.Fprint(tx, "pear")
	fmt.Fprint(tx, "apple")
	if err := Replace(rx, firstByte(t, 'a')); err != nil {
		t.Fatal(err)
	}
	if got := received(t, rx); got != "" {
		t.Errorf("received %q, queued under the old filter", got)
	}
	fmt.Fprint(tx, "apricot")
	if got := received(t, rx); got != "apricot" {
		t.Errorf("received %q, want what the new filter accepts", got)
	}
}

func TestRefusals(t *testing.T) {
	rx, _ := pair(t)
	xdp, err := Load(asm.Instructions{asm.Mov.Imm(asm.R0, 2), asm.Return()}, ebpf.XDP)
	if errors.Is(err, os.ErrPermission) {
		netlab.Skip(t, "%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer xdp.Close()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// 4,096 loads at scattered places convert to more than any default of
	// net.core.optmem_max.
	large := make([]bpf.RawInstruction, MaxInstructions)
	for i := range large[:len(large)-1] {
		large[i] = bpf.RawInstruction{Op: 0x20, K: 26} // ld [26]
	}
	large[len(large)-1] = bpf.RawInstruction{Op: 0x06}
	for _, c := range []struct {
		name string
		err  error
		is   error
		says string
	}{
		{"empty", Socket(rx, nil), unix.EINVAL, "1 to 4096"},
		{"too long", Socket(rx, make([]bpf.RawInstruction, MaxInstructions+1)), unix.EINVAL, "4097 instructions"},
		{"too large", Socket(rx, large), unix.ENOMEM, "net.core.optmem_max is "},
		{"invalid", Socket(rx, []bpf.RawInstruction{{Op: 0x20, K: 0}}), unix.EINVAL, "invalid"},
		{"not a socket", Socket(file, Return(0)), unix.ENOTSOCK, "not a socket"},
		{"other type", SocketProgram(rx, xdp), unix.EINVAL, "XDP"},
	} {
		var e *Error
		if !errors.As(c.err, &e) || !errors.Is(c.err, c.is) || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %v, want %v and %q", c.name, c.err, c.is, c.says)
		}
	}
}

func TestVerifierLog(t *testing.T) {
	_, err := Load(asm.Instructions{
		asm.Mov.Imm(asm.R0, 0),
		asm.LoadMem(asm.R0, asm.R3, 0, asm.Word), // R3 was never set
		asm.Return(),
	}, ebpf.SocketFilter)
	if errors.Is(err, os.ErrPermission) {
		netlab.Skip(t, "%v", err)
	}
	var e *LoadError
	if !errors.As(err, &e) {
		t.Fatalf("%T %v, want a LoadError", err, err)
	}
	line := err.Error()
	if strings.Contains(line, "\n") || !strings.Contains(line, "R3 !read_ok") || !strings.Contains(line, "3 instructions") {
		t.Errorf("summary %q", line)
	}
	whole := fmt.Sprintf("%+v", err)
	if !strings.HasPrefix(whole, line+"\n") || strings.Count(whole, "\n") != len(e.Log) || len(e.Log) < 2 {
		t.Errorf("whole log:\n%s", whole)
	}
	if !errors.Is(err, unix.EACCES) || errors.Is(err, os.ErrPermission) {
		t.Errorf("cause %v, want EACCES that does not stand for a missing privilege", e.Err)
	}
}

// TestVerifierLimit: a program beyond a limit of the verifier gets it explained.
func TestVerifierLimit(t *testing.T) {
	insns := asm.Instructions{asm.LoadMem(asm.R0, asm.R1, 0, asm.Word)} // the packet's length
	for i := range 8193 {
		insns = append(insns, asm.JEq.Imm(asm.R0, int32(i), "out"))
	}
	insns = append(insns, asm.Mov.Imm(asm.R0, 0).WithSymbol("out"), asm.Return())
	_, err := Load(insns, ebpf.SocketFilter)
	if errors.Is(err, os.ErrPermission) {
		netlab.Skip(t, "%v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "8196 instructions: "+reasonTests) {
		t.Errorf("got %v", err)
	}
	if got := tooLarge("BPF program is too large. Processed 1000001 insn", unix.E2BIG); got != reasonPaths {
		t.Errorf("got %q", got)
	}
	if got := tooLarge("The sequence of 8193 jumps is too complex.", unix.E2BIG); got != reasonTests {
		t.Errorf("got %q", got)
	}
	if got := tooLarge("R3 !read_ok", unix.EACCES); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestSupported(t *testing.T) {
	if err := Supported(Classic); err != nil {
		t.Errorf("%v: %v", Classic, err)
	}
	if err := Supported(EBPF); errors.Is(err, os.ErrPermission) {
		netlab.Skip(t, "%v", err)
	} else if err != nil {
		t.Errorf("%v: %v", EBPF, err)
	}
	if err := Supported(0); err == nil {
		t.Error("a method that does not exist is supported")
	}
}

// TestUnprivileged takes the capabilities from one thread and looks at what the
// errors name.
func TestUnprivileged(t *testing.T) {
	if Privileged() != nil || Supported(EBPF) != nil {
		netlab.Skip(t, "there is no privilege to give up")
	}
	type result struct{ raw, program, tc, classic error }
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&hdr, &none[0]); err != nil {
			done <- result{raw: err}
			return
		}
		var r result
		r.raw = Privileged()
		r.program = Supported(EBPF)
		_, r.tc = Load(asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}, ebpf.SchedCLS)
		r.classic = Supported(Classic)
		done <- r
	}()
	r := <-done
	if !errors.Is(r.raw, os.ErrPermission) || !strings.Contains(r.raw.Error(), "cap_net_raw") {
		t.Errorf("packet socket: %v", r.raw)
	}
	if b, _ := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled"); strings.TrimSpace(string(b)) != "0" {
		if !errors.Is(r.program, os.ErrPermission) || !strings.Contains(r.program.Error(), "cap_bpf") {
			t.Errorf("socket filter: %v", r.program)
		}
	}
	if !errors.Is(r.tc, os.ErrPermission) || !strings.Contains(r.tc.Error(), "cap_bpf and cap_net_admin") {
		t.Errorf("TC program: %v", r.tc)
	}
	if r.classic != nil {
		t.Errorf("classic filters take no privilege: %v", r.classic)
	}
}

func TestRelease(t *testing.T) {
	for s, want := range map[string][2]int{
		"5.10.0-28-amd64": {5, 10}, "6.18.44": {6, 18}, "4": {4, 0}, "": {0, 0}, "6.1rc2": {6, 1},
	} {
		if major, minor := release(s); major != want[0] || minor != want[1] {
			t.Errorf("%q: %d.%d, want %v", s, major, minor, want)
		}
	}
}

// packetSocket opens a packet socket on the right end of the lab in the order
// that does not leak, but with a filter that accepts everything.
func packetSocket(t *testing.T, lab *netlab.Lab) *os.File {
	t.Helper()
	var f *os.File
	err := lab.Right.Do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		f = os.NewFile(uintptr(fd), "packet")
		proto := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: lab.Right.Index})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestReplaceUnderTraffic exchanges the filter of a packet socket again and
// again, classic and eBPF by turns, while both of two kinds of packet stream in,
// and fails on the first packet that the filter in force rejects.
func TestReplaceUnderTraffic(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	const marker = 42 // offset of the UDP payload
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	conn := packetSocket(t, lab)
	fd := int(conn.Fd())

	classic := func(b byte) []bpf.RawInstruction {
		prog := firstByte(t, b)
		prog[0].K = marker
		return prog
	}
	programs := map[byte]*ebpf.Program{}
	for _, b := range []byte("ab") {
		programs[b] = loaded(t, byteProgram(marker, b))
	}

	var stop atomic.Bool
	sent := make(chan error, 1)
	go func() { sent <- blast(lab, &stop) }()
	defer func() {
		stop.Store(true)
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}()

	deadline := time.Now().Add(60 * time.Second)
	buf := make([]byte, 256)
	seen := 0
	for round := range rounds {
		want := "ab"[round%2]
		var err error
		if round%4 < 2 {
			err = Replace(conn, classic(want))
		} else {
			err = ReplaceProgram(conn, programs[want])
		}
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for got := 0; got < 20; {
			n, _, err := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
			if errors.Is(err, unix.EAGAIN) {
				if time.Now().After(deadline) {
					t.Fatalf("round %d: no packets", round)
				}
				runtime.Gosched()
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if n <= marker || buf[marker] != want {
				t.Fatalf("round %d: packet %x after the filter changed to %q", round, buf[:n], want)
			}
			got++
			seen++
		}
	}
	t.Logf("%d packets in %d rounds", seen, rounds)
}

// blast sends datagrams marked 'a' and 'b' by turns until stop.
func blast(lab *netlab.Lab, stop *atomic.Bool) error {
	s, err := lab.Left.Sender()
	if err != nil {
		return err
	}
	defer s.Close()
	var frames [][]byte
	for i := range 64 {
		frames = append(frames, lab.Left.Datagram(lab.Right, 7, 9, []byte{"ab"[i%2], 0, 0, 0}))
	}
	for !stop.Load() {
		if err := s.Send(frames...); err != nil {
			return err
		}
	}
	return nil
}
