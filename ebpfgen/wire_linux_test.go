package ebpfgen_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/ir"
)

const (
	loopback  = 1      // interface index of lo in every namespace
	testType  = 0x88b5 // EtherType: local experimental (IEEE 802)
	frameSize = 4600   // more than a page: a smaller frame is always linear
	vnetHdr   = 10     // length of struct virtio_net_hdr
)

// linear are the lengths of the linear area that frames are sent with. The
// kernel wants the Ethernet header in it.
var linear = []int{14, 15, 20, 23, 34, 47, 80, 200, frameSize}

// wire sends frames of a chosen linear area over the loopback device of a
// namespace, and receives what arrives.
type wire struct {
	t        *testing.T
	ns       *netlab.Namespace
	send, rx int
	seq      uint32
}

func newWire(t *testing.T, ns *netlab.Namespace) *wire {
	w := &wire{t: t, ns: ns, send: -1, rx: -1}
	t.Cleanup(func() {
		unix.Close(w.send)
		unix.Close(w.rx)
	})
	if err := ns.Do(w.open); err != nil {
		t.Fatal(err)
	}
	return w
}

// open opens the sockets in the namespace of the calling thread.
func (w *wire) open() (err error) {
	if w.send, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); err != nil {
		return err
	}
	if w.rx, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(w.send, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(w.rx, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20); err != nil {
		return err
	}
	if err := unix.SetsockoptTimeval(w.rx, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2}); err != nil {
		return err
	}
	if err := unix.Bind(w.send, &unix.SockaddrLinklayer{Ifindex: loopback}); err != nil {
		return err
	}
	// A socket of one protocol sees what comes in, and not what goes out.
	proto := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, testType))
	return unix.Bind(w.rx, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: loopback})
}

// transmit sends a frame of which n bytes are linear. Its last four bytes become a
// number that no other frame has.
func (w *wire) transmit(frame []byte, n int) uint32 {
	w.t.Helper()
	w.seq++
	binary.BigEndian.PutUint32(frame[len(frame)-4:], w.seq)
	msg := make([]byte, vnetHdr, vnetHdr+len(frame))
	binary.NativeEndian.PutUint16(msg[2:], uint16(n)) // hdr_len
	_, err := unix.Write(w.send, append(msg, frame...))
	if err != nil && !errors.Is(err, unix.ENOBUFS) { // what a drop at egress gives
		w.t.Fatal(err)
	}
	return w.seq
}

// arrived returns the numbers of the frames that have arrived. No filter may
// be in the way.
func (w *wire) arrived() map[uint32]bool {
	w.t.Helper()
	frame := make([]byte, frameSize)
	binary.BigEndian.PutUint16(frame[12:], testType)
	last := w.transmit(frame, frameSize)
	got := make(map[uint32]bool)
	for !got[last] {
		n, err := unix.Read(w.rx, frame)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			w.t.Fatalf("the last frame did not arrive: %v", err)
		}
		got[binary.BigEndian.Uint32(frame[n-4:])] = true
	}
	return got
}

// hook attaches a program where it decides which frames arrive; detach ends that.
type hook struct {
	name    string
	target  ebpfgen.Target
	verdict *ebpfgen.Verdict
	attach  func(w *wire, p *ebpf.Program) (detach func() error, err error)
}

func tc(d attach.Direction) func(w *wire, p *ebpf.Program) (func() error, error) {
	return func(w *wire, p *ebpf.Program) (func() error, error) {
		var l *attach.Link
		err := w.ns.Do(func() (err error) {
			l, err = attach.TC(loopback, d, p)
			return err
		})
		if err != nil {
			return nil, err
		}
		return l.Close, nil
	}
}

var hooks = []hook{
	{"egress", ebpfgen.SchedCLS, &ebpfgen.TCDirectAction, tc(attach.Egress)},
	{"ingress", ebpfgen.SchedCLS, &ebpfgen.TCDirectAction, tc(attach.Ingress)},
	{"receive", ebpfgen.SocketFilter, nil, func(w *wire, p *ebpf.Program) (func() error, error) {
		err := unix.SetsockoptInt(w.rx, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, p.FD())
		return func() error {
			return unix.SetsockoptInt(w.rx, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		}, err
	}},
}

// TestNonlinear compares the verdicts on frames whose bytes lie outside the
// linear area with Eval's: no strategy may see a difference.
func TestNonlinear(t *testing.T) {
	kernelrun.Require(t)
	lab := netlab.New(t)
	funcs := 16
	if testing.Short() {
		funcs = 10
	}
	for _, h := range hooks {
		for _, a := range h.target.AccessOn(kernelrun.Kernel()) {
			o := ebpfgen.Options{Access: a, Verdict: h.verdict, Kernel: kernelrun.Kernel()}
			if a == ebpfgen.AccessLdAbs && h.verdict != nil {
				continue // cannot reject with 2
			}
			t.Run(fmt.Sprintf("%s/%s", h.name, a), func(t *testing.T) {
				h.test(newWire(t, lab.Left), o, funcs)
			})
		}
	}
}

func (h *hook) test(w *wire, o ebpfgen.Options, funcs int) {
	t := w.t
	r := rand.New(rand.NewSource(4))
	accepted, sent := 0, 0
	for range funcs {
		head := randomPacket(r, 120)
		binary.BigEndian.PutUint16(head[12:], testType)
		f := h.filter(r, head)
		p := load(t, f, h.target, o)
		frame := append(head, make([]byte, frameSize-len(head))...)
		want := ir.Eval(f, frame, &ir.Metadata{Len: frameSize, IfIndex: loopback}) != 0
		got := h.verdicts(w, p.Loaded(), frame, want)
		for i, n := range linear {
			if got[i] != want {
				insns, _ := ebpfgen.Generate(f, h.target, o)
				t.Fatalf("%d bytes linear: kernel says %v, Eval %v\n%x\n%s\n%s", n, got[i], want, head, f, ebpfgen.Format(insns, ""))
			}
			sent++
			if want {
				accepted++
			}
		}
		p.Close()
	}
	t.Logf("%d of %d frames accepted", accepted, sent)
	if accepted == 0 || accepted == sent {
		t.Error("the filters tell no frames apart")
	}
}

// tries is how often frames are sent that shall not arrive and do: one that was still queued when the
// program was detached arrives, whatever the program says. What the program says does not change.
const tries = 5

// verdicts sends a frame with each linear area through the program and returns which arrive.
func (h *hook) verdicts(w *wire, p *ebpf.Program, frame []byte, want bool) []bool {
	w.t.Helper()
	got := make([]bool, len(linear))
	for range tries {
		detach, err := h.attach(w, p)
		if err != nil {
			w.t.Fatal(err)
		}
		seqs := make([]uint32, len(linear))
		for i, n := range linear {
			seqs[i] = w.transmit(frame, n)
		}
		if err := detach(); err != nil {
			w.t.Fatal(err)
		}
		arrived := w.arrived()
		for i, seq := range seqs {
			got[i] = arrived[seq]
		}
		if want || !slices.Contains(got, true) {
			break
		}
	}
	return got
}

// filter returns a random Func that reads the first bytes of a frame.
func (h *hook) filter(r *rand.Rand, head []byte) *ir.Func {
	for {
		f := randomFunc(r, h.target, 2+r.Intn(20), head)
		reads := false
		for id := range f.Values {
			switch v := &f.Values[id]; {
			case v.Op == ir.OpMeta:
				v.Meta = ir.MetaIfIndex
			case v.Op == ir.OpLoad:
				reads = true
			}
		}
		if reads {
			return f
		}
	}
}

// TestMetadata compares filters that read the VLAN tag and the other metadata of a
// received frame, at TC ingress, with Eval: the kernel has taken the tag
// from the bytes.
func TestMetadata(t *testing.T) {
	kernelrun.Require(t)
	lab := netlab.New(t)
	all := []ir.Meta{ir.MetaProtocol, ir.MetaPacketType, ir.MetaIfIndex, ir.MetaVLANTag, ir.MetaVLANPresent, ir.MetaVLANProto}
	tags := []struct{ tpid, tci uint16 }{{}, {0x8100, 0}, {0x8100, 0xb064}, {0x88a8, 0x0fff}}
	o := ebpfgen.Options{Verdict: &ebpfgen.TCDirectAction}
	w := newWire(t, lab.Left)
	for _, m := range all {
		for _, tag := range tags {
			md := &ir.Metadata{
				Len: 100, IfIndex: loopback, Protocol: testType,
				VLANPresent: tag.tpid != 0, VLANTPID: tag.tpid, VLANTCI: tag.tci,
			}
			for _, k := range []uint32{md.Get(m), md.Get(m) + 1} {
				w.metadatum(m, k, md, o)
			}
		}
	}
}

// metadatum checks that a filter for "m is k" at TC ingress says of a frame with md
// what it should.
func (w *wire) metadatum(m ir.Meta, k uint32, md *ir.Metadata, o ebpfgen.Options) {
	w.t.Helper()
	f := &ir.Func{LinkType: "EN10MB", View: ir.ViewTC, Snaplen: 1}
	b, yes, no := f.AddBlock(), f.AddBlock(), f.AddBlock()
	f.Accept(yes)
	f.Reject(no)
	f.If(b, ir.Eq, f.New(b, ir.Value{Op: ir.OpMeta, Meta: m}), f.Const(k), yes, no)
	p := load(w.t, f, ebpfgen.SchedCLS, o)
	defer p.Close()
	frame := make([]byte, md.Len)
	binary.BigEndian.PutUint16(frame[12:], testType)
	if md.VLANPresent {
		frame = netlab.Tag(frame, md.VLANTPID, md.VLANTCI)
	}
	want := ir.Eval(f, nil, md) != 0
	got := true
	for range tries {
		detach, err := tc(attach.Ingress)(w, p.Loaded())
		if err != nil {
			w.t.Fatal(err)
		}
		seq := w.transmit(frame, len(frame))
		if err := detach(); err != nil {
			w.t.Fatal(err)
		}
		if got = w.arrived()[seq]; got == want || want {
			break
		}
	}
	if got != want {
		w.t.Errorf("%s eq %#x on a frame with %+v: kernel says %v, Eval %v", m, k, *md, got, want)
	}
}
