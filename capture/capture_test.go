//go:build linux

package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/linktype"
	"golang.org/x/net/bpf"
)

var quiet = netlab.Options{Quiet: true}

// TestEveryPacket sends thousands of numbered packets while reading, and wants
// each, in order, with its bytes and lengths.
func TestEveryPacket(t *testing.T) {
	const n = 6000
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 16 << 20})
	if h.LinkType() != linktype.Ethernet || h.Cooked() {
		t.Fatalf("link type %v, cooked %v", h.LinkType(), h.Cooked())
	}
	frames := numbered(lab, 0, n)
	s := sender(t, lab.Left)
	before := time.Now().UnixNano()
	go func() {
		send(t, s, frames...)
		h.Break()
	}()
	got := rest(t, h)
	after := time.Now().UnixNano()
	if len(got) != n {
		t.Fatalf("%d packets, sent %d; %+v", len(got), n, checkSums(t, h))
	}
	last := before
	for i, p := range got {
		if !bytes.Equal(p.Data, frames[i]) || p.Length != len(frames[i]) {
			t.Fatalf("packet %d: %d bytes of %d, sent %d: %x", i, len(p.Data), p.Length, len(frames[i]), p.Data)
		}
		if p.Interface != lab.Right.Index || p.Type != Host || p.Protocol != 0x0800 || p.ARPHRD != 1 || p.Tagged {
			t.Fatalf("packet %d: %+v", i, p.Packet)
		}
		if p.Time < last || p.Time > after {
			t.Fatalf("packet %d: time %d not within %d to %d", i, p.Time, last, after)
		}
		last = p.Time
	}
	if st := checkSums(t, h); st.Received != n || st.Delivered != n || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
}

// TestBreakDelivers stops while the only packets are in a block that would be
// retired an hour later.
func TestBreakDelivers(t *testing.T) {
	const n = 10
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BlockTimeout: time.Hour})
	send(t, sender(t, lab.Left), numbered(lab, 0, n)...)
	h.Break()
	var got []copied
	soon(t, 5*time.Second, "the end", func() { got = rest(t, h) })
	if len(got) != n {
		t.Errorf("%d packets, sent %d", len(got), n)
	}
	checkSums(t, h)
	if _, err := h.NextBlock(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	var p Packet
	if err := h.Next(&p); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// TestStops starts and stops under traffic many times: what the kernel accepted
// is what is delivered, and it is one run of numbers.
func TestStops(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	stop := blast(t, lab, numbered(lab, 0, 1500))
	defer stop()
	for round := range 20 {
		h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 8 << 20, Snaplen: 64})
		time.AfterFunc(time.Duration(round%5)*10*time.Millisecond, h.Break)
		got := rest(t, h)
		st := checkSums(t, h)
		if st.Dropped == 0 {
			for i := 1; i < len(got); i++ {
				a, b := number(got[i-1].Data), number(got[i].Data)
				if b != (a+1)%1500 {
					t.Fatalf("round %d: packet %d has number %d after %d", round, i, b, a)
				}
			}
		}
		if uint64(len(got)) != st.Received-st.Dropped {
			t.Errorf("round %d: %d packets read: %+v", round, len(got), st)
		}
		h.Close()
	}
}

func number(frame []byte) uint32 { return binary.BigEndian.Uint32(frame[payloadOffset:]) }

// blast sends frames round and round until stop is called.
func blast(t testing.TB, lab *netlab.Lab, frames [][]byte) (stop func()) {
	s := sender(t, lab.Left)
	var end atomic.Bool
	done := make(chan error, 1)
	go func() {
		for !end.Load() {
			if err := s.Send(frames...); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	return sync.OnceFunc(func() {
		end.Store(true)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestSnaplen(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	long := lab.Left.Datagram(lab.Right, 7, 9, make([]byte, 1000))
	short := lab.Left.Datagram(lab.Right, 7, 9, []byte("x"))
	for _, c := range []struct {
		name    string
		cfg     Config
		long    int
		short   int
		tagged  int // captured bytes of the long one with a tag
		snaplen int
	}{
		{"snaplen", Config{Snaplen: 60}, 60, 43, 60, 60},
		{"program", Config{Snaplen: 100, Filter: Filter{Classic: ret(80)}}, 80, 43, 84, 100},
		{"both", Config{Snaplen: 60, Filter: Filter{Classic: ret(80)}}, 60, 43, 60, 60},
		{"less than a header", Config{Snaplen: 10}, 10, 10, 10, 10},
		{"default", Config{}, 1042, 43, 1046, DefaultSnaplen},
	} {
		c.cfg.Interface = lab.Right.Link
		h := opened(t, lab.Right, c.cfg)
		send(t, sender(t, lab.Left), long, short, netlab.Tag(long, 0x8100, 5))
		h.Break()
		got := rest(t, h)
		if len(got) != 3 {
			t.Fatalf("%s: %d packets", c.name, len(got))
		}
		if h.Snaplen() != c.snaplen {
			t.Errorf("%s: snapshot length %d", c.name, h.Snaplen())
		}
		for i, want := range []struct{ captured, length int }{{c.long, 1042}, {c.short, 43}, {c.tagged, 1046}} {
			if len(got[i].Data) != want.captured || got[i].Length != want.length {
				t.Errorf("%s: packet %d: %d bytes of %d, want %v", c.name, i, len(got[i].Data), got[i].Length, want)
			}
		}
	}
}

// ret is the classic program that answers n.
func ret(n uint32) []bpf.RawInstruction { return []bpf.RawInstruction{{Op: 0x06, K: n}} }

// TestVLAN sends tagged frames, which the receiving kernel strips, and wants the
// bytes that were sent.
func TestVLAN(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	plain := lab.Left.Datagram(lab.Right, 7, 9, []byte("tagged"))
	for _, c := range []struct {
		name  string
		frame []byte
		tci   uint16
		tpid  uint16
	}{
		{"VID 100", netlab.Tag(plain, 0x8100, 100), 100, 0x8100},
		{"VID 0", netlab.Tag(plain, 0x8100, 0), 0, 0x8100},
		{"priority and DEI", netlab.Tag(plain, 0x8100, 0xf123), 0xf123, 0x8100},
		{"service tag", netlab.Tag(plain, 0x88a8, 7), 7, 0x88a8},
		{"QinQ", netlab.Tag(netlab.Tag(plain, 0x8100, 2), 0x88a8, 3), 3, 0x88a8},
	} {
		h := opened(t, lab.Right, Config{Interface: lab.Right.Link, Promiscuous: true})
		send(t, sender(t, lab.Left), c.frame)
		h.Break()
		got := rest(t, h)
		if len(got) != 1 || !bytes.Equal(got[0].Data, c.frame) || got[0].Length != len(c.frame) {
			t.Errorf("%s: captured %+v, sent %x", c.name, got, c.frame)
			continue
		}
		if p := got[0]; !p.Tagged || p.TCI != c.tci || p.TPID != c.tpid {
			t.Errorf("%s: tagged %v, TCI %#x, TPID %#x", c.name, p.Tagged, p.TCI, p.TPID)
		}
	}
}

// TestCooked captures on Any, both versions of the header, plain and tagged, on
// the receiving and the sending side.
func TestCooked(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	plain := lab.Left.Datagram(lab.Right, 7, 9, []byte("cooked"))
	frames := [][]byte{plain, netlab.Tag(plain, 0x8100, 100), netlab.Tag(plain, 0x88a8, 0)}
	for _, typ := range []linktype.Type{0, linktype.LinuxSLL2, linktype.LinuxSLL} {
		in := opened(t, lab.Right, Config{Interface: Any, LinkType: typ})
		out := opened(t, lab.Left, Config{Interface: Any, LinkType: typ})
		send(t, sender(t, lab.Left), frames...)
		for _, side := range []struct {
			name  string
			h     *Handle
			index int
			typ   PacketType
		}{{"in", in, lab.Right.Index, Host}, {"out", out, lab.Left.Index, Outgoing}} {
			side.h.Break()
			got := rest(t, side.h)
			if len(got) != len(frames) {
				t.Fatalf("%v %s: %d packets", typ, side.name, len(got))
			}
			for i, f := range frames {
				if side.name == "out" && i > 0 && !got[i].Tagged {
					// Kernels before 6.11 do not take an inline tag apart here.
					t.Logf("%v: the kernel leaves the tag of an outgoing frame where it is", typ)
					continue
				}
				want := cooked(side.h.LinkType(), f, side.index, side.typ, lab.Left.MAC)
				if !bytes.Equal(got[i].Data, want) || got[i].Length != len(want) {
					t.Errorf("%v %s: packet %d of %d bytes\n got %x\nwant %x", typ, side.name, i, got[i].Length, got[i].Data, want)
				}
			}
			if !side.h.Cooked() {
				t.Error("not cooked")
			}
			checkSums(t, side.h)
		}
	}
	h := opened(t, lab.Right, Config{Interface: Any})
	if h.LinkType() != linktype.LinuxSLL2 {
		t.Errorf("default link type of any is %v", h.LinkType())
	}
}

// cooked builds the cooked form of an Ethernet frame by the book.
func cooked(typ linktype.Type, frame []byte, index int, pt PacketType, from []byte) []byte {
	be := binary.BigEndian
	addr := append(append([]byte(nil), from...), 0, 0)
	protocol, payload := frame[12:14], frame[14:]
	var b []byte
	switch typ {
	case linktype.LinuxSLL2:
		b = append(b, protocol...)
		b = append(b, 0, 0)
		b = be.AppendUint32(b, uint32(index))
		b = be.AppendUint16(b, 1)
		b = append(b, byte(pt), 6)
		b = append(b, addr...)
	case linktype.LinuxSLL:
		b = be.AppendUint16(b, uint16(pt))
		b = be.AppendUint16(b, 1)
		b = be.AppendUint16(b, 6)
		b = append(b, addr...)
		b = append(b, protocol...)
	default:
		panic(fmt.Sprint(typ))
	}
	return append(b, payload...)
}

func TestDirection(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	there := lab.Left.Datagram(lab.Right, 7, 9, []byte("there"))
	back := lab.Right.Datagram(lab.Left, 9, 7, []byte("again"))
	for _, c := range []struct {
		d    Direction
		name string
		want []string
	}{
		{InOut, lab.Right.Link, []string{"there", "again"}},
		{In, lab.Right.Link, []string{"there"}},
		{Out, lab.Right.Link, []string{"again"}},
		{In, Any, []string{"there"}},
		{Out, Any, []string{"again"}},
	} {
		h := opened(t, lab.Right, Config{Interface: c.name, Direction: c.d})
		send(t, sender(t, lab.Left), there)
		send(t, sender(t, lab.Right), back)
		h.Break()
		var got []string
		for _, p := range rest(t, h) {
			got = append(got, string(p.Data[len(p.Data)-5:]))
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s %v: %q, want %q", c.name, c.d, got, c.want)
		}
		checkSums(t, h)
	}
}

// TestLoopback wants each packet on lo once.
func TestLoopback(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	frame := lab.Left.Datagram(lab.Right, 7, 9, []byte("loop"))
	for _, c := range []struct {
		name string
		d    Direction
		want int
	}{{"lo", InOut, 1}, {"lo", In, 1}, {"lo", Out, 0}, {Any, InOut, 1}} {
		h := opened(t, lab.Left, Config{Interface: c.name, Direction: c.d})
		s, err := lab.Left.LoopbackSender()
		if err != nil {
			t.Fatal(err)
		}
		send(t, s, frame)
		s.Close()
		h.Break()
		if got := rest(t, h); len(got) != c.want {
			t.Errorf("%s %v: %d packets, want %d", c.name, c.d, len(got), c.want)
		}
		checkSums(t, h)
	}
}

// TestStatsUnderDrop fills a small ring that nobody reads.
func TestStatsUnderDrop(t *testing.T) {
	const n = 3000
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 1})
	if h.BufferSize() != 2*minBlockSize {
		t.Errorf("ring of %d bytes", h.BufferSize())
	}
	send(t, sender(t, lab.Left), numbered(lab, 0, n)...)
	first, err := h.Stats()
	if err != nil {
		t.Fatal(err)
	}
	h.Break()
	got := rest(t, h)
	st := checkSums(t, h)
	if first.Received != n || st.Received != n || st.Dropped == 0 || st.Freezes == 0 || st.Dropped+uint64(len(got)) != n {
		t.Errorf("%d packets read of %d: %+v, then %+v", len(got), n, first, st)
	}
	for i, p := range got {
		if number(p.Data) != uint32(i) {
			t.Fatalf("packet %d has number %d", i, number(p.Data))
		}
	}
	h.Close()
	if again, err := h.Stats(); err != nil || again != st {
		t.Errorf("after Close: %+v, %v", again, err)
	}
}

// TestWrap reads a ring of two blocks many times round. No block is held while
// packets are sent: the kernel may have to change to the other one.
func TestWrap(t *testing.T) {
	const rounds, n = 30, 100
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 1, BlockTimeout: 20 * time.Millisecond})
	s := sender(t, lab.Left)
	got := 0
	for round := range rounds {
		send(t, s, numbered(lab, round*n, n)...)
		for got < (round+1)*n {
			b, err := h.NextBlock()
			if err != nil {
				t.Fatal(err)
			}
			var p Packet
			for b.Next(&p) {
				if number(p.Data) != uint32(got) {
					t.Fatalf("packet %d has number %d", got, number(p.Data))
				}
				got++
			}
			b.Release()
			if st, err := h.Stats(); err != nil || st.Dropped != 0 {
				t.Fatalf("%+v, %v", st, err)
			}
		}
	}
	h.Break()
	if got := rest(t, h); len(got) != 0 {
		t.Errorf("%d packets too many", len(got))
	}
	checkSums(t, h)
}

func TestAccept(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: Any, Filter: Filter{
		Accept: func(p *Packet) bool { return p.Data[len(p.Data)-1]&1 == 1 },
	}})
	var frames [][]byte
	for i := range 10 {
		frames = append(frames, lab.Left.Datagram(lab.Right, 7, 9, []byte{byte(i)}))
	}
	send(t, sender(t, lab.Left), frames...)
	h.Break()
	got := rest(t, h)
	st := checkSums(t, h)
	if len(got) != 5 || st.Filtered != 5 || st.Delivered != 5 {
		t.Errorf("%d packets, %+v", len(got), st)
	}
}

// TestAcceptBeyondSnaplen decides by a byte that is not delivered.
func TestAcceptBeyondSnaplen(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	var frames [][]byte
	for i := range 4 {
		frames = append(frames, lab.Left.Datagram(lab.Right, 7, 9, append(make([]byte, 500), byte(i))))
	}
	for _, name := range []string{lab.Right.Link, Any} {
		h := opened(t, lab.Right, Config{Interface: name, Snaplen: 30, Filter: Filter{
			Accept: func(p *Packet) bool { return p.Data[len(p.Data)-1] == 2 },
		}})
		send(t, sender(t, lab.Left), frames...)
		h.Break()
		got := rest(t, h)
		if len(got) != 1 || len(got[0].Data) != 30 || got[0].Length < 543 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestErrors(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	if err := lab.Left.SetUp(false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  Config
		is   error
		says string
	}{
		{Config{Interface: "eth9"}, ErrNoInterface, "eth9: no such interface"},
		{Config{Interface: "a-name-that-is-too-long"}, ErrNoInterface, "a-name-that-is-too-long: no such interface"},
		{Config{Index: 4711}, ErrNoInterface, "interface 4711: no such interface"},
		{Config{Interface: lab.Left.Link}, ErrDown, lab.Left.Link + ": the interface is down"},
		{Config{}, nil, "capture: no interface given"},
		{Config{Interface: "lo", Snaplen: -1}, nil, "capture: snapshot length -1 is negative"},
		{Config{Interface: "lo", LinkType: linktype.PPP}, nil, "lo: link type PPP is not one that the interface has ([EN10MB])"},
		{Config{Interface: "lo", Filter: Filter{Classic: ret(0)[:0]}}, nil, "attach classic filter: 0 instructions, the kernel takes 1 to 4096 (invalid argument)"},
	} {
		h, err := openIn(lab.Left, c.cfg)
		if err == nil {
			h.Close()
			t.Errorf("%+v: no error", c.cfg)
			continue
		}
		if err.Error() != c.says || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%+v: %v, want %s", c.cfg, err, c.says)
		}
	}
	h, err := openIn(lab.Left, Config{Index: 1})
	if err != nil || h.Interface() != "lo" {
		t.Errorf("by index: %v", err)
	}
	if err == nil {
		h.Close()
	}
}

// TestDownUp takes the interface down and up again while a reader waits.
func TestDownUp(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true})
	frames := numbered(lab, 0, 2)
	s := sender(t, lab.Left)
	send(t, s, frames[0])
	var p Packet
	if err := h.Next(&p); err != nil {
		t.Fatal(err)
	}
	if err := lab.Right.SetUp(false); err != nil {
		t.Fatal(err)
	}
	soon(t, 5*time.Second, "noticing", func() {
		if err := h.Next(&p); !errors.Is(err, ErrDown) {
			t.Errorf("interface down: %v", err)
		}
	})
	if err := lab.Right.SetUp(true); err != nil {
		t.Fatal(err)
	}
	if err := lab.Ready(); err != nil {
		t.Fatal(err)
	}
	send(t, s, frames[1])
	soon(t, 5*time.Second, "the packet after it came up", func() {
		err := h.Next(&p)
		for err == nil && p.Protocol == netlab.ProbeEtherType {
			err = h.Next(&p)
		}
		if err != nil || number(p.Data) != 1 {
			t.Errorf("after it came up: %v, %+v", err, p)
		}
	})
}

// TestFlaps takes the interface down and up under traffic. Every packet that the
// kernel counts is delivered, and each error is that the interface is down.
func TestFlaps(t *testing.T) {
	const flaps = 10
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 8 << 20, Snaplen: 100})
	stop := blast(t, lab, numbered(lab, 0, 500))
	done := make(chan error, 1)
	go func() {
		defer h.Break()
		for range flaps {
			time.Sleep(10 * time.Millisecond)
			for _, up := range []bool{false, true} {
				if err := lab.Right.SetUp(up); err != nil {
					done <- err
					return
				}
			}
		}
		done <- lab.Ready()
	}()
	downs := 0
	for {
		b, err := h.NextBlock()
		if errors.Is(err, ErrDown) {
			downs++
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		for b.Next(&p) {
		}
		b.Release()
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	stop()
	if downs > flaps {
		t.Errorf("down %d times, flapped %d times", downs, flaps)
	}
	if st := checkSums(t, h); st.Delivered == 0 {
		t.Errorf("%+v", st)
	}
}

// TestPending looks at the ring before, with and after a packet.
func TestPending(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true})
	if h.Pending() {
		t.Error("pending before any packet")
	}
	send(t, sender(t, lab.Left), numbered(lab, 0, 2)...)
	soon(t, 5*time.Second, "a block", func() {
		for !h.Pending() {
			time.Sleep(time.Millisecond)
		}
	})
	var p Packet
	for range 2 {
		if err := h.Next(&p); err != nil {
			t.Fatal(err)
		}
	}
	if h.Pending() {
		t.Error("pending after the last packet")
	}
	h.Close()
	if h.Pending() {
		t.Error("pending after Close")
	}
}

// TestGone removes the interface: with packets unread, with a waiting reader, and
// after it went down.
func TestGone(t *testing.T) {
	for _, c := range []string{"unread", "waiting", "down"} {
		lab := netlab.NewWith(t, quiet)
		h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BlockTimeout: time.Hour})
		want := 0
		var p Packet
		deleted := make(chan error, 1)
		switch c {
		case "unread":
			want = 3
			send(t, sender(t, lab.Left), numbered(lab, 0, want)...)
		case "waiting":
			time.AfterFunc(20*time.Millisecond, func() { deleted <- lab.Right.Delete() })
		case "down":
			lab.Right.SetUp(false)
			if err := h.Next(&p); !errors.Is(err, ErrDown) {
				t.Fatalf("%s: %v", c, err)
			}
		}
		if c != "waiting" {
			deleted <- lab.Right.Delete()
		}
		soon(t, 5*time.Second, c, func() {
			got := 0
			for {
				err := h.Next(&p)
				if err != nil {
					if !errors.Is(err, ErrGone) || got != want {
						t.Errorf("%s: %v after %d packets", c, err, got)
					}
					return
				}
				got++
			}
		})
		if err := h.Next(&p); !errors.Is(err, ErrGone) {
			t.Errorf("%s: then %v", c, err)
		}
		if err := <-deleted; err != nil {
			t.Fatal(err)
		}
	}
}

// TestClose closes under a waiting reader, and under one that holds a block.
func TestClose(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link})
	time.AfterFunc(20*time.Millisecond, func() { h.Close() })
	soon(t, 5*time.Second, "Close", func() {
		if _, err := h.NextBlock(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("NextBlock: %v", err)
		}
	})
	if err := h.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if err := h.SetFilter(Filter{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("SetFilter: %v", err)
	}
	h.Break()

	h = opened(t, lab.Right, Config{Interface: lab.Right.Link, Immediate: true})
	send(t, sender(t, lab.Left), numbered(lab, 0, 2)...)
	b, err := h.NextBlock()
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	if !b.Next(&p) || number(p.Data) != 0 {
		t.Fatalf("%+v", p)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if p.Data[0] != 0 {
		t.Errorf("held bytes after Close: %x", p.Data)
	}
	for b.Next(&p) {
	}
	b.Release()
	b.Release()
}

// TestHeldBlocks lets a reader hold blocks while the kernel fills the others.
func TestHeldBlocks(t *testing.T) {
	const n = 1200 // more than a block, less than the ring
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 2 << 20})
	send(t, sender(t, lab.Left), numbered(lab, 0, n)...)
	h.Break()
	var held []*Block
	for {
		b, err := h.NextBlock()
		if err != nil {
			break
		}
		held = append(held, b)
	}
	if len(held) < 2 {
		t.Fatalf("%d blocks", len(held))
	}
	got := 0
	var p Packet
	for _, b := range held {
		for b.Next(&p) {
			if number(p.Data) != uint32(got) {
				t.Fatalf("packet %d has number %d", got, number(p.Data))
			}
			got++
		}
		b.Release()
	}
	if got != n {
		t.Errorf("%d packets, sent %d", got, n)
	}
	checkSums(t, h)
}

// TestAllHeld waits for a Release when every block is held.
func TestAllHeld(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 1})
	send(t, sender(t, lab.Left), numbered(lab, 0, 2000)...)
	var held []*Block
	for range 2 {
		b, err := h.NextBlock()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, b)
	}
	released := make(chan struct{})
	time.AfterFunc(20*time.Millisecond, func() {
		held[0].Release()
		held[1].Release()
		close(released)
		h.Break()
	})
	soon(t, 5*time.Second, "waiting for a release", func() {
		if _, err := h.NextBlock(); err != io.EOF {
			t.Errorf("%v, want the end", err)
		}
	})
	<-released
	checkSums(t, h)
}

// TestNoAllocation reads packets with no allocation.
func TestNoAllocation(t *testing.T) {
	const n = 2000
	lab := netlab.NewWith(t, quiet)
	h := opened(t, lab.Right, Config{Interface: lab.Right.Link, BufferSize: 8 << 20, Filter: Filter{
		Accept: func(p *Packet) bool { return len(p.Data) > 0 },
	}})
	send(t, sender(t, lab.Left), numbered(lab, 0, n)...)
	var p Packet
	if err := h.Next(&p); err != nil {
		t.Fatal(err)
	}
	if a := testing.AllocsPerRun(n-2, func() {
		if err := h.Next(&p); err != nil {
			t.Fatal(err)
		}
	}); a != 0 {
		t.Errorf("%v allocations a packet", a)
	}
}
