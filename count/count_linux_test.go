package count

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/cooked"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// counted returns a filter of the language; access may be the default.
func counted(text string, access ebpfgen.Access) Filter {
	return Filter{func(p Place) (asm.Instructions, error) {
		target := ebpfgen.SchedCLS
		if p.Type == ebpf.SocketFilter {
			target = ebpfgen.SocketFilter
		}
		f, err := gofilter.Compile(text, gofilter.Config{LinkType: p.LinkType, View: target.View()})
		if err != nil {
			return nil, err
		}
		fn := f.IR()
		if p.Cooked {
			if fn, err = cooked.Kernel(fn, p.LinkType); err != nil {
				return nil, err
			}
		}
		if p.Outgoing {
			fn = fn.Assume(ir.MetaPacketType, packetOutgoing)
		}
		o := ebpfgen.Options{Access: access}
		if p.Type == ebpf.SocketFilter && access == ebpfgen.AccessDefault {
			o.Kernel = (*ebpfgen.Kernel)(attach.KernelFor(p.Type))
		}
		return ebpfgen.Generate(fn, target, o)
	}}
}

// openIn opens a counter on an interface of a namespace.
func openIn(t *testing.T, ns *netlab.Namespace, cfg Config) *Counter {
	t.Helper()
	var c *Counter
	err := ns.Do(func() (err error) {
		c, err = Open(cfg)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// final stops a counter and returns its counts.
func final(t *testing.T, c *Counter) []Counts {
	t.Helper()
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	all, err := c.Read()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// texts are filters that read the packet in every way that a program can.
var texts = []string{
	"", "udp", "udp port 53", "udp dst port 53 and greater 200", "udp and ip[8] = 64", "vlan", "vlan 100 and udp port 53",
	"vlan 0", "not vlan", "ip6", "udp[8:4] = 0x01020304", "len > 1000", "ether[len - 1] = 0x5a", "arp or vlan and vlan and udp",
}

// mixture returns frames of many sizes, ports and tags from the left to the right.
func mixture(lab *netlab.Lab, n int) [][]byte {
	r := rand.New(rand.NewSource(1))
	ports := []uint16{53, 80, 443}
	var all [][]byte
	for i := range n {
		payload := make([]byte, []int{0, 18, 22, 200, 470, 982, 1400}[r.Intn(7)])
		if len(payload) > 4 {
			binary.BigEndian.PutUint32(payload, 0x01020304)
			payload[len(payload)-1] = 0x5a
		}
		f := lab.Left.Datagram(lab.Right, 1000+uint16(i), ports[r.Intn(3)], payload)
		switch r.Intn(5) {
		case 0:
			f = netlab.Tag(f, 0x8100, 100)
		case 1:
			f = netlab.Tag(f, 0x88a8, 0)
		case 2:
			f = netlab.Tag(netlab.Tag(f, 0x8100, 7), 0x8100, 100)
		}
		all = append(all, f)
	}
	return all
}

// expect returns what filters count of frames where they are sent, or where they are
// received: there the kernel has taken the outer tag out of the bytes.
func expect(t *testing.T, filters []string, frames [][]byte, received bool) []Counts {
	t.Helper()
	out := make([]Counts, len(filters))
	for i, text := range filters {
		f, err := gofilter.Compile(text, gofilter.Config{LinkType: linktype.Ethernet, View: ir.ViewSocket})
		if err != nil {
			t.Fatal(err)
		}
		for _, frame := range frames {
			seen, md := frame, &ir.Metadata{}
			if tpid := binary.BigEndian.Uint16(frame[12:]); received && (tpid == 0x8100 || tpid == 0x88a8) {
				md.VLANPresent, md.VLANTPID, md.VLANTCI = true, tpid, binary.BigEndian.Uint16(frame[14:])
				seen = append(append([]byte(nil), frame[:12]...), frame[16:]...)
			}
			md.Len = uint32(len(seen))
			if ir.Eval(f.IR(), seen, md) != 0 {
				out[i].Packets++
				out[i].Bytes += uint64(len(frame))
				out[i].Sizes[rangeOf(uint32(len(frame)))]++
			}
		}
	}
	return out
}

func same(t *testing.T, name string, texts []string, got, want []Counts) {
	t.Helper()
	for i, text := range texts {
		if got[i] != want[i] {
			t.Errorf("%s: %q: counted %+v\nwant %+v", name, text, got[i], want[i])
		}
	}
}

// Each place, direction and strategy counts what the filters say of the packets as they were
// sent: the same numbers, bytes and sizes, tags in the metadata or in the bytes.
func TestCount(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	sender, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	frames := mixture(lab, 1500)
	want, sent := expect(t, texts, frames, true), expect(t, texts, frames, false)
	for i := range want {
		if (want[i].Packets == 0 || sent[i].Packets == 0) && texts[i] != "ip6" {
			t.Errorf("%q matches nothing", texts[i])
		}
	}
	none := make([]Counts, len(texts))
	tests := []struct {
		name   string
		sends  bool // on the side that sends, not on the one that receives
		where  Where
		access ebpfgen.Access
		d      capture.Direction
		want   []Counts
	}{
		{"tc", false, Hook, ebpfgen.AccessDefault, capture.InOut, want},
		{"tc egress", true, Hook, ebpfgen.AccessDefault, capture.InOut, sent},
		{"tc in", false, Hook, ebpfgen.AccessDefault, capture.In, want},
		{"tc out", true, Hook, ebpfgen.AccessDefault, capture.Out, sent},
		{"tc in of what is sent", true, Hook, ebpfgen.AccessDefault, capture.In, none},
		{"tc by helper", false, Hook, ebpfgen.AccessLoadBytes, capture.InOut, want},
		{"socket", false, Socket, ebpfgen.AccessDefault, capture.InOut, want},
		{"socket egress", true, Socket, ebpfgen.AccessDefault, capture.InOut, sent},
		{"socket in", false, Socket, ebpfgen.AccessDefault, capture.In, want},
		{"socket out", true, Socket, ebpfgen.AccessDefault, capture.Out, sent},
		{"socket in of what is sent", true, Socket, ebpfgen.AccessDefault, capture.In, none},
		{"socket out of what is received", false, Socket, ebpfgen.AccessDefault, capture.Out, none},
		{"socket by helper", false, Socket, ebpfgen.AccessLoadBytes, capture.InOut, want},
	}
	var counters []*Counter
	for _, test := range tests {
		ns := lab.Right
		if test.sends {
			ns = lab.Left
		}
		cfg := Config{Interface: ns.Link, Where: test.where, Direction: test.d, Promiscuous: true}
		for _, text := range texts {
			cfg.Filters = append(cfg.Filters, counted(text, test.access))
		}
		c := openIn(t, ns, cfg)
		counters = append(counters, c)
		if via := map[Where]string{Hook: hookVia(t), Socket: "packet socket"}[test.where]; c.Via() != via || c.Fallback() != nil || c.Instructions() < 100 {
			t.Errorf("%s: via %s, %v, %d instructions", test.name, c.Via(), c.Fallback(), c.Instructions())
		}
	}
	if err := sender.Send(frames...); err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		same(t, test.name, texts, final(t, counters[i]), test.want)
	}
	// Nothing is counted any more.
	if err := sender.Send(frames...); err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		all, err := counters[i].Read()
		if err != nil {
			t.Fatal(err)
		}
		same(t, test.name+", stopped", texts, all, test.want)
	}
}

// A program of somebody else's at the hook hides nothing that comes in, and is not disturbed.
func TestOthers(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	sender, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	for _, verdict := range []int32{0, 2} { // TC_ACT_OK, TC_ACT_SHOT
		prog, err := attach.Load(asm.Instructions{asm.Mov.Imm(asm.R0, verdict), asm.Return()}, ebpf.SchedCLS)
		if err != nil {
			t.Fatal(err)
		}
		defer prog.Close()
		var other *attach.Link
		err = lab.Right.Do(func() (err error) {
			other, err = attach.TC(lab.Right.Index, attach.Ingress, prog)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		c := openIn(t, lab.Right, Config{Interface: lab.Right.Link, Filters: []Filter{counted("udp", 0)}})
		if err := sender.Send(mixture(lab, 10)...); err != nil {
			t.Fatal(err)
		}
		if got := final(t, c)[0].Packets; got == 0 {
			t.Errorf("verdict %d: %d packets", verdict, got)
		}
		if hookVia(t) == "tcx" {
			var there *link.QueryResult
			err = lab.Right.Do(func() (err error) {
				there, err = link.QueryPrograms(link.QueryOptions{Target: lab.Right.Index, Attach: ebpf.AttachTCXIngress})
				return err
			})
			if err != nil || len(there.Programs) != 1 {
				t.Errorf("verdict %d: %v, %v", verdict, there, err)
			}
		}
		other.Close()
	}
}

// Of a loopback device, of its packets among those of all interfaces, and of what is sent with a
// type of its own each packet counts once.
func TestOnce(t *testing.T) {
	lab := netlab.New(t)
	filters := []string{"", "udp port 9", "inbound", "outbound"}
	openOn := func(name string, where Where, d capture.Direction) *Counter {
		cfg := Config{Interface: name, Where: where, Direction: d}
		for _, text := range filters {
			cfg.Filters = append(cfg.Filters, counted(text, 0))
		}
		return openIn(t, lab.Left, cfg)
	}
	tests := []struct {
		name          string
		c             *Counter
		udp, out, in  uint64
		bytesOfPacket uint64
	}{
		{"lo tc", openOn("lo", Hook, capture.InOut), 5, 0, 5, 14 + 28 + 30},
		{"lo socket", openOn("lo", Socket, capture.InOut), 5, 0, 5, 14 + 28 + 30},
		{"link tc", openOn(lab.Left.Link, Auto, capture.InOut), 8, 4, 4, 14 + 28 + 30},
		{"link socket", openOn(lab.Left.Link, Socket, capture.InOut), 8, 4, 4, 14 + 28 + 30},
		{"any", openOn(capture.Any, Auto, capture.InOut), 13, 4, 9, 20 + 28 + 30},
		{"any out", openOn(capture.Any, Auto, capture.Out), 4, 4, 0, 20 + 28 + 30},
		{"any in", openOn(capture.Any, Auto, capture.In), 9, 0, 9, 20 + 28 + 30},
	}
	for range 4 { // there and back
		if err := lab.UDP("udp4", 9, 30); err != nil {
			t.Fatal(err)
		}
	}
	s, err := lab.Left.LoopbackSender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 5 {
		if err := s.Send(lab.Left.Datagram(lab.Right, 5000, 9, make([]byte, 30))); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range tests {
		got := final(t, test.c)
		udp, in, out := got[1], got[2], got[3]
		if udp.Packets != test.udp || udp.Bytes != test.udp*test.bytesOfPacket {
			t.Errorf("%s: %d packets, %d bytes", test.name, udp.Packets, udp.Bytes)
		}
		if in.Packets+out.Packets != got[0].Packets || test.udp > 0 && (in.Packets < test.in || out.Packets < test.out || test.out == 0 && out.Packets != 0 || test.in == 0 && in.Packets != 0) {
			t.Errorf("%s: %d in, %d out of %d", test.name, in.Packets, out.Packets, got[0].Packets)
		}
	}
	if c := openOn(capture.Any, Auto, capture.InOut); !errors.Is(c.Fallback(), errors.ErrUnsupported) {
		t.Errorf("any: %v", c.Fallback())
	}
}

// What cannot be is refused with what is missing, and leaves nothing behind.
func TestRefusals(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	link := lab.Right.Link
	fds := descriptors(t)
	bad := errors.New("no such filter")
	broken := Filter{func(Place) (asm.Instructions, error) { return nil, bad }}
	udp := []Filter{counted("udp", 0)}
	raw := func(insns ...asm.Instruction) []Filter {
		return []Filter{{func(Place) (asm.Instructions, error) { return insns, nil }}}
	}
	all := ^uint64(0)
	tests := []struct {
		name string
		caps uint64 // that there are
		cfg  Config
		is   error
		text string
	}{
		{"no interface", all, Config{Filters: udp}, nil, "no interface given"},
		{"no filter", all, Config{Interface: link}, nil, "no filter given"},
		{"many filters", all, Config{Interface: link, Filters: make([]Filter, MaxFilters+1)}, nil, "1025 filters"},
		{"unknown interface", all, Config{Interface: "eth9", Filters: udp}, capture.ErrNoInterface, "eth9"},
		{"broken filter", all, Config{Interface: link, Filters: []Filter{broken}}, bad, ""},
		{"hooks of any", all, Config{Interface: capture.Any, Where: Hook, Filters: udp}, errors.ErrUnsupported, "no hook"},
		{"what lo sends", all, Config{Interface: "lo", Direction: capture.Out, Filters: udp}, nil, "receives as well"},
		{"link type", all, Config{Interface: link, Where: Socket, LinkType: linktype.Raw, Filters: udp}, nil, "RAW"},
		{"a load that ends", all, Config{Interface: link, Filters: raw(asm.LoadAbs(0, asm.Byte), asm.Return())}, nil, "may end the program"},
		{"deep stack", all, Config{Interface: link, Filters: raw(asm.StoreImm(asm.RFP, -504, 0, asm.Word), asm.Mov.Imm(asm.R0, 1), asm.Return())}, nil, "504 bytes of stack"},
		{"nothing", 0, Config{Interface: link, Filters: udp}, os.ErrPermission, "cap_bpf"},
		{"hooks with cap_bpf", 1 << unix.CAP_BPF, Config{Interface: link, Where: Hook, Filters: udp}, os.ErrPermission, "cap_net_admin"},
		{"promiscuous", 1<<unix.CAP_BPF | 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_PERFMON, Config{Interface: link, Where: Hook, Promiscuous: true, Filters: udp}, os.ErrPermission, "cap_net_raw"},
		{"socket with cap_bpf", 1 << unix.CAP_BPF, Config{Interface: link, Filters: udp}, os.ErrPermission, "cap_net_raw"},
	}
	for _, test := range tests {
		err := lab.Right.Do(func() error {
			if err := capabilities(test.caps); err != nil {
				return err
			}
			c, err := Open(test.cfg)
			if err == nil {
				c.Close()
				t.Errorf("%s: opened", test.name)
				return nil
			}
			if test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%s: %v", test.name, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := descriptors(t); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
}

// With few capabilities the counting happens where it may, and goes on without any.
func TestCapabilities(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	sender, err := lab.Left.Sender()
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	frames := mixture(lab, 50)
	want := expect(t, texts, frames, true)
	for _, test := range []struct {
		caps uint64
		via  string
		why  string
	}{
		{1<<unix.CAP_BPF | 1<<unix.CAP_NET_RAW, "packet socket", "cap_net_admin"},
		{1<<unix.CAP_BPF | 1<<unix.CAP_NET_ADMIN, hookVia(t), ""},
		{1<<unix.CAP_BPF | 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_PERFMON, hookVia(t), ""},
	} {
		err := lab.Right.Do(func() error {
			if err := capabilities(test.caps); err != nil {
				return err
			}
			access := ebpfgen.AccessLoadBytes
			if test.caps&(1<<unix.CAP_PERFMON) != 0 {
				access = ebpfgen.AccessDirect
			}
			cfg := Config{Interface: lab.Right.Link}
			for _, text := range texts {
				cfg.Filters = append(cfg.Filters, counted(text, access))
			}
			c, err := Open(cfg)
			if err != nil {
				return err
			}
			defer c.Close()
			if c.Via() != test.via || test.why != "" && !strings.Contains(fmt.Sprint(c.Fallback()), test.why) {
				t.Errorf("%#x: %s, %v", test.caps, c.Via(), c.Fallback())
			}
			if err := capabilities(0); err != nil {
				return err
			}
			if err := sender.Send(frames...); err != nil {
				return err
			}
			// Only a link of the kernel's can be given up by anybody.
			if err := c.Stop(); (c.Via() == "clsact") != errors.Is(err, os.ErrPermission) ||
				err != nil && (c.Via() != "clsact" || !strings.Contains(err.Error(), "missing cap_net_admin")) {
				t.Errorf("%#x: stop: %v", test.caps, err)
			}
			all, err := c.Read()
			if err != nil {
				return err
			}
			same(t, c.Via(), texts, all, want)
			return nil
		})
		if err != nil {
			t.Errorf("%#x: %v", test.caps, err)
		}
	}
}

// An interface that goes away is noticed, with the counts that there were.
func TestGone(t *testing.T) {
	for _, where := range []Where{Hook, Socket} {
		lab := netlab.NewWith(t, netlab.Options{Quiet: true})
		sender, err := lab.Left.Sender()
		if err != nil {
			t.Fatal(err)
		}
		defer sender.Close()
		c := openIn(t, lab.Right, Config{Interface: lab.Right.Link, Where: where, Filters: []Filter{counted("", 0)}})
		if err := sender.Send(mixture(lab, 20)...); err != nil {
			t.Fatal(err)
		}
		if err := lab.Right.Delete(); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(5 * time.Second)
		all, err := c.Read()
		for err == nil && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
			all, err = c.Read()
		}
		if !errors.Is(err, capture.ErrGone) || len(all) != 1 || all[0].Packets != 20 {
			t.Errorf("%s: %v, %+v", where, err, all)
		}
		if err := c.Close(); err != nil {
			t.Errorf("%s: close: %v", where, err)
		}
		if _, err := c.Read(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: closed: %v", where, err)
		}
	}
}

// hookVia returns the running kernel's mechanism at the TC hooks: TCX came with 6.6.
func hookVia(t *testing.T) string {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatalf("kernel release: %v", err)
	}
	if major < 6 || major == 6 && minor < 6 {
		return "clsact"
	}
	return "tcx"
}

// capabilities gives the calling thread the capabilities of set, and no other.
func capabilities(set uint64) error {
	if set == ^uint64(0) {
		return nil
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(set), Permitted: uint32(set)},
		{Effective: uint32(set >> 32), Permitted: uint32(set >> 32)},
	}
	return unix.Capset(&hdr, &data[0])
}

func descriptors(t *testing.T) int {
	t.Helper()
	runtime.GC() // what only finalizers close
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
