//go:build linux

package capture

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"

	"github.com/gofilter/gofilter/attach"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/source"
)

var rounds = flag.Int("rounds", 24, "how many starts, stops, filter changes and interface flaps TestAccounting makes")

// portOffset is where the destination port of a source's frames is.
const portOffset = source.NumberOffset - 6

// ports are the destination ports of the two kinds of frames that are sent by turns.
var ports = [2]uint16{7, 9}

// An account is one network with traffic, whose packets have to be found again.
type account struct {
	t        *testing.T
	lab      *netlab.Lab
	src      *source.Source
	programs []ebpf.ProgramID // every eBPF program that was made
	round    int
}

// TestAccounting starts, stops, changes filters and takes the interface down and up,
// under load, and finds every packet that was sent among those captured, dropped,
// discarded or rejected, and nothing left behind.
func TestAccounting(t *testing.T) {
	lab := netlab.NewWith(t, quiet)
	var kinds [][]byte
	for _, port := range ports {
		kinds = append(kinds, lab.Left.Datagram(lab.Right, 1000, port, make([]byte, 18)))
	}
	src, err := source.Open(lab.Left, source.Options{Kinds: kinds, Rate: 60000})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	a := &account{t: t, lab: lab, src: src}
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	kindsOfRound := []struct {
		name string
		run  func(want int, members int)
	}{
		{"start and stop", a.startStop},
		{"filter change", a.filterChange},
		{"full ring", a.fullRing},
		{"flap", a.flap},
	}
	for a.round = range *rounds {
		k := kindsOfRound[a.round%len(kindsOfRound)]
		t.Run(fmt.Sprintf("%d %s", a.round, k.name), func(t *testing.T) {
			a.t = t
			k.run(a.round/4%2, 1+a.round/8%3)
		})
	}
	if err := src.Stop(); err != nil {
		t.Error(err)
	}
	a.t = t
	a.nothingLeft(goroutines, files)
}

// filter returns a filter for a kind of frame: classic, eBPF and a predicate by turns.
func (a *account) filter(want int) Filter {
	port := ports[want]
	switch a.round % 3 {
	case 0:
		prog, err := bpf.Assemble([]bpf.Instruction{
			bpf.LoadAbsolute{Off: portOffset, Size: 2},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 1},
			bpf.RetConstant{Val: DefaultSnaplen},
			bpf.RetConstant{Val: 0},
		})
		if err != nil {
			a.t.Fatal(err)
		}
		return Filter{Classic: prog}
	case 1:
		p, err := attach.Load(asm.Instructions{
			asm.Mov.Reg(asm.R6, asm.R1),
			asm.LoadAbs(portOffset, asm.Half),
			asm.JNE.Imm(asm.R0, int32(port), "reject"),
			asm.Mov.Imm(asm.R0, DefaultSnaplen),
			asm.Return(),
			asm.Mov.Imm(asm.R0, 0).WithSymbol("reject"),
			asm.Return(),
		}, ebpf.SocketFilter)
		if errors.Is(err, os.ErrPermission) {
			netlab.Skip(a.t, "%v", err)
		}
		if err != nil {
			a.t.Fatal(err)
		}
		info, err := p.Info()
		if err != nil {
			a.t.Fatal(err)
		}
		id, _ := info.ID()
		a.programs = append(a.programs, id)
		a.t.Cleanup(func() { p.Close() })
		return Filter{Program: p}
	}
	return Filter{Accept: func(p *Packet) bool {
		return p.Protocol == 0x0800 && len(p.Data) > portOffset+1 && p.Data[portOffset+1] == byte(port)
	}}
}

// received are the numbers of the packets that a reader got.
type received struct {
	mu      sync.Mutex
	numbers []uint64
	down    int // times that the interface was said to be down
	done    chan error
}

// read reads a group to its end.
func (a *account) read(g *Group) *received {
	r := &received{done: make(chan error, 1)}
	if h := g.Handles()[0]; len(g.Handles()) == 1 {
		go func() {
			var p Packet
			for {
				err := h.Next(&p)
				r.mu.Lock()
				switch {
				case err == nil:
					n, _ := source.Number(p.Data)
					r.numbers = append(r.numbers, n)
				case errors.Is(err, ErrDown):
					r.down++
				}
				r.mu.Unlock()
				if err != nil && !errors.Is(err, ErrDown) {
					r.done <- err
					return
				}
			}
		}()
		return r
	}
	m := NewMerge(g.Handles()...)
	go func() {
		var p Packet
		for {
			if _, ok := m.Next(&p); ok {
				n, _ := source.Number(p.Data)
				r.mu.Lock()
				r.numbers = append(r.numbers, n)
				r.mu.Unlock()
				continue
			}
			if err := m.Wait(); err != nil {
				m.Close()
				r.done <- err
				return
			}
		}
	}()
	return r
}

// end breaks the capture off and returns what was read, with the counts, which must add
// up.
func (a *account) end(g *Group, r *received) ([]uint64, Stats) {
	a.t.Helper()
	g.Break()
	if err := <-r.done; err != io.EOF {
		a.t.Errorf("the end of the capture: %v", err)
	}
	st, err := g.Stats()
	if err != nil {
		a.t.Error(err)
	}
	if uint64(len(r.numbers)) != st.Delivered || st.Received != st.Delivered+st.Dropped+st.Filtered+st.Discarded {
		a.t.Errorf("%d packets read: %+v", len(r.numbers), st)
	}
	g.Close()
	return r.numbers, st
}

// run lets so many more frames be sent. It returns bounds of what was surely sent between
// its start and its end: numbers of from and on, below to.
func (a *account) run(n uint64) (from, to uint64) {
	from = a.src.Sent() + 64 // a batch may be on its way
	for a.src.Sent() < from+n {
		time.Sleep(200 * time.Microsecond)
	}
	return from, a.src.Sent()
}

// missing returns how many numbers of a kind within the bounds are not in the list, and
// fails on one that is of another kind or out of order.
func (a *account) missing(list []uint64, want int, from, to uint64) (n uint64) {
	a.t.Helper()
	if !slices.IsSorted(list) {
		a.t.Errorf("%d packets are out of order", len(list))
	}
	there := make(map[uint64]bool)
	for _, k := range list {
		if k%2 != uint64(want) {
			a.t.Fatalf("packet %d passes a filter that rejects it", k)
		}
		if there[k] {
			a.t.Fatalf("packet %d is there twice", k)
		}
		there[k] = true
	}
	for k := from; k < to; k++ {
		if k%2 == uint64(want) && !there[k] {
			n++
		}
	}
	return n
}

// startStop opens and ends a capture while traffic goes on: what was sent in between is
// there.
func (a *account) startStop(want, members int) {
	a.src.Start()
	g := openedGroup(a.t, a.lab.Right, Config{Interface: a.lab.Right.Link, BufferSize: 16 << 20, BlockTimeout: 5 * time.Millisecond, Filter: a.filter(want)}, members)
	r := a.read(g)
	from, to := a.run(1500)
	list, st := a.end(g, r)
	if n := a.missing(list, want, from, to); n != 0 && n > st.Dropped {
		a.t.Errorf("%d of %d packets are missing: %+v", n, (to-from)/2, st)
	}
}

// filterChange exchanges the filter while traffic goes on. What the old one had accepted
// was read or discarded; from the new one's beginning nothing is missing, and nothing of
// the old kind is there.
func (a *account) filterChange(want, members int) {
	a.src.Start()
	g := openedGroup(a.t, a.lab.Right, Config{Interface: a.lab.Right.Link, BufferSize: 16 << 20, BlockTimeout: 5 * time.Millisecond, Filter: a.filter(want)}, members)
	r := a.read(g)
	from, to := a.run(500)
	if err := g.SetFilter(a.filter(1 - want)); err != nil {
		a.t.Error(err)
	}
	from2, to2 := a.run(500)
	list, st := a.end(g, r)
	// Members change one after the other: within the change both kinds may come.
	change := slices.IndexFunc(list, func(k uint64) bool { return k%2 != uint64(want) })
	last := len(list) - 1
	for last >= 0 && list[last]%2 != uint64(want) {
		last--
	}
	if change < 0 || last >= 0 && list[last] >= from2 {
		a.t.Fatalf("the change comes at packet %d of %d, the last of the old kind is %d: %+v", change, len(list), last, st)
	}
	var old, new []uint64
	for _, k := range list {
		if k%2 == uint64(want) {
			old = append(old, k)
		} else {
			new = append(new, k)
		}
	}
	if n := a.missing(old, want, from, to); n > st.Discarded+st.Dropped {
		a.t.Errorf("old filter: %d packets are missing: %+v", n, st)
	}
	if n := a.missing(new, 1-want, from2, to2); n > st.Dropped {
		a.t.Errorf("new filter: %d packets are missing: %+v", n, st)
	}
}

// fullRing fills a small ring that nobody reads until the end. The counts tell of each
// packet what became of it.
func (a *account) fullRing(want, members int) {
	if err := a.src.Stop(); err != nil {
		a.t.Fatal(err)
	}
	g := openedGroup(a.t, a.lab.Right, Config{Interface: a.lab.Right.Link, BufferSize: 1, Filter: a.filter(want)}, members)
	from := a.src.Sent()
	a.src.Start()
	a.run(uint64(9000 * members))
	if err := a.src.Stop(); err != nil {
		a.t.Fatal(err)
	}
	to := a.src.Sent()
	list, st := a.end(g, a.read(g))
	accepted := a.src.SentOf(want, to) - a.src.SentOf(want, from)
	rejected := a.src.SentOf(1-want, to) - a.src.SentOf(1-want, from)
	if a.round%3 == 2 { // the kernel accepts all
		accepted, rejected = accepted+rejected, 0
	}
	if st.Received != accepted || uint64(len(list))+st.Dropped+st.Filtered+rejected != to-from || st.Dropped == 0 {
		a.t.Errorf("sent %d, of which the filter rejects %d; read %d: %+v", to-from, rejected, len(list), st)
	}
	slices.Sort(list) // of full rings no order is promised
	if n := a.missing(list, want, from, to); n > st.Dropped {
		a.t.Errorf("%d packets are missing: %+v", n, st)
	}
}

// flap takes the interface down under load, and up again.
func (a *account) flap(want, _ int) {
	if err := a.src.Stop(); err != nil {
		a.t.Fatal(err)
	}
	g := openedGroup(a.t, a.lab.Right, Config{Interface: a.lab.Right.Link, BufferSize: 16 << 20, Filter: a.filter(want)}, 1)
	r := a.read(g)
	from := a.src.Sent()
	for flaps := 1; flaps <= 2; flaps++ {
		a.src.Start()
		a.run(300)
		if err := a.lab.Right.SetUp(false); err != nil {
			a.t.Fatal(err)
		}
		soon(a.t, 5*time.Second, "word of the interface going down", func() {
			for said := 0; said < flaps; time.Sleep(time.Millisecond) {
				r.mu.Lock()
				said = r.down
				r.mu.Unlock()
			}
		})
		if err := a.src.Stop(); err != nil {
			a.t.Fatal(err)
		}
		if err := a.lab.Right.SetUp(true); err != nil {
			a.t.Fatal(err)
		}
		if err := a.lab.Ready(); err != nil {
			a.t.Fatal(err)
		}
	}
	a.src.Start()
	a.run(300)
	if err := a.src.Stop(); err != nil {
		a.t.Fatal(err)
	}
	to := a.src.Sent()
	list, st := a.end(g, r)
	accepted := a.src.SentOf(want, to) - a.src.SentOf(want, from)
	if n := a.missing(list, want, from, to); n != 0 || uint64(len(list)) != accepted || st.Dropped != 0 {
		a.t.Errorf("%d packets of %d, %d are missing: %+v", len(list), accepted, n, st)
	}
}

// openFiles counts this process's descriptors.
func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// nothingLeft looks for goroutines, descriptors and programs of the captures. The kernel
// frees a program some time after its socket.
func (a *account) nothingLeft(goroutines, files int) {
	a.t.Helper()
	var left []string
	for start := time.Now(); time.Since(start) < 5*time.Second; time.Sleep(20 * time.Millisecond) {
		left = nil
		if n := runtime.NumGoroutine(); n > goroutines {
			left = append(left, fmt.Sprintf("%d goroutines, %d before", n, goroutines))
		}
		if n := openFiles(a.t); n > files {
			left = append(left, fmt.Sprintf("%d descriptors, %d before", n, files))
		}
		for _, id := range a.programs {
			p, err := ebpf.NewProgramFromID(id)
			if err == nil {
				p.Close()
				left = append(left, fmt.Sprintf("program %d", id))
			} else if !errors.Is(err, os.ErrNotExist) {
				a.t.Fatal(err)
			}
		}
		if left == nil {
			return
		}
	}
	a.t.Errorf("left behind: %q", left)
}
