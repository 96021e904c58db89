package cbpfgen

import (
	"errors"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"github.com/gofilter/gofilter/ir"
	"golang.org/x/net/bpf"
)

// datagrams is a pair of unix sockets, one with a filter. The kernel runs the filter
// on what is sent, from its first byte on, and needs no privilege for it.
type datagrams struct {
	from, to int
}

func newDatagrams(t *testing.T) *datagrams {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Close(fds[0])
		syscall.Close(fds[1])
	})
	d := &datagrams{fds[0], fds[1]}
	if err := d.attach([]bpf.RawInstruction{{Op: opRetK}}); err != nil {
		if os.Getenv("GOFILTER_REQUIRE_KERNEL") == "1" {
			t.Fatalf("no filter can be attached: %v", err)
		}
		t.Skipf("no filter can be attached: %v", err)
	}
	return d
}

// attach replaces the socket's filter.
func (d *datagrams) attach(prog []bpf.RawInstruction) error {
	var filter []syscall.SockFilter
	for _, i := range prog {
		filter = append(filter, syscall.SockFilter{Code: i.Op, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	return syscall.AttachLsf(d.to, filter)
}

// passes reports whether the filter accepts pkt.
func (d *datagrams) passes(t *testing.T, pkt []byte) bool {
	t.Helper()
	if _, err := syscall.Write(d.from, pkt); err != nil {
		t.Fatal(err)
	}
	var buf [256]byte
	_, err := syscall.Read(d.to, buf[:])
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
	return err == nil
}

// TestKernelRules: the kernel and Verify agree about what a program may be.
func TestKernelRules(t *testing.T) {
	d := newDatagrams(t)
	for _, c := range faults {
		if len(c.prog) == 0 {
			continue // AttachLsf cannot pass it
		}
		if err := d.attach(c.prog); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: the kernel says %v", c.name, err)
		}
	}
	for _, prog := range sound {
		if err := d.attach(prog); err != nil {
			t.Errorf("%v for\n%s", err, Format(prog))
		}
	}
	prog := everyInsn()
	for i := range prog {
		op := prog[i].Op
		one := []bpf.RawInstruction{{Op: opLdImm}, {Op: opSt, K: 1}, {Op: op, K: 1}, {Op: opRetK}, {Op: opRetK}}
		if err := d.attach(one); err != nil {
			t.Errorf("code 0x%x: %v", op, err)
		}
	}
	for op := range uint16(0x200) {
		one := []bpf.RawInstruction{{Op: op}, {Op: opRetK}}
		if err := d.attach(one); !known(op) && err == nil {
			t.Errorf("code 0x%x: the kernel knows it", op)
		}
	}
}

// TestKernelAgreement: the kernel takes every program, and gives the verdicts of the
// Func on packets cut at every length.
func TestKernelAgreement(t *testing.T) {
	d := newDatagrams(t)
	passed := 0
	for seed := range *rounds / 6 {
		r := rand.New(rand.NewPCG(uint64(seed), 17))
		f := randomFunc(r, 20)
		for i := range f.Values {
			// Such a packet has no device, and so not all metadata.
			if f.Values[i].Op == ir.OpMeta {
				f.Values[i].Op, f.Values[i].Meta = ir.OpLen, 0
			}
		}
		prog, err := Generate(f, Options{Kernel: true, MaxInsns: MaxSocketInsns})
		if err != nil {
			continue
		}
		if err := d.attach(prog); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, Format(prog))
		}
		full := randomPacket(r)
		for n := range len(full) + 1 {
			want := ir.Eval(f, full[:n], nil) != 0
			if got := d.passes(t, full[:n]); got != want {
				t.Fatalf("seed %d: accepted is %v, want %v for % x\n%s\n%s", seed, got, want, full[:n], f, Format(prog))
			}
			if want {
				passed++
			}
		}
	}
	if passed < *rounds/6 {
		t.Errorf("%d packets passed: the test shows little", passed)
	}
}
