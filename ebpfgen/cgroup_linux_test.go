package ebpfgen_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/ir"
)

const (
	// bigDatagram is more than SKB_MAX_ALLOC of linux/skbuff.h: the kernel leaves the payload of
	// such a datagram outside the linear area.
	bigDatagram = 20000
	udpHeaders  = 28 // of IPv4 without options, and of UDP
)

// pair is two UDP sockets, of which the first sends to the second.
type pair struct {
	send, rx int
	to       unix.SockaddrInet4
}

// member is a pair of sockets that belong to a control group.
type member struct {
	dir    string
	inside pair
	// outside are not in the group. What they send comes behind what was sent inside, so it
	// shows when that has been dealt with.
	outside pair
	seq     uint32
}

// newMember makes a control group and, in the namespace of the calling thread, the sockets. A
// socket belongs to the group that its process is in when it is made.
func newMember(t *testing.T, ns *netlab.Namespace) *member {
	t.Helper()
	root := "/sys/fs/cgroup"
	var s unix.Statfs_t
	if unix.Statfs(root, &s) != nil || s.Type != unix.CGROUP2_SUPER_MAGIC {
		root += "/unified"
	}
	home, err := home()
	if err != nil {
		netlab.Skip(t, "no control group: %v", err)
	}
	dir, err := os.MkdirTemp(root, "gofilter-test-")
	if err != nil {
		netlab.Skip(t, "no control group: %v", err)
	}
	m := &member{dir: dir, inside: newPair(5151), outside: newPair(5152)}
	t.Cleanup(func() {
		m.inside.close()
		m.outside.close()
		os.Remove(dir)
	})
	if err := ns.Do(m.outside.open); err != nil {
		t.Fatal(err)
	}
	enter := func(group string) error {
		return os.WriteFile(filepath.Join(group, "cgroup.procs"), fmt.Append(nil, os.Getpid()), 0)
	}
	if err := enter(dir); err != nil {
		netlab.Skip(t, "no control group: %v", err)
	}
	err = ns.Do(m.inside.open)
	if back := enter(filepath.Join(root, home)); back != nil {
		t.Fatal(back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// home returns the control group of this process.
func home() (string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSuffix(path, "\n"), nil
		}
	}
	return "", errors.New("no cgroup2 file system")
}

func newPair(port int) pair {
	return pair{send: -1, rx: -1, to: unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}}
}

func (p *pair) open() (err error) {
	if p.send, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); err != nil {
		return err
	}
	if p.rx, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); err != nil {
		return err
	}
	if err := unix.Bind(p.rx, &p.to); err != nil {
		return err
	}
	return unix.SetsockoptTimeval(p.rx, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
}

func (p *pair) close() {
	unix.Close(p.send)
	unix.Close(p.rx)
}

// mark sends a number.
func (p *pair) mark(n uint32) error {
	return unix.Sendto(p.send, binary.BigEndian.AppendUint32(nil, n), 0, &p.to)
}

// until receives until the number comes, and reports whether another one has come, too.
func (p *pair) until(n, other uint32) (seen bool, err error) {
	buf := make([]byte, 1<<16)
	for {
		size, _, err := unix.Recvfrom(p.rx, buf, 0)
		if err != nil {
			return false, fmt.Errorf("the last datagram did not arrive: %w", err)
		}
		switch binary.BigEndian.Uint32(buf[size-4 : size]) {
		case other:
			seen = true
		case n:
			return seen, nil
		}
	}
}

// passes reports whether a datagram gets through while a program is attached.
func (m *member) passes(t *testing.T, p *kernelrun.Program, d attach.Direction, payload []byte) bool {
	t.Helper()
	l, err := attach.Cgroup(m.dir, d, p.Loaded())
	if err != nil {
		t.Fatal(err)
	}
	m.seq++
	sent := m.seq
	binary.BigEndian.PutUint32(payload[len(payload)-4:], sent)
	err = unix.Sendto(m.inside.send, payload, 0, &m.inside.to)
	if errors.Is(err, unix.EPERM) {
		err = nil // by the program
	}
	// It may be queued; the program has to be there when it is received.
	m.seq++
	if err == nil {
		err = m.outside.mark(m.seq)
	}
	if err == nil {
		_, err = m.outside.until(m.seq, 0)
	}
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	// One that surely gets through says that there is nothing more to wait for.
	if err := m.inside.mark(m.seq); err != nil {
		t.Fatal(err)
	}
	passed, err := m.inside.until(m.seq, sent)
	if err != nil {
		t.Fatal(err)
	}
	return passed
}

// TestNonlinearCgroup compares the verdicts of control group programs on bytes outside the
// linear area with Eval's.
func TestNonlinearCgroup(t *testing.T) {
	kernelrun.Require(t)
	m := newMember(t, netlab.New(t).Left)
	payload := make([]byte, bigDatagram)
	far, err := kernelrun.Load(ebpfgen.CgroupSKB, asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, 76, asm.Word), asm.LoadMem(asm.R3, asm.R1, 80, asm.Word),
		asm.Mov.Imm(asm.R0, 1), asm.Add.Imm(asm.R2, udpHeaders+100), asm.JGT.Reg(asm.R2, asm.R3, "out"),
		asm.Mov.Imm(asm.R0, 0), asm.Return().WithSymbol("out"),
	}, ebpfgen.Verdict{Accept: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	for _, d := range []attach.Direction{attach.Egress, attach.Ingress} {
		if !m.passes(t, far, d, payload) {
			t.Fatalf("%s: the payload is in the linear area", d)
		}
		for _, a := range ebpfgen.CgroupSKB.Access() {
			r := rand.New(rand.NewSource(6))
			accepted, sent := 0, 30
			for range sent {
				copy(payload, randomPacket(r, 120))
				f := payloadFunc(r, payload[:120])
				p := load(t, f, ebpfgen.CgroupSKB, ebpfgen.Options{Access: a})
				got := m.passes(t, p, d, payload)
				pkt := append(make([]byte, udpHeaders), payload...)
				want := ir.Eval(f, pkt, &ir.Metadata{Len: uint32(len(pkt)), Protocol: 0x0800}) != 0
				if got != want {
					t.Fatalf("%s, %s: kernel says %v, Eval %v\n%s", d, a, got, want, f)
				}
				if want {
					accepted++
				}
				p.Close()
			}
			if accepted == 0 || accepted == sent {
				t.Errorf("%s, %s: %d of %d accepted", d, a, accepted, sent)
			}
		}
	}
}

// payloadFunc returns a random Func that reads what comes behind the UDP header.
func payloadFunc(r *rand.Rand, head []byte) *ir.Func {
	for {
		f := randomFunc(r, ebpfgen.CgroupSKB, 2+r.Intn(20), head)
		reads := false
		for id := range f.Values {
			switch v := &f.Values[id]; v.Op {
			case ir.OpMeta:
				v.Meta = ir.MetaProtocol
			case ir.OpLoad:
				v.Args[0], v.K = ir.None, udpHeaders+v.K%uint32(len(head))
				reads = true
			}
		}
		if reads && f.Check() == nil {
			return f
		}
	}
}
