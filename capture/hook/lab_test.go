//go:build linux

package hook

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/untag"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A setup is a Config with one place.
type setup struct {
	Hook         Hook
	Interface    string
	LinkType     linktype.Type
	Filter       asm.Instructions
	FilterFlags  uint32
	Promiscuous  bool
	Direction    capture.Direction
	Snaplen      int
	BufferSize   int
	BlockTimeout time.Duration
	Immediate    bool
	Buffer       Buffer
}

func (s setup) config() Config {
	return Config{Places: []Place{{s.Hook, s.Interface, s.LinkType, s.Filter, s.FilterFlags, s.Promiscuous, s.Direction}},
		Snaplen: s.Snaplen, BufferSize: s.BufferSize, BlockTimeout: s.BlockTimeout, Immediate: s.Immediate, Buffer: s.Buffer}
}

// olderThan reports whether the running kernel is older than a version.
func olderThan(t testing.TB, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var is [2]int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &is[0], &is[1]); err != nil {
		t.Fatalf("kernel release: %v", err)
	}
	return slices.Compare(is[:], []int{major, minor}) < 0
}

// anyTC is a hook that has the packets that come in: TCX where the kernel has it.
func anyTC(t testing.TB) Hook {
	t.Helper()
	if olderThan(t, 6, 6) {
		return Hook{Kind: TCIngress}
	}
	return Hook{Kind: TCX}
}

// ringless reports whether a hook has only perf buffers.
func ringless(t testing.TB, h Hook) bool {
	t.Helper()
	return h.ProgramType() == ebpf.XDP && olderThan(t, 5, 18)
}

// refusedHere reports whether the running kernel is too old for a capture, which Open has to say then.
func refusedHere(t testing.TB, ns *netlab.Namespace, cfg setup) bool {
	t.Helper()
	want := ""
	switch {
	case cfg.Hook.Kind == TCX && olderThan(t, 6, 6):
		want = "TCX came with Linux 6.6"
	case cfg.Buffer == RingBuffer && ringless(t, cfg.Hook):
		want = "ring buffer for XDP (Linux 5.18)"
	default:
		return false
	}
	if _, err := open(t, ns, cfg, ""); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v with a %v: %v, want %s", cfg.Hook, cfg.Buffer, err, want)
	}
	return true
}

// target returns where a hook's filter runs.
func target(h Hook) ebpfgen.Target {
	switch h.ProgramType() {
	case ebpf.XDP:
		if attach.Access(ebpf.XDP, attach.AccessHelper) == nil {
			return ebpfgen.XDPFrags
		}
		return ebpfgen.XDP
	case ebpf.CGroupSKB:
		return ebpfgen.CgroupSKB
	}
	return ebpfgen.SchedCLS
}

// filter compiles a filter for a hook; without words for all packets.
func filter(t testing.TB, h Hook, words string) (asm.Instructions, uint32) {
	t.Helper()
	if words == "" {
		return nil, target(h).Flags()
	}
	link := linktype.Ethernet
	if h.Kind == Cgroup {
		link = linktype.Raw
	}
	view := target(h).View()
	if view == ir.ViewXDP {
		view = ir.ViewTC
	}
	f, err := gofilter.Compile(words, gofilter.Config{LinkType: link, View: view})
	if err != nil {
		t.Fatal(err)
	}
	fn := f.IR()
	if view != target(h).View() {
		if fn, err = untag.XDP(fn); err != nil {
			t.Fatal(err)
		}
	}
	insns, err := ebpfgen.Generate(fn, target(h), ebpfgen.Options{Verdict: &ebpfgen.Verdict{Accept: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return insns, target(h).Flags()
}

// open captures at a hook in a namespace.
func open(t testing.TB, ns *netlab.Namespace, cfg setup, words string) (*Handle, error) {
	t.Helper()
	cfg.Filter, cfg.FilterFlags = filter(t, cfg.Hook, words)
	if cfg.Interface == "" && cfg.Hook.Kind != Cgroup {
		cfg.Interface = ns.Link
	}
	var h *Handle
	err := ns.Do(func() (err error) {
		h, err = Open(cfg.config())
		return err
	})
	if err == nil {
		t.Cleanup(func() { h.Close() })
	}
	return h, err
}

// must is open where that has to work.
func must(t testing.TB, ns *netlab.Namespace, cfg setup, words string) *Handle {
	t.Helper()
	h, err := open(t, ns, cfg, words)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	return h
}

// socket captures with a packet socket.
func socket(t testing.TB, ns *netlab.Namespace, d capture.Direction, snaplen int, words string) *capture.Handle {
	t.Helper()
	cfg := capture.Config{Interface: ns.Link, Direction: d, Snaplen: snaplen, Promiscuous: true}
	if words != "" {
		f, err := gofilter.Compile(words, gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewSocket})
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Filter.Classic, err = cbpfgen.Generate(f.IR(), cbpfgen.Options{Kernel: true}); err != nil {
			t.Fatal(err)
		}
	}
	var h *capture.Handle
	err := ns.Do(func() (err error) {
		h, err = capture.Open(cfg)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// A packet is what is compared.
type packet struct {
	data   []byte
	length int
	out    bool
	tag    string
}

// noTag is packet.tag of one without.
const noTag = "false 0000 0000"

func (p packet) String() string {
	return fmt.Sprintf("%d bytes %x out=%v tag=%s", p.length, p.data, p.out, p.tag)
}

func keep(p *capture.Packet) packet {
	return packet{bytes.Clone(p.Data), p.Length, p.Type == capture.Outgoing, fmt.Sprintf("%v %04x %04x", p.Tagged, p.TPID, p.TCI)}
}

// rest ends a capture and returns all that it has.
func rest(t testing.TB, h *Handle) []packet {
	t.Helper()
	var all []packet
	var p capture.Packet
	h.Break()
	last := int64(0)
	for {
		b, err := h.NextBlock()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Error(err)
			return all
		}
		for b.Next(&p) {
			if d := time.Since(time.Unix(0, p.Time)); d < 0 || d > time.Minute {
				t.Errorf("packet is %v old", d)
			}
			if p.Time < last {
				t.Errorf("packet %d is %d ns earlier than the one before", len(all)+1, last-p.Time)
			}
			last = p.Time
			all = append(all, keep(&p))
		}
		b.Release()
	}
}

// restOf is rest for a packet socket.
func restOf(t testing.TB, h *capture.Handle) []packet {
	t.Helper()
	var all []packet
	var p capture.Packet
	h.Break()
	for {
		err := h.Next(&p)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Error(err)
			return all
		}
		all = append(all, keep(&p))
	}
}

// frames returns frames from one end to the other: of several protocols and lengths, without
// tag, with one, with two, with a tag of VID 0; the last is a marker.
func frames(from, to *netlab.Namespace) [][]byte {
	plain := func(dport uint16, n int) []byte { return from.Datagram(to, 5000, dport, make([]byte, n)) }
	tcp := plain(80, 40)
	tcp[23] = 6
	arp := make([]byte, 60)
	copy(arp, bytes.Repeat([]byte{0xff}, 6))
	copy(arp[6:], from.MAC)
	binary.BigEndian.PutUint16(arp[12:], 0x0806)
	six := plain(9, 60)
	binary.BigEndian.PutUint16(six[12:], 0x86dd)
	six[14], six[20] = 0x60, 17
	return [][]byte{
		plain(7, 0), plain(9, 5), plain(53, 100), plain(7, 1400), tcp, arp, six,
		netlab.Tag(plain(7, 0), 0x8100, 5), netlab.Tag(plain(9, 1300), 0x8100, 6), netlab.Tag(tcp, 0x88a8, 5),
		netlab.Tag(plain(7, 64), 0x8100, 0), netlab.Tag(plain(7, 64), 0x8100, 0xe005),
		netlab.Tag(netlab.Tag(plain(7, 10), 0x8100, 7), 0x88a8, 5), netlab.Tag(netlab.Tag(tcp, 0x8100, 5), 0x8100, 6),
		plain(9, 1472), marker(from, to),
	}
}

// markerType is the EtherType of markers: the second local experimental one (IEEE 802, clause 9.2.4).
const markerType = 0x88b6

// marker returns the frame that deliver wants last. No filter takes it but one for all packets.
func marker(from, to *netlab.Namespace) []byte {
	frame := make([]byte, 60)
	copy(frame, to.MAC)
	copy(frame[6:], from.MAC)
	binary.BigEndian.PutUint16(frame[12:], markerType)
	return frame
}

// deliver sends frames, the last of which is a marker, and waits until this one is behind all hooks of
// the other end: a busy kernel takes frames out of its queue when send(2) is long back.
func deliver(from, to *netlab.Namespace, frames ...[]byte) error {
	fd := -1
	err := to.Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		proto := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, markerType))
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: to.Index})
	})
	if fd >= 0 {
		defer unix.Close(fd)
	}
	if err != nil {
		return fmt.Errorf("marker's socket: %w", err)
	}
	s, err := from.Sender()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Send(frames...); err != nil {
		return err
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
		return err
	}
	for {
		if _, err := unix.Read(fd, make([]byte, 64)); err != unix.EINTR {
			if err != nil {
				err = fmt.Errorf("marker from %s: %w", from.Link, err)
			}
			return err
		}
	}
}

// exchange sends frames in both directions of a pair.
func exchange(t testing.TB, lab *netlab.Lab) {
	t.Helper()
	for _, ends := range [][2]*netlab.Namespace{{lab.Left, lab.Right}, {lab.Right, lab.Left}} {
		if err := deliver(ends[0], ends[1], frames(ends[0], ends[1])...); err != nil {
			t.Fatal(err)
		}
	}
}
